"""Whatever happened: each gift is claimed once, none that does not qualify, and at the end every penny agrees."""

import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some

from membership.actions.claims import NothingToClaim, make_claim, preview
from membership.actions.people import declare_gift_aid
from membership.actions.self_service import cancel_gift_aid
from membership.models import ClaimLine, Payment, Person
from tests.factories import PersonFactory
from tests.membership.conftest import pay

pytestmark = pytest.mark.django_db
START = date(2023, 1, 1)

PEOPLE = some.integers(0, 1)
PENCE = some.integers(1, 6000)
WHICH = some.integers(0, 30)
PAY = some.tuples(some.just("pay"), PEOPLE, PENCE, some.sampled_from([False, False, False, True]))
REFUND = some.tuples(some.just("refund"), WHICH, PENCE)
FAIL = some.tuples(some.just("refund fails"), WHICH)
DECLARE = some.tuples(some.just("declare"), PEOPLE, some.sampled_from(["this", "future", "all"]))
CANCEL = some.tuples(some.just("cancel"), PEOPLE)
CLAIM = some.tuples(some.just("claim"))
# Several of the frequent ones, so that the rare ones meet something.
STEPS = some.one_of(PAY, PAY, DECLARE, DECLARE, CANCEL, REFUND, REFUND, FAIL, CLAIM)
HISTORIES = some.lists(some.tuples(some.integers(1, 45), STEPS), min_size=10, max_size=30)


@dataclass
class Given:
    """A payment as a careful treasurer would keep it on paper."""

    payment: Payment
    person: int
    counts: bool
    left: int
    covered: bool = False
    claimed: bool = False
    refunds: list[Payment] = field(default_factory=list)

    @property
    def is_due(self) -> bool:
        return self.counts and self.covered and self.left > 0


class Paper:
    """The same history kept a second way: forwards, day by day, without looking at any declaration's dates."""

    def __init__(self, people: list[Person], individual: Any, household: Any, by: Any) -> None:
        self.people, self.plans, self.by = people, (individual, household), by
        self.gifts: list[Given] = []
        self.lasting: set[int] = set()
        self.for_one: Counter[int] = Counter()
        self.today = START

    def pay(self, who: int, pence: int, for_household: bool) -> None:
        payment = pay(self.people[who], self.plans[for_household], gross_pence=pence, received_on=self.today)
        gift = Given(payment, who, not for_household, pence, covered=who in self.lasting)
        if self.for_one[who]:
            self.for_one[who] -= 1
            gift.covered = True
        self.gifts.append(gift)

    def declare(self, who: int, scope: str) -> None:
        declare_gift_aid(self.people[who], declared=self.people[who], scope=scope)
        if scope == "this":
            self.for_one[who] += 1
            return
        self.lasting.add(who)
        for gift in self.gifts:
            gift.covered = gift.covered or (scope == "all" and gift.person == who)

    def cancel(self, who: int) -> None:
        cancel_gift_aid(self.people[who])
        self.lasting.discard(who)
        self.for_one[who] = 0

    def refund(self, which: int, pence: int) -> None:
        gift = self.gifts[which % len(self.gifts)] if self.gifts else None
        if gift is None or not gift.left:
            return
        pence = min(pence, gift.left)
        gift.refunds.append(self._move(gift.payment, -pence))
        gift.left -= pence

    def refund_fails(self, which: int) -> None:
        gift = self.gifts[which % len(self.gifts)] if self.gifts else None
        if gift is None or not gift.refunds:
            return
        failed = gift.refunds.pop()
        self._move(failed, -failed.gross_pence)
        gift.left -= failed.gross_pence

    def _move(self, of: Payment, pence: int) -> Payment:
        return Payment.objects.create(
            person=of.person, method=of.method, gross_pence=pence, reverses=of, token=str(uuid.uuid4())
        )

    def claim(self) -> None:
        shown = preview(START, self.today).fingerprint
        due = {gift.payment.pk: gift.left for gift in self.gifts if gift.is_due and not gift.claimed}
        try:
            made = make_claim(first=START, last=self.today, shown=shown, token=uuid.uuid4(), by=self.by)
        except NothingToClaim:
            assert due == {}
            return
        assert dict(made.lines.filter(kind="gift").values_list("payment", "amount_pence")) == due
        assert made.gifts_pence + made.adjustments_pence == sum(made.lines.values_list("amount_pence", flat=True))
        for gift in self.gifts:
            gift.claimed = gift.claimed or gift.payment.pk in due


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # to find the shortest history that fails takes minutes: add Phase.shrink
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(history=HISTORIES)
def test_each_gift_is_claimed_once_and_all_claims_together_are_what_qualifies(
    individual, household, staff, time_machine, history
):
    by = staff("Treasurer")
    with transaction.atomic():
        paper = Paper(PersonFactory.create_batch(3), individual, household, by)
        for days, (what, *details) in [*history, (1, ("claim",))]:
            paper.today += timedelta(days=days)
            time_machine.move_to(f"{paper.today} 12:00+00:00")
            getattr(paper, what.replace(" ", "_"))(*details)
        claimed = Counter()
        for number, pence in ClaimLine.objects.values_list("payment", "amount_pence"):
            claimed[number] += pence
        assert max(Counter(ClaimLine.objects.filter(kind="gift").values_list("payment")).values(), default=1) == 1
        assert {number: pence for number, pence in claimed.items() if pence} == {
            gift.payment.pk: gift.left for gift in paper.gifts if gift.claimed and gift.left
        }
        assert sum(claimed.values()) == sum(gift.left for gift in paper.gifts if gift.counts and gift.covered)
        transaction.set_rollback(True)
