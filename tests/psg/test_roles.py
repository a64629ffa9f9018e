"""Who sees what in the back office: every page of the admin, for every role."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import reverse

from psg.library.models import Image
from tests.factories import (
    ArticleFactory,
    AuthorFactory,
    EventFactory,
    PageFactory,
    PersonFactory,
    PlanFactory,
    PublicationFactory,
    TopicFactory,
)

pytestmark = pytest.mark.django_db

NEWS = {"news.article", "news.topic", "news.author"}
LIBRARY = {"library.image", "library.document"}
SEES = {
    "Writer": NEWS | LIBRARY,
    "Editor": NEWS
    | LIBRARY
    | {"publishing.redirect"}
    | {f"pages.{model}" for model in ("page", "publication", "menu", "homepanel", "contactmessage", "contactsubject")}
    | {"membership.appeal"},
    "Events": {"events.event", "events.venue", "events.speaker"} | LIBRARY,
    "Membership": {"pages.contactmessage"}
    | {f"membership.{model}" for model in ("person", "application", "payment", "plan", "concern", "stripeevent")}
    | {"membership.appeal", "membership.donation"},
    "Treasurer": {f"membership.{model}" for model in ("claim", "payment", "plan", "appeal", "donation")},
}


def lists() -> dict[str, str]:
    """Every list of the admin, by model."""
    return {
        model._meta.label_lower: reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for model in admin.site._registry
    }


def test_the_roles_come_ready():
    expected = {*SEES, "Administrator"}
    assert expected <= set(Group.objects.values_list("name", flat=True))


@pytest.mark.parametrize("role", SEES)
def test_a_role_sees_its_own_lists_and_no_others(client_as, role):
    client = client_as(role)
    opened = {label for label, address in lists().items() if client.get(address).status_code == 200}
    assert opened == SEES[role]


@pytest.mark.parametrize("role", ["Administrator", "Superuser"])
def test_an_administrator_sees_everything(client_as, role):
    client = client_as(role)
    statuses = {label: client.get(address).status_code for label, address in lists().items()}
    assert set(statuses.values()) == {200}, statuses


def test_a_visitor_sees_no_list(client):
    assert {client.get(address).status_code for address in lists().values()} == {302}


def test_every_form_of_the_admin_opens(client_as):
    made = [
        ArticleFactory(),
        PageFactory(),
        EventFactory(),
        TopicFactory(),
        AuthorFactory(),
        PersonFactory(),
        PlanFactory(),
        (publication := PublicationFactory()),
        publication.document,
    ]
    client = client_as("Superuser")
    for thing in made:
        name = f"admin:{thing._meta.app_label}_{thing._meta.model_name}"
        assert client.get(reverse(f"{name}_add")).status_code == 200
        assert client.get(reverse(f"{name}_change", args=[thing.pk])).status_code == 200
        assert client.get(reverse(f"{name}_history", args=[thing.pk])).status_code == 200
    assert client.get(reverse("admin:psg_user_add")).status_code == 200
    assert client.get(reverse(f"admin:{Image._meta.app_label}_image_add")).status_code == 200


@pytest.mark.parametrize(
    ("role", "may"),
    [("Writer", False), ("Editor", True), ("Events", False), ("Membership", False), ("Treasurer", False)],
)
def test_publishing_news_is_for_editors(staff, role, may):
    assert staff(role).has_perm("news.publish_article") is may


def test_the_admin_pages_ask_nobody_else_and_allow_no_inline_script_where_there_is_no_editor(client_as):
    policy = client_as("Editor").get(reverse("admin:news_article_changelist"))["Content-Security-Policy"]
    assert "unsafe" not in policy
