"""Months of the ledger that are closed. The database refuses further rows in them (migration 0007)."""

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from simple_history.models import HistoricalRecords

from membership.dates import ONE_DAY, months_later


class ClosedMonth(models.Model):
    """A month of which the treasurer has taken stock, with its totals at that moment, in pence.

    Opening it again deletes this row; its history keeps who did it, and why.
    """

    month = models.DateField(primary_key=True, help_text="Its first day.")
    closed_at = models.DateTimeField(default=timezone.now)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField("rows")
    gross_pence = models.IntegerField("gross")
    fee_pence = models.IntegerField("fees")
    history = HistoricalRecords(history_change_reason_field=models.TextField(null=True))  # the library writes None

    class Meta:
        ordering = ["-month"]
        constraints = [models.CheckConstraint(name="closed_month_is_its_first_day", condition=Q(month__day=1))]

    def __str__(self) -> str:
        return f"{self.month:%B %Y}"

    @property
    def net_pence(self) -> int:
        """What was left after the fees."""
        return self.gross_pence - self.fee_pence

    @property
    def last_day(self) -> date:
        """The last day that it closes."""
        return months_later(self.month, 1) - ONE_DAY
