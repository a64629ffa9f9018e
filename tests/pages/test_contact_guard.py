"""What keeps robots and floods out of the contact form, what a copy shows to whom, and what is forgotten when."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.utils import timezone
from django.utils.module_loading import import_string

from pages.contact import guard
from pages.models import ContactCount, ContactMessage
from psg import jobs
from tests.pages.contact_form import GOOD, html_of, send, sent, token

pytestmark = pytest.mark.django_db


def run_job(name: str) -> None:
    """Run the scheduled job of this name."""
    (path,) = [job.path for job in jobs._scheduled if job.path.endswith(name)]
    import_string(path)()


class TestRobots:
    def test_a_form_sent_in_under_three_seconds_comes_back_and_passes_a_moment_later(self, client):
        quick = token(seconds_ago=1)
        response = send(client, token=quick)
        page = html_of(response)
        assert response.status_code == 200
        assert "as quick as a robot" in page
        assert GOOD["message"] in page
        assert f'value="{quick}"' in page, "the clock goes on"
        with time_machine.travel(timezone.now() + timedelta(seconds=4), tick=False):
            assert sent(send(client, token=quick))

    def test_a_form_open_for_more_than_a_day_comes_back_and_passes_the_second_time(self, client):
        response = send(client, token=token(seconds_ago=25 * 3600))
        page = html_of(response)
        assert "open for more than a day" in page
        assert GOOD["message"] in page
        fresh = re.search(r'name="token" value="([^"]+)"', page)[1]
        with time_machine.travel(timezone.now() + timedelta(seconds=4), tick=False):
            assert sent(send(client, token=fresh))

    @pytest.mark.parametrize("forged", ["", "x", "a:b:c", "é", "x" * 5000, "abc:1tQ4mN:0000"])
    def test_a_form_that_is_not_ours_comes_back(self, client, forged):
        response = send(client, token=forged)
        assert "could not tell where this form came from" in html_of(response)
        assert not ContactMessage.objects.exists()

    def test_what_fills_in_the_hidden_field_is_thanked_and_not_kept(self, client):
        assert sent(send(client, website="https://casino.example/"))
        assert not ContactMessage.objects.exists()
        assert not ContactCount.objects.exists()
        assert mail.outbox == []

    @pytest.mark.parametrize("filled", ["", "  ", "Ana Example", "ANA@example.org"])
    def test_a_browser_that_fills_in_more_than_it_shows_is_no_robot(self, client, filled):
        assert sent(send(client, website=filled))
        assert ContactMessage.objects.count() == 1


class TestLimits:
    def blocked(self, response) -> bool:
        return response.status_code == 429

    def test_the_sixth_in_an_hour_is_told_when_to_come_back_and_keeps_what_was_typed(self, client):
        with time_machine.travel("2026-11-24T10:10:00Z", tick=False):
            for number in range(5):
                assert sent(send(client, email=f"a{number}@example.org"))
            response = send(client, email="a6@example.org", message="The sixth.")
            assert self.blocked(response)
            assert response["Retry-After"] == "3601"
            page = html_of(response)
            assert "after 11:10" in page
            assert "The sixth.</textarea>" in page
            assert ContactMessage.objects.count() == 5
        with time_machine.travel("2026-11-24T11:10:01Z", tick=False):
            assert sent(send(client, email="a6@example.org"))

    def test_one_address_writes_five_from_wherever(self, client):
        for number in range(5):
            assert sent(send(client, address=f"192.0.2.{number}", email=f"ana+{number}@example.org"))
        assert self.blocked(send(client, address="192.0.2.9", email="ANA@example.org"))

    def test_a_refused_message_uses_up_nothing(self, client):
        for number in range(5):
            send(client, address=f"192.0.2.{number}")
        for _ in range(7):
            assert self.blocked(send(client, address="192.0.2.77"))
        assert sent(send(client, address="192.0.2.77", email="other@example.org"))

    @pytest.mark.parametrize(
        ("addresses", "same"),
        [
            (["2001:db8:1:2::1", "2001:db8:1:2:ffff::9"], True),
            (["2001:db8:1:2::1", "2001:db8:1:3::1"], False),
            (["::ffff:192.0.2.1", "192.0.2.1"], True),
            (["::ffff:192.0.2.1", "::ffff:192.0.2.2"], False),
            (["", "nonsense"], True),
        ],
    )
    def test_an_ipv6_network_of_64_bits_is_one_sender(self, rf, addresses, same):
        found = {guard.network_of(rf.get("/", REMOTE_ADDR=address)) for address in addresses}
        assert (len(found) == 1) is same

    def test_a_forged_forwarding_header_changes_nothing(self, client):
        for number in range(5):
            send(client, email=f"a{number}@example.org", headers={"x-forwarded-for": f"203.0.113.{number}"})
        response = send(client, email="z@example.org", headers={"x-forwarded-for": "203.0.113.99, 192.0.2.50"})
        assert self.blocked(response)

    def test_behind_a_proxy_of_ours_its_word_counts_and_no_earlier_one(self, client, settings):
        settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
        for number in range(5):
            forwarded = f"198.51.100.{number}, 203.0.113.7"
            assert sent(send(client, email=f"a{number}@example.org", headers={"x-forwarded-for": forwarded}))
        assert self.blocked(send(client, email="z@example.org", headers={"x-forwarded-for": "1.2.3.4, 203.0.113.7"}))
        assert sent(send(client, email="z@example.org", headers={"x-forwarded-for": "203.0.113.7, 203.0.113.8"}))

    def test_no_address_is_kept_and_hashes_are_forgotten(self, client):
        send(client, address="192.0.2.1")
        rows = str(list(ContactCount.objects.values()) + list(ContactMessage.objects.values()))
        assert "192.0.2.1" not in rows
        with time_machine.travel(timezone.now() + timedelta(hours=1, minutes=1), tick=False):
            run_job("forget_contact_counts")
            assert not ContactCount.objects.exists()


class TestCopy:
    def link_in(self, message) -> str:
        return re.search(r"/contact/copy/[^/\s]+/", message.body)[0]

    def copies(self) -> list:
        return [message for message in mail.outbox if message.to != mail.outbox[0].to]

    def test_no_copy_unless_asked(self, client):
        send(client)
        assert self.copies() == []

    def test_the_mail_to_an_address_that_nobody_proved_has_no_word_of_the_sender(self, client):
        send(client, name="Buy pills", message="at casino.example", wants_copy="on", email="victim@example.org")
        (copy,) = self.copies()
        assert copy.to == ["victim@example.org"]
        everything = copy.message().as_string() + copy.body + copy.alternatives[0].content
        for words in ("Buy", "pills", "casino"):
            assert words not in everything
        assert copy.reply_to == []

    def test_its_link_shows_the_copy_as_often_as_one_looks_and_to_no_search_engine(self, client):
        send(client, wants_copy="on", message="<b>One</b>\n\ntwo")
        link = self.link_in(self.copies()[0])
        for _ in range(2):
            response = client.get(link)
            assert response.status_code == 200
            assert "&lt;b&gt;One&lt;/b&gt;" in html_of(response)
        assert "no-store" in response["Cache-Control"]
        assert "noindex" in response["X-Robots-Tag"]
        assert response["Referrer-Policy"] == "no-referrer"
        assert not ContactMessage.objects.get().is_answered

    def test_it_ends_after_thirty_days(self, client):
        send(client, wants_copy="on")
        link = self.link_in(self.copies()[0])
        with time_machine.travel(timezone.now() + timedelta(days=29), tick=False):
            assert client.get(link).status_code == 200
        with time_machine.travel(timezone.now() + timedelta(days=30, minutes=1), tick=False):
            response = client.get(link)
            assert response.status_code == 410
            assert "This link has ended" in html_of(response)

    @pytest.mark.parametrize("guess", ["1", "1:x:y", "é", "x" * 2000])
    def test_it_cannot_be_guessed(self, client, guess):
        send(client, wants_copy="on")
        assert client.get(f"/contact/copy/{guess}/").status_code == 410

    def test_one_address_gets_one_such_mail_a_day_from_whomever(self, client):
        for number, email in enumerate(["victim@example.org", "VICTIM@example.org", "victim+a@example.org"]):
            assert sent(send(client, email=email, wants_copy="on", address=f"192.0.2.{number}"))
        assert ContactMessage.objects.count() == 3
        assert len(self.copies()) == 1
        with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1), tick=False):
            send(client, email="victim@example.org", wants_copy="on")
        assert len(self.copies()) == 2


def test_what_was_answered_two_years_ago_is_forgotten_and_what_is_open_is_not(client):
    now = timezone.now()
    for days, name in [(None, "open"), (729, "answered lately"), (731, "answered long ago")]:
        answered = {"answered_at": now - timedelta(days=days)} if days else {}
        ContactMessage.objects.create(key=name, name=name, email="a@example.org", message="m", **answered)
    ContactMessage.objects.update(created_at=now - timedelta(days=3000))
    run_job("delete_outdated_contact_messages")
    assert set(ContactMessage.objects.values_list("name", flat=True)) == {"open", "answered lately"}
