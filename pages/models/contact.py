"""What people write to the charity through the contact form, and what they are answered."""

from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

MESSAGE_LENGTH = 5_000  # characters
# What has been answered is forgotten after two years: long enough to look up what was said last time.
KEPT_AFTER_ANSWER = timedelta(days=730)


class ContactSubject(models.Model):
    """What somebody may write about, and who is to read it. With none of them the form has no such choice."""

    label = models.CharField(max_length=80, unique=True, help_text="As visitors choose it: “Membership”, “Press”.")
    recipients = models.TextField(
        "goes to", max_length=1000, help_text="E-mail addresses of those who answer, one a line."
    )
    position = models.PositiveSmallIntegerField(default=0, help_text="The smallest is offered first.")
    is_active = models.BooleanField("offered", default=True)

    class Meta:
        ordering = ["position", "label"]

    def __str__(self) -> str:
        return self.label

    def clean(self) -> None:
        super().clean()
        self.label = " ".join(self.label.split())
        for address in self.addresses:
            try:
                validate_email(address)
            except ValidationError as error:
                raise ValidationError({"recipients": f"“{address}” is not an e-mail address."}) from error
        if not self.addresses:
            raise ValidationError({"recipients": "Somebody has to read it: write one e-mail address or more."})
        self.recipients = "\n".join(self.addresses)

    @property
    def addresses(self) -> list[str]:
        """The addresses, each once. Commas and semicolons part them as well as lines do."""
        return list(dict.fromkeys(self.recipients.replace(",", " ").replace(";", " ").split()))


class ContactMessageQuerySet(models.QuerySet):
    """The questions that lists and jobs ask."""

    def open(self):
        """Those that wait for an answer."""
        return self.filter(answered_at__isnull=True)

    def answered(self):
        """Those that somebody has seen to."""
        return self.filter(answered_at__isnull=False)

    def outdated(self):
        """Answered so long ago that there is no reason to keep them."""
        return self.filter(answered_at__lt=timezone.now() - KEPT_AFTER_ANSWER)


class ContactMessage(models.Model):
    """One message as it came: nobody changes it. Written by `pages.contact.actions` alone.

    `key` is made of the form that was open and what was typed, so that a message sent twice is kept once.
    `subject` is kept in words: renaming a subject later does not change what somebody wrote about.
    """

    key = models.CharField(max_length=64, unique=True, editable=False)
    name = models.CharField(max_length=120)
    email = models.EmailField("e-mail")
    subject = models.CharField(max_length=80, blank=True)
    message = models.TextField(max_length=MESSAGE_LENGTH)
    created_at = models.DateTimeField("received", auto_now_add=True)
    answered_at = models.DateTimeField(null=True, editable=False)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )

    objects = ContactMessageQuerySet.as_manager()

    class Meta:
        # What waits comes first.
        ordering = [F("answered_at").desc(nulls_first=True), "-created_at"]
        indexes = [models.Index(fields=["-answered_at", "-created_at"], name="contact_message_waiting")]
        constraints = [
            models.CheckConstraint(
                name="contact_answered_by_at_a_time",
                condition=Q(answered_by__isnull=True) | Q(answered_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.subject or 'message'}"

    @property
    def is_answered(self) -> bool:
        """Whether somebody has seen to it."""
        return self.answered_at is not None


class ContactAnswer(models.Model):
    """An answer that was mailed from the site. Kept when its message is opened again."""

    message = models.ForeignKey(ContactMessage, on_delete=models.CASCADE, related_name="answers")
    text = models.TextField()
    sent_at = models.DateTimeField(auto_now_add=True)
    sent_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["sent_at"]

    def __str__(self) -> str:
        return f"answer to {self.message_id}"


class ContactCount(models.Model):
    """How often one sender used the form in a span of time. Who it is cannot be read from `key`, a keyed hash."""

    key = models.CharField(max_length=64, unique=True)
    used = models.PositiveSmallIntegerField(default=0)
    until = models.DateTimeField(db_index=True, help_text="The count starts afresh from here on (UTC).")

    def __str__(self) -> str:
        return f"{self.used} until {self.until}"
