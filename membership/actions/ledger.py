"""Months of the ledger: closed when the treasurer has taken stock, opened again with a reason."""

from datetime import date
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from membership.models import ClosedMonth, Payment

# As in the trigger of migration 0007: a month's number is the days from this one to its first.
EPOCH = date(2000, 1, 1)


class MonthClosed(Exception):
    """Rows of that month are refused. `month` is its first day."""

    def __init__(self, month: date) -> None:
        super().__init__(f"{month:%B %Y} is closed")
        self.month = month


class NotOver(Exception):
    """The month, or a day of it, is still to come."""


class Changed(Exception):
    """Rows came after the page was opened that showed its totals."""


def keep_open(day: date) -> None:
    """Keep the day's month open to the end of the transaction. Raises MonthClosed."""
    month = day.replace(day=1)
    _lock(month, "pg_advisory_xact_lock_shared")
    if ClosedMonth.objects.filter(month=month).exists():
        raise MonthClosed(month)


@transaction.atomic
def close_month(month: date, *, by: Any, seen: int | None = None) -> ClosedMonth:
    """Refuse further rows of the month that begins on that day. Closed twice is closed once.

    `seen` is the number of rows that were looked at. Raises Changed if there are others by now, NotOver.
    """
    if timezone.localdate().replace(day=1) <= month:
        raise NotOver(f"{month:%B %Y} is not over.")
    _lock(month, "pg_advisory_xact_lock")  # waits for whoever is recording a row of that month
    closed = ClosedMonth.objects.filter(month=month).first()
    if closed is not None:
        return closed
    totals = Payment.objects.booked_in(month).aggregate(
        number=Count("pk"), gross_pence=Coalesce(Sum("gross_pence"), 0), fee_pence=Coalesce(Sum("fee_pence"), 0)
    )
    if seen is not None and totals["number"] != seen:
        raise Changed(f"{month:%B %Y} has {totals['number']} rows by now.")
    closed = ClosedMonth(month=month, closed_by=by, **totals)
    closed._history_user = by  # type: ignore[attr-defined]  # simple_history's own way
    closed.save(force_insert=True)
    return closed


@transaction.atomic
def reopen_month(month: date, *, reason: str, by: Any) -> bool:
    """Take rows of that month again; False if it is open. Who did it and why is in its history."""
    closed = ClosedMonth.objects.select_for_update().filter(month=month).first()
    if closed is None:
        return False
    closed._history_user, closed._change_reason = by, reason  # type: ignore[attr-defined]
    closed.delete()
    return True


def _lock(month: date, function: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(hashtext('membership_closedmonth'), %s)", [(month - EPOCH).days])
