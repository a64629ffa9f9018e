"""What the ledger says: sums of rows of money, always added up by the database. Amounts in pence."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, F, QuerySet, Sum, Value, Window
from django.db.models.functions import Coalesce, TruncMonth

from membership.dates import months_later
from membership.models import Method, Payment, Person, Purpose

MONTHS_SHOWN = 24
NO_PLAN = "No plan"
NO_APPEAL = "No appeal"
# The plan whose term a row paid for. Money that went back names the plan of what it takes back, and what came again
# (a refund that failed, a dispute that was won) that of the payment before.
PLAN = Coalesce(
    "term__price__plan__name",
    "reverses__term__price__plan__name",
    "reverses__reverses__term__price__plan__name",
    Value(NO_PLAN),
)
SUMS = {
    "number": Count("pk"),
    "gross_pence": Coalesce(Sum("gross_pence"), 0),
    "fee_pence": Coalesce(Sum("fee_pence"), 0),
}


@dataclass(frozen=True)
class Sums:
    """Rows added up. `key` is what they have in common, as the database has it."""

    label: str
    number: int
    gross_pence: int
    fee_pence: int
    key: Any = None

    @property
    def net_pence(self) -> int:
        """What is left after the fees."""
        return self.gross_pence - self.fee_pence


def total(rows: "QuerySet[Payment]") -> Sums:
    """All of them. One query."""
    return Sums("Together", **rows.aggregate(**SUMS))


def by_method(rows: "QuerySet[Payment]") -> list[Sums]:
    """By how the money moved. One query."""
    return [_named(found, Method(found["key"]).label) for found in _grouped(rows, F("method"))]


def by_purpose(rows: "QuerySet[Payment]") -> list[Sums]:
    """By what it was for. One query."""
    return [_named(found, Purpose(found["key"]).label) for found in _grouped(rows, F("purpose"))]


def by_plan(rows: "QuerySet[Payment]") -> list[Sums]:
    """By the plan that it paid for. One query."""
    return [_named(found, found["key"]) for found in _grouped(rows, PLAN)]


def by_appeal(rows: "QuerySet[Payment]") -> list[Sums]:
    """Donations by the appeal that they were given to, those to none last. One query."""
    title = Coalesce("appeal__title", Value(NO_APPEAL))
    appeal = F("appeal")
    given = rows.filter(donation__isnull=False).order_by(appeal.asc(nulls_last=True))
    found: Any = given.values(key=appeal, label=title).annotate(**SUMS)
    return [Sums(**each) for each in found]


def by_month(rows: "QuerySet[Payment]", *, until: date) -> list[Sums]:
    """The last two years to the month that begins on that day, empty months included. One query."""
    first = months_later(until, 1 - MONTHS_SHOWN)
    inside = rows.filter(booked_on__gte=first, booked_on__lt=months_later(until, 1))
    found = {each["key"]: each for each in _grouped(inside, TruncMonth("booked_on"))}
    months = [months_later(first, number) for number in range(MONTHS_SHOWN)]
    nothing = {"number": 0, "gross_pence": 0, "fee_pence": 0}
    return [_named(found.get(month, nothing | {"key": month}), f"{month:%B %Y}") for month in months]


def _grouped(rows: "QuerySet[Payment]", key: Any) -> Any:
    return rows.order_by().values(key=key).annotate(**SUMS)


def _named(found: dict[str, Any], label: str) -> Sums:
    return Sums(label, **found)


def last_month_with_rows() -> date | None:
    """The first day of the last month that has rows; None for an empty ledger."""
    newest = Payment.objects.order_by("-booked_on").values_list("booked_on", flat=True).first()
    return newest.replace(day=1) if newest else None


# --- One person ---


@dataclass(frozen=True)
class Statement:
    """Every row of one person in a span of days, with what it came to. Days are those on which the money moved."""

    person: Person
    first: date | None
    last: date | None
    before_pence: int
    rows: list[Payment]

    @property
    def after_pence(self) -> int:
        """What it comes to at the end."""
        return self.rows[-1].running_pence if self.rows else self.before_pence  # type: ignore[attr-defined]


def statement(person: Person, *, first: date | None = None, last: date | None = None) -> Statement:
    """What a person paid and got back in these days; without a day, from the beginning, or to the end. Two queries."""
    rows = Payment.objects.filter(person=person)
    inside, before = rows, 0
    if first:
        before = rows.filter(received_on__lt=first).aggregate(pence=SUMS["gross_pence"])["pence"]
        inside = inside.filter(received_on__gte=first)
    if last:
        inside = inside.filter(received_on__lte=last)
    order = ["received_on", "pk"]
    running = Window(Sum("gross_pence"), order_by=order)
    listed = inside.annotate(plan_name=PLAN, out_pence=-F("gross_pence"), running_pence=running + before).order_by(
        *order
    )
    return Statement(person, first, last, before, list(listed))
