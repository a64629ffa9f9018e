"""Staff arrange the menus: the form of one menu, what it refuses, who may, two at once."""

from concurrent.futures import ThreadPoolExecutor
from html import unescape
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client

from pages.addresses import normalised
from pages.models import MenuItem, Slot
from tests.factories import PageFactory
from tests.pages.menu_forms import MAIN, complaints, form_of, links, menu, move_page, save, shown, with_line

pytestmark = pytest.mark.django_db


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
    move_page(aims, PageFactory(slug="about"), staff("Editor"))
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


@pytest.mark.django_db(transaction=True)
class TestTwoSavesAtOnce:
    """The same form, opened by four, posted in the same moment."""

    def save_together(self, clients: list[Client]) -> list[int]:
        """Each takes another line out; the statuses of the answers."""
        start, opened = Barrier(len(clients)), form_of()

        def post(number: int) -> int:
            start.wait()
            try:
                return save(clients[number], opened | {f"items-{number}-DELETE": "on"}).status_code
            finally:
                connection.close()

        with ThreadPoolExecutor(len(clients)) as pool:
            return list(pool.map(post, range(len(clients))))

    def test_one_is_saved_and_the_others_are_told(self, client_as):
        assert sorted(self.save_together([client_as("Editor") for _ in range(4)])) == [200, 200, 200, 302]
        assert menu().items.count() == 4
        assert menu().version == 2

    def test_without_the_lock_they_overwrite_each_other(self, client_as, monkeypatch):
        monkeypatch.setattr("pages.guards.lock", lambda obj, seen_version: None)
        assert self.save_together([client_as("Editor") for _ in range(4)]).count(302) > 1
