"""Events for people's own calendars: iCalendar files (RFC 5545, RFC 7986) and links that fill in a web calendar."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

import icalendar
from django.conf import settings
from django.utils.translation import gettext

from events.models import Event, Outlook

ONE_DAY, ALMOST_A_YEAR = timedelta(days=1), timedelta(days=360)
# How often calendars may ask for the feed again.
REFRESH = timedelta(hours=12)
_STATUS = {Outlook.PLANNED: "CONFIRMED", Outlook.POSTPONED: "TENTATIVE", Outlook.CANCELLED: "CANCELLED"}


def as_file(event: Event) -> bytes:
    """One event as a calendar file."""
    return _written(icalendar.Calendar(), [event])


def as_feed(events: Iterable[Event]) -> bytes:
    """Many events as a calendar to subscribe to."""
    calendar = icalendar.Calendar()
    name = f"{settings.SITE_NAME}: {gettext('events')}"
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", REFRESH)
    return _written(calendar, list(events))


def _written(calendar: icalendar.Calendar, events: list[Event]) -> bytes:
    """The calendar with its events and their zones.

    Of each zone only what bears on these events is described: for one event that is at most one change of clocks each
    way, so that even programs which know no lists of changes get its hours right.
    """
    calendar.add("prodid", f"-//{settings.SITE_NAME}//Events//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for event in events:
        calendar.add_component(_entry(event))
    if events:
        first = min(event.first_day for event in events) - ALMOST_A_YEAR
        calendar.add_missing_timezones(first, max(event.last_day for event in events) + 2 * ONE_DAY)
    return calendar.to_ical()


def _entry(event: Event) -> icalendar.Event:
    """The event as a VEVENT. Everything in it comes from its row, so the same event is always the same bytes."""
    url = settings.SITE_URL + event.get_absolute_url()
    starts, ends = span(event)
    changed = event.updated_at.astimezone(UTC).replace(microsecond=0)
    entry = icalendar.Event()
    entry.add("uid", uid(event))
    entry.add("sequence", event.sequence)
    entry.add("dtstamp", changed)
    entry.add("last-modified", changed)
    entry.add("created", event.created_at.astimezone(UTC).replace(microsecond=0))
    entry.add("dtstart", starts)
    entry.add("dtend", ends)
    entry.add("summary", title(event))
    entry.add("description", _description(event, url))
    if event.venue:
        entry.add("location", event.venue.in_one_line)
    entry.add("url", url)
    entry.add("status", _STATUS[Outlook(event.outlook)])
    return entry


def uid(event: Event) -> str:
    """What calendars know the event by, for ever: neither its address nor the site's is part of it."""
    return f"{event.uid}@events.peru-support-group"


def span(event: Event) -> tuple[date, date]:
    """First moment, and the first moment after it: times in the event's zone, or days, the last of them excluded."""
    if event.is_all_day:
        return event.first_day, event.last_day + ONE_DAY
    return event.local_start, event.local_end


def title(event: Event) -> str:
    """The title; what does not take place as planned says so, in calendars that show nothing else."""
    if event.is_cancelled:
        return gettext("Cancelled: %(title)s") % {"title": event.title}
    return gettext("Postponed: %(title)s") % {"title": event.title} if event.is_postponed else event.title


def _description(event: Event, url: str) -> str:
    return "\n\n".join(filter(None, (event.notice, event.summary, url)))


# --- Links ---------------------------------------------------------------------------------------------------------


def google_link(event: Event) -> str:
    """Opens Google's calendar with the event filled in. Google learns of it only if the link is followed."""
    starts, ends = span(event)
    values = {
        "action": "TEMPLATE",
        "text": event.title,
        "dates": f"{_compact(starts)}/{_compact(ends)}",
        "details": _description(event, settings.SITE_URL + event.get_absolute_url()),
        "location": event.venue.in_one_line if event.venue else "",
    }
    if not event.is_all_day:
        values["ctz"] = event.timezone
    return f"https://calendar.google.com/calendar/render?{urlencode(values)}"


def outlook_link(event: Event) -> str:
    """The same for Microsoft's."""
    starts, ends = span(event)
    values = {
        "path": "/calendar/action/compose",
        "rru": "addevent",
        "subject": event.title,
        "startdt": _in_utc(starts),
        "enddt": _in_utc(ends),
        "body": _description(event, settings.SITE_URL + event.get_absolute_url()),
        "location": event.venue.in_one_line if event.venue else "",
    }
    if event.is_all_day:
        values["allday"] = "true"
    return f"https://outlook.live.com/calendar/0/deeplink/compose?{urlencode(values)}"


def _compact(moment: date) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}" if isinstance(moment, datetime) else f"{moment:%Y%m%d}"


def _in_utc(moment: date) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if isinstance(moment, datetime) else moment.isoformat()
