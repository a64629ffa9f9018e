"""What people were told by itself, so that nothing is said twice."""

from django.db import models

from membership.models.people import Person


class NoticeKind(models.TextChoices):
    """What is said by itself."""

    REMINDER_30 = "reminder_30", "Reminder, a month before"
    REMINDER_7 = "reminder_7", "Reminder, a week before"
    LAPSED = "lapsed", "Lapsed"
    PAYMENT_FAILED = "payment_failed", "Payment failed"
    CARD_EXPIRES = "card_expires", "Card runs out"
    NEW_METHOD = "new_method", "Another way to pay needed"
    RENEWAL_COMING = "renewal_coming", "Renewal is near"
    PRICE_CHANGE = "price_change", "New price"
    GIFT_ENDED = "gift_ended", "Monthly gift ended"


class Notice(models.Model):
    """That somebody was told something. `about` names what it was about ("term 12", an invoice and its attempt)."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=14, choices=NoticeKind)
    about = models.CharField(max_length=150)
    sent_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-sent_at"]
        constraints = [models.UniqueConstraint(name="notice_once", fields=["kind", "about"])]

    def __str__(self) -> str:
        return self.get_kind_display()
