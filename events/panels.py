"""What events give to the home page."""

from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, Q

from events.models import Event, Outlook
from psg.home import Settings, panel


@panel(
    "next_event",
    template="events/panels/next_event.html",
    title="Next event",
    about="The next event that is announced; where there is none, the latest one.",
    position=50,
    width="side",
)
def next_event(settings: Settings) -> dict[str, Any] | None:
    """The next event that takes place, else the next that was to; where none is announced, the latest one."""
    takes_place = ExpressionWrapper(Q(outlook=Outlook.PLANNED), output_field=BooleanField())
    events = Event.objects.select_related("venue")
    coming = events.upcoming().order_by(takes_place.desc(), "starts_at", "pk")
    found = list(coming[:1].union(events.past()[:1], all=True))
    event = next((event for event in found if not event.is_over), None) or (found[0] if found else None)
    return {"event": event} if event else None
