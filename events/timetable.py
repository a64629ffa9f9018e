"""The programme of an event as readers look at it: days, in them what begins together, and who speaks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby

from django.db.models import Prefetch

from events.models import Appearance, Event, Session, Speaker


@dataclass(frozen=True)
class Part:
    """A session with those who speak in it, in their order."""

    session: Session
    speakers: list[Speaker] = field(default_factory=list)


@dataclass(frozen=True)
class Slot:
    """What begins at one time; more than one part of it happen side by side."""

    starts: datetime  # on the clock of the event's zone
    ends: datetime  # of the last of them
    parts: list[Part]

    @property
    def is_parallel(self) -> bool:
        """Whether readers have to choose."""
        return len(self.parts) > 1


@dataclass(frozen=True)
class Day:
    """One day of the programme."""

    date: date
    slots: list[Slot]


@dataclass(frozen=True)
class Programme:
    """All of it."""

    days: list[Day]
    speakers: list[Speaker]  # each once, in the order of their first appearance

    @property
    def is_of_one_day(self) -> bool:
        """Whether its days need no headings."""
        return len(self.days) == 1


def parts_of(event: Event) -> list[Part]:
    """The sessions of a saved event with rooms, speakers and their pictures. Two queries, however many there are."""
    appearances = Appearance.objects.select_related("speaker__picture").order_by("position", "pk")
    sessions = event.sessions.select_related("room").prefetch_related(Prefetch("appearances", appearances))
    return [Part(session, [each.speaker for each in session.appearances.all()]) for session in sessions]


def programme(parts: Iterable[Part]) -> Programme:
    """Put the parts in order: by time, side by side in the order of the rooms."""
    in_order = sorted(parts, key=_place)
    days = [
        Day(day, [_slot(list(together)) for _, together in groupby(of_day, lambda part: part.session.starts_at)])
        for day, of_day in groupby(in_order, lambda part: part.session.local_start.date())
    ]
    speakers = {speaker.pk: speaker for part in in_order for speaker in part.speakers}
    return Programme(days, list(speakers.values()))


def _place(part: Part) -> tuple:
    room = part.session.room
    where = (room.position, room.name) if room else (0, "")
    return (part.session.starts_at, *where, part.session.ends_at, part.session.pk or 0)


def _slot(parts: Sequence[Part]) -> Slot:
    sessions = [part.session for part in parts]
    return Slot(sessions[0].local_start, max(session.local_end for session in sessions), list(parts))
