"""The home page's panels: what visitors see of them, and how staff arrange them and fill them."""

from datetime import timedelta
from html import unescape

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from pages import home
from pages.models import HomePanel, Menu
from pages.views.home import Shown, bands
from psg import home as register
from psg.publishing.models import State
from tests.factories import ArticleFactory, EventFactory, PageFactory

pytestmark = pytest.mark.django_db

ORDER = ["appeal", "lead", "latest", "next_event", "why_join", "about"]
LIST = "/admin/pages/homepanel/"


def panel(name: str) -> HomePanel:
    return HomePanel.objects.get(name=name)


def order() -> list[str]:
    return list(HomePanel.objects.values_list("name", flat=True))


def shown(client) -> dict:
    """What the visitors' home page shows, in its order."""
    return {each.name: each.context for each in client.get("/").context["panels"]}


@pytest.fixture
def site() -> None:
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


# --- What visitors see -----------------------------------------------------------------------------------------------


def test_a_new_site_shows_every_panel_but_the_appeal_in_the_order_of_the_register(client, site):
    assert order() == ORDER
    assert list(shown(client)) == ORDER[1:]


def test_the_home_page_follows_the_order_and_the_ticks(client, site):
    HomePanel.objects.filter(name="about").update(position=1)
    HomePanel.objects.filter(name="lead").update(is_shown=False)
    assert list(shown(client)) == ["about", "latest", "next_event", "why_join"]


def test_a_panel_that_no_app_offers_is_passed_over_in_page_and_desk(client, client_as, site):
    gone = HomePanel.objects.create(name="newsletter", position=1)
    assert list(shown(client)) == ORDER[1:]
    editor = client_as("Editor")
    assert "newsletter" not in editor.get(LIST).content.decode().lower()
    assert editor.get(f"{LIST}{gone.pk}/change/").status_code == 302


def test_migrate_makes_what_is_missing_and_changes_nothing_else(client):
    panel("lead").delete()
    HomePanel.objects.filter(name="latest").update(position=999, heading="Ours", is_shown=False)
    call_command("migrate", verbosity=0)
    assert panel("lead").position == 20
    latest = panel("latest")
    assert (latest.position, latest.heading, latest.is_shown) == (999, "Ours", False)


def test_with_every_panel_hidden_there_is_a_way_on(client):
    HomePanel.objects.update(is_shown=False)
    html = client.get("/").content.decode()
    assert "About the group" in html
    assert html.count("<h1") == 1


def test_the_latest_news_have_the_number_and_the_words_that_staff_set(client, site):
    HomePanel.objects.filter(name="latest").update(count=3, heading="This week", link_label="More")
    for _ in range(4):
        ArticleFactory()
    assert len(shown(client)["latest"]["articles"]) == 3
    html = client.get("/").content.decode()
    assert "This week" in html
    assert ">More</a>" in html


def test_the_about_panel_shows_the_first_listed_pages_of_the_section_that_staff_chose(client, site):
    assert [page.title for page in shown(client)["about"]["pages"]] == ["About 0", "About 1", "About 2"]
    work = PageFactory(slug="work")
    PageFactory(parent=work, title="Hidden", position=10, is_listed=False)
    PageFactory(parent=work, title="Draft", position=20, state=State.DRAFT)
    PageFactory(parent=work, title="Without words", position=25, summary="")
    PageFactory(parent=work, title="Second", position=40)
    PageFactory(parent=work, title="First", position=30)
    HomePanel.objects.filter(name="about").update(section=work, count=6)
    assert [page.title for page in shown(client)["about"]["pages"]] == ["First", "Second"]


def test_the_reasons_to_join_are_written_once_for_both_pages(client, client_as):
    assert save(client_as("Editor"), "why_join", text="To help.\r\n\r\n  To learn.  ").status_code == 302
    for path in ("/", "/membership/"):
        html = client.get(path).content.decode()
        assert "<li>To help.</li><li>To learn.</li>" in html
        assert "Keep up to date" not in html


def test_the_membership_page_has_its_reasons_also_where_the_panel_is_hidden_or_was_never_made(client):
    HomePanel.objects.filter(name="why_join").update(is_shown=False)
    assert "Keep up to date" in client.get("/membership/").content.decode()
    HomePanel.objects.all().delete()
    assert "Keep up to date" in client.get("/membership/").content.decode()


def test_an_appeal_is_there_from_its_first_minute_to_its_last(client):
    now = timezone.now()
    HomePanel.objects.filter(name="appeal").update(
        is_shown=True, heading="Act now", shown_from=now + timedelta(days=1), shown_until=now + timedelta(days=3)
    )
    seen = {}
    for days in (0, 1.1, 2.9, 3):
        with time_machine.travel(now + timedelta(days=days), tick=False):
            seen[days] = "Act now" in client.get("/").content.decode()
    assert seen == {0: False, 1.1: True, 2.9: True, 3: False}


def test_what_staff_write_is_text_and_never_markup(client):
    HomePanel.objects.filter(name="appeal").update(
        is_shown=True,
        heading="<b>Act</b>",
        text="<script>alert(1)</script>\n\nTwo",
        link_label="<i>",
        link_address="/x/",
    )
    html = client.get("/").content.decode()
    assert "<b>Act" not in html
    assert "<script>alert" not in html
    assert "<p>Two</p>" in html


def test_the_about_panel_survives_the_deletion_of_its_section(client, site):
    work = PageFactory(slug="work", state=State.DRAFT, first_public_at=None)
    HomePanel.objects.filter(name="about").update(section=work)
    work.delete()
    assert [page.title for page in shown(client)["about"]["pages"]] == ["About 0", "About 1", "About 2"]


# --- How they stand --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("widths", "shapes"),
    [
        ("w m s s w", ["wide", "right sides-2", "wide"]),
        ("s m s", ["left sides-2"]),
        ("m", ["wide"]),
        ("s", ["even"]),
        ("s s w m", ["even", "wide", "wide"]),
        ("m m s", ["wide", "right sides-1"]),
        ("w w w", ["wide", "wide", "wide"]),
        ("", []),
    ],
)
def test_panels_stand_in_bands_whatever_their_order(widths, shapes):
    names = {"w": "wide", "m": "main", "s": "side"}
    panels = [Shown(str(number), "", names[width], {}) for number, width in enumerate(widths.split())]
    made = bands(panels)
    assert [band.shape for band in made] == shapes
    assert [each for band in made for each in band.panels] == panels


# --- What the database refuses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        {"link_address": "javascript:alert(1)"},
        {"link_address": "//evil.example"},
        {"count": 0},
        {"count": 21},
        {"shown_from": timezone.now(), "shown_until": timezone.now() - timedelta(days=1)},
    ],
)
def test_the_database_takes_no_panel_that_leads_to_harm_or_cannot_be(values):
    with pytest.raises(IntegrityError), transaction.atomic():
        HomePanel.objects.filter(name="appeal").update(**values)


# --- The desk: all of them -------------------------------------------------------------------------------------------


def test_an_editor_puts_panels_in_order_and_hides_one(client, client_as, site):
    editor = client_as("Editor")
    changes = {"about": {"position": 5}, "next_event": {"is_shown": ""}}
    assert editor.post(LIST, arrange_form(**changes)).status_code == 302
    assert order() == ["about", "appeal", "lead", "latest", "next_event", "why_join"]
    assert list(shown(client)) == ["about", "lead", "latest", "why_join"]
    history = editor.get(f"{LIST}{panel('next_event').pk}/history/").content.decode()
    assert "Test Editor" in history
    assert "Hidden. Moved." in history


def test_of_two_panels_with_one_number_the_one_just_typed_comes_first(client_as):
    client_as("Editor").post(LIST, arrange_form(latest={"position": panel("lead").position}))
    assert order()[:3] == ["appeal", "latest", "lead"]


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
    assert told.context["places"].forms[4]["position"].value() == "1"
    second.post(LIST, mine | {"seen": told.context["form"]["seen"].value()})
    assert order()[0] == "why_join"


def test_the_preview_shows_the_order_as_typed_and_saves_nothing(client, client_as, site):
    response = client_as("Editor").post(f"{LIST}preview/", arrange_form(about={"position": 5}, lead={"is_shown": ""}))
    assert [each.name for each in response.context["panels"]] == ["about", "latest", "next_event", "why_join"]
    assert "noindex" in response["X-Robots-Tag"]
    assert list(shown(client)) == ORDER[1:]


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
