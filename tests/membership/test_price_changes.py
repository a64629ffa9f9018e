"""A plan costs more: who is told, and what they pay from when."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from membership import jobs
from membership.actions import plans, price_changes, subscriptions
from membership.models import Notice, Price, PriceChange, Subscription
from tests.at_once import at_once
from tests.factories import PersonFactory, PlanFactory, PriceFactory, SubscriptionFactory
from tests.membership.conftest import pay, price_of

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def march():
    """10 March 2026."""
    with time_machine.travel(NOON, tick=False):
        yield


def renewing(plan, **columns) -> Subscription:
    membership = pay(PersonFactory(), plan).term.membership
    return SubscriptionFactory(membership=membership, **columns)


def dearer(plan, pence: int = 3000) -> Price:
    return plans.set_price(plan=plan, interval=price_of(plan).interval, amount_pence=pence)


def told() -> dict[Subscription, date]:
    return {change.subscription: change.effective_on for change in PriceChange.objects.select_related("subscription")}


class TestTelling:
    def test_those_who_pay_less_and_go_on_are_told_once(self, march, individual, household, mailoutbox):
        one = renewing(individual)
        renewing(individual, amount_pence=3000)
        renewing(individual, amount_pence=5000)
        renewing(individual, cancel_at=timezone.now() + timedelta(days=99))
        renewing(individual, status="canceled")
        renewing(individual, status="unpaid")
        renewing(household, amount_pence=2500)
        pay(PersonFactory(), individual)
        price = dearer(individual)
        mailoutbox.clear()
        assert [price_changes.announce_price(price) for _ in range(2)] == [1, 0]
        assert list(told()) == [one]
        change = PriceChange.objects.get()
        assert (change.amount_before_pence, change.amount_pence, change.price) == (2500, 3000, price)
        assert [mail.to for mail in mailoutbox] == [[one.customer.person.email]]
        for words in ("£30.00", "£25.00", f"{change.effective_on:%-d %B %Y}"):
            assert words in mailoutbox[0].body

    def test_whoever_is_not_written_to_pays_it_as_well(self, march, individual, mailoutbox):
        subscription = renewing(individual)
        person = subscription.customer.person
        person.do_not_contact = True
        person.save()
        mailoutbox.clear()
        assert price_changes.announce_price(dearer(individual)) == 1
        assert mailoutbox == []

    def test_nobody_is_told_of_a_price_that_is_gone(self, march, individual):
        renewing(individual)
        old = dearer(individual)
        dearer(individual, 4000)
        assert price_changes.announce_price(old) == 0

    @pytest.mark.parametrize(
        ("interval", "began", "next_payment", "first"),
        [
            ("year", "2025-04-09", "2026-04-09", "2026-04-09"),
            ("year", "2025-04-08", "2026-04-08", "2027-04-08"),
            ("year", "2024-02-29", "2027-02-28", "2027-02-28"),
            ("month", "2026-01-20", "2026-03-20", "2026-04-20"),
            ("month", "2026-01-05", "2026-04-05", "2026-05-05"),
            ("month", "2026-01-31", "2026-03-31", "2026-04-30"),
        ],
    )
    def test_from_the_first_renewal_that_is_a_month_away(self, march, interval, began, next_payment, first):
        plan = PriceFactory(interval=interval).plan
        days = {
            name: datetime.fromisoformat(f"{day}T12:00:00+00:00")
            for name, day in {"started_at": began, "period_ends_at": next_payment}.items()
        }
        subscription = renewing(plan, **days)
        price_changes.announce_price(dearer(plan))
        assert told() == {subscription: date.fromisoformat(first)}

    def test_what_is_paid_once_has_no_renewal(self, march, life):
        with pytest.raises(ValueError, match="does not renew"):
            price_changes.first_renewal(renewing(life), from_day=date(2026, 3, 10))

    def test_the_day_is_londons(self, march, individual):
        subscription = renewing(individual, period_ends_at=datetime(2026, 7, 1, 23, 30, tzinfo=UTC))
        price_changes.announce_price(dearer(individual))
        assert told() == {subscription: date(2026, 7, 2)}


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_tell_everybody_once(individual, mailoutbox):
    for _ in range(3):
        renewing(individual)
    price = dearer(individual)
    at_once(*[lambda: price_changes.announce_price(price)] * 2)
    assert PriceChange.objects.count() == 3
    assert Notice.objects.filter(kind="price_change").count() == 3


class TestCarryingOut:
    @pytest.fixture
    def monthly(self, db):
        return PriceFactory(plan=PlanFactory(name="Monthly"), interval="month", amount_pence=300).plan

    def test_exactly_the_renewals_from_that_day_on_cost_the_new_price(self, stripe_site, monthly):
        person = stripe_site.member(monthly)
        price_changes.announce_price(dearer(monthly, 400))
        change = PriceChange.objects.get()
        stripe_site.sandbox.advance("1d")
        paid = []
        for _ in range(4):
            renewal = Subscription.objects.get().renews_on
            jobs.apply_price_changes()
            stripe_site.sandbox.advance("1m")
            stripe_site.tell()
            newest = person.payments.first()
            paid.append(newest.gross_pence)
            assert newest.gross_pence == (400 if renewal >= change.effective_on else 300)
        assert person.payments.count() == 5, "no charge in between"
        assert 400 in paid
        change.refresh_from_db()
        assert change.applied_at

    def test_it_is_carried_out_once(self, stripe_site, individual):
        stripe_site.member(individual)
        price_changes.announce_price(dearer(individual))
        assert [price_changes.apply_price_changes() for _ in range(3)] == [1, 0, 0]
        changed = stripe_site.sandbox.requests("POST /v1/subscriptions/")
        assert len(changed) == 1
        assert Subscription.objects.get().amount_pence == 3000

    def test_an_error_for_one_stops_no_other_and_is_made_good_the_next_day(self, stripe_site, individual, caplog):
        people = [stripe_site.member(individual) for _ in range(3)]
        price_changes.announce_price(dearer(individual))
        second = Subscription.objects.get(customer__person=people[1]).stripe_id
        stripe_site.sandbox.fault(f"POST /v1/subscriptions/{second}", "503", times=3)
        assert price_changes.apply_price_changes() == 2
        assert second in caplog.text
        assert price_changes.apply_price_changes() == 1
        assert set(Subscription.objects.values_list("amount_pence", flat=True)) == {3000}

    def test_killed_before_it_was_noted_it_is_only_noted(self, stripe_site, individual):
        stripe_site.member(individual)
        price_changes.announce_price(dearer(individual))
        price_changes.apply_price_changes()
        PriceChange.objects.update(applied_at=None)
        assert price_changes.apply_price_changes() == 1
        assert len(stripe_site.sandbox.requests("POST /v1/subscriptions/")) == 1

    def test_who_left_changed_plan_or_pays_more_by_now_is_left_alone(self, stripe_site, individual, household):
        leaving, other, more = (stripe_site.member(individual) for _ in range(3))
        price_changes.announce_price(dearer(individual))
        subscriptions.cancel(leaving.memberships.get(), reason="x")
        theirs = Subscription.objects.get(customer__person=other)
        subscriptions.change_plan(theirs, price=price_of(household), amount_pence=3500, at_once=False)
        theirs = Subscription.objects.get(customer__person=more)
        subscriptions.change_plan(theirs, price=price_of(individual), amount_pence=9000, at_once=False)
        before = set(Subscription.objects.values_list("pk", "amount_pence"))
        price_changes.apply_price_changes()
        assert set(Subscription.objects.values_list("pk", "amount_pence")) == before

    def test_a_price_set_by_mistake_and_corrected_is_not_taken(self, stripe_site, individual):
        stripe_site.member(individual)
        price_changes.announce_price(dearer(individual, 30_000))
        price_changes.announce_price(dearer(individual, 3000))
        assert price_changes.apply_price_changes() == 1
        assert Subscription.objects.get().amount_pence == 3000
