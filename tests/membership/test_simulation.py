"""Three years of 500 members, with everything that goes wrong on the way: at the end all agrees, to the penny."""

import random
from collections import Counter
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from membership.actions.events import REACTIONS
from membership.facts import known
from membership.models import Payment, Person, StripeCustomer, Subscription, Term
from tests.membership.stripe_site import StripeSite

SEED = 20191116
MEMBERS = 500
MONTHS = 36
EACH_MONTH = 8  # join; the others are there at the beginning
MARGIN, LONG = timedelta(days=2), timedelta(days=80)  # around a period; retries and grace
LOST, TWICE = 0.9, 0.2  # of what Stripe tells


class World:
    """What people and their banks do, month by month; the same for the same seed."""

    def __init__(self, site: StripeSite, plan) -> None:
        self.site, self.plan, self.chance = site, plan, random.Random(SEED)
        self.client = site.sandbox.client.v1
        self.happened: Counter[str] = Counter()
        site.sandbox.set(enabled_events=sorted(REACTIONS))

    def join(self, number: int) -> None:
        for _ in range(number):
            method = "debit" if self.chance.random() < 0.2 else "card"
            account = "90000018" if method == "debit" else "4242424242424242"
            self.site.member(self.plan, method=method, number=account, tell=False)
        self.happened["joined"] += number

    def month(self) -> None:
        """Some cards fail or heal, some people leave, stay after all, get money back; time passes; news may be lost."""
        live = [one for one in self.site.sandbox.objects("subscription") if one["status"] in ("active", "past_due")]
        for one in self.chance.sample(live, len(live) // 25):
            self._decline(one)
        for one in self.chance.sample(live, len(live) // 40):
            self._leave_or_stay(one)
        self._refund_some()
        self.site.sandbox.advance("1m")
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # as a database does by itself, but for rows of one long transaction
        self._tell()

    def _decline(self, one: dict) -> None:
        code = self.chance.choice(["insufficient_funds", "expired_card", None, None, None])
        self.site.sandbox.decline(one["customer"], code)
        self.happened["cards failing or healed"] += 1

    def _leave_or_stay(self, one: dict) -> None:
        self.client.subscriptions.update(one["id"], {"cancel_at_period_end": not one["cancel_at_period_end"]})
        self.happened["left or stayed"] += 1

    def _refund_some(self) -> None:
        charges = [one for one in self.site.sandbox.objects("charge") if one["status"] == "succeeded"]
        for one in self.chance.sample(charges, min(len(charges), 2)):
            left = one["amount_captured"] - one["amount_refunded"]
            if left:
                self.client.refunds.create(
                    {"charge": one["id"], "amount": self.chance.choice([left, left // 2 or left])}
                )
                self.happened["refunds"] += 1

    def _tell(self) -> None:
        news = [event for event in self.site.untold() if event["type"] in REACTIONS]
        heard = [event for event in news if self.chance.random() > LOST]
        heard += self.chance.sample(heard, int(len(heard) * TWICE))
        self.chance.shuffle(heard)
        self.site.forget()
        assert set(self.site.tell(heard)) <= {200}
        self.happened["news"] += len(news)
        self.happened["lost"] += len(news) - len({event["id"] for event in heard})


def sync() -> str:
    """What it says."""
    out = StringIO()
    call_command("sync_stripe", "--since", "2020-01-01", stdout=out, stderr=out)
    return out.getvalue()


@pytest.mark.long
def test_after_three_years_of_trouble_everything_agrees_to_the_penny(stripe_site, individual):
    world = World(stripe_site, individual)
    world.join(MEMBERS - MONTHS * EACH_MONTH)
    for _ in range(MONTHS):
        world.join(EACH_MONTH)
        world.month()
    assert min(world.happened.values()) > 50, world.happened  # all of it happened, often
    assert "changes made" in sync()
    with CaptureQueriesContext(connection) as queries:
        assert "Nothing was changed" in sync()
    assert not [each for each in queries if each["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    check_money(stripe_site)
    check_subscriptions(stripe_site)
    check_memberships(stripe_site)


def check_money(site: StripeSite) -> None:
    """Each invoice, refund and fee: what we recorded is what moved at Stripe."""
    rows = Payment.objects.values_list("token", "gross_pence", "fee_pence")
    paid = {one["id"]: one["amount_paid"] for one in site.sandbox.objects("invoice") if one["status"] == "paid"}
    back = {one["id"]: -one["amount"] for one in site.sandbox.objects("refund")}
    assert {token: gross for token, gross, _ in rows} == paid | back
    net = sum(one["net"] for one in site.sandbox.objects("balance_transaction"))
    assert sum(gross - fee for _, gross, fee in rows) == net


def check_subscriptions(site: StripeSite) -> None:
    theirs = {one["id"]: one["status"] for one in site.sandbox.objects("subscription")}
    assert dict(Subscription.objects.values_list("stripe_id", "status")) == theirs
    assert StripeCustomer.objects.count() == len(site.sandbox.objects("customer"))


def check_memberships(site: StripeSite) -> None:
    """Told from Stripe's own periods: who paid for today is a member, and who paid for nothing for long is none.

    People near the edge of a period, or in grace, are not judged here.
    """
    today = timezone.localdate(known(site.sandbox.now))
    terms = Term.objects.exclude(invoice_id="")
    paid = [one for one in site.sandbox.objects("invoice") if one["status"] == "paid"]
    assert set(terms.values_list("invoice_id", flat=True)) == {one["id"] for one in paid}
    refunded = {one["payment_intent"] for one in site.sandbox.objects("charge") if one["refunded"]}
    intents = dict(Payment.objects.exclude(stripe_invoice_id="").values_list("token", "stripe_payment_intent_id"))
    periods: dict[str, list] = {one["id"]: [] for one in site.sandbox.objects("customer")}
    for one in paid:
        if intents[one["id"]] not in refunded:
            period = one["lines"]["data"][0]["period"]
            periods[one["customer"]].append(
                (timezone.localdate(known(period["start"])), timezone.localdate(known(period["end"])))
            )
    people = dict(StripeCustomer.objects.values_list("stripe_id", "person"))
    members = set(Person.objects.members(today).values_list("pk", flat=True))
    judged: Counter[bool] = Counter()
    for customer, spans in periods.items():
        covered = any(start + MARGIN < today < end - MARGIN for start, end in spans)
        long_over = all(end + LONG < today or start > today for start, end in spans)
        if covered or long_over:
            assert (people[customer] in members) == covered, (customer, spans, today)
            judged[covered] += 1
    assert min(judged[True], judged[False]) > MEMBERS // 10, judged
