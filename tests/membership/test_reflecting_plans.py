"""Subscriptions whose plan or price changes, and invoices that staff settle by hand."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from membership.models import (
    Concern,
    Membership,
    Payment,
    Person,
    StripePrice,
    Term,
)
from tests.membership.conftest import pay
from tests.membership.stripe_site import apply, go_on, row, stripe_price, update

DAY = timedelta(days=1)


class TestChangingPlan:
    @pytest.fixture
    def other(self, stripe_site, household) -> str:
        """The household plan's price at Stripe."""
        return stripe_price(apply(household))

    def change(self, site, price: str, **how) -> None:
        update(site, items=[{"id": row().item_id, "price": price}], **how)

    def test_with_the_difference_paid_the_new_plan_holds_at_once_and_buys_no_time(
        self, stripe_site, individual, household, other, mailoutbox
    ):
        stripe_site.member(individual)
        ends = Term.objects.get().ends_on
        stripe_site.sandbox.advance("180d")
        self.change(stripe_site, other, proration_behavior="always_invoice", payment_behavior="error_if_incomplete")
        assert set(stripe_site.tell()) == {200}
        assert Membership.objects.get().plan == household
        assert Term.objects.get().ends_on == ends
        paid = Payment.objects.get(term__isnull=True)
        assert 450 < paid.gross_pence < 550
        assert "£" in mailoutbox[-1].body
        assert row().amount_pence == 3500
        go_on(stripe_site, "186d")
        assert Term.objects.last().price.plan == household
        assert Term.objects.last().payment.gross_pence == 3500

    def test_without_proration_the_new_plan_comes_with_the_next_renewal(
        self, stripe_site, individual, household, other
    ):
        stripe_site.member(individual)
        self.change(stripe_site, other, proration_behavior="none")
        stripe_site.tell()
        assert (Membership.objects.get().plan, row().price.plan) == (individual, household)
        go_on(stripe_site, "1y")
        assert Membership.objects.get().plan == household
        assert Term.objects.last().payment.gross_pence == 3500

    def test_a_change_that_is_declined_leaves_the_old_plan(self, stripe_site, individual, other):
        person = stripe_site.member(individual)
        stripe_site.sandbox.decline(person.stripe_customers.get().stripe_id)
        stripe_site.sandbox.advance("30d")
        self.change(stripe_site, other, proration_behavior="always_invoice", payment_behavior="pending_if_incomplete")
        stripe_site.tell()
        assert (Membership.objects.get().plan, row().price.plan) == (individual, individual)
        assert Payment.objects.count() == 1

    def test_to_a_cheaper_plan_at_once_the_credit_pays_the_next_years(self, stripe_site, individual, household):
        """The invoice of the change is paid by nothing at all: it is looked at again each time, and must do no harm."""
        stripe_site.member(household)
        cheap, dear = stripe_price(apply(individual)), stripe_price(apply(household))
        stripe_site.sandbox.advance("1d")
        self.change(stripe_site, cheap, proration_behavior="always_invoice")
        assert set(stripe_site.tell()) == {200}
        membership = Membership.objects.get()
        assert membership.plan == individual
        written = membership.history.count()
        stripe_site.tell([stripe_site.sandbox.events("invoice.paid")[-1] | {"id": "evt_again"}])
        assert membership.history.count() == written
        go_on(stripe_site, "1y")  # £35 of credit less £25: the first renewal is free
        first, second = Term.objects.all()
        assert second.starts_on == first.ends_on + DAY
        self.change(stripe_site, dear, proration_behavior="none")
        go_on(stripe_site, "1y")
        assert Term.objects.count() == 3
        assert Membership.objects.get().plan == household

    def test_who_took_another_plan_by_cheque_since_keeps_it(self, stripe_site, individual, household):
        person = stripe_site.member(household)
        cheap = stripe_price(apply(individual))
        stripe_site.sandbox.advance("1d")
        self.change(stripe_site, cheap, proration_behavior="always_invoice")
        stripe_site.tell()
        pay(person, household, received_on=timezone.localdate() + 3 * DAY)
        stripe_site.tell([stripe_site.sandbox.events("invoice.paid")[-1] | {"id": "evt_again"}])
        assert Membership.objects.get().plan == household

    def test_a_year_that_a_credit_pays_extends_without_a_payment(self, stripe_site, individual):
        person = stripe_site.member(individual)
        customer = person.stripe_customers.get().stripe_id
        stripe_site.sandbox.client.v1.customers.update(customer, {"balance": -2500})
        go_on(stripe_site, "1y")
        stripe_site.tell(stripe_site.sandbox.events())
        assert (Payment.objects.count(), Term.objects.count()) == (1, 2)
        assert Term.objects.last().starts_on == Term.objects.first().ends_on + DAY

    def test_a_price_that_was_set_in_the_dashboard_is_told_to_staff_and_counts_as_the_old_one(
        self, stripe_site, individual
    ):
        stripe_site.member(individual)
        product = StripePrice.objects.get().price.plan
        unknown = stripe_site.sandbox.client.v1.prices.create(
            {
                "product": f"psg-plan-{product.pk}",
                "currency": "gbp",
                "unit_amount": 1700,
                "recurring": {"interval": "year"},
            }
        )
        self.change(stripe_site, unknown.id, proration_behavior="none")
        go_on(stripe_site, "1y")
        assert Concern.objects.get().kind == "unknown_price"
        assert (row().price.plan, row().amount_pence) == (individual, 1700)
        assert Term.objects.last().payment.gross_pence == 1700


class TestInvoicesByHand:
    @pytest.fixture
    def overdue(self, stripe_site, individual) -> Person:
        person = stripe_site.member(individual)
        stripe_site.sandbox.decline(person.stripe_customers.get().stripe_id)
        go_on(stripe_site, "1y")
        return person

    def mark_paid(self, site) -> None:
        site.sandbox.client.v1.invoices.pay(row().unpaid_invoice_id, {"paid_out_of_band": True})

    def test_marked_as_paid_elsewhere_without_a_payment_here_staff_are_asked_for_it_once(self, stripe_site, overdue):
        self.mark_paid(stripe_site)
        stripe_site.tell()
        stripe_site.tell(stripe_site.sandbox.events())
        assert (Concern.objects.get().kind, Payment.objects.count()) == ("paid_for_nothing", 1)
        assert (row().status, row().unpaid_invoice_id) == ("active", "")

    def test_marked_as_paid_elsewhere_after_the_cheque_was_recorded_all_is_well(self, stripe_site, overdue, individual):
        with time_machine.travel(datetime.fromtimestamp(stripe_site.sandbox.now, UTC), tick=False):
            pay(overdue, individual)
        self.mark_paid(stripe_site)
        stripe_site.tell()
        assert not Concern.objects.exists()
        assert Term.objects.count() == 2

    def test_an_invoice_that_stripe_cannot_finish_is_told_to_staff_once(self, stripe_site, individual):
        stripe_site.member(individual)
        event = stripe_site.sandbox.events("invoice.paid")[0] | {"type": "invoice.finalization_failed"}
        assert [stripe_site.post(event | {"id": f"evt_{n}"}).status_code for n in range(2)] == [200, 200]
        assert Concern.objects.get().kind == "invoice"

    def test_an_invoice_of_no_subscription_is_none_of_ours(self, stripe_site, individual):
        stripe_site.member(individual)
        event = stripe_site.sandbox.events("invoice.paid")[0] | {"id": "evt_single"}
        event["data"]["object"]["parent"] = None
        assert stripe_site.post(event).status_code == 200
