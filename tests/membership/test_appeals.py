"""Appeals as visitors see them: what was raised, by whom, for how long."""

import re
from datetime import timedelta
from html import unescape

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import strip_tags

from membership import appeals
from membership.actions import payments
from membership.models import Appeal
from pages.models import HomePanel
from tests.factories import AppealFactory, DonationFactory, PersonFactory
from tests.membership.conftest import pay
from tests.membership.gifts import back, given, named
from tests.psg.library import add, made

pytestmark = pytest.mark.django_db


def seen(client, path: str) -> str:
    """The page's words, as one line."""
    response = client.get(path)
    assert response.status_code == 200
    return " ".join(unescape(strip_tags(response.content.decode().replace("<", " <"))).split())


def bar(client, path: str) -> str | None:
    """How wide the filled part of the bar is; None without one."""
    found = re.search(r'class="raised-part" width="(\d+)"', client.get(path).content.decode())
    return found[1] if found else None


class TestWhatWasRaised:
    def test_the_page_says_sum_target_and_people_and_shows_them_as_a_bar(self, client):
        appeal = AppealFactory(target_pence=200_000)
        ana = PersonFactory()
        given(50_000, appeal=appeal, person=ana)
        given(50_000, appeal=appeal, person=ana)
        given(25_000, appeal=appeal)
        given(99_999)
        path = appeal.get_absolute_url()
        assert "£1,250 of £2,000 raised by 2 people" in seen(client, path)
        assert bar(client, path) == "62"
        assert 'aria-label="62 % of the target"' in client.get(path).content.decode()

    def test_what_went_back_is_not_raised_and_who_got_all_back_is_not_counted(self, client):
        appeal = AppealFactory(target_pence=10_000)
        back(given(5000, appeal=appeal))
        back(given(4000, appeal=appeal), 1000)
        assert "£30 of £100 raised by one person" in seen(client, appeal.get_absolute_url())

    def test_a_refund_that_failed_and_came_again_is_raised_again(self):
        appeal = AppealFactory()
        back(back(given(5000, appeal=appeal)))
        assert appeals.raised(appeal) == appeals.Raised(5000, 1)

    def test_a_cheque_taken_back_at_the_desk_is_not_raised(self):
        appeal = AppealFactory()
        payment = given(5000, appeal=appeal)
        payments.reverse(payment, reason="bounced", token="x")
        assert appeals.raised(appeal) == appeals.Raised(0, 0)

    def test_a_reversal_belongs_to_the_donation_and_its_purpose_whatever_was_said(self):
        payment = given(5000, appeal=AppealFactory())
        gone = back(payment, 1000)
        gone.refresh_from_db()
        assert (gone.donation, gone.purpose) == (payment.donation, "donation")
        assert gone.appeal == payment.donation.appeal

    def test_a_reversal_of_a_membership_has_no_donation(self, individual):
        gone = back(pay(PersonFactory(), individual))
        gone.refresh_from_db()
        assert (gone.donation, gone.purpose) == (None, "membership")

    def test_promises_whose_money_has_not_come_are_not_counted(self, client):
        appeal = AppealFactory()
        DonationFactory(appeal=appeal)
        assert "Be the first to give." in seen(client, appeal.get_absolute_url())

    @pytest.mark.parametrize(
        ("pence", "words", "width"),
        [
            (0, "£0 of £2,000 raised", "0"),
            (1, "£0.01 of £2,000 raised by one person", "1"),
            (199_999, "£1,999.99 of £2,000 raised by one person", "99"),
            (200_000, "£2,000 raised by one person: all that we hoped for. Thank you!", "100"),
            (450_000, "£4,500 raised by one person: more than the £2,000 that we hoped for. Thank you!", "100"),
        ],
    )
    def test_the_bar_is_never_fuller_than_full_and_the_words_say_the_rest(self, client, pence, words, width):
        appeal = AppealFactory(target_pence=200_000)
        if pence:
            given(pence, appeal=appeal)
        assert words in seen(client, appeal.get_absolute_url())
        assert bar(client, appeal.get_absolute_url()) == width

    def test_above_the_target_one_can_still_give(self, client):
        appeal = AppealFactory(target_pence=100)
        given(250, appeal=appeal)
        assert "You can still give." in seen(client, appeal.get_absolute_url())
        assert 'aria-label="250 % of the target"' in client.get(appeal.get_absolute_url()).content.decode()

    def test_without_a_target_there_is_no_bar(self, client):
        appeal = AppealFactory()
        given(1250, appeal=appeal)
        assert "£12.50 raised by one person" in seen(client, appeal.get_absolute_url())
        assert bar(client, appeal.get_absolute_url()) is None

    def test_many_appeals_are_added_up_in_one_query(self, django_assert_num_queries):
        several = [AppealFactory() for _ in range(3)]
        for number, appeal in enumerate(several, start=1):
            given(number * 100, appeal=appeal)
        with django_assert_num_queries(1):
            found = appeals.raised_by(several)
        assert [found[appeal.pk].pence for appeal in several] == [100, 200, 300]

    def test_gift_aid_on_it_is_what_qualifies(self, individual):
        from membership.actions.people import declare_gift_aid

        appeal = AppealFactory()
        ana = PersonFactory()
        declare_gift_aid(ana, declared=ana)
        back(given(10_000, appeal=appeal, person=ana), 2000)
        given(5000, appeal=appeal)
        assert appeals.gift_aid_of(appeals.payments_of(appeal)) == 2000


class TestWhoIsNamed:
    def test_who_agreed_is_named_once_the_last_first_without_amount(self, client):
        appeal = AppealFactory()
        ana = named("Ana", "Quispe", appeal=appeal).person
        named("Luz", "Huamán", appeal=appeal)
        given(7700, appeal=appeal, person=ana, is_anonymous=False)
        given(appeal=appeal, person=PersonFactory(first_name="Hidden", last_name="Giver"))
        assert appeals.names(appeal) == ["Ana Quispe", "Luz Huamán"]
        words = seen(client, appeal.get_absolute_url())
        assert "Given by Ana Quispe Luz Huamán" in words
        assert "Hidden" not in words
        assert "£77" not in words

    def test_nobody_is_named_by_an_address_nor_whose_money_went_back_nor_before_it_came(self):
        appeal = AppealFactory()
        named("", "", appeal=appeal)
        back(given(person=PersonFactory(first_name="Gone"), appeal=appeal, is_anonymous=False))
        DonationFactory(appeal=appeal, is_anonymous=False)
        assert appeals.names(appeal) == []

    def test_an_organisation_is_named_as_it_typed_its_name(self):
        appeal = AppealFactory()
        given(appeal=appeal, is_anonymous=False, organisation_name="Test Friends of Peru")
        assert appeals.names(appeal) == ["Test Friends of Peru"]

    def test_a_name_is_shown_as_words_whatever_is_in_it(self, client):
        appeal = AppealFactory()
        named("<script>alert(1)</script>", "“><img src=x onerror=alert(1)>", appeal=appeal)
        html = client.get(appeal.get_absolute_url()).content.decode()
        assert "<script>alert" not in html
        assert "<img src=x" not in html
        assert "&lt;script&gt;" in html

    def test_at_most_so_many_names(self):
        appeal = AppealFactory()
        for number in range(appeals.NAMES_SHOWN + 2):
            named("Donor", f"{number:02}", appeal=appeal)
        found = appeals.names(appeal)
        assert len(found) == appeals.NAMES_SHOWN
        assert found[0] == f"Donor {appeals.NAMES_SHOWN + 1:02}"


class TestDays:
    @pytest.mark.parametrize(
        ("ends_in", "words"),
        [
            (0, "Today is the last day."),
            (1, "One day left, until"),
            (12, "12 days left, until"),
        ],
    )
    def test_the_page_says_how_long_it_runs(self, client, ends_in, words):
        appeal = AppealFactory(ends_on=timezone.localdate() + timedelta(days=ends_in))
        assert words in seen(client, appeal.get_absolute_url())

    def test_the_last_day_ends_at_midnight_in_london(self, client):
        with time_machine.travel("2026-06-30 22:30+00:00", tick=False):  # 23:30 in London
            appeal = AppealFactory(ends_on=timezone.localdate())
            assert "Today is the last day." in seen(client, appeal.get_absolute_url())
            assert Appeal.objects.running().exists()
        with time_machine.travel("2026-06-30 23:30+00:00", tick=False):
            assert not Appeal.objects.running().exists()
            assert "This appeal ended on 30 June 2026." in seen(client, appeal.get_absolute_url())

    def test_one_that_is_over_says_so_thanks_and_leads_on(self, client):
        appeal = AppealFactory(ends_on=timezone.localdate() - timedelta(days=1))
        html = client.get(appeal.get_absolute_url()).content.decode()
        assert "This appeal ended on" in html
        assert '<a class="button" href="/donate/">Give to our work</a>' in html
        assert "Be the first" not in html

    def test_one_that_has_not_begun_or_is_not_shown_has_no_page(self, client):
        tomorrow = timezone.localdate() + timedelta(days=1)
        for appeal in (AppealFactory(starts_on=tomorrow), AppealFactory(is_public=False)):
            assert client.get(appeal.get_absolute_url()).status_code == 404


class TestTheText:
    def test_rich_text_is_shown_clean_and_pictures_in_every_width(self, client):
        image = made(add())
        appeal = AppealFactory(body=f'<p onclick="x()">Why <img alt="A well" src="{image.file.url}"></p>')
        html = client.get(appeal.get_absolute_url()).content.decode()
        assert "onclick" not in html
        assert "<picture>" in html

    def test_nothing_of_it_needs_an_inline_style_or_script(self, client):
        appeal = AppealFactory(target_pence=100, body="<p>Why</p>")
        given(50, appeal=appeal)
        for path in (appeal.get_absolute_url(), "/"):
            response = client.get(path)
            assert "unsafe" not in response["Content-Security-Policy"]
            assert " style=" not in response.content.decode()


class TestOnTheHomePage:
    def test_the_appeal_that_began_last_is_shown_with_its_bar_and_a_button(self, client):
        AppealFactory(title="Older", starts_on=timezone.localdate() - timedelta(days=60))
        appeal = AppealFactory(title="Water for all", target_pence=1000)
        given(250, appeal=appeal)
        words = seen(client, "/")
        assert "Water for all" in words
        assert "£2.50 of £10 raised by one person" in words
        assert "Older" not in words
        assert bar(client, "/") == "25"
        assert f'<a class="button" href="{appeal.get_absolute_url()}">Give now' in client.get("/").content.decode()

    @pytest.mark.parametrize(
        "columns",
        [
            {"is_public": False},
            {"starts_on": timezone.localdate() + timedelta(days=2)},
            {"ends_on": timezone.localdate() - timedelta(days=2)},
        ],
    )
    def test_nothing_is_there_while_none_runs(self, client, columns):
        AppealFactory(title="Water for all", **columns)
        assert "Water for all" not in seen(client, "/")
        assert 'class="fund"' not in client.get("/").content.decode()

    def test_staff_hide_it_and_change_its_words(self, client, client_as):
        AppealFactory()
        HomePanel.objects.filter(name="running_appeal").update(link_label="Help now", heading="This winter")
        assert "This winter" in seen(client, "/")
        assert "Help now" in seen(client, "/")
        HomePanel.objects.filter(name="running_appeal").update(is_shown=False)
        assert "Help now" not in seen(client, "/")

    def test_it_costs_no_query_however_much_was_given(self, client):
        without = cost(client, "/")
        appeal = AppealFactory(target_pence=1000)
        for _ in range(5):
            given(appeal=appeal)
        assert "£125 raised by 5 people" in seen(client, "/")
        assert cost(client, "/") == without

    def test_the_desks_previews_of_the_home_page_show_it_too(self, client_as):
        AppealFactory(title="Water for all", ends_on=timezone.localdate())
        editor = client_as("Editor")
        panel = HomePanel.objects.get(name="running_appeal")
        response = editor.post(f"/admin/pages/homepanel/{panel.pk}/preview/", {"is_shown": "on", "heading": "Typed"})
        html = response.content.decode()
        assert "Water for all" in html
        assert "Typed" in html


def cost(client, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


def test_the_page_of_an_appeal_stays_within_six_queries(client):
    image = made(add())
    appeal = AppealFactory(target_pence=1000, body=f'<p>Why <img alt="A well" src="{image.file.url}"></p>')
    for number in range(5):
        named("Donor", f"{number}", appeal=appeal)
    assert cost(client, appeal.get_absolute_url()) <= 6


def test_the_sitemap_lists_appeals_that_are_shown_running_or_over(client):
    runs = AppealFactory(slug="runs")
    over = AppealFactory(slug="over", ends_on=timezone.localdate() - timedelta(days=1))
    hidden = AppealFactory(slug="hidden", is_public=False)
    xml = client.get("/sitemap.xml").content.decode()
    assert runs.get_absolute_url() in xml
    assert over.get_absolute_url() in xml
    assert hidden.get_absolute_url() not in xml
