"""What the desk tells Stripe: cancel, resume, another plan. The sandbox stands in for Stripe."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from membership import gateway
from membership.actions import reflecting, subscriptions
from membership.actions.plans import set_price
from membership.models import Membership, Person, Plan, StripePrice, Subscription
from tests.factories import PlanFactory, PriceFactory
from tests.membership.conftest import price_of

pytestmark = pytest.mark.django_db
LIST = "/admin/membership/person/"


@pytest.fixture
def member(stripe_site, individual):
    """Somebody whose membership renews by itself."""
    return stripe_site.member(individual)


@pytest.fixture
def desk(client_as):
    return client_as("Membership")


def subscription_of(person) -> Subscription:
    return Subscription.objects.get(customer__person=person)


def membership_of(person) -> Membership:
    return person.memberships.get()


def at_stripe(site, person):
    return site.sandbox.client.v1.subscriptions.retrieve(subscription_of(person).stripe_id)


def commands(site) -> list[dict]:
    """What Stripe was told about subscriptions, as opposed to asked."""
    asked = site.sandbox.requests(" /v1/subscriptions/")
    return [each for each in asked if each["method"] != "GET"]


def fail_the_renewal(site, person) -> None:
    """A year later their card is declined; Stripe will try again."""
    site.sandbox.decline(subscription_of(person).customer.stripe_id)
    site.sandbox.advance("366d")
    site.tell()
    assert subscription_of(person).status == "past_due"


class TestCancelling:
    def test_stripe_takes_no_further_payment_and_the_membership_runs_out(self, stripe_site, member, mailoutbox):
        mailoutbox.clear()
        membership = subscriptions.cancel(membership_of(member), reason="Moved abroad")
        assert at_stripe(stripe_site, member).cancel_at_period_end
        assert subscription_of(member).is_ending
        assert (membership.cancelled_on, membership.cancel_reason) == (timezone.localdate(), "Moved abroad")
        assert member.is_member()
        assert [mail.to for mail in mailoutbox] == [[member.email]]
        stripe_site.sandbox.advance("366d")
        stripe_site.tell()
        assert subscription_of(member).status == "canceled"
        assert member.payments.count() == 1

    def test_cancelled_twice_is_cancelled_once(self, stripe_site, member, mailoutbox):
        mailoutbox.clear()
        for reason in ("Moved abroad", "Again"):
            subscriptions.cancel(membership_of(member), reason=reason)
        assert membership_of(member).cancel_reason == "Moved abroad"
        assert len(commands(stripe_site)) == 1
        stripe_site.tell()
        assert len(mailoutbox) == 1

    def test_a_failing_one_is_ended_at_once_and_not_tried_again(self, stripe_site, member):
        fail_the_renewal(stripe_site, member)
        membership = subscriptions.cancel(membership_of(member), reason="Too dear")
        assert at_stripe(stripe_site, member).status == "canceled"
        assert (membership.cancel_reason, subscription_of(member).is_live) == ("Too dear", False)
        stripe_site.sandbox.decline(subscription_of(member).customer.stripe_id, None)
        stripe_site.sandbox.advance("60d")
        stripe_site.tell()
        assert member.payments.count() == 1

    @pytest.mark.parametrize("fault", ["500", "close"])
    def test_if_stripe_does_not_answer_nothing_is_changed_here(self, stripe_site, member, mailoutbox, fault):
        mailoutbox.clear()
        stripe_site.sandbox.fault("POST /v1/subscriptions/*", fault, times=9)
        with pytest.raises(gateway.Unavailable):
            subscriptions.cancel(membership_of(member), reason="x")
        assert membership_of(member).cancelled_on is None
        assert mailoutbox == []

    def test_what_was_done_before_the_answer_was_lost_is_done_once(self, stripe_site, member, mailoutbox):
        mailoutbox.clear()
        stripe_site.sandbox.fault("GET /v1/subscriptions/*", "close", times=3)
        with pytest.raises(gateway.Unavailable):
            subscriptions.cancel(membership_of(member), reason="Moved abroad")
        assert membership_of(member).cancelled_on is None
        stripe_site.tell()
        assert membership_of(member).cancel_reason == "Moved abroad", "the event brought it"
        subscriptions.cancel(membership_of(member), reason="Moved abroad")
        assert len(mailoutbox) == 1

    def test_one_that_has_ended_at_stripe_unnoticed_is_cancelled_here(self, stripe_site, member):
        stripe_site.sandbox.client.v1.subscriptions.cancel(subscription_of(member).stripe_id)
        membership = subscriptions.cancel(membership_of(member), reason="x")
        assert membership.cancelled_on
        assert not subscription_of(member).is_live

    def test_one_that_stripe_does_not_know_is_said_to_be_so(self, stripe_site, member):
        Subscription.objects.update(stripe_id="sub_of_nobody")
        with pytest.raises(gateway.Missing):
            subscriptions.cancel(membership_of(member), reason="x")
        assert membership_of(member).cancelled_on is None


class TestResuming:
    def test_stripe_renews_it_again(self, stripe_site, member):
        subscriptions.cancel(membership_of(member), reason="x")
        membership = subscriptions.resume(membership_of(member))
        assert membership.cancelled_on is None
        assert not at_stripe(stripe_site, member).cancel_at_period_end
        assert subscription_of(member).renews_on
        stripe_site.sandbox.advance("366d")
        stripe_site.tell()
        assert member.payments.count() == 2

    def test_what_has_ended_at_stripe_is_not_brought_back(self, stripe_site, member):
        subscriptions.cancel(membership_of(member), reason="x")
        stripe_site.sandbox.client.v1.subscriptions.cancel(subscription_of(member).stripe_id)
        for _ in ("unnoticed", "known"):
            with pytest.raises(subscriptions.EndedAtStripe):
                subscriptions.resume(membership_of(member))
        assert membership_of(member).cancelled_on

    def test_if_stripe_does_not_answer_it_stays_cancelled(self, stripe_site, member):
        subscriptions.cancel(membership_of(member), reason="x")
        stripe_site.sandbox.fault("POST /v1/subscriptions/*", "500", times=9)
        with pytest.raises(gateway.Unavailable):
            subscriptions.resume(membership_of(member))
        assert membership_of(member).cancelled_on


def test_what_stripe_refuses_is_not_done_here(stripe_site, member):
    stripe_site.sandbox.fault("POST /v1/subscriptions/*", "400")
    with pytest.raises(gateway.Refused):
        subscriptions.cancel(membership_of(member), reason="x")
    assert membership_of(member).cancelled_on is None
    subscriptions.cancel(membership_of(member), reason="x")
    stripe_site.sandbox.clear_faults()
    stripe_site.sandbox.fault("POST /v1/subscriptions/*", "400")
    with pytest.raises(gateway.Refused):
        subscriptions.resume(membership_of(member))
    assert membership_of(member).cancelled_on


class TestAnotherPlan:
    def change(self, person, plan: Plan, *, at_once: bool = False, amount: int | None = None):
        price = price_of(plan)
        return subscriptions.change_plan(
            subscription_of(person), price=price, amount_pence=amount or price.amount_pence, at_once=at_once
        )

    def test_from_the_next_payment_on_and_not_before(self, stripe_site, member, household):
        self.change(member, household)
        assert subscription_of(member).amount_pence == 3500
        assert membership_of(member).plan.name == "Individual"
        assert member.payments.count() == 1, "nothing is charged now"
        stripe_site.sandbox.advance("366d")
        stripe_site.tell()
        assert membership_of(member).plan == household
        assert [payment.gross_pence for payment in member.payments.all()] == [3500, 2500]

    def test_at_once_the_card_pays_the_difference(self, stripe_site, member, household):
        stripe_site.sandbox.advance("182d")
        stripe_site.tell()
        self.change(member, household, at_once=True)
        assert membership_of(member).plan == household
        paid = [payment.gross_pence for payment in member.payments.order_by("pk")]
        assert paid[0] == 2500
        assert 450 < paid[1] < 550, "half of the difference of £10 for half a year"
        assert membership_of(member).terms.count() == 1

    def test_declined_the_old_plan_stays(self, stripe_site, member, household):
        stripe_site.sandbox.decline(subscription_of(member).customer.stripe_id)
        with pytest.raises(gateway.Declined):
            self.change(member, household, at_once=True)
        stripe_site.tell()
        assert membership_of(member).plan.name == "Individual"
        assert subscription_of(member).amount_pence == 2500
        assert at_stripe(stripe_site, member)["items"].data[0].price.unit_amount == 2500

    def test_a_price_is_made_at_stripe_once_for_each_amount(self, stripe_site, individual, household):
        for person in (stripe_site.member(individual), stripe_site.member(individual)):
            self.change(person, household, amount=4000)
        made = [each for each in stripe_site.sandbox.objects("price") if each["unit_amount"] == 4000]
        assert len(made) == 1

    def test_a_price_whose_id_we_could_not_keep_is_not_made_twice(self, stripe_site, member, household):
        self.change(member, household)
        StripePrice.objects.filter(price__plan=household).update(stripe_id=None)  # as if killed before
        self.change(member, household, amount=4000)
        self.change(member, household)
        assert len([each for each in stripe_site.sandbox.objects("price") if each["unit_amount"] == 3500]) == 1
        assert subscription_of(member).amount_pence == 3500

    def test_an_error_that_stripe_repeats_is_got_over(self, stripe_site, member, household):
        stripe_site.sandbox.fault("POST /v1/prices", "500", when="after", times=1)
        for _ in range(2):
            try:
                self.change(member, household)
            except gateway.Unavailable:
                continue
        assert subscription_of(member).amount_pence == 3500

    def test_what_cannot_be_is_refused_in_words(self, stripe_site, member, individual, household, life):
        body = PlanFactory(name="Organisation", kind="organisation")
        monthly = PlanFactory(name="Monthly")
        PriceFactory(plan=body, amount_pence=6000)
        PriceFactory(plan=monthly, interval="month", amount_pence=300)
        for plan, words in [
            (life, "a change keeps that"),
            (monthly, "a change keeps that"),
            (body, "organisations"),
            (individual, "already"),
        ]:
            with pytest.raises(subscriptions.NotPossible, match=words):
                self.change(member, plan)
        with pytest.raises(subscriptions.NotPossible, match="The least is £35"):
            self.change(member, household, amount=3499)
        gone = price_of(household)
        set_price(plan=household, interval="year", amount_pence=3600)
        with pytest.raises(subscriptions.NotPossible, match="not in force"):
            subscriptions.change_plan(subscription_of(member), price=gone, amount_pence=3500, at_once=False)
        subscriptions.cancel(membership_of(member), reason="x")
        with pytest.raises(subscriptions.NotPossible, match="Undo the cancellation first"):
            self.change(member, household)
        Subscription.objects.update(status="canceled")
        with pytest.raises(subscriptions.NotPossible, match="any more"):
            self.change(member, household)
        assert len(commands(stripe_site)) == 1

    def test_at_once_only_by_card_dearer_and_with_nothing_open(self, stripe_site, individual, household):
        dear = stripe_site.member(household)
        by_debit = stripe_site.member(individual, method="debit", number="90000018")
        stripe_site.sandbox.advance("1d")
        stripe_site.tell()
        with pytest.raises(subscriptions.NotPossible, match="Direct Debit"):
            self.change(by_debit, household, at_once=True)
        with pytest.raises(subscriptions.NotPossible, match="lower amount"):
            self.change(dear, individual, at_once=True)
        fail_the_renewal(stripe_site, dear)
        with pytest.raises(subscriptions.NotPossible, match="open"):
            self.change(dear, household, at_once=True, amount=5000)


@pytest.mark.django_db(transaction=True)
def test_no_row_is_locked_while_stripe_is_asked(stripe_site, member):
    """While Stripe takes its time, somebody else can lock the same rows."""
    stripe_site.sandbox.fault("POST /v1/subscriptions/*", "slow", seconds=2)
    membership = membership_of(member)
    ended = threading.Event()

    def cancel() -> None:
        try:
            subscriptions.cancel(membership, reason="x")
        finally:
            connection.close()
            ended.set()

    thread = threading.Thread(target=cancel)
    thread.start()
    while not stripe_site.sandbox.call("GET", "faults")[0]["seen"]:
        assert not ended.wait(0.05), "it ended before Stripe was asked"
    with transaction.atomic():
        for model in (Person, Membership, Subscription):
            assert len(model.objects.select_for_update(nowait=True)) == 1
    thread.join()
    assert membership_of(member).cancelled_on == timezone.localdate()


def test_what_is_reflected_again_changes_nothing(stripe_site, member):
    subscriptions.cancel(membership_of(member), reason="x")
    assert reflecting.subscription(subscription_of(member).stripe_id) == []
    assert membership_of(member).paid_until > timezone.localdate() + timedelta(days=360)
