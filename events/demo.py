"""The conferences of the demonstration site: that of 2019, which is past, and one that is still to come.

Date, place and hours of the first are the charity's own; both bodies were written for the demo and say so.
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from events.models import Event
from psg import demo
from psg.publishing import actions

LONDON = ZoneInfo("Europe/London")
SLUG = "psg-annual-conference-"
VENUE = {"venue_name": "Global Governance Institute, UCL", "venue_address": "29-31 Tavistock Square, London"}
DAYS_AHEAD = 60  # so that the coming conference stays ahead while somebody tries the site

PAST_BODY = """
<p>The annual conference is the day on which readers of the weekly round-up, members and friends of the PSG
meet. Two or three people who know their subject well speak in the morning; smaller groups talk after lunch;
the day ends with questions to everybody.</p>
<h2>The day</h2>
<ul>
<li>10.00 Doors open, tea and coffee</li>
<li>10.30 Welcome and first session: mining and those who live beside it</li>
<li>12.30 Lunch</li>
<li>13.30 Groups: the Amazon, memory and justice, democracy</li>
<li>15.30 Closing discussion</li>
<li>17.00 End</li>
</ul>
<p>The building is in Tavistock Square, a short walk from Euston, King’s Cross and Russell Square stations.
What the round-up wrote about the day is in <a
href="/news/2019/10/save-the-date-psg-annual-conference-16-november-2019/">Save the date</a>.</p>
"""

COMING_BODY = """
<p>Registration is not open on this site yet. This entry is here so that the home page and the calendar have
something to show that is still to come.</p>
<p>Programme and speakers will be announced here and in the weekly round-up. Nobody needs to be a member, or
an expert, to come.</p>
"""


def load() -> dict[str, int]:
    """Add the past conference and, unless one is still to come, the next; the number added."""
    added: int = _add(
        title="PSG Annual Conference",
        day=date(2019, 11, 16),
        summary="A day of talks and discussion on Peru: mining, the Amazon, human rights and democracy.",
        body=PAST_BODY,
        announced=datetime(2019, 10, 13, 18, tzinfo=LONDON),
    )
    if not Event.objects.filter(slug__startswith=SLUG, ends_at__gt=timezone.now()).exists():
        added += _add(
            title="PSG Annual Conference (demo)",
            day=_next_conference(timezone.localdate()),
            summary="Sample event: the next annual conference, a day of talks and discussion on Peru. "
            "Registration is not open on this site yet.",
            body=COMING_BODY,
            announced=timezone.now(),
        )
    return {"events": added}


@transaction.atomic
def _add(*, title: str, day: date, summary: str, body: str, announced: datetime) -> bool:
    """Write and publish one conference, 10.30 to 17.00; False if there is one at its address."""
    slug = f"{SLUG}{day.year}"
    if Event.objects.filter(slug=slug).exists():
        return False
    event = Event(
        title=title,
        slug=slug,
        summary=summary,
        body=demo.sample(body),
        starts_at=datetime.combine(day, time(10, 30), tzinfo=LONDON),
        ends_at=datetime.combine(day, time(17), tzinfo=LONDON),
        timezone=LONDON.key,
        published_at=announced,
        **VENUE,
    )
    actions.publish(event, by=demo.administrator())
    return True


def _next_conference(today: date) -> date:
    """The third Saturday of November, at least `DAYS_AHEAD` days from now."""
    days = (_third_saturday_of_november(year) for year in (today.year, today.year + 1))
    return next(day for day in days if day >= today + timedelta(days=DAYS_AHEAD))


def _third_saturday_of_november(year: int) -> date:
    first = date(year, 11, 1)
    return first + timedelta(days=(5 - first.weekday()) % 7 + 14)
