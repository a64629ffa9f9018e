"""Staff arrange the home page and fill its panels: the forms, what they refuse, who may, two at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape
from threading import Barrier

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.utils import timezone

from pages.models import HomePanel, Menu
from tests.pages.panel_forms import (
    LIST,
    ORDER,
    arrange_form,
    complaints,
    fill_site,
    order,
    panel,
    panel_form,
    save,
    shown,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def site() -> None:
    fill_site()


# --- The desk: all of them -------------------------------------------------------------------------------------------


def test_an_editor_puts_panels_in_order_and_hides_one(client, client_as, site):
    editor = client_as("Editor")
    changes = {"about": {"position": 5}, "next_event": {"is_shown": ""}}
    assert editor.post(LIST, arrange_form(**changes)).status_code == 302
    assert order() == ["about", "appeal", "running_appeal", "lead", "latest", "next_event", "why_join"]
    assert list(shown(client)) == ["about", "lead", "latest", "why_join"]
    history = editor.get(f"{LIST}{panel('next_event').pk}/history/").content.decode()
    assert "Test Editor" in history
    assert "Hidden. Moved." in history


def test_of_two_panels_with_one_number_the_one_just_typed_comes_first(client_as):
    client_as("Editor").post(LIST, arrange_form(latest={"position": panel("lead").position}))
    assert order()[:4] == ["appeal", "running_appeal", "latest", "lead"]


def test_saving_what_is_unchanged_leaves_no_trace(client_as):
    before = list(HomePanel.objects.values_list("pk", "version"))
    client_as("Editor").post(LIST, arrange_form())
    assert list(HomePanel.objects.values_list("pk", "version")) == before


@pytest.mark.parametrize("position", ["", "x", "-1", "1e9", "99999999999999999999"])
def test_a_number_that_is_none_is_refused_beside_its_field(client_as, position):
    response = client_as("Editor").post(LIST, arrange_form() | {"form-0-position": position})
    assert response.status_code == 200
    assert response.context["places"].forms[0].errors["position"]
    assert order() == ORDER


@pytest.mark.parametrize(
    "broken",
    [
        {"form-TOTAL_FORMS": "x"},
        {"form-TOTAL_FORMS": "0", "form-INITIAL_FORMS": "0"},
        {"form-TOTAL_FORMS": "999999"},
        {"form-0-name": "no-such-panel"},
        {"form-0-name": "lead"},
        {"form-0-name": ""},
    ],
)
def test_a_page_that_was_tampered_with_is_no_error_of_ours(client_as, broken):
    assert client_as("Editor").post(LIST, arrange_form() | broken).status_code in (200, 302)
    assert client_as("Editor").post(f"{LIST}preview/", arrange_form() | broken).status_code == 200
    assert set(order()) == set(ORDER)


def test_the_second_of_two_who_rearrange_is_told_keeps_his_order_and_may_save_it_then(client_as):
    first, second = client_as("Editor"), client_as("Administrator")
    mine = arrange_form(why_join={"position": 1})
    assert first.post(LIST, arrange_form(about={"position": 1})).status_code == 302
    told = second.post(LIST, mine)
    assert "Test Editor arranged the home page" in told.content.decode()
    assert order()[0] == "about"
    assert told.context["places"].forms[5]["position"].value() == "1"
    second.post(LIST, mine | {"seen": told.context["form"]["seen"].value()})
    assert order()[0] == "why_join"


def test_the_preview_shows_the_order_as_typed_and_saves_nothing(client, client_as, site):
    response = client_as("Editor").post(f"{LIST}preview/", arrange_form(about={"position": 5}, lead={"is_shown": ""}))
    assert [each.name for each in response.context["panels"]] == ["about", "latest", "next_event", "why_join"]
    assert "noindex" in response["X-Robots-Tag"]
    assert list(shown(client)) == ORDER[2:]


# --- The desk: one of them -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("lead", {"is_shown"}),
        ("latest", {"is_shown", "heading", "count", "link_label"}),
        ("about", {"is_shown", "section", "count"}),
        ("why_join", {"is_shown", "heading", "text", "link_label"}),
        ("appeal", {"is_shown", "heading", "text", "link_label", "link_address", "tone", "shown_from", "shown_until"}),
    ],
)
def test_a_panels_form_has_only_what_the_panel_uses(client_as, name, fields):
    response = client_as("Editor").get(f"{LIST}{panel(name).pk}/change/")
    assert set(response.context["adminform"].form.fields) == fields | {"seen_version"}


def test_the_usual_words_stand_in_the_form_and_are_kept_as_usual(client_as):
    editor = client_as("Editor")
    html = editor.get(f"{LIST}{panel('why_join').pk}/change/").content.decode()
    assert "Why join?" in html
    assert "Keep up to date with latest news" in html
    assert save(editor, "why_join").status_code == 302
    assert (panel("why_join").heading, panel("why_join").text) == ("", "")


def test_an_editor_writes_an_appeal(client, client_as):
    answer = save(client_as("Editor"), "appeal", is_shown="on", heading="Act now", text="Please.", tone="red",
                  link_label="Write", link_address="https://example.org/", shown_from_0="01/06/2026",
                  shown_from_1="09:00", shown_until_0="31/12/2099", shown_until_1="18:00")  # fmt: skip
    assert answer.status_code == 302, complaints(answer)
    assert f"{panel('appeal').shown_from:%H:%M %Z}" == "08:00 UTC"  # London time, in summer
    html = client.get("/").content.decode()
    assert 'class="appeal appeal-red"' in html
    assert 'href="https://example.org/">Write<span class="visually-hidden"> (another site)' in html


@pytest.mark.parametrize(
    ("name", "values", "field"),
    [
        ("appeal", {"is_shown": "on", "heading": ""}, "heading"),
        ("appeal", {"heading": "A", "link_label": "Go"}, "link_address"),
        ("appeal", {"heading": "A", "link_address": "/news/"}, "link_label"),
        ("appeal", {"heading": "A", "link_label": "Go", "link_address": "javascript:alert(1)"}, "link_address"),
        ("appeal", {"heading": "A", "link_label": "Go", "link_address": "//evil.example"}, "link_address"),
        ("appeal", {"heading": "A" * 121}, "heading"),
        ("appeal", {"heading": "A", "text": "x" * 1001}, "text"),
        ("appeal", {"heading": "A", "tone": "green"}, "tone"),
        ("appeal", {"heading": "A", "shown_from_0": "31/02/2026", "shown_from_1": "09:00"}, "shown_from"),
        (
            "appeal",
            {"heading": "A", "shown_from_0": "02/01/2026", "shown_from_1": "09:00", "shown_until_0": "01/01/2026",
             "shown_until_1": "09:00"},
            "shown_until",
        ),
        ("latest", {"count": "2"}, "count"),
        ("latest", {"count": "21"}, "count"),
        ("latest", {"count": "many"}, "count"),
        ("about", {"count": "7"}, "count"),
        ("about", {"section": "999999"}, "section"),
        ("about", {"section": "x"}, "section"),
    ],
)  # fmt: skip
def test_what_a_panel_cannot_be_is_refused_beside_the_field_and_kept_as_typed(client_as, name, values, field):
    response = save(client_as("Editor"), name, **values)
    assert response.status_code == 200
    assert list(complaints(response)) == [field]
    row = panel(name)
    assert (row.version, row.heading, row.count) == (1, "", None)


def test_the_second_of_two_who_edit_one_panel_is_told(client_as):
    opened = panel_form("why_join", heading="Mine")
    assert save(client_as("Editor"), "why_join", heading="Theirs").status_code == 302
    response = client_as("Administrator").post(f"{LIST}{panel('why_join').pk}/change/", opened)
    assert "Test Editor saved this" in response.content.decode()
    assert 'value="Mine"' in response.content.decode()
    assert panel("why_join").heading == "Theirs"


def test_the_preview_of_an_appeal_shows_it_before_its_time_and_saves_nothing(client, client_as):
    values = panel_form("appeal", heading="Act soon", shown_from_0="01/06/2099", shown_from_1="09:00")
    response = client_as("Editor").post(f"{LIST}{panel('appeal').pk}/preview/", values)
    assert "Act soon" in response.content.decode()
    assert "Preview" in response.content.decode()
    assert panel("appeal").heading == ""


def test_the_desk_says_what_the_clock_does_to_an_appeal(client_as):
    HomePanel.objects.filter(name="appeal").update(shown_until=timezone.now() - timedelta(days=1))
    assert "Over since" in client_as("Editor").get(LIST).content.decode()
    HomePanel.objects.filter(name="appeal").update(shown_until=timezone.now() + timedelta(days=1))
    assert "Until " in client_as("Editor").get(LIST).content.decode()


# --- Who may ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["Writer", "Events", "Membership", "Treasurer"])
def test_others_may_not_touch_the_home_page(client_as, role):
    client = client_as(role)
    pk = panel("appeal").pk
    answers = [
        client.get(LIST),
        client.post(LIST, arrange_form(about={"position": 1})),
        client.post(f"{LIST}preview/", arrange_form()),
        client.post(f"{LIST}{pk}/change/", panel_form("appeal", heading="Mine")),
        client.post(f"{LIST}{pk}/preview/", panel_form("appeal", heading="Mine")),
    ]
    assert {answer.status_code for answer in answers} == {403}
    assert order() == ORDER


def test_who_may_only_look_sees_the_order_and_cannot_change_it(client_as, staff):
    staff("Writer").user_permissions.add(Permission.objects.get(codename="view_homepanel"))
    client = client_as("Writer")
    html = unescape(client.get(LIST).content.decode())
    assert "Lead story" in html
    assert 'type="submit" name="_save"' not in html
    assert client.get(f"{LIST}{panel('appeal').pk}/change/").status_code == 200
    assert client.post(LIST, arrange_form(about={"position": 1})).status_code == 403


def test_nobody_adds_or_deletes_a_panel(client_as):
    client = client_as("Administrator")
    assert client.get(f"{LIST}add/").status_code == 403
    assert client.post(f"{LIST}{panel('lead').pk}/delete/", {"post": "yes"}).status_code == 403


def test_unknown_panels_and_previews_are_not_found(client_as):
    client = client_as("Editor")
    assert client.post(f"{LIST}999999/preview/", {}).status_code == 404
    assert client.post(f"{LIST}x/preview/", {}).status_code == 404
    assert client.get(f"{LIST}preview/").status_code == 405
    assert client.post("/admin/pages/menu/x/preview/", {}).status_code == 404
    assert Menu.objects.count() == 4


@pytest.mark.django_db(transaction=True)
class TestTwoArrangeAtOnce:
    """The same page, opened by three, posted in the same moment, each with another panel on top."""

    def arrange_together(self, clients: list[Client]) -> list[int]:
        """The statuses of the answers."""
        start = Barrier(len(clients))
        forms = [arrange_form(**{name: {"position": 1}}) for name in ("latest", "why_join", "about")]

        def post(number: int) -> int:
            start.wait()
            try:
                return clients[number].post(LIST, forms[number]).status_code
            finally:
                connection.close()

        with ThreadPoolExecutor(len(clients)) as pool:
            return list(pool.map(post, range(len(clients))))

    def test_one_order_is_saved_and_the_others_are_told(self, client_as):
        assert sorted(self.arrange_together([client_as("Editor") for _ in range(3)])) == [200, 200, 302]
        assert order()[0] in ("latest", "why_join", "about")

    def test_without_the_guard_they_overwrite_each_other(self, client_as, monkeypatch):
        monkeypatch.setattr("pages.home.arrangement", lambda panels: "always the same")
        assert self.arrange_together([client_as("Editor") for _ in range(3)]) == [302, 302, 302]
