"""The events desk."""

from events.admin.events import EventAdmin
from events.admin.places import SpeakerAdmin, VenueAdmin

__all__ = ["EventAdmin", "SpeakerAdmin", "VenueAdmin"]
