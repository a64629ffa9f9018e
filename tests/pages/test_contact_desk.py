"""Messages from the contact form at the editors' desk: read, answered once, marked, opened again."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.core import mail
from django.db import IntegrityError, connections, transaction
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ

from pages.models import ContactAnswer, ContactMessage, ContactSubject

pytestmark = pytest.mark.django_db

LIST = "/admin/pages/contactmessage/"
SUBJECTS = "/admin/pages/contactsubject/"


@pytest.fixture(autouse=True)
def _quick_passwords(settings) -> None:
    """Nobody signs in with one here, and each test makes staff."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def received(name: str = "Ana Example", *, answered: bool = False, **values) -> ContactMessage:
    values = {"email": "ana@example.org", "message": "Where can I read\nabout Las Bambas?"} | values
    at = timezone.now() if answered else None
    return ContactMessage.objects.create(key=f"{name}{timezone.now()}", name=name, answered_at=at, **values)


def page_of(message: ContactMessage) -> str:
    return f"{LIST}{message.pk}/change/"


def html_of(response) -> str:
    return response.content.decode()


class TestWho:
    @pytest.mark.parametrize(
        ("role", "status"),
        [("Editor", 200), ("Membership", 200), ("Administrator", 200), ("Writer", 403), ("Events", 403)],
    )
    def test_editors_and_membership_read_and_answer(self, client_as, role, status):
        message = received()
        client = client_as(role)
        assert client.get(page_of(message)).status_code == status
        answered = client.post(page_of(message), {"answer": "Here.", "_answer": ""}).status_code
        assert answered == (302 if status == 200 else 403)
        assert len(mail.outbox) == (1 if status == 200 else 0)

    @pytest.mark.parametrize(("role", "may"), [("Editor", False), ("Membership", False), ("Administrator", True)])
    def test_only_an_administrator_deletes(self, client_as, role, may):
        message = received()
        client = client_as(role)
        assert ("/delete/" in html_of(client.get(page_of(message)))) is may
        client.post(f"{LIST}{message.pk}/delete/", {"post": "yes"})
        assert ContactMessage.objects.exists() is not may

    @pytest.mark.parametrize("role", ["Editor", "Administrator", "Superuser"])
    def test_nobody_adds_or_changes_one(self, client_as, role):
        message = received()
        client = client_as(role)
        assert client.get(f"{LIST}add/").status_code == 403
        client.post(page_of(message), {"name": "Other", "message": "Other", "email": "x@x.org", "_mark": ""})
        message.refresh_from_db()
        assert (message.name, message.email) == ("Ana Example", "ana@example.org")

    @pytest.mark.parametrize(("role", "status"), [("Editor", 200), ("Administrator", 200), ("Membership", 403)])
    def test_editors_say_who_reads_what(self, client_as, role, status):
        assert client_as(role).get(f"{SUBJECTS}add/").status_code == status


class TestReading:
    def test_what_waits_comes_first(self, client_as):
        received("Answered", answered=True)
        received("Older")
        received("Newer")
        found = client_as("Editor").get(LIST).context["cl"].result_list
        assert [message.name for message in found] == ["Newer", "Older", "Answered"]

    def test_the_list_is_searched_and_filtered(self, client_as):
        received("Ana", message="About potatoes")
        received("Beto", answered=True)
        client = client_as("Editor")

        def names(query: str) -> list[str]:
            return [message.name for message in client.get(LIST + query).context["cl"].result_list]

        assert names("?state=open") == ["Ana"]
        assert names("?state=answered") == ["Beto"]
        assert names("?q=potatoes") == ["Ana"]
        assert names(f"?created_at__year={timezone.now().year}") == ["Ana", "Beto"]

    def test_a_message_is_shown_as_plain_text(self, client_as):
        message = received("<b>Ana</b>", message="<script>alert(1)</script>\n\nsecond line\u202e")
        client = client_as("Editor")
        for page in (html_of(client.get(page_of(message))), html_of(client.get(LIST))):
            assert "<script>alert" not in page
            assert "<b>Ana" not in page
        assert "&lt;script&gt;" in html_of(client.get(page_of(message)))

    def test_a_long_list_costs_no_more_queries(self, client_as, staff, django_assert_max_num_queries):
        for number in range(30):
            received(f"Sender {number}", answered=True, answered_by=staff("Editor"))
        client = client_as("Editor")
        with django_assert_max_num_queries(12):
            client.get(LIST)


class TestAnswering:
    def test_the_answer_is_mailed_with_the_message_below_and_replies_go_to_the_colleague(self, client_as, staff):
        message = received(message="Where can I read\n\n> about <Las Bambas>?")
        values = {"answer": "In the archive.\nBest, E.", "_answer": ""}
        response = client_as("Editor").post(page_of(message), values, follow=True)
        assert "Your answer to Ana Example is on its way" in html_of(response)
        (sent,) = mail.outbox
        assert sent.to == ["ana@example.org"]
        assert sent.reply_to == [staff("Editor").email]
        assert "In the archive.\nBest, E." in sent.body
        assert "> Where can I read\n>\n> > about <Las Bambas>?" in sent.body
        html = sent.alternatives[0].content
        assert "In the archive.<br>Best, E." in html
        assert "&lt;Las Bambas&gt;" in html
        message.refresh_from_db()
        assert message.is_answered
        assert message.answered_by == staff("Editor")
        (answer,) = message.answers.all()
        assert (answer.text, answer.sent_by) == ("In the archive.\nBest, E.", staff("Editor"))
        page = html_of(client_as("Editor").get(page_of(message)))
        assert "In the archive." in page
        assert 'name="answer"' not in page

    @pytest.mark.parametrize("text", ["", "  \n "])
    def test_an_empty_answer_is_not_sent(self, client_as, text):
        message = received()
        page = html_of(client_as("Editor").post(page_of(message), {"answer": text, "_answer": ""}))
        assert "Write an answer, or mark the message" in page
        assert mail.outbox == []
        message.refresh_from_db()
        assert not message.is_answered

    def test_a_second_answer_is_told_who_was_first_and_keeps_its_text(self, client_as):
        message = received()
        client_as("Editor").post(page_of(message), {"answer": "First.", "_answer": ""})
        page = html_of(client_as("Membership").post(page_of(message), {"answer": "Second.", "_answer": ""}))
        assert "Test Editor answered this message on" in page
        assert "Nothing was sent now" in page
        assert "Second.</textarea>" in page
        assert len(mail.outbox) == ContactAnswer.objects.count() == 1

    def test_a_mail_of_an_answer_that_is_not_kept_is_not_sent(self, client_as, settings, monkeypatch):
        settings.EMAIL_BACKEND = "psg.mail.QueueBackend"
        message = received()

        def fail(*args, **kwargs):
            raise RuntimeError("no")

        monkeypatch.setattr("pages.admin.contact.ContactMessageAdmin.log_change", fail)
        client = client_as("Editor")
        client.raise_request_exception = False
        assert client.post(page_of(message), {"answer": "Here.", "_answer": ""}).status_code == 500
        assert not ContactAnswer.objects.exists()
        assert not OrmQ.objects.exists()

    def test_one_that_was_deleted_meanwhile_is_no_error(self, client_as):
        message = received()
        address = page_of(message)
        message.delete()
        response = client_as("Editor").post(address, {"answer": "Here.", "_answer": ""}, follow=True)
        assert response.status_code == 200
        assert mail.outbox == []


class TestMarking:
    def test_what_was_answered_by_telephone_is_marked_and_opened_again(self, client_as, staff):
        message, client = received(), client_as("Membership")
        client.post(page_of(message), {"_mark": "", "answer": ""})
        message.refresh_from_db()
        assert message.answered_by == staff("Membership")
        assert mail.outbox == []
        client.post(page_of(message), {"_open": ""})
        message.refresh_from_db()
        assert (message.answered_at, message.answered_by) == (None, None)

    def test_several_are_marked_and_opened_together(self, client_as, staff):
        earlier = timezone.now() - timedelta(days=9)
        one, two = received("One"), received("Two")
        done = received("Done", answered=True)
        ContactMessage.objects.filter(pk=done.pk).update(answered_at=earlier, answered_by=staff("Membership"))
        chosen = {"_selected_action": [one.pk, two.pk, done.pk]}
        client = client_as("Editor")
        response = client.post(LIST, chosen | {"action": "mark_selected"}, follow=True)
        assert "2 marked as answered" in html_of(response)
        assert not ContactMessage.objects.open().exists()
        done.refresh_from_db()
        assert (done.answered_at, done.answered_by) == (earlier, staff("Membership")), "the first word stays"
        client.post(LIST, chosen | {"action": "open_selected"})
        assert ContactMessage.objects.open().count() == 3

    def test_the_history_says_who_did_what(self, client_as):
        message, client = received(), client_as("Editor")
        client.post(page_of(message), {"_mark": ""})
        client.post(page_of(message), {"_open": ""})
        client.post(page_of(message), {"answer": "Here.", "_answer": ""})
        client.post(LIST, {"_selected_action": [message.pk], "action": "open_selected"})
        page = html_of(client.get(f"{LIST}{message.pk}/history/"))
        for words in ("Marked as answered.", "Opened again.", "Answered by mail."):
            assert words in page

    def test_an_answer_stays_when_its_message_is_opened_and_answered_again(self, client_as):
        message, client = received(), client_as("Editor")
        for text in ("First.", "Second."):
            client.post(page_of(message), {"answer": text, "_answer": ""})
            client.post(page_of(message), {"_open": ""})
        page = html_of(client.get(page_of(message)))
        assert "First." in page
        assert "Second." in page

    def test_the_database_refuses_an_answer_without_its_time(self, staff):
        message = received()
        with pytest.raises(IntegrityError, match="contact_answered_by_at_a_time"), transaction.atomic():
            ContactMessage.objects.filter(pk=message.pk).update(answered_by=staff("Editor"))


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    def answer_together(self, message: ContactMessage, clients: list[Client]) -> list[int]:
        start = Barrier(len(clients), timeout=10)

        def post(client: Client) -> int:
            start.wait()
            try:
                return client.post(page_of(message), {"answer": "Here.", "_answer": ""}).status_code
            finally:
                connections.close_all()

        with ThreadPoolExecutor(len(clients)) as pool:
            return list(pool.map(post, clients))

    def test_two_colleagues_and_a_double_click_send_one_answer(self, client_as, settings):
        settings.EMAIL_BACKEND = "psg.mail.QueueBackend"
        message = received()
        clients = [client_as(role) for role in ("Editor", "Editor", "Membership", "Membership")]
        assert sorted(self.answer_together(message, clients)) == [200, 200, 200, 302]
        assert ContactAnswer.objects.count() == OrmQ.objects.count() == 1

    def test_without_the_lock_both_are_sent(self, client_as, settings, monkeypatch):
        settings.EMAIL_BACKEND = "psg.mail.QueueBackend"
        both_looked = Barrier(2, timeout=10)

        def look(message: ContactMessage) -> None:
            """As the guard, without the lock: both see an open message."""
            assert ContactMessage.objects.filter(answered_at=None, pk=message.pk).exists()
            both_looked.wait()

        monkeypatch.setattr("pages.contact.actions.lock_open", look)
        monkeypatch.setattr("pages.models.contact.ContactMessageQuerySet.open", lambda messages: messages.all())
        clients = [client_as("Editor"), client_as("Membership")]
        assert self.answer_together(received(), clients) == [302, 302]
        assert OrmQ.objects.count() == 2


class TestSubjects:
    @pytest.mark.parametrize(
        ("recipients", "message"),
        [("", "required"), ("  ", "required"), ("ana", "“ana” is not an"), ("a@x.org b@", "“b@” is not an")],
    )
    def test_somebody_has_to_read_it(self, client_as, recipients, message):
        values = {"label": "Press", "recipients": recipients, "position": "0", "is_active": "on"}
        assert message in html_of(client_as("Editor").post(f"{SUBJECTS}add/", values))
        assert not ContactSubject.objects.exists()

    def test_several_addresses_are_kept_one_a_line_and_each_once(self, client_as):
        values = {"label": " Press  office ", "recipients": "a@x.org, b@x.org; a@x.org\r\nc@x.org", "position": "0"}
        client_as("Editor").post(f"{SUBJECTS}add/", values)
        subject = ContactSubject.objects.get()
        assert subject.recipients == "a@x.org\nb@x.org\nc@x.org"
        assert subject.label == "Press office"
