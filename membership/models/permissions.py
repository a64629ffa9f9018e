"""What people allowed: to be written to, and Gift Aid on what they give. Logs: nothing is overwritten."""

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from simple_history.models import HistoricalRecords

from membership.models.people import Person


class Channel(models.TextChoices):
    """How it reached us."""

    WEB = "web", "Website"
    POST = "post", "Paper"
    PHONE = "phone", "Telephone"
    IN_PERSON = "in_person", "In person"
    IMPORT = "import", "Imported"


class ConsentPurpose(models.TextChoices):
    """What somebody may be contacted by."""

    EMAIL_NEWS = "email_news", "News by e-mail"
    POST = "post", "Post"
    PHONE = "phone", "Telephone"


class ConsentQuerySet(models.QuerySet["Consent"]):
    """Questions about consents."""

    def latest(self):
        """The last word of each person on each purpose."""
        return self.order_by("person_id", "purpose", "-at", "-pk").distinct("person_id", "purpose")


class Consent(models.Model):
    """That somebody said yes or no, to which words, when. The latest counts."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="consents")
    purpose = models.CharField(max_length=12, choices=ConsentPurpose)
    given = models.BooleanField("yes", default=True)
    wording = models.CharField(max_length=300, help_text="The words they answered.")
    source = models.CharField(max_length=12, choices=Channel, default=Channel.WEB)
    at = models.DateTimeField(default=timezone.now)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )

    objects = ConsentQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["person", "purpose", "-at"], name="consent_latest")]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()}: {'yes' if self.given else 'no'}"


class GiftAidScope(models.TextChoices):
    """Which gifts a declaration covers."""

    THIS = "this", "This gift only"
    FUTURE = "future", "This and future gifts"
    ALL = "all", "Past four years, this and future gifts"


class GiftAidQuerySet(models.QuerySet["GiftAidDeclaration"]):
    """Questions about declarations."""

    def in_force(self, on: date | None = None):
        """Made, and not cancelled, by that day."""
        on = on or timezone.localdate()
        return self.filter(Q(cancelled_on__isnull=True) | Q(cancelled_on__gt=on), made_on__lte=on)

    def lasting(self):
        """Those about gifts to come as well, not one gift only."""
        return self.exclude(scope=GiftAidScope.THIS)


class GiftAidDeclaration(models.Model):
    """That somebody asked us to claim Gift Aid: words, version, name and home address as they declared them."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="gift_aid_declarations")
    scope = models.CharField(max_length=6, choices=GiftAidScope, default=GiftAidScope.ALL)
    made_on = models.DateField(default=timezone.localdate)
    channel = models.CharField(max_length=12, choices=Channel, default=Channel.WEB)
    wording_version = models.CharField(max_length=20, editable=False)
    wording = models.TextField(editable=False)
    declared_name = models.CharField(max_length=250, editable=False)
    declared_address = models.TextField(editable=False)
    cancelled_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    history = HistoricalRecords()

    objects = GiftAidQuerySet.as_manager()

    class Meta:
        verbose_name = "Gift Aid declaration"
        ordering = ["-made_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="gift_aid_cancelled_after_made",
                condition=Q(cancelled_on__isnull=True) | Q(cancelled_on__gte=F("made_on")),
                violation_error_message="It cannot be cancelled before it was made.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_scope_display()}, {self.made_on:%d/%m/%Y}"
