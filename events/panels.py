"""What events give to the home page."""

from typing import Any

from events.models import Event
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
    """The next event; where none is announced, the latest one."""
    found = list(Event.objects.upcoming()[:1].union(Event.objects.past()[:1], all=True))
    event = next((event for event in found if not event.is_over), None) or (found[0] if found else None)
    return {"event": event} if event else None
