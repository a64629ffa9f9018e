"""What happens to events, venues and speakers. Saving and publishing an event is in `psg.publishing.actions`."""

from datetime import date, datetime, timedelta
from itertools import chain, count
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from events import timetable
from events.models import Appearance, Event, Outlook, Session, Speaker, Venue
from psg import search
from psg.publishing import actions as publishing
from psg.publishing.models import State


class ProgrammeThere(Exception):
    """The event has a programme already: nothing is put over it."""


class CopyThere(Exception):
    """There is an event of that title and time already; `event` is that one."""

    def __init__(self, event: Event) -> None:
        super().__init__(f"“{event}” is there already")
        self.event = event


# --- Whether it takes place ------------------------------------------------------------------------------------------


@transaction.atomic
def set_outlook(event: Event, *, outlook: Outlook, notice: str, by) -> bool:
    """Say that it is cancelled, postponed or takes place after all; readers are told at once.

    False if it said so already. Raises PermissionDenied if `by` may not publish, and ValueError for bad news without
    a word about it.
    """
    publishing.require_publisher(by, Event)
    notice = notice.strip()
    if outlook != Outlook.PLANNED and not notice:
        raise ValueError("Readers are told why.")
    current = Event.objects.select_for_update().get(pk=event.pk)
    if (current.outlook, current.notice) == (outlook, notice):
        return False  # a second click
    current.outlook, current.notice, current.outlook_at = outlook, notice, timezone.now()
    current.version += 1  # whoever has its form open is told
    publishing.save(current)
    return True


# --- Last year's once more -------------------------------------------------------------------------------------------


def next_time(event: Event) -> date:
    """When it would be held next: the same weekday of the same week of its month, in the first year to come."""
    old = event.first_day
    week = (old.day - 1) // 7
    day, year = old, old.year
    while day <= max(old, timezone.localdate()):
        year += 1
        first = date(year, old.month, 1)
        day = first + timedelta(days=(old.weekday() - first.weekday()) % 7 + 7 * week)
        if day.month != old.month:  # not every month has a fifth one
            day -= timedelta(days=7)
    return day


@transaction.atomic
def copy_event(source: Event, *, starts_on: date, with_speakers: bool) -> Event:
    """A new draft like `source`, with its programme, that starts on the day given (in its own zone) at the same hours.

    Notices, documents and the recording stay with the old one. Where its title or address names the year, so does the
    new one's. Raises CopyThere if there is one of that title and time: a second click makes no second draft.
    """
    Event.objects.select_for_update(no_key=True).get(pk=source.pk)
    title = _in_year(source.title, source.first_day.year, starts_on.year)
    made = Event(
        title=title,
        slug=_free_slug(_in_year(source.slug, source.first_day.year, starts_on.year), starts_on.year),
        summary=source.summary,
        body=source.body,
        image=source.image,
        venue=source.venue,
        attending=source.attending,
        is_all_day=source.is_all_day,
        timezone=source.timezone,
        state=State.DRAFT,
    )
    made.starts_at = _moved(source.starts_at, source, starts_on, made.zone)
    made.ends_at = _moved(source.ends_at, source, starts_on, made.zone)
    made.doors_at = _moved(source.doors_at, source, starts_on, made.zone) if source.doors_at else None
    if twin := Event.objects.filter(title=made.title, starts_at=made.starts_at).exclude(pk=source.pk).first():
        raise CopyThere(twin)
    publishing.save(made)
    _copy_sessions(source, made, with_speakers=with_speakers)
    return made


@transaction.atomic
def copy_programme(source: Event, *, to: Event, with_speakers: bool) -> int:
    """Give an event the programme of another, at the same hours of its own days; the number of sessions.

    Rooms are kept where both are at the same venue. Raises ProgrammeThere if there is one.
    """
    Event.objects.select_for_update().get(pk=to.pk)
    if to.sessions.exists():
        raise ProgrammeThere
    return _copy_sessions(source, to, with_speakers=with_speakers)


def _copy_sessions(source: Event, to: Event, *, with_speakers: bool) -> int:
    parts = timetable.parts_of(source)
    for part in parts:
        old = part.session
        session = Session.objects.create(
            event=to,
            title=old.title,
            description=old.description if with_speakers or old.is_break else "",
            is_break=old.is_break,
            room=old.room if source.venue_id == to.venue_id else None,
            starts_at=_moved(old.starts_at, source, to.first_day, to.zone),
            ends_at=_moved(old.ends_at, source, to.first_day, to.zone),
        )
        if with_speakers:
            Appearance.objects.bulk_create(
                Appearance(session=session, speaker=speaker, position=place)
                for place, speaker in enumerate(part.speakers)
            )
    programme_written(to)
    return len(parts)


def _moved(moment: datetime, source: Event, starts_on: date, zone: ZoneInfo) -> datetime:
    """The same hour on the wall, as many days after the new first day as it was after the old one."""
    local = moment.astimezone(source.zone)
    day = starts_on + (local.date() - source.first_day)
    return datetime.combine(day, local.time(), tzinfo=zone)


def _in_year(text: str, old: int, new: int) -> str:
    return text.replace(str(old), str(new))


def _free_slug(wanted: str, year: int) -> str:
    """The address, or one like it that no event has."""
    wanted = wanted[:180]
    taken = set(Event.objects.filter(slug__startswith=wanted).values_list("slug", flat=True))
    names = chain((wanted, f"{wanted}-{year}"), (f"{wanted}-{year}-{number}" for number in count(2)))
    return next(name for name in names if name not in taken)


# --- What hangs on an event ------------------------------------------------------------------------------------------


def programme_written(event: Event) -> None:
    """Its sessions and speakers were written after it, as forms do: the search reads them afresh."""
    search.index(Event.objects.get(pk=event.pk))


@transaction.atomic
def save_venue(venue: Venue) -> None:
    """Add or correct a venue. Searches find its events by the new words; calendars that know an event are told."""
    before = Venue.objects.select_for_update(no_key=True).filter(pk=venue.pk).first() if venue.pk else None
    venue.save()
    if before and before.in_one_line != venue.in_one_line:
        events = list(Event.objects.filter(venue=venue).order_by("pk").select_for_update(of=("self",), no_key=True))
        known = [event.pk for event in events if event.was_public]
        Event.objects.filter(pk__in=known).update(sequence=F("sequence") + 1, updated_at=timezone.now())
        search.index_many(events)


@transaction.atomic
def save_speaker(speaker: Speaker) -> None:
    """Add or correct a speaker: events are found by the new name."""
    speaker.save()
    search.index_many(list(Event.objects.filter(sessions__speakers=speaker).distinct()))
