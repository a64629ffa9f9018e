"""Payments by Stripe that fail: the right words, each once, to those who may be written to."""

from datetime import UTC, datetime

import pytest
import time_machine

from membership.actions import dunning
from membership.models import Notice, Person
from tests.at_once import at_once
from tests.factories import PersonFactory
from tests.membership.conftest import pay
from tests.membership.stripe_rows import FAILING, application_of, checkout_of, subscription_of

pytestmark = pytest.mark.django_db
AGAIN = datetime(2027, 1, 13, 9, tzinfo=UTC)


@pytest.fixture
def now():
    """A day after the year ended: paid until 9 January 2027, grace until 8 February."""
    with time_machine.travel("2027-01-10T12:00:00Z", tick=False):
        yield


@pytest.fixture
def failing(individual, mailoutbox, now):
    """Ana's card was refused once; Stripe tries again in three days."""
    person = PersonFactory(first_name="Ana", last_name="O’Neill & Quispe", email="ana@people.example")
    with time_machine.travel("2026-01-10T12:00:00Z", tick=False):
        pay(person, individual, method="card")
    mailoutbox.clear()
    return subscription_of(person, individual, renews="2028-01-10T09:00", **FAILING, next_attempt_at=AGAIN)


def parts(message) -> list[str]:
    return [message.body, message.alternatives[0].content]


def said(message, *facts: str) -> None:
    for part in parts(message):
        for fact in facts:
            assert fact in part, fact


def test_a_failed_payment_is_told_once_with_what_happens_next_and_what_to_do(failing, mailoutbox):
    assert [dunning.payment_failed(failing) for _ in range(3)] == [True, False, False]
    (message,) = mailoutbox
    assert message.to == ["ana@people.example"]
    assert message.subject == "Your membership payment did not go through"
    said(message, "£25.00", "Visa card ending in 4242", "8 February 2027", "13 January 2027")
    said(message, "https://invoice.stripe.example/in_1", "/membership/me/", "There is often a simple cause")
    assert "Dear Ana O’Neill & Quispe," in message.body
    assert "Dear Ana O’Neill &amp; Quispe," in message.alternatives[0].content


def test_each_further_try_is_told_and_the_last_says_that_it_was_the_last(failing, mailoutbox):
    dunning.payment_failed(failing)
    failing.unpaid_attempts, failing.next_attempt_at = 2, datetime(2027, 1, 18, 9, tzinfo=UTC)
    dunning.payment_failed(failing)
    failing.unpaid_attempts, failing.next_attempt_at = 3, None
    dunning.payment_failed(failing)
    assert [message.subject for message in mailoutbox] == [
        "Your membership payment did not go through",
        "Your payment failed again: please look at it",
        "Your membership payment failed for the last time",
    ]
    said(mailoutbox[1], "We have tried again", "18 January 2027")
    said(mailoutbox[2], "This was the last try", "unless you pay before then", "8 February 2027")
    assert not [part for part in parts(mailoutbox[2]) if "We try again on" in part]


def test_the_same_try_of_another_invoice_is_told(failing, mailoutbox):
    dunning.payment_failed(failing)
    failing.unpaid_invoice_id = "in_2"
    assert dunning.payment_failed(failing)
    assert len(mailoutbox) == 2


def test_after_the_grace_it_says_that_the_membership_goes_on_when_they_pay(failing, mailoutbox):
    with time_machine.travel("2027-02-09T12:00:00Z", tick=False):
        dunning.payment_failed(failing)
    said(mailoutbox[0], "It goes on as soon as you pay")
    assert not [part for part in parts(mailoutbox[0]) if "You stay a member" in part]


@pytest.mark.parametrize(
    "changes",
    [
        {"unpaid_invoice_id": ""},
        {"unpaid_attempts": 0},
        {"status": "incomplete"},
        {"status": "canceled"},
        {"status": "unpaid"},
        {"membership": None},
    ],
)
def test_what_is_no_failed_renewal_is_not_told_as_one(failing, mailoutbox, changes):
    for name, value in changes.items():
        setattr(failing, name, value)
    assert not dunning.payment_failed(failing)
    assert not mailoutbox
    assert not Notice.objects.exists()


def test_a_first_payment_that_fails_again_is_told_without_a_word_of_membership_that_runs(failing, mailoutbox):
    failing.membership, failing.unpaid_attempts = None, 2
    assert dunning.payment_failed(failing)
    assert "stay a member" not in mailoutbox[0].body


def test_when_stripe_gives_up_the_end_is_told_once(failing, mailoutbox):
    failing.status, failing.end_reason, failing.next_attempt_at = "canceled", "payment_failed", None
    assert [dunning.subscription_ended_unpaid(failing) for _ in range(2)] == [True, False]
    (message,) = mailoutbox
    assert message.subject == "Your membership is about to end"
    said(message, "8 February 2027", "Join again", "/membership/")
    assert "invoice.stripe.example" not in message.body  # who joins again must not pay that too


def test_who_cannot_join_again_is_asked_to_pay_what_is_open(failing, mailoutbox):
    failing.status, failing.next_attempt_at = "unpaid", None
    dunning.subscription_ended_unpaid(failing)
    said(mailoutbox[0], "https://invoice.stripe.example/in_1")
    assert "Join again" not in mailoutbox[0].body


def test_the_end_after_grace_is_told_as_past(failing, mailoutbox):
    failing.status = "canceled"
    with time_machine.travel("2027-02-09T12:00:00Z", tick=False):
        dunning.subscription_ended_unpaid(failing)
    assert mailoutbox[0].subject == "Your membership has ended"


def test_who_was_told_of_the_last_try_is_not_told_of_the_end_as_well(failing, mailoutbox):
    failing.next_attempt_at = None
    dunning.payment_failed(failing)
    failing.status = "canceled"
    assert not dunning.subscription_ended_unpaid(failing)
    assert len(mailoutbox) == 1


def test_last_years_last_try_does_not_silence_this_years_end(failing, mailoutbox):
    failing.next_attempt_at = None
    dunning.payment_failed(failing)
    failing.status, failing.unpaid_invoice_id = "canceled", "in_2"
    assert dunning.subscription_ended_unpaid(failing)


def test_the_end_of_what_never_began_is_not_told(failing, mailoutbox):
    failing.membership, failing.status = None, "canceled"
    assert not dunning.subscription_ended_unpaid(failing)
    assert not mailoutbox


@pytest.mark.parametrize("changes", [{"do_not_contact": True}, {"email": ""}])
def test_who_must_not_or_cannot_be_written_to_is_told_nothing(failing, individual, mailoutbox, changes):
    person = failing.customer.person
    Person.objects.filter(pk=person.pk).update(**changes)
    person.refresh_from_db()
    application = application_of(person, individual)
    mailoutbox.clear()
    assert not dunning.payment_failed(failing)
    assert not dunning.subscription_ended_unpaid(failing)
    assert not dunning.new_method_needed(failing, about="mandate_1")
    assert not dunning.first_payment_failed(checkout_of(application))
    assert not mailoutbox
    assert not Notice.objects.exists()


def test_another_way_to_pay_is_asked_for_once_for_each_mandate(failing, mailoutbox):
    failing.status, failing.unpaid_invoice_id, failing.method, failing.last4 = "active", "", "debit", "2345"
    assert [dunning.new_method_needed(failing, about="mandate_1") for _ in range(2)] == [True, False]
    assert dunning.new_method_needed(failing, about="mandate_2")
    assert mailoutbox[0].subject == "Your membership needs a new way to pay"
    said(mailoutbox[0], "Direct Debit, account ending in 2345", "£25.00", "10 January 2028", "/membership/me/")


def test_without_any_way_to_pay_what_is_open_is_named(failing, mailoutbox):
    dunning.new_method_needed(failing, about="pm_1")
    said(mailoutbox[0], "We have no card or account any more", "is still open")


def test_who_leaves_anyway_is_not_asked_for_another_way_to_pay(failing, mailoutbox):
    failing.cancel_at = failing.period_ends_at
    assert not dunning.new_method_needed(failing, about="mandate_1")
    assert not mailoutbox


def test_a_first_payment_that_bounced_is_told_to_the_address_that_was_typed(failing, individual, mailoutbox):
    person = failing.customer.person
    application = application_of(person, individual, email="typed@people.example", method="debit")
    checkout = checkout_of(application)
    assert [dunning.first_payment_failed(checkout) for _ in range(2)] == [True, False]
    (message,) = mailoutbox
    assert message.to == ["typed@people.example"]
    said(message, "£25.00", "Direct Debit", application.reference, application.get_absolute_url())
    assert dunning.first_payment_failed(checkout_of(application))


@pytest.mark.parametrize("state", ["replaced", "discarded"])
def test_the_bounce_of_an_application_that_waits_no_more_is_not_told(failing, individual, mailoutbox, state):
    application = application_of(failing.customer.person, individual, state=state)
    assert not dunning.first_payment_failed(checkout_of(application))
    assert not mailoutbox


def test_a_mail_that_cannot_be_made_leaves_no_note(failing, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("no template")

    monkeypatch.setattr("membership.mails.payment_failed", broken)
    with pytest.raises(RuntimeError):
        dunning.payment_failed(failing)
    assert not Notice.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_told_by_several_at_once_it_is_told_once(failing, individual, mailoutbox):
    checkout = checkout_of(application_of(failing.customer.person, individual))
    at_once(*[lambda: dunning.payment_failed(failing)] * 4)
    at_once(*[lambda: dunning.new_method_needed(failing, about="m")] * 4)
    at_once(*[lambda: dunning.first_payment_failed(checkout)] * 4)
    failing.status, failing.next_attempt_at = "canceled", None
    at_once(*[lambda: dunning.subscription_ended_unpaid(failing)] * 4)
    assert len({message.subject for message in mailoutbox}) == len(mailoutbox) == 4
