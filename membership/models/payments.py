"""Payments: one row for every pound in or out. The database refuses to change or delete one."""

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from membership.dates import ONE_DAY, months_later
from membership.models.people import Person
from membership.money import pounds


class Method(models.TextChoices):
    """How money comes."""

    TRANSFER = "transfer", "Bank transfer"
    CHEQUE = "cheque", "Cheque"
    CASH = "cash", "Cash"
    STANDING_ORDER = "standing_order", "Standing order"
    CARD = "card", "Card"
    DEBIT = "debit", "Direct Debit"


OFFLINE_METHODS = [Method.TRANSFER, Method.CHEQUE, Method.CASH, Method.STANDING_ORDER]


class Purpose(models.TextChoices):
    """What it is for."""

    MEMBERSHIP = "membership", "Membership"
    DONATION = "donation", "Donation"


class PaymentQuerySet(models.QuerySet["Payment"]):
    """Questions about payments. Days in the ledger are London dates; both ends are included."""

    def booked(self, first: date, last: date):
        """Rows of those days in the ledger."""
        return self.filter(booked_on__range=(first, last))

    def booked_in(self, month: date):
        """Rows of the month that begins on that day."""
        return self.booked(month, months_later(month, 1) - ONE_DAY)


class Payment(models.Model):
    """Money that came (above zero) or went back (below zero, linked to the row that it reverses). Amounts in pence.

    A row above zero that reverses another is money that had gone back and came again (a refund that failed).

    A trigger refuses UPDATE and DELETE; only `person` may follow a merge. Corrections are further rows. `token` makes
    a recording that is sent twice one: the form's own, or the payment provider's id.

    `booked_on` is set by a trigger: the day on which the money moved, unless that month is closed. Then a row by hand
    is refused, and one from Stripe, which must not be lost, is booked on the first day of the first open month.
    A row that reverses another belongs to the same donation, and `appeal` is that of the donation: a trigger sees to
    both as the row is written. So an appeal has raised what is left, whoever records that money went back.
    """

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="payments")
    purpose = models.CharField(max_length=12, choices=Purpose, default=Purpose.MEMBERSHIP)
    method = models.CharField(max_length=14, choices=Method)
    gross_pence = models.IntegerField("amount")
    fee_pence = models.IntegerField("fee", default=0)
    currency = models.CharField(max_length=3, default="GBP")
    received_on = models.DateField(default=timezone.localdate, help_text="The day the money moved, in London.")
    # Filled in by the database, see below; no default, so that nothing else decides.
    booked_on = models.DateField("day in the ledger", editable=False)
    bank_reference = models.CharField(max_length=100, blank=True, help_text="As on the statement or the cheque.")
    reverses = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="reversals", verbose_name="takes back"
    )
    reason = models.CharField(max_length=200, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    token = models.CharField(max_length=100, unique=True, editable=False)
    subscription = models.ForeignKey(
        "Subscription", null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="payments"
    )
    donation = models.ForeignKey(
        "Donation", null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="payments"
    )
    # Filled in by the database; beside the sums, so that adding them up joins nothing.
    appeal = models.ForeignKey(
        "Appeal",
        null=True,
        blank=True,
        editable=False,
        db_index=False,  # there is one of its own below
        on_delete=models.PROTECT,
        related_name="payments",
    )
    stripe_invoice_id = models.CharField(max_length=100, blank=True, editable=False)
    stripe_payment_intent_id = models.CharField(max_length=100, blank=True, editable=False)
    stripe_charge_id = models.CharField(max_length=100, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PaymentQuerySet.as_manager()

    class Meta:
        ordering = ["-received_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="payment_in_or_back",
                condition=Q(gross_pence__gt=0) | Q(gross_pence__lt=0, reverses__isnull=False),
            ),
            models.CheckConstraint(name="payment_in_pounds", condition=Q(currency="GBP")),
            models.CheckConstraint(
                name="payment_of_a_donation", condition=Q(donation__isnull=True) | Q(purpose="donation")
            ),
        ]
        indexes = [
            models.Index(fields=["-received_on", "-id"], name="payment_received"),
            models.Index(fields=["booked_on", "id"], name="payment_booked"),
            models.Index(
                fields=["stripe_payment_intent_id"],
                name="payment_intent",
                condition=~Q(stripe_payment_intent_id=""),
            ),
            # What an appeal has raised is added up from this index alone.
            models.Index(
                fields=["appeal"],
                include=["person", "gross_pence"],
                name="payment_appeal",
                condition=Q(appeal__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{pounds(self.gross_pence)} on {self.received_on:%d/%m/%Y}"

    @property
    def net_pence(self) -> int:
        """What is left after the fee."""
        return self.gross_pence - self.fee_pence
