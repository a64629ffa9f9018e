"""Whether a gift qualifies, from what was gathered about it: no query, no clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from membership.dates import months_later
from membership.gift_aid.donors import Donor
from membership.models import GiftAidDeclaration, GiftAidScope, Payment, Plan
from membership.money import pounds

YEARS = 4  # backwards from a declaration for past gifts, and to claim in after the end of a tax year
GIFTS = {"membership", "donation"}


class Why(StrEnum):
    """The reasons, as headings. All but the first keep a gift out of a claim."""

    QUALIFIES = "Qualifies"
    CLAIMED = "Claimed before"
    NOT_A_GIFT = "Neither a membership nor a donation"
    ORGANISATION = "Given by an organisation"
    PLAN = "The plan does not count: for the treasurer to decide"
    NO_PLAN = "Bought no membership: find out what it was for"
    WENT_BACK = "Given back, or never arrived"
    DISPUTED = "Disputed: wait for the bank's decision"
    NO_DECLARATION = "No declaration for that day"
    TOO_LATE = "Too late to claim"
    ADDRESS = "Name or address missing: HMRC would refuse the line"


@dataclass(frozen=True)
class Gift:
    """A payment with all that bears on it. `left_pence`: what was not given back or taken.

    `single` are the numbers of those declarations for one gift only that are about this one.
    """

    payment: Payment
    left_pence: int
    donor: Donor
    plan: Plan | None = None
    declarations: tuple[GiftAidDeclaration, ...] = ()
    single: frozenset[int] = frozenset()
    backs: tuple[Payment, ...] = ()
    is_claimed: bool = False
    is_disputed: bool = False


@dataclass(frozen=True)
class Verdict:
    """Whether it qualifies, why or why not, and the details in words."""

    why: Why
    detail: str = ""

    @property
    def qualifies(self) -> bool:
        return self.why == Why.QUALIFIES

    @property
    def reason(self) -> str:
        return f"{self.why}: {self.detail}" if self.detail else str(self.why)


def tax_year_end(day: date) -> date:
    """The 5 April with which the tax year of that day ends."""
    end = date(day.year, 4, 5)
    return end if day <= end else date(day.year + 1, 4, 5)


def claimable_until(day: date) -> date:
    """The last day on which a gift of that day can be claimed: four years after the end of its tax year."""
    end = tax_year_end(day)
    return end.replace(year=end.year + YEARS)


def earliest_claimable(on: date) -> date:
    """The first day whose gifts can still be claimed."""
    end = tax_year_end(on)
    return date(end.year - YEARS - 1, 4, 6)


def judge(gift: Gift, *, on: date) -> Verdict:
    """Whether a claim made `on` that London date may hold the gift. The first reason against it counts."""
    payment = gift.payment
    if gift.is_claimed:
        return Verdict(Why.CLAIMED)
    if payment.purpose not in GIFTS:
        return Verdict(Why.NOT_A_GIFT, payment.get_purpose_display())
    if payment.person.is_organisation:
        return Verdict(Why.ORGANISATION)
    if against := _against_plan(gift):
        return against
    if gift.left_pence <= 0:
        return Verdict(Why.WENT_BACK, _reasons(gift.backs))
    if gift.is_disputed:
        return Verdict(Why.DISPUTED)
    if not any(_covers(each, gift, on) for each in gift.declarations):
        return Verdict(Why.NO_DECLARATION, _about(gift.declarations))
    if on > claimable_until(payment.received_on):
        return Verdict(Why.TOO_LATE, f"it could be claimed until {claimable_until(payment.received_on):%-d %B %Y}")
    if gift.donor.blocks:
        return Verdict(Why.ADDRESS, ", ".join(gift.donor.blocks))
    back = payment.gross_pence - gift.left_pence
    return Verdict(Why.QUALIFIES, f"{pounds(back)} of it was given back" if back else "")


def _against_plan(gift: Gift) -> Verdict | None:
    """Membership counts by its plan; a donation buys none."""
    if gift.payment.purpose != "membership":
        return None
    if gift.plan is None:
        return Verdict(Why.NO_PLAN)
    return None if gift.plan.counts_for_gift_aid else Verdict(Why.PLAN, gift.plan.name)


def _reasons(backs: Iterable[Payment]) -> str:
    return ", ".join(dict.fromkeys(back.reason for back in backs if back.reason))


def is_in_force(declaration: GiftAidDeclaration, day: date) -> bool:
    """Whether it was not cancelled by then. One that was cancelled on its own day says nothing at all."""
    ended = declaration.cancelled_on
    return ended is None or (day < ended and declaration.made_on < ended)


def _covers(declaration: GiftAidDeclaration, gift: Gift, on: date) -> bool:
    day = gift.payment.received_on
    if declaration.made_on > on or not is_in_force(declaration, day):
        return False
    if declaration.scope == GiftAidScope.THIS:
        return declaration.pk in gift.single
    first = declaration.made_on
    if declaration.scope == GiftAidScope.ALL:
        first = months_later(first, -12 * YEARS)
    return day >= first


def _about(declarations: Iterable[GiftAidDeclaration]) -> str:
    """What there is instead, so that nobody has to look it up."""
    said = []
    for each in sorted(declarations, key=lambda declaration: declaration.made_on):
        until = f", cancelled {each.cancelled_on:%d/%m/%Y}" if each.cancelled_on else ""
        said.append(f"{each.get_scope_display().lower()}, made {each.made_on:%d/%m/%Y}{until}")
    return "; ".join(said) or "none was ever made"
