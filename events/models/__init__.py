"""What an event is made of, one file a subject."""

from events.models.events import Event, EventQuerySet, Outlook, timezones, validate_timezone
from events.models.places import Room, Venue
from events.models.programme import Appearance, Session, Speaker

__all__ = [
    "Appearance",
    "Event",
    "EventQuerySet",
    "Outlook",
    "Room",
    "Session",
    "Speaker",
    "Venue",
    "timezones",
    "validate_timezone",
]
