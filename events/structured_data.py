"""What search engines read: schema.org Event as JSON-LD."""

from typing import Any

from django.conf import settings

from events.models import Event, Outlook, Speaker, Venue
from psg.json_ld import JsonLd

_STATUS = {
    Outlook.PLANNED: "https://schema.org/EventScheduled",
    Outlook.POSTPONED: "https://schema.org/EventPostponed",
    Outlook.CANCELLED: "https://schema.org/EventCancelled",
}


def event_json_ld(event: Event, *, url: str, image: str, speakers: list[Speaker]) -> JsonLd:
    """The event as schema.org describes it: times in its own zone, ISO 8601; days alone where it has no hours."""
    organiser = {"@type": "Organization", "name": settings.SITE_NAME, "url": settings.SITE_URL}
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Event",
        "name": event.title,
        "description": event.summary,
        "url": url,
        "image": [image],
        "startDate": (event.first_day if event.is_all_day else event.local_start).isoformat(),
        "endDate": (event.last_day if event.is_all_day else event.local_end).isoformat(),
        "eventStatus": _STATUS[Outlook(event.outlook)],
        "organizer": organiser,
    }
    if event.local_doors and not event.is_all_day:
        data["doorTime"] = event.local_doors.isoformat()
    if event.venue:
        data["eventAttendanceMode"] = "https://schema.org/OfflineEventAttendanceMode"
        data["location"] = _place(event.venue)
    if speakers:
        data["performer"] = [_person(speaker) for speaker in speakers]
    return JsonLd(data)


def _place(venue: Venue) -> dict[str, Any]:
    address = {"@type": "PostalAddress", "streetAddress": venue.address, "postalCode": venue.postcode}
    return {
        "@type": "Place",
        "name": venue.name,
        "address": {name: value for name, value in address.items() if value},
        "hasMap": venue.map_url,
    }


def _person(speaker: Speaker) -> dict[str, Any]:
    person: dict[str, Any] = {"@type": "Person", "name": speaker.name}
    if speaker.role:
        person["jobTitle"] = speaker.role
    if speaker.organisation:
        person["worksFor"] = {"@type": "Organization", "name": speaker.organisation}
    return person
