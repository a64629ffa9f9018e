"""Looking again at Stripe when all agrees: nothing changes, and nothing is written, whatever state things are in."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from zeal import zeal_ignore

from membership.actions import reflecting
from membership.models import Checkout, Dispute, Payment, StripeCustomer, Subscription
from tests.membership.conftest import pay
from tests.membership.stripe_site import StripeSite, again, apply, go_on, row, stripe_price, update


def look_at_everything() -> list[str]:
    """As a sync would: every object that we know of; what changed."""
    looks: list[tuple[Callable, list]] = [
        (reflecting.session, Checkout.objects.values_list("stripe_id", flat=True)),
        (reflecting.subscription, Subscription.objects.values_list("stripe_id", flat=True)),
        (reflecting.dispute, Dispute.objects.values_list("stripe_id", flat=True)),
        (reflecting.customer, StripeCustomer.objects.values_list("stripe_id", flat=True)),
        (reflecting.refunds, Payment.objects.values_list("stripe_payment_intent_id", flat=True).distinct()),
    ]
    with zeal_ignore():
        return [change for look, ids in looks for each in list(ids) if each for change in look(each)]


def by_card(site: StripeSite, individual, household) -> None:
    site.member(individual)


def overdue(site: StripeSite, individual, household) -> None:
    person = site.member(individual)
    site.sandbox.decline(person.stripe_customers.get().stripe_id)
    go_on(site, "1y")


def given_up(site: StripeSite, individual, household) -> None:
    overdue(site, individual, household)
    go_on(site, "30d")


def unpaid(site: StripeSite, individual, household) -> None:
    site.sandbox.set(after_retries="unpaid")
    given_up(site, individual, household)


def ending(site: StripeSite, individual, household) -> None:
    site.member(individual)
    update(site, cancel_at_period_end=True)
    site.tell()


def ended(site: StripeSite, individual, household) -> None:
    ending(site, individual, household)
    go_on(site, "1y")


def resumed_while_overdue(site: StripeSite, individual, household) -> None:
    overdue(site, individual, household)
    for ends in (True, False):
        update(site, cancel_at_period_end=ends)
        site.tell()


def debit_under_way(site: StripeSite, individual, household) -> None:
    site.member(individual, method="debit", number="00012345")


def debit_bounced(site: StripeSite, individual, household) -> None:
    site.member(individual, method="debit", number="92222227")
    go_on(site, "1h")


def paid_once(site: StripeSite, individual, household) -> None:
    site.member(individual, renews=False)


def nobody_paid(site: StripeSite, individual, household) -> None:
    site.open_checkout(apply(individual))


def cheaper_plan(site: StripeSite, individual, household) -> None:
    site.member(household)
    site.sandbox.advance("1d")
    cheap = stripe_price(apply(individual))
    update(site, items=[{"id": row().item_id, "price": cheap}], proration_behavior="always_invoice")
    site.tell()


def two_that_go_on(site: StripeSite, individual, household) -> None:
    again(site, site.member(individual), individual)
    site.tell()


def cancelled_then_a_cheque(site: StripeSite, individual, household) -> None:
    person = site.member(individual)
    site.sandbox.client.v1.subscriptions.cancel(row().stripe_id)
    site.tell()
    pay(person, individual)


def marked_as_paid_elsewhere(site: StripeSite, individual, household) -> None:
    overdue(site, individual, household)
    site.sandbox.client.v1.invoices.pay(row().unpaid_invoice_id, {"paid_out_of_band": True})
    site.tell()


def refunded(site: StripeSite, individual, household) -> None:
    site.member(individual, number="4000000000005126")
    intent = Payment.objects.get().stripe_payment_intent_id
    for pence in (500, 2000):
        site.sandbox.client.v1.refunds.create({"payment_intent": intent, "amount": pence})
    go_on(site, "4d")


def disputed(site: StripeSite, individual, household) -> None:
    site.member(individual)
    dispute = site.sandbox.dispute(Payment.objects.get().stripe_charge_id)["id"]
    site.sandbox.decide(dispute, won=False)
    site.tell()


def deleted_at_stripe(site: StripeSite, individual, household) -> None:
    person = site.member(individual)
    site.sandbox.client.v1.customers.delete(person.stripe_customers.get().stripe_id)
    site.tell()


STATES = [
    by_card,
    overdue,
    given_up,
    unpaid,
    ending,
    ended,
    resumed_while_overdue,
    debit_under_way,
    debit_bounced,
    paid_once,
    nobody_paid,
    cheaper_plan,
    two_that_go_on,
    cancelled_then_a_cheque,
    marked_as_paid_elsewhere,
    refunded,
    disputed,
    deleted_at_stripe,
]


@pytest.mark.parametrize("state", STATES, ids=[state.__name__ for state in STATES])
def test_another_look_changes_and_writes_nothing(stripe_site, individual, household, state, mailoutbox):
    state(stripe_site, individual, household)
    mailoutbox.clear()
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert look_at_everything() == []
    written = [query["sql"] for query in asked if query["sql"].split()[0] in ("INSERT", "UPDATE", "DELETE")]
    assert written == []
    assert mailoutbox == []
