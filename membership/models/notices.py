"""Which reminders were sent, so that none is sent twice."""

from django.db import models

from membership.models.memberships import Membership, Term


class NoticeKind(models.TextChoices):
    """What is said by itself."""

    REMINDER_30 = "reminder_30", "Reminder, a month before"
    REMINDER_7 = "reminder_7", "Reminder, a week before"
    LAPSED = "lapsed", "Lapsed"


class Notice(models.Model):
    """That something was said about the end of a term."""

    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="notices")
    term = models.ForeignKey(Term, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=12, choices=NoticeKind)
    sent_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="notice_once", fields=["membership", "term", "kind"])]

    def __str__(self) -> str:
        return self.get_kind_display()
