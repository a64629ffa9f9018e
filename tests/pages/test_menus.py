"""The main menu and the columns of the foot: what visitors see, and how staff arrange them."""

from datetime import timedelta
from html import unescape

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, OperationalError, connection, transaction
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pages import menus
from pages.actions import NotAgreed, move
from pages.addresses import normalised
from pages.models import Menu, MenuItem, Slot
from psg.publishing import actions
from psg.publishing.models import State
from tests.factories import ArticleFactory, PageFactory

pytestmark = pytest.mark.django_db

MAIN = ["News", "Events", "Search", "Join"]  # "About" has no page yet


def menu(slot: str = Slot.MAIN) -> Menu:
    return Menu.objects.get(slot=slot)


def shown(client, path: str = "/") -> list[str]:
    """The labels of the main menu, as the page has them."""
    return [link.label for link in client.get(path).context["menus"].main]


def links(client, path: str = "/") -> dict[str, str]:
    return {link.label: link.url for link in client.get(path).context["menus"].main}


def form_of(slot: str = Slot.MAIN) -> dict[str, str]:
    """What the form of a menu would send, unchanged."""
    of = menu(slot)
    items = list(of.items.all())
    data = {
        "items-TOTAL_FORMS": str(len(items)),
        "items-INITIAL_FORMS": str(len(items)),
        "seen_version": str(of.version),
        "heading": of.heading,
    }
    for number, item in enumerate(items):
        data |= line(number, id=item.pk, label=item.label, page=item.page_id or "", address=item.address,
                     position=item.position, is_button="on" if item.is_button else "")  # fmt: skip
    return data


def line(number: int, **values) -> dict[str, str]:
    """One line of the form. A box that is not ticked sends nothing."""
    sent = {name: value for name, value in values.items() if (name, value) != ("is_button", "")}
    return {f"items-{number}-{name}": str(value) for name, value in sent.items()}


def with_line(data: dict[str, str], **values) -> dict[str, str]:
    """The form with one more line at its end."""
    number = int(data["items-TOTAL_FORMS"])
    return data | {"items-TOTAL_FORMS": str(number + 1)} | line(number, **values)


def save(client, data: dict[str, str], slot: str = Slot.MAIN):
    return client.post(f"/admin/pages/menu/{menu(slot).pk}/change/", data)


def complaints(response) -> list[str]:
    """What the form says is wrong with its lines."""
    formset = response.context["inline_admin_formsets"][0].formset
    return [message for form in formset.forms for messages in form.errors.values() for message in messages]


# --- What visitors see -----------------------------------------------------------------------------------------------


def test_a_new_site_has_its_menus(client):
    assert shown(client) == MAIN
    assert client.get("/").context["menus"].main[-1].is_button
    foot = {column.heading: [link.label for link in column.links] for column in client.get("/").context["menus"].foot}
    assert foot["News"] == ["Latest news", "Topics", "Feed", "Search"]
    assert foot["The group"] == ["Events", "Membership", "Sign in"]


def test_a_line_whose_page_is_not_there_yet_is_left_out_until_it_is(client, staff):
    assert "About" not in shown(client)
    about = PageFactory(slug="about", state=State.DRAFT)
    assert "About" not in shown(client)
    actions.publish(about, by=staff("Editor"))
    assert links(client)["About"] == "/about/"


def test_a_column_without_a_line_is_left_out(client):
    menu(Slot.FOOT_1).items.all().delete()
    assert "Latest news" not in client.get("/events/").content.decode()
    assert [column.slot for column in client.get("/").context["menus"].foot] == ["foot_2"]


def test_a_line_follows_its_page_when_that_is_renamed_and_when_it_moves(client, staff):
    page = PageFactory(title="Our work", slug="work")
    section = PageFactory(slug="about")
    MenuItem.objects.create(menu=menu(), page=page, position=5)
    assert links(client)["Our work"] == "/work/"
    page.title = "What we do"
    actions.save(page)
    plan = move_plan(page, section, staff("Editor"))
    assert links(client)["What we do"] == plan == "/about/work/"


def move_plan(page, parent, by) -> str:
    """Move the page under another, agreeing to what that changes; its new address."""
    try:
        move(page, parent=parent, before=None, by=by, agreed="")
    except NotAgreed as asked:
        move(page, parent=parent, before=None, by=by, agreed=asked.plan.fingerprint)
    page.refresh_from_db()
    return page.get_absolute_url()


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
    assert f"{reason}:<br>not shown" in desk


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


# --- The desk --------------------------------------------------------------------------------------------------------


def test_an_editor_adds_renames_reorders_and_removes_lines(client, client_as):
    page = PageFactory(title="Who we are")
    data = with_line(form_of(), page=page.pk, label="", address="", position="15")
    data["items-0-label"] = "All the news"
    data["items-3-DELETE"] = "on"  # Search
    assert save(client_as("Editor"), data).status_code == 302
    assert shown(client) == ["All the news", "Who we are", "Events", "Join"]
    assert list(menu().items.values_list("position", flat=True)) == [10, 20, 30, 40, 50]


def test_without_a_number_a_new_line_comes_last_and_a_typed_number_wins_over_an_old_one(client, client_as):
    data = with_line(form_of(), label="Partner", address="https://example.org/", position="")
    data["items-2-position"] = data["items-0-position"]  # Events to where News is
    save(client_as("Editor"), data)
    assert shown(client) == ["Events", "News", "Search", "Join", "Partner"]


def test_the_button_moves_to_another_line_in_one_save(client_as):
    data = form_of()
    del data["items-4-is_button"]
    data["items-0-is_button"] = "on"
    assert save(client_as("Editor"), data).status_code == 302
    assert [item.label for item in menu().items.filter(is_button=True)] == ["News"]


def test_an_edit_elsewhere_in_the_menu_leaves_the_button_as_it_is(client_as):
    assert save(client_as("Editor"), form_of() | {"items-0-label": "All the news"}).status_code == 302
    assert [item.label for item in menu().items.filter(is_button=True)] == ["Join"]


def test_two_lines_swap_their_pages_in_one_save(client_as):
    one, two = PageFactory(), PageFactory()
    for page in (one, two):
        MenuItem.objects.create(menu=menu(), page=page, position=90)
    data = form_of()
    data["items-5-page"], data["items-6-page"] = data["items-6-page"], data["items-5-page"]
    assert save(client_as("Editor"), data).status_code == 302
    assert [item.page for item in menu().items.exclude(page=None)] == [two, one]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" /news ", "/news/"),
        ("/news/?page=2", "/news/?page=2"),
        ("/sitemap.xml", "/sitemap.xml"),
        ("http://127.0.0.1:8000/events/", "/events/"),
        ("http://127.0.0.1:8000", "/"),
        ("https://example.org", "https://example.org"),
        ("/about/#team", "/about/#team"),
    ],
)
def test_good_addresses_are_kept_in_one_form(settings, typed, kept):
    settings.SITE_URL = "http://127.0.0.1:8000"
    assert normalised(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "news/",
        "example.org",
        "http://example.org/",
        "https://",
        "https:///x",
        "https://localhost/",
        "https://user:word@example.org/",
        "https://[",
        "data:text/html,x",
        "mailto:a@b.example",
        "/a b/",
        "/a\tb/",
        "/a\u2028b/",
        "https://example.org/\x7f",
    ],
)
def test_bad_addresses_are_refused_beside_the_field_and_kept_as_typed(client_as, typed):
    with pytest.raises(ValidationError):
        normalised(typed)
    response = save(client_as("Editor"), with_line(form_of(), label="Mine", address=typed, position=""))
    assert response.status_code == 200
    assert "address" in response.context["inline_admin_formsets"][0].formset.forms[5].errors
    assert 'value="Mine"' in response.content.decode()
    assert not MenuItem.objects.filter(label="Mine").exists()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"label": "Mine", "address": "/news/", "page": True}, "not both"),
        ({"label": "Mine", "address": ""}, "Choose a page"),
        ({"label": "", "address": "/news/"}, "Write what the link says"),
        ({"label": "x" * 61, "address": "/news/"}, "at most 60"),
        ({"label": "Mine", "address": "/news/", "position": "-1"}, "greater than or equal to 0"),
        ({"label": "Mine", "address": "/news/", "position": "99999999999999999999"}, "less than or equal"),
        ({"label": "Two", "address": "/news/", "is_button": "on"}, "One line can be a button"),
        ({"label": "Mine", "page": 999_999}, "Select a valid choice"),
        ({"label": "Mine", "page": "x"}, "Select a valid choice"),
    ],
)
def test_a_line_that_cannot_be_is_refused_with_a_reason(client_as, values, message):
    if values.get("page") is True:
        values = values | {"page": PageFactory().pk}
    response = save(client_as("Editor"), with_line(form_of(), **({"position": ""} | values)))
    assert response.status_code == 200
    assert any(message in said for said in complaints(response)), complaints(response)


def test_a_page_twice_in_one_menu_is_refused(client_as):
    page = PageFactory()
    data = with_line(with_line(form_of(), page=page.pk, position=""), page=page.pk, position="")
    assert any("in this menu already" in said for said in complaints(save(client_as("Editor"), data)))


def test_a_column_needs_its_heading(client_as):
    response = save(client_as("Editor"), form_of(Slot.FOOT_1) | {"heading": " "}, Slot.FOOT_1)
    assert response.context["adminform"].form.errors["heading"]


@pytest.mark.parametrize("typed", ["/about/aims/", "/about/aims", "/aims/"])
def test_the_address_of_a_page_becomes_that_page_also_where_it_was_before(client_as, staff, typed):
    aims = PageFactory(slug="aims", title="Aims")
    move_plan(aims, PageFactory(slug="about"), staff("Editor"))
    save(client_as("Editor"), with_line(form_of(), label="", address=typed, position=""))
    added = menu().items.get(page=aims)
    assert (added.address, added.target) == ("", "/about/aims/")


def test_a_part_of_a_page_stays_an_address(client, client_as):
    PageFactory(slug="about")
    save(client_as("Editor"), with_line(form_of(), label="Team", address="/about/#team", position=""))
    assert links(client)["Team"] == "/about/#team"


@pytest.mark.parametrize(
    "broken",
    [
        {"items-TOTAL_FORMS": "x"},
        {"items-INITIAL_FORMS": "-1"},
        {"items-INITIAL_FORMS": "99"},
        {"items-TOTAL_FORMS": "100000"},
        {"items-0-id": "x"},
        {"items-0-id": "999999"},
        {"items-0-DELETE": "on", "items-0-address": "javascript:x"},
        {"seen_version": "x"},
        {"seen_version": ""},
    ],
)
def test_a_form_that_was_tampered_with_is_no_error_of_ours(client_as, broken):
    assert save(client_as("Editor"), form_of() | broken).status_code in (200, 302)


def test_the_preview_shows_the_menu_as_typed_and_saves_nothing(client, client_as):
    data = with_line(form_of(), label="Partner", address="https://example.org/", position="5")
    data = with_line(data, label="Bad", address="javascript:x", position="")
    response = client_as("Editor").post(f"/admin/pages/menu/{menu().pk}/preview/", data)
    assert [link.label for link in response.context["menus"].main] == ["Partner", *MAIN]
    assert "noindex" in response["X-Robots-Tag"]
    assert shown(client) == MAIN


def test_the_list_shows_every_menu_in_one_line_and_says_what_is_not_seen(client_as):
    html = client_as("Editor").get("/admin/pages/menu/").content.decode()
    assert "News · <s>About</s> (No page there) · Events" in html
    assert "/admin/pages/menu/add/" not in html


def test_who_changed_what_is_in_the_history(client_as):
    editor = client_as("Editor")
    save(editor, with_line(form_of(), label="Partner", address="https://example.org/", position=""))
    html = unescape(editor.get(f"/admin/pages/menu/{menu().pk}/history/").content.decode())
    assert "Test Editor" in html
    assert "Added link “Partner”" in html


# --- Who may ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["Writer", "Events", "Membership", "Treasurer"])
def test_others_may_not_touch_the_menus(client_as, role):
    client = client_as(role)
    assert client.get("/admin/pages/menu/").status_code == 403
    assert save(client, form_of() | {"items-0-label": "Mine"}).status_code == 403
    assert client.post(f"/admin/pages/menu/{menu().pk}/preview/", form_of()).status_code == 403
    assert not MenuItem.objects.filter(label="Mine").exists()


@pytest.mark.parametrize("role", ["Editor", "Administrator"])
def test_nobody_adds_or_deletes_a_menu(client_as, role):
    client = client_as(role)
    assert client.get("/admin/pages/menu/add/").status_code == 403
    assert client.post(f"/admin/pages/menu/{menu().pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_visitor_is_asked_to_sign_in(client):
    assert client.post(f"/admin/pages/menu/{menu().pk}/preview/", {}).status_code == 302


# --- Two at once -----------------------------------------------------------------------------------------------------


def test_the_second_of_two_editors_is_told_and_nothing_is_overwritten_unseen(client, client_as):
    first, second = client_as("Editor"), client_as("Administrator")
    opened = form_of()
    save(first, with_line(opened, label="Theirs", address="/theirs.html", position=""))
    response = save(second, with_line(opened, label="Mine", address="/mine.html", position=""))
    assert "Test Editor saved this" in response.content.decode()
    assert 'value="Mine"' in response.content.decode()
    assert "Theirs" in shown(client)
    assert "Mine" not in shown(client)


def test_knowing_it_the_second_may_put_his_menu_in_its_place(client, client_as):
    first, second = client_as("Editor"), client_as("Administrator")
    opened = form_of()
    theirs = with_line(opened, label="Theirs", address="/theirs.html", position="") | {"items-2-DELETE": "on"}
    assert save(first, theirs).status_code == 302
    mine = with_line(opened, label="Mine", address="/mine.html", position="")
    told = save(second, mine)
    form = told.context["adminform"].form
    assert save(second, mine | {"seen_version": form["seen_version"].value()}).status_code == 302
    assert shown(client) == [*MAIN, "Mine"]  # Events is back, what the first added is gone
    html = unescape(second.get(f"/admin/pages/menu/{menu().pk}/history/").content.decode())
    assert "Deleted link “Theirs”" in html


# --- Ticks on a page's own form --------------------------------------------------------------------------------------


def page_form(page, *ticked: str, opened: tuple[str, ...] | None = None) -> dict:
    page.refresh_from_db()
    before = menus.slots_of(page) if opened is None else opened
    return {
        "title": page.title, "slug": page.slug, "summary": page.summary, "body": page.body, "is_listed": "on",
        "published_at_0": "", "published_at_1": "", "seen_version": page.version,
        "menus": list(ticked), "initial-menus": list(before),
    }  # fmt: skip


def save_page(client, page, data: dict) -> None:
    local = timezone.localtime(page.published_at)
    data |= {"published_at_0": f"{local:%d/%m/%Y}", "published_at_1": f"{local:%H:%M:%S}"}
    response = client.post(f"/admin/pages/page/{page.pk}/change/", data)
    assert response.status_code == 302, response.context["adminform"].form.errors


def test_a_tick_puts_a_page_into_the_menu_before_the_button_and_taking_it_off_takes_it_out(client, client_as):
    page, editor = PageFactory(title="Who we are"), client_as("Editor")
    save_page(editor, page, page_form(page, "main", "foot_2"))
    assert shown(client) == [*MAIN[:-1], "Who we are", "Join"]
    assert menus.slots_of(page) == ["main", "foot_2"]
    save_page(editor, page, page_form(page, "foot_2"))
    assert menus.slots_of(page) == ["foot_2"]
    assert LogEntry.objects.filter(change_message__contains="“Who we are”").count() == 3


def test_a_form_that_was_open_does_not_undo_what_somebody_else_ticked(client_as, staff):
    page = PageFactory()
    opened = page_form(page)
    menus.set_menus(page, ["main"], by=staff("Editor"))
    save_page(client_as("Administrator"), page, opened)
    assert menus.slots_of(page) == ["main"]


def test_ticks_raise_the_menus_version_so_that_an_open_menu_is_told(client_as, staff):
    opened = form_of()
    menus.set_menus(PageFactory(), ["main"], by=staff("Administrator"))
    assert "Test Administrator saved this" in save(client_as("Editor"), opened).content.decode()


def test_a_page_made_where_a_line_leads_becomes_that_line_and_is_followed(client_as):
    data = {"title": "About us", "slug": "about", "is_listed": "on", "_publish": "", "menus": []}
    client_as("Editor").post("/admin/pages/page/add/", data)
    assert menu().items.get(label="About").page.path == "about"


def test_ticks_are_offered_to_those_alone_who_may_change_menus(client_as, staff):
    page = PageFactory(state=State.DRAFT, first_public_at=None)
    address = f"/admin/pages/page/{page.pk}/change/"
    assert 'name="menus"' in client_as("Editor").get(address).content.decode()
    assert 'name="menus"' in client_as("Editor").get("/admin/pages/page/add/").content.decode()
    writer = staff("Writer")
    writer.user_permissions.add(*Permission.objects.filter(codename__in=["view_page", "change_page"]))
    client = client_as("Writer")
    assert client.get(address).status_code == 200
    assert 'name="menus"' not in client.get(address).content.decode()
    client.post(address, page_form(page, "main"))
    assert menus.slots_of(page) == []


def test_deleting_a_draft_takes_its_line_out(client):
    page = PageFactory(state=State.DRAFT, first_public_at=None)
    MenuItem.objects.create(menu=menu(), page=page)
    page.delete()
    assert shown(client) == MAIN


def test_an_article_page_in_spanish_keeps_its_english_menu_marked(client):
    article = ArticleFactory(language="es")
    html = client.get(article.get_absolute_url()).content.decode()
    assert '<header lang="en">' in html
    assert '<footer class="foot" lang="en">' in html
