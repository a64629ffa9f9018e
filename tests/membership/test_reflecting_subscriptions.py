"""From "paid on Stripe's page" on: joining by card and debit, renewing, failing, grace. Stripe's clock runs ahead."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
import time_machine
from django.utils import timezone
from zeal import zeal_ignore

from membership.actions import reflecting
from membership.models import Application, Checkout, Membership, Notice, NoticeKind, Payment, Person, Subscription, Term
from tests.membership.stripe_site import apply

DAY = timedelta(days=1)


def sandbox_day(site):
    """The London day that it is at Stripe."""
    return timezone.localdate(datetime.fromtimestamp(site.sandbox.now, UTC))


def told(kind: str = NoticeKind.PAYMENT_FAILED) -> int:
    return Notice.objects.filter(kind=kind).count()


def fail_from_now_on(site, person: Person) -> None:
    site.sandbox.decline(person.stripe_customers.get().stripe_id, "insufficient_funds")


class TestJoiningByCard:
    def test_the_member_has_a_year_a_receipt_and_a_subscription(self, stripe_site, individual, mailoutbox):
        person = stripe_site.member(individual)
        term, row = Term.objects.get(), Subscription.objects.get()
        today = timezone.localdate()
        assert (term.starts_on, term.ends_on) == (today, today.replace(year=today.year + 1) - DAY)
        assert (row.status, row.card_brand, row.last4, row.amount_pence) == ("active", "visa", "4242", 2500)
        assert row.membership == term.membership
        assert row.renews_on == term.ends_on + DAY
        assert Membership.objects.get().reference == Application.objects.get().reference
        assert person.is_member()
        assert [mail.to for mail in mailoutbox] == [[person.email]]

    def test_more_than_the_minimum_is_what_is_paid_and_renewed(self, stripe_site, individual):
        stripe_site.member(individual, amount=4000)
        assert Payment.objects.get().gross_pence == Subscription.objects.get().amount_pence == 4000

    def test_a_month_is_a_month(self, stripe_site, individual):
        individual.prices.create(interval="month", amount_pence=300)
        application = apply(individual)
        application.price = individual.prices.get(interval="month")
        application.amount_pence = 300
        application.save()
        stripe_site.sandbox.pay(stripe_site.open_checkout(application).stripe_id)
        stripe_site.tell()
        for months in (1, 2):
            stripe_site.sandbox.advance("1m")
            stripe_site.sandbox.advance("2h")
            stripe_site.tell()
            assert Term.objects.count() == months + 1
        first, *_, last = Term.objects.all()
        assert last.ends_on > first.ends_on + timedelta(days=50)

    def test_a_declined_card_leaves_the_page_open_and_tells_nobody(self, stripe_site, individual, mailoutbox):
        checkout = stripe_site.open_checkout(apply(individual))
        assert stripe_site.sandbox.pay(checkout.stripe_id, "4000000000000002")["answer"] == "declined"
        stripe_site.tell()
        checkout.refresh_from_db()
        assert checkout.state == "open"
        assert (Payment.objects.count(), Notice.objects.count(), len(mailoutbox)) == (0, 0, 0)

    def test_a_page_that_nobody_paid_on_expires(self, stripe_site, individual):
        application = apply(individual)
        checkout = stripe_site.open_checkout(application)
        stripe_site.sandbox.advance("1d")
        stripe_site.tell()
        checkout.refresh_from_db()
        assert checkout.state == "expired"
        assert Application.objects.get().is_open
        assert stripe_site.open_checkout(application).state == "open"  # there is room for another

    @pytest.mark.parametrize("state", ["replaced", "discarded"])
    def test_who_pays_after_their_form_was_replaced_or_discarded_is_a_member_all_the_same(
        self, stripe_site, individual, state
    ):
        application = apply(individual)
        checkout = stripe_site.open_checkout(application)
        Application.objects.update(state=state)
        stripe_site.sandbox.pay(checkout.stripe_id)
        stripe_site.tell()
        application.refresh_from_db()
        assert application.state == "accepted"
        assert application.person.is_member()

    def test_a_plan_and_price_that_were_withdrawn_meanwhile_are_honoured(self, stripe_site, individual):
        checkout = stripe_site.open_checkout(apply(individual))
        individual.prices.update(retired_at=timezone.now())
        individual.is_offered = False
        individual.save()
        stripe_site.sandbox.pay(checkout.stripe_id)
        assert set(stripe_site.tell()) == {200}
        assert Term.objects.get().price.amount_pence == 2500
        assert Membership.objects.get().plan == individual


class TestPaidOnce:
    """A single payment, without a subscription."""

    def test_by_card(self, stripe_site, life, mailoutbox):
        person = stripe_site.member(life, renews=False)
        term = Term.objects.get()
        assert (term.ends_on, term.payment.gross_pence, term.payment.fee_pence) == (None, 40_000, 620)
        assert (Checkout.objects.get().state, Application.objects.get().state) == ("paid", "accepted")
        assert person.is_member()
        assert len(mailoutbox) == 1
        stripe_site.tell(stripe_site.sandbox.events())
        assert (Payment.objects.count(), len(mailoutbox)) == (1, 1)

    def test_by_debit_it_waits_for_the_money(self, stripe_site, individual):
        person = stripe_site.member(individual, renews=False, method="debit", number="00012345")
        assert Checkout.objects.get().state == "pending"
        assert not person.is_member()
        stripe_site.sandbox.advance("14d")
        stripe_site.tell()
        assert Checkout.objects.get().state == "paid"
        term = Term.objects.get()
        assert term.payment.method == "debit"
        assert timezone.localdate() + 6 * DAY < term.starts_on == term.payment.received_on < sandbox_day(stripe_site)

    @pytest.mark.parametrize("late", [False, True])
    def test_a_debit_that_bounces_is_told_once_and_the_form_waits_again(self, stripe_site, individual, late):
        stripe_site.member(individual, renews=False, method="debit", number="22222227", tell=not late)
        stripe_site.sandbox.advance("14d")
        stripe_site.tell()
        stripe_site.tell(stripe_site.sandbox.events()[::-1])
        assert (Checkout.objects.get().state, Application.objects.get().state) == ("failed", "open")
        assert (Payment.objects.count(), told()) == (0, 1)
        stripe_site.open_checkout(Application.objects.get())


class TestJoiningByDebit:
    def test_it_is_pending_for_days_and_then_runs_from_the_day_the_money_came(self, stripe_site, individual):
        person = stripe_site.member(individual, method="debit", number="00012345")
        row = Subscription.objects.get()
        assert (row.status, row.method, row.last4, row.unpaid_invoice_id) == ("active", "debit", "2345", "")
        assert (Checkout.objects.get().state, Application.objects.get().state) == ("pending", "open")
        assert (Payment.objects.count(), told()) == (0, 0)
        assert not person.is_member()
        stripe_site.sandbox.advance("14d")
        stripe_site.tell()
        payment, term = Payment.objects.get(), Term.objects.get()
        assert (payment.method, payment.fee_pence) == ("debit", 25)
        assert timezone.localdate() + 6 * DAY < term.starts_on == payment.received_on < sandbox_day(stripe_site)
        assert (Checkout.objects.get().state, Application.objects.get().state) == ("paid", "accepted")
        assert told() == 0

    @pytest.mark.parametrize("late", [False, True])
    def test_one_that_bounces_is_told_once_and_the_form_waits_again(self, stripe_site, individual, late):
        stripe_site.sandbox.set(retry_days=[])
        stripe_site.member(individual, method="debit", number="22222227", tell=not late)
        stripe_site.sandbox.advance("14d")
        stripe_site.tell()
        stripe_site.tell(stripe_site.sandbox.events()[::-1])
        assert (Checkout.objects.get().state, Application.objects.get().state) == ("failed", "open")
        assert (Payment.objects.count(), Membership.objects.count(), told()) == (0, 0, 1)
        stripe_site.open_checkout(Application.objects.get())

    def test_one_that_bounces_and_is_paid_at_the_next_try_makes_a_member(self, stripe_site, individual):
        person = stripe_site.member(individual, method="debit", number="92222227")
        stripe_site.sandbox.advance("1h")
        stripe_site.tell()
        assert (Checkout.objects.get().state, told()) == ("failed", 1)
        stripe_site.sandbox.change_card(person.stripe_customers.get().stripe_id)
        stripe_site.sandbox.advance("4d")
        stripe_site.tell()
        assert (Checkout.objects.get().state, Application.objects.get().state) == ("paid", "accepted")
        assert Term.objects.get().starts_on == timezone.localdate() + 3 * DAY
        assert told() == 1

    def test_a_first_invoice_that_is_voided_after_it_bounced_leaves_room_for_another_page(
        self, stripe_site, individual
    ):
        stripe_site.member(individual, method="debit", number="92222227")
        stripe_site.sandbox.advance("1h")
        stripe_site.tell()
        stripe_site.open_checkout(Application.objects.get())
        stripe_site.sandbox.client.v1.invoices.void_invoice(Subscription.objects.get().unpaid_invoice_id)
        assert set(stripe_site.tell()) == {200}
        assert sorted(Checkout.objects.values_list("state", flat=True)) == ["failed", "open"]
        stripe_site.sandbox.advance("1y")
        assert set(stripe_site.tell()) == {200}
        assert sorted(Checkout.objects.values_list("state", flat=True)) == ["failed", "open"]

    def test_where_stripe_calls_it_incomplete_it_is_the_same(self, stripe_site, individual):
        stripe_site.sandbox.set(debit_subscription="incomplete")
        stripe_site.member(individual, method="debit", number="00012345")
        assert Checkout.objects.get().state == "pending"
        stripe_site.sandbox.advance("14d")
        stripe_site.tell()
        assert Checkout.objects.get().state == "paid"
        assert Subscription.objects.get().status == "active"


class TestRenewing:
    def test_by_card_a_year_follows_without_gap(self, stripe_site, individual, mailoutbox):
        stripe_site.member(individual)
        stripe_site.sandbox.advance("1y")
        stripe_site.sandbox.advance("2h")
        assert set(stripe_site.tell()) == {200}
        first, second = Term.objects.all()
        assert second.starts_on == first.ends_on + DAY
        assert second.payment.received_on == sandbox_day(stripe_site)
        assert len(mailoutbox) == 2
        assert Subscription.objects.get().renews_on == second.ends_on + DAY

    def test_three_years_that_nobody_told_us_of_are_recorded_from_one_event(self, stripe_site, individual):
        stripe_site.member(individual)
        for _ in range(3):
            stripe_site.sandbox.advance("1y")
        stripe_site.sandbox.advance("2h")
        with zeal_ignore():  # one after the other, as the years went
            stripe_site.tell([stripe_site.sandbox.events("customer.subscription.updated")[-1]])
        terms = list(Term.objects.all())
        assert len(terms) == 4
        assert all(after.starts_on == before.ends_on + DAY for before, after in pairwise(terms))

    def test_a_debit_under_way_neither_demotes_nor_extends_before_the_money_comes(self, stripe_site, individual):
        person = stripe_site.member(individual, method="debit", number="90000018")
        stripe_site.sandbox.set(debit_days=4)
        stripe_site.sandbox.advance("1h")
        stripe_site.tell()
        method = stripe_site.sandbox.objects("payment_method")[0]["id"]
        assert method == Subscription.objects.get().payment_method_id
        ends = Term.objects.get().ends_on
        stripe_site.sandbox.advance("1y")
        stripe_site.sandbox.advance("10s")  # the invoice is tried; its answer comes after three minutes
        assert stripe_site.sandbox.objects("payment_intent")[-1]["status"] == "processing"
        stripe_site.tell()
        row = Subscription.objects.get()
        assert (row.status, row.unpaid_invoice_id, told()) == ("active", "", 0)
        assert Term.objects.get().ends_on == ends
        assert person.is_member(ends + DAY)
        stripe_site.sandbox.advance("1h")
        stripe_site.tell()
        assert Term.objects.last().starts_on == ends + DAY

    def test_another_try_by_debit_that_is_under_way_is_not_told_as_failed(self, stripe_site, individual):
        person = stripe_site.member(individual, method="debit", number="90000018")
        stripe_site.sandbox.advance("1h")
        fail_from_now_on(stripe_site, person)
        stripe_site.sandbox.advance("1y")
        stripe_site.sandbox.advance("1h")
        stripe_site.tell()
        row = Subscription.objects.get()
        assert (row.status, row.unpaid_attempts, told()) == ("past_due", 1, 1)
        stripe_site.sandbox.advance(int(row.next_attempt_at.timestamp()) + 30)
        assert stripe_site.sandbox.objects("payment_intent")[-1]["status"] == "processing"
        stripe_site.tell()
        reflecting.subscription(row.stripe_id)  # as the nightly sync would
        assert told() == 1
        assert Subscription.objects.get().unpaid_invoice_id == row.unpaid_invoice_id
        stripe_site.sandbox.advance("1h")
        stripe_site.tell()
        assert told() == 2


class TestFailing:
    @pytest.fixture
    def overdue(self, stripe_site, individual) -> Person:
        """Their card failed at the renewal, a year from now."""
        person = stripe_site.member(individual)
        fail_from_now_on(stripe_site, person)
        stripe_site.sandbox.advance("1y")
        stripe_site.sandbox.advance("2h")
        stripe_site.tell()
        return person

    def at_stripes_today(self, site):
        return time_machine.travel(datetime.fromtimestamp(site.sandbox.now, UTC), tick=False)

    def finish(self, site) -> None:
        for days in (3, 5, 7):
            site.sandbox.advance(f"{days}d")
            site.tell()

    def test_they_stay_a_member_while_stripe_tries_and_are_told_of_each_try(self, stripe_site, overdue, settings):
        row, term = Subscription.objects.get(), Term.objects.get()
        assert (row.status, row.unpaid_pence, row.unpaid_attempts, told()) == ("past_due", 2500, 1, 1)
        assert row.unpaid_url
        assert term.grace_until == timezone.localdate(row.next_attempt_at) + timedelta(
            days=settings.MEMBERSHIP_GRACE_DAYS
        )
        assert overdue.is_member(term.ends_on + DAY)
        for tries, days in ((2, 3), (3, 5)):
            stripe_site.sandbox.advance(f"{days}d")
            stripe_site.tell()
            assert (Subscription.objects.get().unpaid_attempts, told()) == (tries, tries)
        assert Term.objects.get().grace_until > term.grace_until

    def test_they_lapse_the_days_of_grace_after_stripes_last_word(self, stripe_site, overdue, settings, mailoutbox):
        self.finish(stripe_site)
        row, term = Subscription.objects.get(), Term.objects.get()
        assert (row.status, row.end_reason) == ("canceled", "payment_failed")
        last_word = timezone.localdate(row.ended_at)
        assert term.grace_until == last_word + timedelta(days=settings.MEMBERSHIP_GRACE_DAYS)
        assert overdue.is_member(term.grace_until)
        assert not overdue.is_member(term.grace_until + DAY)
        membership = Membership.objects.get()
        assert membership.cancelled_on is None  # they never asked for it
        assert membership.status_on(term.grace_until + DAY) == "lapsed"
        assert told() == 4  # three tries, and that the fourth was the last
        stripe_site.tell(stripe_site.sandbox.events()[::-1])
        assert told() == 4
        assert Term.objects.get().grace_until == term.grace_until

    def test_a_try_that_succeeds_goes_on_without_gap(self, stripe_site, overdue):
        stripe_site.sandbox.decline(overdue.stripe_customers.get().stripe_id, None)
        self.finish(stripe_site)
        first, second = Term.objects.all()
        assert second.starts_on == first.ends_on + DAY
        assert second.payment.received_on == first.ends_on + 4 * DAY
        row = Subscription.objects.get()
        assert (row.status, row.unpaid_invoice_id, row.next_attempt_at, told()) == ("active", "", None, 1)

    @pytest.mark.parametrize("after", ["unpaid", "past_due"])
    def test_where_stripe_ends_nothing_they_lapse_all_the_same(self, stripe_site, overdue, after, settings, mailoutbox):
        stripe_site.sandbox.set(after_retries=after)
        mailoutbox.clear()
        for _ in range(30):
            stripe_site.sandbox.advance("1d")
            stripe_site.tell()
        row, term = Subscription.objects.get(), Term.objects.get()
        assert row.status == after
        last_try = term.ends_on + DAY + timedelta(days=3 + 5 + 7)
        assert term.grace_until == last_try + timedelta(days=settings.MEMBERSHIP_GRACE_DAYS)
        assert not overdue.is_member(term.grace_until + DAY)
        assert len(mailoutbox) == 3  # one for each try that was left; the last says that it was

    def test_a_bank_that_asks_for_its_customer_is_told_with_the_invoices_page(self, stripe_site, individual):
        stripe_site.member(individual, number="4000002760003184")
        stripe_site.sandbox.advance("1y")
        stripe_site.sandbox.advance("2h")
        assert stripe_site.sandbox.events("invoice.payment_action_required")
        stripe_site.tell()
        assert (told(), bool(Subscription.objects.get().unpaid_url)) == (1, True)

    def test_a_renewal_that_failed_before_anything_was_told_is_told(self, stripe_site, individual):
        person = stripe_site.member(individual, tell=False)
        fail_from_now_on(stripe_site, person)
        stripe_site.sandbox.advance("1y")
        stripe_site.sandbox.advance("2h")
        stripe_site.tell()
        assert (Term.objects.count(), told()) == (1, 1)

    @pytest.mark.parametrize("closing", ["void_invoice", "mark_uncollectible"])
    def test_an_invoice_that_is_written_off_is_owed_no_longer(self, stripe_site, overdue, closing):
        getattr(stripe_site.sandbox.client.v1.invoices, closing)(Subscription.objects.get().unpaid_invoice_id)
        stripe_site.tell()
        row = Subscription.objects.get()
        assert (row.status, row.unpaid_invoice_id, row.unpaid_pence) == ("active", "", 0)
        assert (Payment.objects.count(), Term.objects.count()) == (1, 1)

    def test_who_rejoins_after_a_lapse_goes_on_with_their_membership(self, stripe_site, overdue, individual):
        self.finish(stripe_site)
        stripe_site.sandbox.advance("60d")
        again = apply(individual)
        again.person = overdue
        again.save()
        with self.at_stripes_today(stripe_site):
            checkout = stripe_site.open_checkout(again)
        stripe_site.sandbox.pay(checkout.stripe_id)
        stripe_site.tell()
        assert Membership.objects.count() == 1
        first, second = Term.objects.all()
        assert second.starts_on == sandbox_day(stripe_site) > first.grace_until
        late_news = stripe_site.sandbox.events("customer.subscription.deleted")
        stripe_site.tell([event | {"id": "evt_late"} for event in late_news])
        assert Membership.objects.get().cancelled_on is None
