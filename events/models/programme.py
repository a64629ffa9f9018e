"""What happens at an event: sessions, and who speaks in them."""

from datetime import datetime

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import Deferrable, F, Func, Q
from simple_history.models import HistoricalRecords

from events.models.events import Event
from events.models.places import Room


class Speaker(models.Model):
    """Somebody who speaks, chairs or performs. Kept once, invited again."""

    name = models.CharField(max_length=120, help_text="As it is printed in the programme.")
    role = models.CharField(max_length=150, blank=True, help_text="What they are: “Researcher”, “Chair of the group”.")
    organisation = models.CharField(max_length=150, blank=True)
    bio = models.TextField(
        "biography", max_length=2000, blank=True, help_text="A few sentences. An empty line begins a paragraph."
    )
    picture = models.ForeignKey(
        "library.Image", null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="A portrait."
    )
    history = HistoricalRecords()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [models.CheckConstraint(name="speaker_has_name", condition=~Q(name=""))]

    def __str__(self) -> str:
        return self.name

    @property
    def described(self) -> str:
        """Role and organisation in one line."""
        return ", ".join(part for part in (self.role, self.organisation) if part)


class Session(models.Model):
    """One part of an event's programme. Times are UTC in the database, shown in the event's own zone."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="sessions")
    title = models.CharField(max_length=200)
    description = models.TextField(max_length=2000, blank=True)
    is_break = models.BooleanField("pause", default=False)
    room = models.ForeignKey(Room, null=True, blank=True, on_delete=models.PROTECT, related_name="sessions")
    starts_at = models.DateTimeField("starts")
    ends_at = models.DateTimeField("ends")
    speakers = models.ManyToManyField(Speaker, through="Appearance", related_name="sessions", blank=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ["starts_at", "ends_at", "pk"]
        constraints = [
            models.CheckConstraint(name="session_has_title", condition=~Q(title="")),
            models.CheckConstraint(name="session_ends_after_it_starts", condition=Q(ends_at__gt=F("starts_at"))),
            # Of one event: the room of a cancelled day is free for another. Looked at when the transaction ends, since
            # one save of the programme may let two sessions change places.
            ExclusionConstraint(
                name="one_session_at_a_time_in_a_room",
                expressions=[
                    ("event", RangeOperators.EQUAL),
                    ("room", RangeOperators.EQUAL),
                    (
                        Func(
                            "starts_at",
                            "ends_at",
                            RangeBoundary(),
                            function="tstzrange",
                            output_field=DateTimeRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                deferrable=Deferrable.DEFERRED,
            ),
        ]
        indexes = [models.Index(fields=["event", "starts_at"], name="session_of_event")]

    def __str__(self) -> str:
        return self.title

    @property
    def local_start(self) -> datetime:
        """Its start on the clock of the event's zone."""
        return self.starts_at.astimezone(self.event.zone)

    @property
    def local_end(self) -> datetime:
        """Its end on the clock of the event's zone."""
        return self.ends_at.astimezone(self.event.zone)


class Appearance(models.Model):
    """A speaker in a session; the position is the order on the programme."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="appearances")
    speaker = models.ForeignKey(Speaker, on_delete=models.PROTECT, related_name="appearances")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(name="speaker_once_in_a_session", fields=["session", "speaker"])]

    def __str__(self) -> str:
        return f"{self.speaker} in {self.session}"
