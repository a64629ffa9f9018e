"""What the mails of membership say: receipts, refunds, and the page on which staff read them all."""

import re
import uuid
from datetime import date
from html import unescape
from pathlib import Path

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from membership import mails
from membership.actions import concerns, memberships
from membership.admin.mails import samples
from membership.models import ConcernKind, Payment, Term
from tests.factories import PersonFactory
from tests.membership.conftest import pay
from tests.membership.stripe_rows import announce, application_of, subscription_of

pytestmark = pytest.mark.django_db
LIST = reverse("admin:membership_mails")


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel("2026-03-10T12:00:00Z", tick=False):
        yield


@pytest.fixture
def ana(db):
    return PersonFactory(first_name="Ana", last_name="Quispe")


def parts(message) -> list[str]:
    return [message.body, message.alternatives[0].content]


def said(message, *facts: str) -> None:
    for part in parts(message):
        for fact in facts:
            assert fact in part, fact


def money(person, pence: int, **facts) -> Payment:
    return Payment.objects.create(person=person, gross_pence=pence, token=uuid.uuid4(), **{"method": "card"} | facts)


# --- Receipts ---


def test_a_receipt_by_hand_says_that_it_does_not_renew(ana, individual, mailoutbox):
    pay(ana, individual)
    said(mailoutbox[0], "£25.00", "Cheque", "10 March 2026", "9 March 2027", "It does not renew by itself")
    said(mailoutbox[0], ana.memberships.get().reference, "Peru Support Group", "Individual")


def test_a_receipt_for_life_or_by_standing_order_says_nothing_of_renewing(ana, individual, life, mailoutbox):
    pay(PersonFactory(), life)
    pay(ana, individual, method="standing_order")
    for message in mailoutbox:
        assert not [part for part in parts(message) if "renew" in part]
    said(mailoutbox[0], "for life")


def test_a_receipt_by_subscription_names_the_card_and_the_next_payment(ana, individual, mailoutbox):
    pay(ana, individual, method="card")
    subscription = subscription_of(ana, individual, renews="2027-03-10T09:00")
    payment = money(ana, 2500, subscription=subscription)
    Term.objects.update(payment=payment)
    mailoutbox.clear()
    mails.receipt(payment)
    said(mailoutbox[0], "Visa card ending in 4242", "It renews by itself on", "10 March 2027", "/membership/me/")


def test_a_receipt_of_a_subscription_that_ends_says_that_it_does_not_renew(ana, individual, mailoutbox):
    pay(ana, individual, method="card")
    subscription = subscription_of(ana, individual, renews="2027-03-10T09:00", cancel_at="2027-03-10T09:00Z")
    payment = money(ana, 2500, subscription=subscription)
    Term.objects.update(payment=payment)
    mailoutbox.clear()
    mails.receipt(payment)
    said(mailoutbox[0], "It does not renew by itself")


def test_money_by_hand_beside_a_subscription_renews_all_the_same(ana, individual, mailoutbox):
    pay(ana, individual, method="card")
    subscription_of(ana, individual, renews="2027-03-10T09:00")
    mailoutbox.clear()
    pay(ana, individual)
    said(mailoutbox[0], "Cheque", "It renews by itself on")


def test_the_difference_for_a_change_of_plan_has_a_receipt_too(ana, individual, mailoutbox):
    pay(ana, individual, method="card")
    subscription = subscription_of(ana, individual, renews="2027-03-10T09:00")
    mailoutbox.clear()
    mails.receipt(money(ana, 1000, subscription=subscription))
    said(mailoutbox[0], "£10.00", "change of plan", "9 March 2027")


def test_money_for_nothing_known_has_a_receipt_without_a_promise(ana, mailoutbox):
    mails.receipt(money(ana, 1000))
    said(mailoutbox[0], "£10.00", "Card")
    assert "member until" not in mailoutbox[0].body


# --- Money given back, cancelling, prices ---


def given_back(payment: Payment, pence: int) -> Payment:
    return money(payment.person, -pence, reverses=payment, method=payment.method)


def test_a_refund_that_ends_the_membership_says_when_it_ended(ana, individual, mailoutbox):
    payment = pay(ana, individual, method="card")
    with time_machine.travel("2026-05-01T12:00:00Z", tick=False):
        Term.objects.update(cut_on="2026-05-01")
        mails.refunded(given_back(payment, 2500))
    assert mailoutbox[-1].subject == "Given back: £25.00"
    said(mailoutbox[-1], "10 March 2026", "your membership ended on 30 April 2026", "up to ten days")


def test_a_refund_before_anything_was_used_says_that_the_membership_has_ended(ana, individual, mailoutbox):
    payment = pay(ana, individual, method="card")
    Term.objects.update(cut_on=timezone.localdate())
    mails.refunded(given_back(payment, 2500))
    said(mailoutbox[-1], "your membership has ended")


def test_a_refund_of_the_next_year_leaves_this_one(ana, individual, mailoutbox):
    pay(ana, individual)
    payment = pay(ana, individual)
    Term.objects.filter(payment=payment).update(cut_on=timezone.localdate())
    mails.refunded(given_back(payment, 2500))
    said(mailoutbox[-1], "You are a member until 9 March 2027")
    assert "ten days" not in mailoutbox[-1].body  # a cheque does not go back by itself


def test_a_part_given_back_changes_nothing(ana, individual, mailoutbox):
    mails.refunded(given_back(pay(ana, individual, method="card"), 1000))
    said(mailoutbox[-1], "£10.00", "£25.00", "Your membership stays as it was")


def test_a_refund_of_what_bought_no_time_says_nothing_of_the_membership(ana, mailoutbox):
    mails.refunded(given_back(money(ana, 1000), 1000))
    assert "embership" not in mailoutbox[0].body.split("--")[0]


def test_what_takes_nothing_back_is_no_refund(ana):
    with pytest.raises(ValueError, match="takes another back"):
        mails.refunded(money(ana, 1000))


def test_who_cancelled_is_told_until_when_it_runs_and_how_to_take_it_back(ana, individual, mailoutbox):
    memberships.cancel(pay(ana, individual).term.membership, reason="x")
    said(mailoutbox[-1], "9 March 2027", "/membership/me/")


def test_a_cancellation_after_the_end_cannot_be_taken_back(ana, individual, mailoutbox):
    membership = pay(ana, individual).term.membership
    with time_machine.travel("2027-03-20T12:00:00Z", tick=False):
        memberships.cancel(membership, reason="x")
    assert "/membership/me/" not in mailoutbox[-1].body


def test_a_new_price_is_told_with_the_old_one_and_the_day(ana, individual, mailoutbox):
    pay(ana, individual, method="card")
    change = announce(subscription_of(ana, individual, renews="2027-03-10T09:00"), pence=3000, on=date(2027, 3, 10))
    mails.price_change(change)
    assert mailoutbox[-1].subject == "A new price for your membership from 10 March 2027"
    said(mailoutbox[-1], "£30.00", "a year", "£25.00", "/membership/me/", "cancel before 10 March 2027")


def test_who_pays_online_is_led_to_the_page_to_pay_on(ana, individual, mailoutbox):
    application = application_of(ana, individual)
    mails.application_received(application)
    said(mailoutbox[0], application.get_absolute_url(), "go on here")
    assert "Cheque" not in mailoutbox[0].body


# --- Names that try to be more than names ---


def test_no_name_gets_into_a_header_but_staffs_subject_and_there_it_stays_one_line(individual, mailoutbox):
    person = PersonFactory(
        first_name="Ana\r\nBcc: all@evil.example\r\n\r\n", last_name="😀" * 100, email="ana@b.example"
    )
    pay(person, individual)
    memberships.cancel(person.memberships.get(), reason="x")
    subscription = subscription_of(person, individual, renews="2027-03-10T09:00")
    mails.card_expires(subscription)
    mails.new_method(subscription)
    concerns.raise_concern(ConcernKind.TWO_SUBSCRIPTIONS, about="x", text="Look.", person=person)
    for message in mailoutbox:
        sent = message.message()
        assert "Bcc" not in sent
        assert message.recipients() in (["ana@b.example"], [mails.settings.CONTACT_EMAIL])
        assert len(message.subject) < 100
        assert not sent.as_string().startswith("\n")
    assert sum("Bcc" in message.subject for message in mailoutbox) == 1


def test_staff_read_a_name_as_it_is_written(mailoutbox):
    person = PersonFactory(organisation_name="O’Neill & Sons")
    concerns.raise_concern(ConcernKind.DISPUTE, about="x", text="Look.", person=person)
    assert mailoutbox[0].subject == "Payment disputed: O’Neill & Sons"
    assert "O’Neill &amp; Sons" in mailoutbox[0].alternatives[0].content


# --- All of them, for staff to read ---


def words(html: str) -> str:
    bare = re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL)
    return " ".join(unescape(bare).split()).replace(" .", ".").replace(" )", ")").replace(" ,", ",").replace("( ", "(")


def test_text_and_html_of_every_mail_say_the_same():
    for sample in samples():
        html = words(sample.mail.html)
        for line in sample.mail.text.split("\n--\n")[0].splitlines():
            for sentence in re.split(r"(?:: )?https?://\S+", line):
                assert " ".join(sentence.split()).rstrip(",") in html, (sample.name, sentence)
        for link in re.findall(r"https?://\S+", sample.mail.text.split("\n--\n")[0]):
            assert f'href="{link}"' in sample.mail.html, (sample.name, link)


def test_every_template_has_a_sample():
    folder = Path(__file__).parents[2] / "templates/membership/mail"
    kinds = {path.name.removesuffix("_subject.txt") for path in folder.glob("*_subject.txt")}
    assert kinds == {sample.mail.template for sample in samples()}
    assert all(len(sample.mail.subject) <= 60 for sample in samples())


def test_staff_read_every_mail_and_nothing_is_sent(client_as, mailoutbox):
    client = client_as("Membership")
    page = client.get(LIST)
    for sample in samples():
        assert sample.mail.subject in unescape(page.content.decode())
        address = reverse("admin:membership_mail_html", args=[sample.name])
        assert address in page.content.decode()
        assert client.get(address).status_code == 200
    assert not mailoutbox
    assert LIST in client.get(reverse("admin:membership_person_changelist")).content.decode()


def test_a_mail_is_shown_under_a_policy_that_runs_and_fetches_nothing(client_as):
    response = client_as("Membership").get(reverse("admin:membership_mail_html", args=["receipt"]))
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "unsafe" not in policy
    assert response["X-Frame-Options"] == "SAMEORIGIN"


def test_others_do_not_see_them(client_as, client):
    address = reverse("admin:membership_mail_html", args=["receipt"])
    for page in (LIST, address):
        assert client_as("Writer").get(page).status_code == 403
        assert client.get(page).status_code == 302
    assert client_as("Membership").get(reverse("admin:membership_mail_html", args=["nothing"])).status_code == 404
