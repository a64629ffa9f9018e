"""The contact form as visitors meet it: what they write is kept and reaches staff, whatever they write."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.core import mail
from django.db import IntegrityError, connections
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ

from pages.contact import guard
from pages.models import ContactCount, ContactMessage, ContactSubject
from tests.factories import PageFactory
from tests.pages.contact_form import GOOD, html_of, send, sent, token

pytestmark = pytest.mark.django_db

THANKS = "/contact/thanks/"


class TestSending:
    def test_a_message_is_kept_and_the_visitor_told_what_happens_next(self, client):
        response = send(client)
        assert sent(response)
        kept = ContactMessage.objects.get()
        assert (kept.name, kept.email, kept.message) == tuple(GOOD.values())
        assert not kept.is_answered
        assert "answers to the email address that you gave" in html_of(client.get(THANKS))

    def test_loading_the_thanks_again_sends_nothing(self, client):
        send(client)
        client.get(THANKS)
        client.get(THANKS)
        assert ContactMessage.objects.count() == len(mail.outbox) == 1

    def test_it_needs_no_cookie_but_the_one_against_forged_forms(self):
        client = Client(enforce_csrf_checks=True)
        page = html_of(client.get("/contact/"))
        assert list(client.cookies) == ["csrftoken"]
        hidden = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
        assert sent(send(client, csrfmiddlewaretoken=hidden))

    def test_a_form_without_its_cookie_gets_a_page_that_helps(self):
        response = send(Client(enforce_csrf_checks=True))
        assert response.status_code == 403
        assert "what you typed is usually still there" in html_of(response)

    def test_no_cache_but_the_visitors_own_keeps_the_form(self, client):
        assert "private" in client.get("/contact/")["Cache-Control"]

    def test_browsers_are_told_what_each_field_is(self, client):
        page = html_of(client.get("/contact/"))
        assert 'autocomplete="name"' in page
        assert 'autocomplete="email"' in page
        assert 'type="email"' in page

    def test_other_ways_are_named_where_there_is_a_public_page_of_them(self, client):
        assert "Other ways" not in html_of(client.get("/contact/"))
        about = PageFactory(slug="about")
        PageFactory(slug="contact", parent=about, title="Contact us", summary="By post or telephone.")
        page = html_of(client.get("/contact/"))
        assert "By post or telephone." in page
        assert 'href="/about/contact/"' in page


class TestSubjects:
    @pytest.fixture(autouse=True)
    def subjects(self) -> None:
        ContactSubject.objects.create(label="Press", recipients="press@psg.example\nweb@psg.example", position=2)
        ContactSubject.objects.create(label="Membership", recipients="members@psg.example", position=1)
        ContactSubject.objects.create(label="Old", recipients="old@psg.example", is_active=False)

    def test_visitors_choose_from_what_staff_offer_in_their_order(self, client):
        page = html_of(client.get("/contact/"))
        assert re.findall(r"<option[^>]*>([^<]+)", page) == ["Please choose", "Membership", "Press"]

    def test_the_mail_goes_to_those_who_read_the_subject(self, client):
        send(client, subject=ContactSubject.objects.get(label="Press").pk)
        (message,) = mail.outbox
        assert message.to == ["press@psg.example", "web@psg.example"]
        assert message.subject == "Contact form: Press"
        assert ContactMessage.objects.get().subject == "Press"

    @pytest.mark.parametrize("choice", ["", "999999", "x", "Old"])
    def test_one_has_to_be_chosen_and_of_those_offered(self, client, choice):
        if choice == "Old":
            choice = ContactSubject.objects.get(label="Old").pk
        response = send(client, subject=choice)
        assert response.status_code == 200
        assert re.search(r"Choose (what|one of)", html_of(response))
        assert not ContactMessage.objects.exists()

    def test_renaming_or_deleting_a_subject_leaves_old_messages_as_they_were(self, client):
        send(client, subject=ContactSubject.objects.get(label="Press").pk)
        ContactSubject.objects.all().delete()
        assert ContactMessage.objects.get().subject == "Press"


class TestMailToStaff:
    def test_without_subjects_it_goes_to_the_address_in_the_settings(self, client, settings):
        settings.CONTACT_EMAIL = "office@psg.example"
        assert "<select" not in html_of(client.get("/contact/"))
        send(client)
        (message,) = mail.outbox
        assert message.to == ["office@psg.example"]
        assert message.reply_to == [GOOD["email"]]
        kept = ContactMessage.objects.get()
        link = f"{settings.SITE_URL}/admin/pages/contactmessage/{kept.pk}/change/"
        html = message.alternatives[0].content
        for words in (GOOD["name"], GOOD["message"], link):
            assert words in message.body
            assert words in html

    def test_what_looks_like_html_arrives_as_words(self, client):
        send(client, message="<script>alert(1)</script> & so", name="<b>Ana</b>")
        (message,) = mail.outbox
        assert "<script>alert(1)</script> & so" in message.body
        assert "&lt;script&gt;" in message.alternatives[0].content
        assert "<b>Ana" not in message.alternatives[0].content

    @pytest.mark.parametrize("breaks", ["\r\n", "\n", "\r", "\u2028", "\x85", "\x00\n"])
    def test_no_field_can_add_a_header(self, client, settings, run_jobs, breaks):
        settings.EMAIL_BACKEND = "psg.mail.QueueBackend"
        send(client, name=f"Ana{breaks}Bcc: all@example.org", message=f"Hello{breaks}Bcc: all@example.org")
        assert send(client, email=f"ana@example.org{breaks}Bcc: all@example.org").status_code == 200
        assert ContactMessage.objects.get().name == "Ana Bcc: all@example.org"
        run_jobs()
        (name,) = [file["id"] for file in client.get("/dev/mail/").context["messages_"]]
        raw = (settings.DEVELOPMENT_MAIL_DIR / f"{name}.eml").read_text()
        assert "\nbcc:" not in raw.split("\n\n")[0].lower()

    def test_message_and_mail_are_kept_together_or_not_at_all(self, settings, monkeypatch):
        settings.EMAIL_BACKEND = "psg.mail.QueueBackend"

        def fail(*args, **kwargs):
            raise RuntimeError("no")

        monkeypatch.setattr("pages.contact.mails.send", fail)
        client = Client(raise_request_exception=False)
        assert send(client).status_code == 500
        assert not ContactMessage.objects.exists()
        assert not ContactCount.objects.exists()

    def test_a_mail_server_that_is_down_loses_nothing(self, client, settings, run_jobs):
        settings.EMAIL_BACKEND = "psg.mail.QueueBackend"
        settings.MAIL_TRANSPORT = "tests.psg.test_mail_and_jobs.AwayBackend"
        assert sent(send(client))
        queued = list(OrmQ.objects.values("key", "payload", "lock"))
        with pytest.raises(OSError, match="connect"):
            run_jobs()
        # The worker keeps what failed and tries again (tests/psg/test_mail_and_jobs.py).
        OrmQ.objects.bulk_create(OrmQ(**job) for job in queued)
        settings.MAIL_TRANSPORT = "psg.mail.DevelopmentBackend"
        assert run_jobs() == 1
        assert "Contact form: a message" in html_of(client.get("/dev/mail/"))


class TestBadInput:
    def refused(self, response, *words: str) -> str:
        """The page of a form that was not taken: 200, a summary that takes focus, words beside the field."""
        page = html_of(response)
        assert response.status_code == 200
        assert not ContactMessage.objects.exists()
        assert "autofocus" in page
        assert "<title>Please look at this again: Contact" in page
        for each in words:
            assert each in page
        return page

    def test_every_field_empty(self, client):
        page = self.refused(send(client, name="", email="", message=""), "Write your name.", "Write your message.")
        assert page.count('aria-invalid="true"') == 3
        for name in ("name", "email", "message"):
            assert f'href="#id_{name}"' in page
            assert f'id="id_{name}_error"' in page

    def test_blanks_are_nothing(self, client):
        response = send(client, name="  \t ", message=" \r\n \u00a0 \u200a")
        self.refused(response, "Write your name.", "Write your message.")

    @pytest.mark.parametrize("email", ["ana", "ana@", "@example.org", "a b@example.org", "ana@example", "ana@x.org\0"])
    def test_an_address_that_is_none(self, client, email):
        page = self.refused(send(client, email=email), "Write an email address like ana@example.org.")
        assert "ull character" not in page

    def test_a_message_that_is_too_long_is_kept_whole_in_the_form(self, client):
        long = "ñandú " * 1700 + "the end"
        page = self.refused(send(client, message=long), "shorten it to 5000 characters; it has 10207")
        assert "the end</textarea>" in page
        assert 'maxlength="5000"' not in page, "browsers would cut off what is pasted without a word"

    def test_a_line_end_counts_once(self, client):
        assert sent(send(client, message="x\r\n" * 2499 + "xy"))

    def test_a_name_that_is_too_long(self, client):
        self.refused(send(client, name="x" * 121), "120")

    def test_what_was_typed_is_kept(self, client):
        page = self.refused(send(client, email="wrong", wants_copy="on"))
        assert 'value="Ana Example"' in page
        assert GOOD["message"] in page
        assert re.search(r'name="wants_copy"[^>]* checked', page)

    @pytest.mark.parametrize(
        "text",
        ["🦙🇵🇪", "مرحبا، أكتب لكم", "שלום", "<img src=x onerror=alert(1)>", "'; DROP TABLE x;--", "{{ 7*7 }} %s"],
    )
    def test_any_script_and_any_sign_arrives_as_it_was_written(self, client, text):
        assert sent(send(client, name=text, message=text))
        kept = ContactMessage.objects.get()
        assert (kept.name, kept.message) == (text, text)
        assert text in mail.outbox[0].body

    def test_nul_and_other_invisible_characters_are_left_out(self, client):
        assert sent(send(client, name="A\0na", message="one\0\r\n\x07two"))
        kept = ContactMessage.objects.get()
        assert (kept.name, kept.message) == ("A na", "one\ntwo")

    def test_html_is_shown_again_as_words(self, client):
        page = self.refused(send(client, name='"><script>alert(1)</script>', email=""))
        assert "<script>alert" not in page

    def test_unknown_methods_and_empty_forms_are_answered(self, client):
        assert client.put("/contact/").status_code == 405
        assert client.head("/contact/").status_code == 200
        assert client.post("/contact/").status_code == 200
        assert client.post(THANKS).status_code == 405


class TestTwice:
    """The same message from the same open form is one message."""

    def test_a_double_click_keeps_one_and_mails_once(self, client):
        same = token()
        assert sent(send(client, token=same))
        assert sent(send(client, token=same))
        assert ContactMessage.objects.count() == len(mail.outbox) == 1

    def test_another_message_from_the_same_form_is_another(self, client):
        same = token()
        send(client, token=same)
        send(client, token=same, message="And one more thing.")
        assert ContactMessage.objects.count() == 2

    def test_the_same_words_from_a_form_opened_later_are_another(self, client):
        send(client)
        send(client)
        assert ContactMessage.objects.count() == 2

    def test_a_double_click_is_not_counted_twice(self, client):
        same = token()
        for _ in range(20):
            assert sent(send(client, token=same))

    def test_the_database_refuses_a_second(self):
        values = {"key": "x", "name": "A", "email": "a@example.org", "message": "m"}
        ContactMessage.objects.create(**values)
        with pytest.raises(IntegrityError, match="key"):
            ContactMessage.objects.create(**values)


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    """Several requests in several processes at the same moment."""

    @staticmethod
    def all_at_once(*values: dict) -> list[int]:
        start = Barrier(len(values), timeout=10)
        values = [{"token": token()} | each for each in values]  # before: making one turns the clock of all threads

        def one(each: dict) -> int:
            start.wait()
            try:
                return send(**each).status_code
            finally:
                connections.close_all()

        with ThreadPoolExecutor(len(values)) as pool:
            return list(pool.map(one, values))

    def test_one_message_sent_eight_times_is_kept_once(self, settings):
        settings.EMAIL_BACKEND = "psg.mail.QueueBackend"
        same = token()
        assert self.all_at_once(*[{"token": same}] * 8) == [302] * 8
        assert ContactMessage.objects.count() == OrmQ.objects.count() == 1

    def test_of_twelve_messages_no_more_pass_than_the_limit_says(self):
        answers = self.all_at_once(*({"message": f"Message {number}"} for number in range(12)))
        assert sorted(answers) == [302] * 5 + [429] * 7
        assert ContactMessage.objects.count() == 5

    def test_without_the_lock_more_would_pass(self, monkeypatch):
        both_read = Barrier(2, timeout=10)

        def careless(network="", **senders):
            """As `take` with a limit of one, but reading and writing are two steps with others between them."""
            counts = ContactCount.objects.filter(key=network)
            used = counts.values_list("used", flat=True)[0]
            both_read.wait()
            counts.update(used=used + 1)
            return timezone.now() if used else None

        ContactCount.objects.create(key="192.0.2.1", until=timezone.now() + timedelta(days=1))
        monkeypatch.setattr(guard, "take", careless)
        answers = self.all_at_once({"message": "One"}, {"message": "Two"})
        assert answers == [302, 302], "the race is real: a limit of one let two through"
