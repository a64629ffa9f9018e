"""What Stripe pays out to the charity's bank account, as last read back."""

from django.db import models

from membership.money import pounds


class Payout(models.Model):
    """Money that Stripe sends to the bank: what it collected, less its fees. Amounts in pence.

    Below zero, Stripe takes from the bank what refunds and disputes cost more than came in. `arrives_on` is the London
    day on which the bank should show it. `status` is Stripe's word: pending, in_transit, paid, failed, canceled.
    """

    stripe_id = models.CharField(max_length=100, unique=True)
    amount_pence = models.IntegerField("amount")
    arrives_on = models.DateField()
    status = models.CharField(max_length=20)
    descriptor = models.CharField(max_length=60, blank=True, help_text="What the bank's statement should say.")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-arrives_on", "-pk"]
        indexes = [models.Index(fields=["-arrives_on", "-id"], name="payout_arrives")]

    def __str__(self) -> str:
        return f"{pounds(self.amount_pence)} on {self.arrives_on:%d/%m/%Y}"


class PayoutEntry(models.Model):
    """One entry of a payout: a charge, refund, dispute or fee of Stripe's, in pence.

    `source_id` is Stripe's charge, refund or dispute; the payments of the ledger are found by it. What belongs to no
    payment of this site (another product on the account, a fee of Stripe's own) has none.
    """

    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="entries")
    stripe_id = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=40)
    source_id = models.CharField(max_length=100, blank=True)
    amount_pence = models.IntegerField("amount")
    fee_pence = models.IntegerField("fee")
    happened_at = models.DateTimeField()
    payment = models.OneToOneField(
        "membership.Payment", null=True, blank=True, on_delete=models.PROTECT, related_name="payout_entry"
    )

    class Meta:
        verbose_name_plural = "payout entries"
        ordering = ["payout", "happened_at", "pk"]

    def __str__(self) -> str:
        return f"{self.kind}: {pounds(self.amount_pence)}"

    @property
    def net_pence(self) -> int:
        """What it adds to the payout."""
        return self.amount_pence - self.fee_pence
