"""Events that people can come to."""

from datetime import datetime
from urllib.parse import quote_plus
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from psg.models import SearchText
from psg.publishing.models import Publishable, PublishableQuerySet
from psg.richtext import RichTextField, plain_text


def validate_timezone(name: str) -> None:
    """Raises ValidationError unless `name` is in the IANA time zone database."""
    if name not in available_timezones():
        raise ValidationError(f"“{name}” is not a time zone. Write it like Europe/London or America/Lima.")


class EventQuerySet(PublishableQuerySet):
    """`public()` and friends, and the two halves of the event list."""

    def upcoming(self):
        """Not over yet, soonest first."""
        return self.public().filter(ends_at__gte=timezone.now()).order_by("starts_at")

    def past(self):
        """Over, latest first."""
        return self.public().filter(ends_at__lt=timezone.now()).order_by("-starts_at")


class Event(Publishable):
    """An announced event. Times are UTC in the database and shown in the event's own zone."""

    title = models.CharField(max_length=200)
    slug = models.SlugField(max_length=200, unique=True, help_text="The event's address: /events/…/")
    summary = models.TextField(max_length=600, help_text="One or two sentences, shown in lists and searches.")
    body = RichTextField(blank=True)
    image = models.ForeignKey("library.Image", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField("starts")
    ends_at = models.DateTimeField("ends")
    timezone = models.CharField("time zone", max_length=50, default="Europe/London", validators=[validate_timezone])
    venue_name = models.CharField("venue", max_length=200, blank=True)
    venue_address = models.CharField("address", max_length=300, blank=True)
    is_cancelled = models.BooleanField("cancelled", default=False)
    history = HistoricalRecords()

    objects = EventQuerySet.as_manager()

    class Meta(Publishable.Meta):
        permissions = [("publish_event", "Can publish, correct and withdraw events")]
        constraints = [
            *Publishable.Meta.constraints,
            models.CheckConstraint(name="event_ends_after_it_starts", condition=Q(ends_at__gt=F("starts_at"))),
        ]
        indexes = [models.Index(fields=["starts_at"], name="event_starts")]

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        super().clean()
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValidationError({"ends_at": "An event ends after it starts."})

    def get_absolute_url(self) -> str:
        return reverse("events:event", args=[self.slug])

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.ends_at < timezone.now()

    @property
    def local_start(self) -> datetime:
        """Its start on the clock of its own zone."""
        return self.starts_at.astimezone(ZoneInfo(self.timezone))

    @property
    def local_end(self) -> datetime:
        """Its end on the clock of its own zone."""
        return self.ends_at.astimezone(ZoneInfo(self.timezone))

    @property
    def map_url(self) -> str:
        """A plain link to the place on OpenStreetMap; empty without an address."""
        place = self.venue_address or self.venue_name
        return f"https://www.openstreetmap.org/search?query={quote_plus(place)}" if place else ""

    def search_text(self) -> SearchText:
        where = f"{self.venue_name} {self.venue_address}"
        return SearchText(summary=self.summary, body=f"{plain_text(self.body)} {where}", date=self.local_start.date())
