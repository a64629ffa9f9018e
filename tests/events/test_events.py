"""Events as announcements: lists, pages, times in the event's own zone."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from events.models import Event
from psg.publishing.models import State
from tests.factories import EventFactory

pytestmark = pytest.mark.django_db


def test_events_to_come_are_listed_soonest_first_and_past_ones_latest_first(client):
    now = timezone.now()
    dates = {"Next year": 300, "Next week": 7, "Last week": -7, "Last year": -300}
    for title, days in dates.items():
        EventFactory(title=title, starts_at=now + timedelta(days=days))
    EventFactory(title="Not announced", state=State.DRAFT)
    context = client.get("/events/").context
    assert [event.title for event in context["upcoming"]] == ["Next week", "Next year"]
    assert [event.title for event in context["past"]] == ["Last week", "Last year"]


def test_an_event_is_upcoming_until_it_ends(client):
    start = datetime(2019, 11, 16, 10, 30, tzinfo=UTC)
    EventFactory(slug="conference", starts_at=start, ends_at=start + timedelta(hours=6), published_at=start)
    with time_machine.travel(start + timedelta(hours=5), tick=False):
        assert len(client.get("/events/").context["upcoming"]) == 1
    with time_machine.travel(start + timedelta(hours=7), tick=False):
        assert len(client.get("/events/").context["past"]) == 1
        assert client.get("/events/conference/").context["event"].is_over


def test_times_are_shown_on_the_clock_of_the_events_own_zone(client):
    EventFactory(slug="lima", timezone="America/Lima", starts_at=datetime(2030, 7, 1, 15, 0, tzinfo=UTC))
    html = client.get("/events/lima/").content.decode()
    assert "10:00" in html
    assert "16:00" in html  # six hours long
    assert "Lima" in html


def test_an_event_page_says_when_and_where(client):
    event = EventFactory(title="Conference", venue__name="Test Hall")
    html = client.get(event.get_absolute_url()).content.decode()
    for expected in ("<h1>Conference</h1>", "Test Hall", "1 Test Street, London", "openstreetmap.org"):
        assert expected in html


def test_states_are_those_of_news(client):
    assert client.get(EventFactory(state=State.DRAFT).get_absolute_url()).status_code == 404
    assert client.get(EventFactory(state=State.WITHDRAWN).get_absolute_url()).status_code == 410
    assert client.get("/events/no-such-event/").status_code == 404


def test_an_event_ends_after_it_starts_in_the_form_and_in_the_database():
    event = EventFactory()
    event.ends_at = event.starts_at
    with pytest.raises(ValidationError, match="ends after it starts"):
        event.full_clean()
    with pytest.raises(IntegrityError, match="event_ends_after_it_starts"), transaction.atomic():
        Event.objects.filter(pk=event.pk).update(ends_at=event.starts_at)


def test_a_time_zone_that_does_not_exist_is_refused():
    event = EventFactory.build(timezone="Peru/Lima")
    with pytest.raises(ValidationError, match="is not a time zone"):
        event.full_clean()


def test_preview_of_an_unsaved_event(client_as):
    values = {
        "title": "Talk",
        "slug": "talk",
        "summary": "On mines.",
        "timezone": "Europe/London",
        "starts_at_0": "01/07/2030",
        "starts_at_1": "18:30",
        "ends_at_0": "01/07/2030",
        "ends_at_1": "20:00",
    }
    html = client_as("Events").post("/admin/events/event/preview/", values).content.decode()
    assert "<h1>Talk</h1>" in html
    assert "18:30" in html
    assert not Event.objects.exists()


def test_preview_takes_an_event_without_times(client_as):
    response = client_as("Events").post("/admin/events/event/preview/", {"title": "Talk", "slug": ""})
    assert response.status_code == 200
    assert "Talk" in response.content.decode()
