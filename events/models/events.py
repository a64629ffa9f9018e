"""Events that people can come to."""

from datetime import date, datetime, timedelta
from functools import cache
from typing import Optional
from zoneinfo import ZoneInfo, available_timezones

from django.contrib.postgres.functions import RandomUUID
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import ExtractYear
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from events.models.places import Venue
from psg.models import SearchText
from psg.publishing.models import Publishable, PublishableQuerySet
from psg.richtext import RichTextField, plain_text

LONDON = ZoneInfo("Europe/London")


@cache
def timezones() -> frozenset[str]:
    """The names of the IANA time zone database; read once, since that means looking through a tree of files."""
    return frozenset(available_timezones())


def validate_timezone(name: str) -> None:
    """Raises ValidationError unless `name` is in the IANA time zone database."""
    if name not in timezones():
        raise ValidationError(f"“{name}” is not a time zone. Write it like Europe/London or America/Lima.")


class Outlook(models.TextChoices):
    """Whether an announced event takes place. What a page or a calendar says follows from it."""

    PLANNED = "planned", "Takes place"
    POSTPONED = "postponed", "Postponed"
    CANCELLED = "cancelled", "Cancelled"


def _still_to_come() -> Q:
    """Not over; what was postponed is still to come, whatever its old date."""
    return Q(ends_at__gte=timezone.now()) | Q(outlook=Outlook.POSTPONED)


class EventQuerySet(PublishableQuerySet):
    """`public()` and friends, and the two halves of the event list."""

    def upcoming(self):
        """Not over yet, soonest first."""
        return self.public().filter(_still_to_come()).order_by("starts_at", "pk")

    def past(self):
        """Over, latest first."""
        return self.public().exclude(_still_to_come()).order_by("-starts_at", "-pk")

    def in_year(self, year: int):
        """Those that start in that year, London time."""
        first, following = (datetime(each, 1, 1, tzinfo=LONDON) for each in (year, year + 1))
        return self.filter(starts_at__gte=first, starts_at__lt=following)

    def years(self) -> list[int]:
        """The years in which these start, newest first, London time."""
        years = self.order_by().values_list(ExtractYear("starts_at", tzinfo=LONDON), flat=True).distinct()
        return sorted(years, reverse=True)


class Event(Publishable):
    """An announced event. Times are UTC in the database and shown in the event's own zone.

    `uid` and `sequence` are what calendars know it by (RFC 5545): the first never changes, the second rises with each
    change of time, place or outlook.
    """

    title = models.CharField(max_length=200)
    slug = models.SlugField(max_length=200, unique=True, help_text="The event's address: /events/…/")
    summary = models.TextField(max_length=600, help_text="One or two sentences, shown in lists and searches.")
    body = RichTextField(blank=True)
    image = models.ForeignKey("library.Image", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField("starts")
    ends_at = models.DateTimeField("ends")
    is_all_day = models.BooleanField("whole days", default=False, help_text="Readers see days without hours.")
    doors_at = models.DateTimeField("doors open", null=True, blank=True)
    timezone = models.CharField(
        "time zone",
        max_length=50,
        default="Europe/London",
        validators=[validate_timezone],
        help_text="All times of this event, and of its programme, are on the clock of this place.",
    )
    venue = models.ForeignKey(
        Venue,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="events",
        help_text="The plus sign adds a new one.",
    )
    attending = models.TextField(
        "how to come",
        max_length=1000,
        blank=True,
        help_text="What people do to come, and what it costs. Shown until the event is over or cancelled.",
    )
    documents = models.ManyToManyField(
        "library.Document", blank=True, related_name="+", help_text="Papers and slides of the library."
    )
    recording_url = models.URLField(
        "recording", max_length=500, blank=True, help_text="Where it can be seen or heard again. Shown once it is over."
    )
    outlook = models.CharField(max_length=10, choices=Outlook, default=Outlook.PLANNED, editable=False)
    notice = models.TextField(max_length=600, blank=True, editable=False, help_text="What readers are told about that.")
    outlook_at = models.DateTimeField(null=True, editable=False, help_text="When they were last told (UTC).")
    uid = models.UUIDField(db_default=RandomUUID(), unique=True, editable=False)
    sequence = models.PositiveIntegerField(default=0, editable=False)
    history = HistoricalRecords(m2m_fields=[documents])

    not_in_forms = (*Publishable.not_in_forms, "outlook", "notice", "outlook_at", "uid", "sequence")
    # A change of any of these is told to calendars.
    told_to_calendars = ("starts_at", "ends_at", "is_all_day", "timezone", "venue_id", "outlook", "state")

    objects = EventQuerySet.as_manager()

    class Meta(Publishable.Meta):
        permissions = [("publish_event", "Can publish, correct and withdraw events")]
        constraints = [
            *Publishable.Meta.constraints,
            models.CheckConstraint(name="event_ends_after_it_starts", condition=Q(ends_at__gt=F("starts_at"))),
            models.CheckConstraint(
                name="event_doors_open_before_it_starts", condition=Q(doors_at=None) | Q(doors_at__lte=F("starts_at"))
            ),
            models.CheckConstraint(name="event_outlook_known", condition=Q(outlook__in=Outlook.values)),
            models.CheckConstraint(
                name="event_bad_news_is_explained", condition=Q(outlook=Outlook.PLANNED) | ~Q(notice="")
            ),
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

    def note_change(self, before: Optional["Publishable"]) -> None:
        """Calendars take a change for new only if the number is higher than the one they know."""
        if not isinstance(before, Event):
            return
        changed = any(getattr(self, name) != getattr(before, name) for name in self.told_to_calendars)
        self.sequence = before.sequence + (1 if changed and before.was_public else 0)

    # --- When --------------------------------------------------------------------------------------------------

    @property
    def zone(self) -> ZoneInfo:
        """Its own time zone."""
        return ZoneInfo(self.timezone)

    @property
    def local_start(self) -> datetime:
        """Its start on the clock of its own zone."""
        return self.starts_at.astimezone(self.zone)

    @property
    def local_end(self) -> datetime:
        """Its end on the clock of its own zone."""
        return self.ends_at.astimezone(self.zone)

    @property
    def local_doors(self) -> datetime | None:
        """When the doors open, on the clock of its own zone."""
        return self.doors_at.astimezone(self.zone) if self.doors_at else None

    @property
    def first_day(self) -> date:
        """The day it starts on, in its own zone."""
        return self.local_start.date()

    @property
    def last_day(self) -> date:
        """The last day of which any part belongs to it, in its own zone: midnight is still the day before."""
        return (self.local_end - timedelta(microseconds=1)).date()

    @property
    def zone_name(self) -> str:
        """The zone as people say it: "London", "Lima"."""
        return self.timezone.rpartition("/")[2].replace("_", " ")

    # --- Whether -----------------------------------------------------------------------------------------------

    @property
    def is_over(self) -> bool:
        """Whether it has ended. What was postponed is not over, whatever its old date."""
        return self.ends_at < timezone.now() and not self.is_postponed

    @property
    def is_cancelled(self) -> bool:
        """Whether it does not take place."""
        return self.outlook == Outlook.CANCELLED

    @property
    def is_postponed(self) -> bool:
        """Whether its date does not hold any more."""
        return self.outlook == Outlook.POSTPONED

    @property
    def can_be_attended(self) -> bool:
        """Whether somebody can still plan to come at the time it gives."""
        return self.outlook == Outlook.PLANNED and not self.is_over

    @property
    def has_no_date(self) -> bool:
        """Whether the date that it gives is one to come to no more: lists show it paler."""
        return not self.can_be_attended

    @property
    def zone_label(self) -> str:
        """Whose clock its hours are on; empty for London, which nobody here has to be told."""
        return "" if self.timezone == LONDON.key else self.zone_name

    # --- What the search reads ---------------------------------------------------------------------------------

    def search_text(self) -> SearchText:
        """With the place, the titles of the programme and who speaks. Two queries of its own: events are few."""
        from events.models.programme import Session

        where = Venue.objects.filter(events=self).values_list("name", "address", "postcode")
        about = ("title", "description", "speakers__name", "speakers__organisation")
        programme = Session.objects.filter(event=self).order_by("starts_at", "pk").values_list(*about)
        found = dict.fromkeys(words for row in (*where, *programme) for words in row if words)  # each once
        body = " ".join([plain_text(self.body), self.attending, *found])
        return SearchText(summary=self.summary, body=body, date=self.first_day)
