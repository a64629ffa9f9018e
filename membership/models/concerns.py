"""What staff should look at: noticed by the site, told once, settled by a human."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from membership.models.people import Person


class ConcernKind(models.TextChoices):
    """What is not as it should be."""

    TWO_SUBSCRIPTIONS = "two_subscriptions", "Pays twice"
    PAID_FOR_NOTHING = "paid_for_nothing", "Paid, but buys nothing"
    DISPUTE = "dispute", "Payment disputed"
    INVOICE = "invoice", "Invoice not made"
    UNKNOWN_PRICE = "unknown_price", "Price not known here"
    REFUND_FAILED = "refund_failed", "Refund came back"
    HOUSEHOLD_FULL = "household_full", "No room in the household"


class ConcernQuerySet(models.QuerySet["Concern"]):
    """Questions about concerns."""

    def open(self):
        """Those that nobody has settled."""
        return self.filter(settled_at__isnull=True)


class Concern(models.Model):
    """Something to look at. `about` names the thing (ids), so that the same is told once."""

    kind = models.CharField(max_length=20, choices=ConcernKind)
    about = models.CharField(max_length=220)
    person = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="concerns")
    text = models.TextField(help_text="What happened, and what to do.")
    created_at = models.DateTimeField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = ConcernQuerySet.as_manager()

    class Meta:
        verbose_name = "thing to look at"
        verbose_name_plural = "things to look at"
        ordering = ["-created_at", "-pk"]
        constraints = [models.UniqueConstraint(name="concern_once", fields=["kind", "about"])]
        indexes = [models.Index(fields=["-created_at"], name="concern_open", condition=Q(settled_at__isnull=True))]

    def __str__(self) -> str:
        return self.get_kind_display()
