"""What was claimed from HMRC. The database refuses to change or delete it: what was claimed wrongly becomes a line of
the next claim."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from membership.models.payments import Payment
from membership.money import gift_aid_on, pounds


class Claim(models.Model):
    """One claim, as it was made. Amounts in pence, days in London.

    `gifts_pence` is the total of the schedule; `adjustments_pence` (never above zero) what of earlier claims went back
    to the donors. `token` is the form's own: a form that is sent twice is one claim.
    """

    reference = models.CharField(max_length=12, unique=True, editable=False)
    token = models.UUIDField(unique=True, editable=False)
    first_day = models.DateField()
    last_day = models.DateField()
    lines_count = models.PositiveIntegerField("lines")
    gifts_pence = models.PositiveIntegerField("gifts")
    adjustments_pence = models.IntegerField("adjustments")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "Gift Aid claim"
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.CheckConstraint(name="claim_days_in_order", condition=Q(last_day__gte=F("first_day"))),
            models.CheckConstraint(name="claim_adjustments_reduce", condition=Q(adjustments_pence__lte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.reference}: {pounds(self.gifts_pence)}"

    @property
    def gifts_tax_pence(self) -> int:
        """The tax on the gifts of the schedule."""
        return gift_aid_on(self.gifts_pence)

    @property
    def adjustments_tax_pence(self) -> int:
        """The tax that was claimed before on what went back: HMRC asks for it as a number above zero."""
        return gift_aid_on(-self.adjustments_pence)

    @property
    def tax_pence(self) -> int:
        """What HMRC will pay; below zero if more goes back than is claimed."""
        return self.gifts_tax_pence - self.adjustments_tax_pence


class LineKind(models.TextChoices):
    """What a line of a claim is about."""

    GIFT = "gift", "Gift"
    ADJUSTMENT = "adjustment", "Adjustment"


class ClaimLine(models.Model):
    """One gift in a claim, or what changed after it was claimed, in pence; name and address as they were claimed.

    An adjustment below zero is money that went back (`reversal`), above zero what came again after that.
    """

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="lines")
    kind = models.CharField(max_length=10, choices=LineKind, default=LineKind.GIFT)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="claim_lines")
    reversal = models.OneToOneField(
        Payment, null=True, blank=True, on_delete=models.PROTECT, related_name="adjustment_line"
    )
    amount_pence = models.IntegerField("amount")
    given_on = models.DateField()
    title = models.CharField(max_length=4, blank=True)
    first_name = models.CharField(max_length=35)
    last_name = models.CharField(max_length=35)
    house = models.CharField("house name or number", max_length=40)
    postcode = models.CharField(max_length=8)

    class Meta:
        verbose_name = "line of a Gift Aid claim"
        verbose_name_plural = "lines of Gift Aid claims"
        ordering = ["claim", "pk"]
        constraints = [
            models.UniqueConstraint(name="gift_claimed_once", fields=["payment"], condition=Q(kind="gift")),
            models.UniqueConstraint(name="payment_once_in_a_claim", fields=["claim", "payment"]),
            models.CheckConstraint(
                name="claim_line_is_gift_or_adjustment",
                condition=Q(kind="gift", reversal__isnull=True, amount_pence__gt=0)
                | (Q(kind="adjustment", reversal__isnull=False) & ~Q(amount_pence=0)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}: {pounds(self.amount_pence)}"
