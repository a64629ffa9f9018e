"""The form of an event as a browser sends it."""

from typing import Any

from django.utils.timezone import localtime

from events.models import Event, Session

ADD = "/admin/events/event/add/"
PREFIX = "sessions"
TIMES = {
    "starts_at_0": "2030-11-16",
    "starts_at_1": "10:30",
    "ends_at_0": "2030-11-16",
    "ends_at_1": "17:00",
}


def change(event: Event) -> str:
    """Where its form is."""
    return f"/admin/events/event/{event.pk}/change/"


def line(starts: str = "", ends: str = "", title: str = "", **fields: Any) -> dict[str, Any]:
    """One session of the form; `who` are numbers of speakers, `delete` ticks the box."""
    return {"starts": starts, "ends": ends, "title": title, "day": 1, "room_name": "", "description": ""} | fields


def saved(session: Session, starts: str, ends: str, **fields: Any) -> dict[str, Any]:
    """The line of a session that is there already."""
    kept = {"id": session.pk, "title": session.title, "room_name": session.room.name if session.room else ""}
    who = [each.speaker_id for each in session.appearances.all()]
    return line(starts, ends) | kept | {"description": session.description, "who": who} | fields


def filled(*lines: dict[str, Any], event: Event | None = None, **fields: Any) -> dict[str, Any]:
    """Everything that the form sends: of a saved event with the version that its reader saw."""
    form: dict[str, Any] = {
        "title": "Conference",
        "slug": "conference",
        "summary": "A day on Peru.",
        "timezone": "Europe/London",
        **TIMES,
        "seen_version": event.version if event else "",
        f"{PREFIX}-TOTAL_FORMS": len(lines),
        f"{PREFIX}-INITIAL_FORMS": sum("id" in each for each in lines),
        "_save": "",
    }
    if event and event.venue_id:
        form["venue"] = event.venue_id
    if event and event.published_at:
        form["published_at_0"], form["published_at_1"] = f"{localtime(event.published_at):%Y-%m-%d %H:%M:%S}".split()
    for number, each in enumerate(lines):
        for name, value in each.items():
            form[f"{PREFIX}-{number}-{'DELETE' if name == 'delete' else name}"] = value
    return form | fields


def errors(response: Any) -> list[str]:
    """What the form says is wrong, beside whichever field."""
    assert response.status_code == 200, "it was saved"
    context = response.context
    found = [error for each in context["errors"] for error in each]
    return [str(error) for error in found]
