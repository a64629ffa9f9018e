"""What tests of the home page's panels share."""

from pages import home
from pages.models import HomePanel
from psg import home as register
from tests.factories import ArticleFactory, EventFactory, PageFactory

ORDER = ["appeal", "running_appeal", "lead", "latest", "next_event", "why_join", "about"]
LIST = "/admin/pages/homepanel/"


def panel(name: str) -> HomePanel:
    return HomePanel.objects.get(name=name)


def order() -> list[str]:
    return list(HomePanel.objects.values_list("name", flat=True))


def shown(client) -> dict:
    """What the visitors' home page shows, in its order."""
    return {each.name: each.context for each in client.get("/").context["panels"]}


def fill_site() -> None:
    """Something for every panel."""
    for _ in range(4):
        ArticleFactory()
    EventFactory()
    about = PageFactory(slug="about", title="About")
    for number in range(4):
        PageFactory(slug=f"about-{number}", title=f"About {number}", parent=about, position=(number + 1) * 10)


def arrange_form(**changes: dict) -> dict[str, str]:
    """What the page of all panels would send: unchanged, but for `changes` by the panel's name."""
    rows = home.registered()
    data = {"form-TOTAL_FORMS": str(len(rows)), "form-INITIAL_FORMS": str(len(rows)), "seen": home.arrangement(rows)}
    for number, row in enumerate(rows):
        values = {"name": row.name, "position": row.position, "is_shown": "on" if row.is_shown else ""}
        values |= changes.get(row.name, {})
        data |= {f"form-{number}-{name}": str(value) for name, value in values.items() if value != ""}
    return data


def panel_form(name: str, **changes) -> dict[str, str]:
    """What the form of one panel would send."""
    row = panel(name)
    offers = register.panels()[name].offers
    data = {"is_shown": "on" if row.is_shown else "", "seen_version": row.version}
    data |= {key.removesuffix("_id"): getattr(row, key) or offer.default for key, offer in offers.items()}
    for key in ("shown_from", "shown_until"):
        data.pop(key, None)
    data |= changes
    return {key: str(value) for key, value in data.items() if value not in ("", None)}


def save(client, name: str, **changes):
    return client.post(f"{LIST}{panel(name).pk}/change/", panel_form(name, **changes))


def complaints(response) -> dict[str, list[str]]:
    return dict(response.context["adminform"].form.errors)
