"""The conferences of the demonstration site: that of 2019, which is past, and one that is still to come.

Date, place and hours of the first are the charity's own; both bodies were written for the demo and say so.
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from events.actions import programme_written
from events.models import Appearance, Event, Room, Session, Speaker, Venue
from psg import demo
from psg.publishing import actions

LONDON = ZoneInfo("Europe/London")
SLUG = "psg-annual-conference-"
MAIN, SMALL = "Main hall", "Seminar room"
VENUE_2019 = {
    "name": "Global Governance Institute, UCL",
    "address": "29-31 Tavistock Square, London",
    "travel": "A short walk from Euston, King’s Cross and Russell Square stations.",
}
SAMPLE_VENUE = {
    "name": "Sample Hall",
    "address": "1 Sample Street, London",
    "travel": "Sample text: underground, buses and bicycle stands are described here, and which door to take.\n\n"
    "An empty line begins a paragraph.",
    "access": "Sample text: step-free from the street, a lift to all floors, an induction loop in the main hall. "
    "Staff write here what somebody wants to know beforehand.",
}
DAYS_AHEAD = 60  # so that the coming conference stays ahead while somebody tries the site

PAST_BODY = """
<p>The annual conference is the day on which readers of the weekly round-up, members and friends of the PSG
meet. Two or three people who know their subject well speak in the morning; smaller groups talk after lunch;
the day ends with questions to everybody.</p>
<p>The building is in Tavistock Square, a short walk from Euston, King’s Cross and Russell Square stations.
What the round-up wrote about the day is in <a
href="/news/2019/10/save-the-date-psg-annual-conference-16-november-2019/">Save the date</a>.</p>
"""

COMING_BODY = """
<p>Registration is not open on this site yet. This entry is here so that the home page and the calendar have
something to show that is still to come.</p>
<p>The programme below, its rooms and its speakers are samples, to show what a day looks like. Nobody needs to be a
member, or an expert, to come.</p>
"""
ATTENDING = "Everybody is welcome, members or not. How to register will be announced here and in the weekly round-up."

# Each: start, end, title, room, letters of the sample speakers, description. Without a room: for everybody together.
Line = tuple[str, str, str, str, str, str]
ABOUT = "Sample text: what the session is about, in two or three sentences. Half of the time is for questions."
DAY_OF_2019: list[Line] = [
    ("10:30", "12:30", "Welcome and first session: mining and those who live beside it", "", "", ""),
    ("12:30", "13:30", "Lunch", "", "", ""),
    ("13:30", "15:30", "Groups: the Amazon, memory and justice, democracy", "", "", ""),
    ("15:30", "17:00", "Closing discussion", "", "", ""),
]
SAMPLE_DAY: list[Line] = [
    ("10:00", "10:30", "Tea and coffee", "", "", ""),
    ("10:30", "10:45", "Welcome", MAIN, "A", ""),
    ("10:45", "12:15", "Sample session: mining and those who live beside it", MAIN, "BC", ABOUT),
    ("12:15", "13:15", "Lunch", "", "", ""),
    ("13:15", "14:30", "Sample session: the Amazon", MAIN, "D", ABOUT),
    ("13:15", "14:30", "Sample session: memory and justice", SMALL, "EA", ABOUT),
    ("14:30", "14:45", "Pause", "", "", ""),
    ("14:45", "15:45", "Sample session: democracy and the regions", MAIN, "CE", ""),
    ("14:45", "16:00", "Sample workshop: letters that are read", SMALL, "B", "Sample text: bring a pen."),
    ("16:00", "17:00", "Closing discussion", MAIN, "ABCDE", ""),
]
PORTRAIT = "A woven pattern in the place of a portrait."
PAUSES = {"Tea and coffee", "Lunch", "Pause"}


def load() -> dict[str, int]:
    """Add the past conference and, unless one is still to come, the next; the number added."""
    added: int = _add(
        title="PSG Annual Conference",
        day=date(2019, 11, 16),
        venue=VENUE_2019,
        lines=DAY_OF_2019,
        summary="A day of talks and discussion on Peru: mining, the Amazon, human rights and democracy.",
        body=PAST_BODY,
        announced=datetime(2019, 10, 13, 18, tzinfo=LONDON),
    )
    if not Event.objects.filter(slug__startswith=SLUG, ends_at__gt=timezone.now()).exists():
        added += _add(
            title="PSG Annual Conference (demo)",
            day=_next_conference(timezone.localdate()),
            venue=SAMPLE_VENUE,
            lines=SAMPLE_DAY,
            summary="Sample event: the next annual conference, a day of talks and discussion on Peru. "
            "Registration is not open on this site yet.",
            body=COMING_BODY,
            attending=ATTENDING,
            announced=timezone.now(),
        )
    return {"events": added}


@transaction.atomic
def _add(
    *, title: str, day: date, venue: dict[str, str], lines: list[Line], body: str, announced: datetime, **words: str
) -> bool:
    """Write and publish one conference, 10.30 to 17.00; False if there is one at its address."""
    slug = f"{SLUG}{day.year}"
    if Event.objects.filter(slug=slug).exists():
        return False
    event = Event(
        title=title,
        slug=slug,
        body=demo.sample(body),
        starts_at=datetime.combine(day, time(10, 30), tzinfo=LONDON),
        ends_at=datetime.combine(day, time(17), tzinfo=LONDON),
        doors_at=datetime.combine(day, time(10), tzinfo=LONDON),
        timezone=LONDON.key,
        venue=Venue.objects.get_or_create(name=venue["name"], address=venue["address"], defaults=venue)[0],
        published_at=announced,
        **words,
    )
    actions.publish(event, by=demo.administrator())
    for line in lines:
        _add_session(event, day, line)
    programme_written(event)
    return True


def _add_session(event: Event, day: date, line: Line) -> None:
    starts, ends, title, room, speakers, description = line
    session = Session.objects.create(
        event=event,
        title=title,
        description=description,
        is_break=title in PAUSES,
        room=_room(event, room) if room else None,
        starts_at=datetime.combine(day, time.fromisoformat(starts), tzinfo=LONDON),
        ends_at=datetime.combine(day, time.fromisoformat(ends), tzinfo=LONDON),
    )
    for place, letter in enumerate(speakers):
        Appearance.objects.create(session=session, speaker=_sample_speaker(letter), position=place)


def _room(event: Event, name: str) -> Room:
    return Room.objects.get_or_create(venue=event.venue, name=name, defaults={"position": (MAIN, SMALL).index(name)})[0]


def _sample_speaker(letter: str) -> Speaker:
    """Plainly nobody. The first has a picture, which is a woven pattern."""
    name = f"Sample speaker {letter}"
    speaker = Speaker.objects.filter(name=name).first()
    if speaker is None:
        speaker = Speaker.objects.create(
            name=name,
            role="Sample role",
            organisation="Sample organisation",
            bio="Sample text: two or three sentences on who this is and what they work on.",
            picture=demo.woven_picture("sample-speaker", alt_text=PORTRAIT) if letter == "A" else None,
        )
    return speaker


def _next_conference(today: date) -> date:
    """The third Saturday of November, at least `DAYS_AHEAD` days from now."""
    days = (_third_saturday_of_november(year) for year in (today.year, today.year + 1))
    return next(day for day in days if day >= today + timedelta(days=DAYS_AHEAD))


def _third_saturday_of_november(year: int) -> date:
    first = date(year, 11, 1)
    return first + timedelta(days=(5 - first.weekday()) % 7 + 14)
