"""The roles that come ready. Each sees only its own; an Administrator sees everything.

Permissions are added after each migrate and never taken away there: what staff add to a role in the admin stays.
"""

FULL = ("add", "change", "delete", "view")

# role → app label → "action_model"; models of apps to come are added with those apps.
ROLES: dict[str, dict[str, list[str]]] = {
    "Writer": {
        "news": [
            "add_article",
            "change_article",
            "delete_article",
            "view_article",
            "view_topic",
            "view_author",
        ],
        "library": [f"{verb}_{model}" for verb in ("add", "change", "view") for model in ("image", "document")],
    },
    "Editor": {
        "news": [
            "publish_article",
            *(f"{verb}_{model}" for verb in FULL for model in ("article", "topic", "author")),
        ],
        "pages": [
            *("publish_page", "publish_publication"),
            *(f"{verb}_{model}" for verb in FULL for model in ("page", "publication", "contactsubject")),
            *(f"{verb}_{model}" for verb in ("change", "view") for model in ("menu", "homepanel")),
            *("view_contactmessage", "change_contactmessage"),  # to answer
        ],
        "library": [f"{verb}_{model}" for verb in FULL for model in ("image", "document")],
        "publishing": [f"{verb}_redirect" for verb in FULL],
        "membership": [f"{verb}_appeal" for verb in ("add", "change", "view")],  # words of the site; not who gave
    },
    "Events": {
        "events": [
            "publish_event",
            *(f"{verb}_{model}" for verb in FULL for model in ("event", "venue", "speaker", "room")),
        ],
        "library": [f"{verb}_{model}" for verb in ("add", "change", "view") for model in ("image", "document")],
    },
    "Membership": {
        "pages": ["view_contactmessage", "change_contactmessage"],
        "membership": [
            *(f"{verb}_{model}" for verb in ("add", "change", "view") for model in ("person", "plan", "price")),
            *(f"{verb}_giftaiddeclaration" for verb in ("add", "change", "view")),
            *(f"{verb}_{model}" for verb in ("add", "view") for model in ("payment", "donation", "consent")),
            *("view_application", "view_appeal", "view_concern", "change_concern", "view_stripeevent"),
        ],
    },
    "Treasurer": {
        "membership": [
            *("view_payment", "view_claim", "add_claim"),
            *("view_closedmonth", "add_closedmonth"),  # to close a month; an Administrator opens it again
            *("view_donation", "add_donation"),
            *(f"{verb}_{model}" for verb in ("add", "change", "view") for model in ("plan", "price", "appeal")),
        ],
    },
}
ADMINISTRATOR = "Administrator"


def grant_permissions(app_config, **_signal) -> None:
    """Make the roles and give them the permissions of the app that was just migrated."""
    from django.contrib.auth.models import Group, Permission

    of_app = Permission.objects.filter(content_type__app_label=app_config.label)
    for role, permissions in ROLES.items():
        group, _ = Group.objects.get_or_create(name=role)
        if codenames := permissions.get(app_config.label):
            group.permissions.add(*of_app.filter(codename__in=codenames))
    administrators, _ = Group.objects.get_or_create(name=ADMINISTRATOR)
    administrators.permissions.add(*of_app)
