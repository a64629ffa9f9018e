"""The home page's panels, as visitors see them."""

from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from pages.models import HomePanel
from pages.views.home import Shown, bands
from psg.publishing.models import State
from tests.factories import ArticleFactory, PageFactory
from tests.pages.panel_forms import LIST, ORDER, fill_site, order, panel, save, shown

pytestmark = pytest.mark.django_db


@pytest.fixture
def site() -> None:
    fill_site()


# --- What visitors see -----------------------------------------------------------------------------------------------


def test_a_new_site_shows_every_panel_but_the_appeal_in_the_order_of_the_register(client, site):
    assert order() == ORDER
    assert list(shown(client)) == ORDER[2:]


def test_the_home_page_follows_the_order_and_the_ticks(client, site):
    HomePanel.objects.filter(name="about").update(position=1)
    HomePanel.objects.filter(name="lead").update(is_shown=False)
    assert list(shown(client)) == ["about", "latest", "next_event", "why_join"]


def test_a_panel_that_no_app_offers_is_passed_over_in_page_and_desk(client, client_as, site):
    gone = HomePanel.objects.create(name="newsletter", position=1)
    assert list(shown(client)) == ORDER[2:]
    editor = client_as("Editor")
    assert "newsletter" not in editor.get(LIST).content.decode().lower()
    assert editor.get(f"{LIST}{gone.pk}/change/").status_code == 302


def test_migrate_makes_what_is_missing_and_changes_nothing_else(client):
    panel("lead").delete()
    HomePanel.objects.filter(name="latest").update(position=999, heading="Ours", is_shown=False)
    call_command("migrate", verbosity=0)
    assert panel("lead").position == 30
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
