"""Gift Aid is claimed: what a claim would hold, and the claim itself, which nothing changes afterwards."""

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django.db import transaction
from django.utils import timezone

from membership.actions.reflecting.turns import take_turn
from membership.gift_aid import Adjustment, Gift, Verdict, Why, adjustments, gather, judge
from membership.models import Claim, ClaimLine, LineKind, Payment
from membership.money import gift_aid_on

AS_CLAIMED = ("title", "first_name", "last_name", "house", "postcode")


class ChangedMeanwhile(Exception):
    """The claim would not hold any more what was shown."""


class NothingToClaim(Exception):
    """No gift of these days qualifies, and nothing that was claimed has changed."""


@dataclass(frozen=True)
class Refused:
    """A gift that is not in the claim, and why."""

    gift: Gift
    verdict: Verdict


@dataclass(frozen=True)
class Preview:
    """What a claim for these days would hold, and what not. `lines` are not saved; amounts in pence.

    `remarks`: by payment, what somebody should know or look at.
    """

    first: date
    last: date
    lines: list[ClaimLine]
    remarks: dict[int, str]
    refused: list[Refused]

    @property
    def gifts_pence(self) -> int:
        """The total of the schedule."""
        return sum(line.amount_pence for line in self.lines if line.amount_pence > 0)

    @property
    def adjustments_pence(self) -> int:
        """What of earlier claims went back to the donors; never above zero."""
        return sum(line.amount_pence for line in self.lines if line.amount_pence < 0)

    @property
    def tax_pence(self) -> int:
        """What HMRC would pay."""
        return gift_aid_on(self.gifts_pence) - gift_aid_on(-self.adjustments_pence)

    @cached_property
    def fingerprint(self) -> str:
        """The same for the same claim: it tells whether anything changed since it was shown."""
        columns = ("kind", "payment_id", "reversal_id", "amount_pence", *AS_CLAIMED)
        said = [[getattr(line, name) for name in columns] for line in self.lines]
        return hashlib.sha256(repr((self.first, self.last, said)).encode()).hexdigest()

    def by_reason(self) -> dict[Why, list[Refused]]:
        """What is not in it, in the order of the reasons."""
        groups: dict[Why, list[Refused]] = {why: [] for why in Why}
        for each in self.refused:
            groups[each.verdict.why].append(each)
        return {why: group for why, group in groups.items() if group}


def preview(first: date, last: date) -> Preview:
    """What a claim made today for gifts of these London dates (both included) would hold."""
    today = timezone.localdate()
    lines, remarks, refused = [], {}, []
    for gift in gather(Payment.objects.filter(received_on__range=(first, last))):
        verdict = judge(gift, on=today)
        if verdict.qualifies:
            lines.append(_gift_line(gift))
            if said := "; ".join([*filter(None, [verdict.detail]), *gift.donor.warnings]):
                remarks[gift.payment.pk] = said
        else:
            refused.append(Refused(gift, verdict))
    lines += [_adjustment_line(each) for each in adjustments(on=today)]
    return Preview(first, last, lines, remarks, refused)


def _gift_line(gift: Gift) -> ClaimLine:
    return ClaimLine(
        kind=LineKind.GIFT,
        payment=gift.payment,
        amount_pence=gift.left_pence,
        given_on=gift.payment.received_on,
        **{name: getattr(gift.donor, name) for name in AS_CLAIMED},
    )


def _adjustment_line(adjustment: Adjustment) -> ClaimLine:
    """Under the name that it was claimed with."""
    before = adjustment.line
    return ClaimLine(
        kind=LineKind.ADJUSTMENT,
        payment=before.payment,
        reversal=adjustment.reversal,
        amount_pence=adjustment.amount_pence,
        given_on=before.given_on,
        **{name: getattr(before, name) for name in AS_CLAIMED},
    )


@transaction.atomic
def make_claim(*, first: date, last: date, shown: str, token: uuid.UUID, by: Any) -> Claim:
    """Claim exactly what was shown (`Preview.fingerprint`); its gifts are in no claim after this one.

    The same `token` gives the same claim. Raises ChangedMeanwhile, NothingToClaim.
    """
    take_turn("Gift Aid claims")
    repeated = Claim.objects.filter(token=token).first()
    if repeated is not None:
        return repeated
    found = preview(first, last)
    if found.fingerprint != shown:
        raise ChangedMeanwhile
    if not found.lines:
        raise NothingToClaim
    claim = Claim.objects.create(
        reference=f"GA{Claim.objects.count() + 1:04}",
        token=token,
        first_day=first,
        last_day=last,
        lines_count=len(found.lines),
        gifts_pence=found.gifts_pence,
        adjustments_pence=found.adjustments_pence,
        made_by=by,
    )
    _keep(claim, found.lines)
    return claim


def _keep(claim: Claim, lines: Iterable[ClaimLine]) -> None:
    rows = list(lines)
    for line in rows:
        line.claim = claim
    ClaimLine.objects.bulk_create(rows, batch_size=1000)
