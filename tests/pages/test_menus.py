"""The main menu and the columns of the foot, as visitors see them."""

from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.db import IntegrityError, OperationalError, connection, transaction
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pages import menus
from pages.models import Menu, MenuItem, Slot
from psg.publishing import actions
from psg.publishing.models import State
from tests.factories import PageFactory
from tests.pages.menu_forms import MAIN, links, menu, move_page, shown

pytestmark = pytest.mark.django_db


# --- What visitors see -----------------------------------------------------------------------------------------------


def test_a_new_site_has_its_menus(client):
    assert shown(client) == MAIN
    assert client.get("/").context["menus"].main[-1].is_button
    foot = {column.heading: [link.label for link in column.links] for column in client.get("/").context["menus"].foot}
    assert foot["News"] == ["Latest news", "Topics", "Feed", "Search"]
    assert foot["The group"] == ["Publications", "Events", "Membership", "Give", "Sign in"]


def test_a_line_whose_page_is_not_there_yet_is_left_out_until_it_is(client, staff):
    assert "About" not in shown(client)
    about = PageFactory(slug="about", state=State.DRAFT)
    assert "About" not in shown(client)
    actions.publish(about, by=staff("Editor"))
    assert links(client)["About"] == "/about/"


def test_a_column_without_a_line_is_left_out(client):
    menu(Slot.FOOT_1).items.all().delete()
    assert "Latest news" not in client.get("/events/").content.decode()
    assert [column.slot for column in client.get("/").context["menus"].foot] == ["foot_2", "foot_3"]


def test_a_line_follows_its_page_when_that_is_renamed_and_when_it_moves(client, staff):
    page = PageFactory(title="Our work", slug="work")
    section = PageFactory(slug="about")
    MenuItem.objects.create(menu=menu(), page=page, position=5)
    assert links(client)["Our work"] == "/work/"
    page.title = "What we do"
    actions.save(page)
    plan = move_page(page, section, staff("Editor"))
    assert links(client)["What we do"] == plan == "/about/work/"


@pytest.mark.parametrize(
    "change",
    [
        {"state": State.DRAFT},
        {"state": State.WITHDRAWN},
        {"published_at": timezone.now() + timedelta(days=2)},
        {"is_listed": False},
    ],
)
def test_a_page_that_visitors_should_not_find_is_left_out_and_the_desk_says_why(client, client_as, change):
    page = PageFactory(title="Secret plans", **change)
    MenuItem.objects.create(menu=menu(), page=page, position=5)
    assert "Secret plans" not in client.get("/").content.decode()
    desk = client_as("Editor").get(f"/admin/pages/menu/{menu().pk}/change/").content.decode()
    reason = "Not listed" if page.is_public else page.status.label
    assert f"No: {reason.lower()}" in desk


def test_a_scheduled_page_appears_in_the_menu_at_its_minute(client):
    page = PageFactory(title="Soon", published_at=timezone.now() + timedelta(days=1))
    MenuItem.objects.create(menu=menu(), page=page)
    assert "Soon" not in shown(client)
    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1)):
        assert "Soon" in shown(client)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/news/", {"News": "page"}),
        ("/news/topics/", {"News": "true"}),
        ("/about/", {"About": "page"}),
        ("/about/aims/", {"Aims": "page"}),
        ("/about/aims/old/", {"Aims": "true"}),
        ("/", {}),
        ("/no/such/page/", {}),
    ],
)
def test_the_menu_says_where_the_reader_is(client, path, expected):
    about = PageFactory(slug="about")
    aims = PageFactory(slug="aims", parent=about, title="Aims")
    PageFactory(slug="old", parent=aims)
    MenuItem.objects.create(menu=menu(), page=aims, position=99)
    main = client.get(path).context["menus"].main
    assert {link.label: link.current for link in main if link.current} == expected


def test_a_link_to_another_site_is_marked_for_those_who_hear_it(client):
    MenuItem.objects.create(menu=menu(), label="Partner", address="https://example.org/a?b=1&c=2", position=1)
    html = client.get("/news/").content.decode()
    assert 'href="https://example.org/a?b=1&amp;c=2" class="elsewhere">Partner<span class="visually-hidden"> (' in html


def test_all_menus_cost_one_query_however_long_they_are(client):
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get("/news/topics/")
        return len(captured)

    before = cost()
    parent = PageFactory(slug="about")
    for number in range(30):
        page = PageFactory(parent=parent)
        MenuItem.objects.create(menu=menu(list(Slot)[number % 4]), page=page)
    assert cost() == before
    with CaptureQueriesContext(connection) as captured:
        client.get("/no/such/page/")
    assert sum("pages_menuitem" in query["sql"] for query in captured) == 1


def test_a_page_still_has_a_menu_while_the_database_is_away(monkeypatch):
    def away(*args, **kwargs):
        raise OperationalError

    monkeypatch.setattr(menus, "shown", away)
    assert 'href="/news/"' in render_to_string("404.html")


# --- What the database refuses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"label": "Both", "address": "/news/", "with_page": True},
        {"address": "/news/"},
        {"label": "Evil", "address": "javascript:alert(1)"},
        {"label": "Evil", "address": "//evil.example"},
        {"label": "Evil", "address": "/\\evil.example"},
        {"label": "Plain", "address": "http://example.org/"},
    ],
)
def test_the_database_takes_no_line_that_leads_to_nothing_to_two_things_or_to_harm(values):
    page = PageFactory() if values.pop("with_page", False) else None
    with pytest.raises(IntegrityError), transaction.atomic():
        MenuItem.objects.create(menu=menu(), page=page, **values)


def test_the_database_takes_one_button_and_each_page_once():
    with pytest.raises(IntegrityError), transaction.atomic():
        MenuItem.objects.create(menu=menu(), label="Two", address="/two/", is_button=True)
    page = PageFactory()
    MenuItem.objects.create(menu=menu(), page=page)
    MenuItem.objects.create(menu=menu(), page=page)
    with pytest.raises(IntegrityError):  # at the end of the transaction: two lines may swap
        connection.check_constraints()


# --- The defaults ----------------------------------------------------------------------------------------------------


def test_migrate_makes_what_is_missing_and_leaves_alone_what_staff_changed(client):
    menu(Slot.FOOT_3).delete()
    menu().items.exclude(label="News").delete()
    Menu.objects.filter(slot=Slot.FOOT_1).update(heading="Ours")
    call_command("migrate", verbosity=0)
    assert Menu.objects.filter(slot=Slot.FOOT_3).exists()
    assert shown(client) == ["News"]
    assert menu(Slot.FOOT_1).heading == "Ours"


def test_the_demo_puts_its_about_pages_in_as_pages(client, settings):
    settings.DEBUG = True
    call_command("load_demo", verbosity=0)
    assert menu().items.get(label="About").page.path == "about"
    assert "About" in shown(client)
