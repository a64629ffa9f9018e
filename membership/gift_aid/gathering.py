"""What bears on gifts, in a number of queries that does not depend on how many gifts there are."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from membership.gift_aid.donors import donor_of
from membership.gift_aid.judging import Gift, claimable_until, is_in_force
from membership.models import ClaimLine, Dispute, GiftAidDeclaration, GiftAidScope, LineKind, Payment, Person, Plan
from membership.models.stripe import SETTLED_DISPUTES


@dataclass(frozen=True)
class Adjustment:
    """What changed since a payment was claimed, in pence: below zero if money went back. `line` claimed it."""

    line: ClaimLine
    reversal: Payment
    amount_pence: int


def gather(payments: QuerySet[Payment]) -> list[Gift]:
    """Every gift among these payments, in the order of their days."""
    found = list(
        payments.filter(gross_pence__gt=0, reverses__isnull=True)
        .annotate(
            plan_number=Coalesce("term__price__plan", "subscription__price__plan"),
            is_claimed=Exists(ClaimLine.objects.filter(payment=OuterRef("pk"), kind=LineKind.GIFT)),
            is_disputed=Exists(Dispute.objects.filter(payment=OuterRef("pk")).exclude(status__in=SETTLED_DISPUTES)),
        )
        .order_by("received_on", "pk")
    )
    people = _people({payment.person_id for payment in found})
    donors = {number: donor_of(person) for number, person in people.items()}
    plans = Plan.objects.in_bulk()
    backs = _backs(payment.pk for payment in found)
    declarations = _declarations(set(people))
    single = _single(each for several in declarations.values() for each in several)
    for payment in found:
        payment.person = people[payment.person_id]
    return [
        Gift(
            payment=payment,
            donor=donors[payment.person_id],
            left_pence=payment.gross_pence + sum(back.gross_pence for back in backs[payment.pk]),
            plan=plans.get(payment.plan_number),
            declarations=tuple(declarations[payment.person_id]),
            single=frozenset(single[payment.pk]),
            backs=tuple(backs[payment.pk]),
            is_claimed=payment.is_claimed,
            is_disputed=payment.is_disputed,
        )
        for payment in found
    ]


def adjustments(*, on: date) -> list[Adjustment]:
    """What went back, or came again, since it was claimed, and no claim says yet. Too late: only what went back."""
    lines = ClaimLine.objects.filter(kind=LineKind.GIFT, payment__reversals__isnull=False).distinct()
    claimed = {line.payment_id: line for line in lines.select_related("payment").order_by("given_on", "pk")}
    backs = _backs(claimed)
    said = dict(
        ClaimLine.objects.filter(payment__in=list(claimed))
        .values_list("payment")
        .annotate(total=Sum("amount_pence"))
        .order_by()
    )
    rows = [back.pk for several in backs.values() for back in several]
    linked = set(ClaimLine.objects.filter(reversal__in=rows).values_list("reversal", flat=True))
    found = []
    for number, line in claimed.items():
        left = line.payment.gross_pence + sum(back.gross_pence for back in backs[number])
        change = left - said[number]
        is_late = on > claimable_until(line.given_on)
        if change == 0 or (change > 0 and is_late):
            continue
        newest = max((back for back in backs[number] if back.pk not in linked), key=lambda back: back.pk)
        found.append(Adjustment(line, newest, change))
    return found


def _backs(numbers: Iterable[int]) -> dict[int, list[Payment]]:
    """By payment: every row that reverses it, or reverses one that does, and so on: a query for each such step."""
    root = {number: number for number in numbers}
    backs: dict[int, list[Payment]] = defaultdict(list)
    newest = list(root)
    while newest:
        rows = list(Payment.objects.filter(reverses__in=newest).order_by("pk"))
        for row in rows:
            root[row.pk] = root[row.reverses_id]  # type: ignore[index]  # filtered by it
            backs[root[row.pk]].append(row)
        newest = [row.pk for row in rows]
    return backs


def _people(numbers: set[int]) -> dict[int, Person]:
    """One object for each person, however many gifts they made."""
    return Person.objects.defer("notes", "search_text").in_bulk(list(numbers))


def _declarations(people: set[int]) -> dict[int, list[GiftAidDeclaration]]:
    by_person: dict[int, list[GiftAidDeclaration]] = defaultdict(list)
    for each in GiftAidDeclaration.objects.filter(person__in=people).order_by("made_on", "pk"):
        by_person[each.person_id].append(each)
    return by_person


def _single(declarations: Iterable[GiftAidDeclaration]) -> dict[int, set[int]]:
    """By payment: the declarations for one gift only that are about it.

    That is what was paid for the form it was ticked on, else the first gift from its day on that no other such
    declaration is about. It stays with that gift even if the money went back: it was about no other.
    """
    ours = [each for each in declarations if each.scope == GiftAidScope.THIS]
    gifts: dict[int, list[Any]] = defaultdict(list)
    rows = Payment.objects.filter(
        person__in={each.person_id for each in ours}, gross_pence__gt=0, reverses__isnull=True
    ).values_list("pk", "person", "received_on", "application__gift_aid_version", "application__created_at")
    for row in rows.order_by("received_on", "pk") if ours else []:
        gifts[row[1]].append(row)
    about: dict[int, set[int]] = defaultdict(set)
    for each in ours:
        free = [row for row in gifts[each.person_id] if row[0] not in about and row[2] >= each.made_on]
        ticked = [row for row in free if row[3] and timezone.localdate(row[4]) == each.made_on]
        for row in (ticked or free)[:1]:
            if is_in_force(each, row[2]):
                about[row[0]].add(each.pk)
    return about
