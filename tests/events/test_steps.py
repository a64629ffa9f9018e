"""Calling an event off, and making this year's from last year's."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from events import actions
from events.models import Event, Outlook
from psg.publishing.models import State
from tests.events.event_form import errors
from tests.factories import DocumentFactory, EventFactory, RoomFactory, SessionFactory, SpeakerFactory

pytestmark = pytest.mark.django_db

LIMA = ZoneInfo("America/Lima")


@pytest.fixture
def desk(client_as):
    return client_as("Events")


def step(event: Event, name: str) -> str:
    return f"/admin/events/event/{event.pk}/{name}/"


def said(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


class TestCallingOff:
    def test_readers_are_told_at_once_everywhere(self, desk, client):
        event = EventFactory(title="Conference")
        form = {"outlook": "cancelled", "notice": "The hall burnt down."}
        response = desk.post(step(event, "outlook"), form, follow=True)
        assert "“Conference” is cancelled. Its page stays and says so." in said(response)
        page = client.get(event.get_absolute_url()).content.decode()
        assert "This event has been cancelled" in page
        assert "The hall burnt down." in page
        assert "EventCancelled" in page
        for path in ("/events/", "/"):
            assert "Cancelled" in client.get(path).content.decode(), path
        assert "Cancelled" in desk.get("/admin/events/event/").content.decode()

    def test_it_is_in_the_history_with_who_did_it(self, desk, staff):
        event = EventFactory()
        desk.post(step(event, "outlook"), {"outlook": "postponed", "notice": "A strike."})
        revision = event.history.first()
        assert (revision.outlook, revision.notice, revision.history_user) == (
            "postponed",
            "A strike.",
            staff("Events"),
        )

    def test_bad_news_needs_a_word_about_it(self, desk):
        event = EventFactory()
        for outlook in ("cancelled", "postponed"):
            response = desk.post(step(event, "outlook"), {"outlook": outlook, "notice": "  "})
            assert "Say in a sentence what happened" in response.content.decode()
        with pytest.raises(IntegrityError, match="event_bad_news_is_explained"), transaction.atomic():
            Event.objects.update(outlook="cancelled")
        event.refresh_from_db()
        assert event.outlook == Outlook.PLANNED

    def test_no_other_caller_may_say_it_without_a_word_either(self, staff):
        with pytest.raises(ValueError, match="told why"):
            actions.set_outlook(EventFactory(), outlook=Outlook.POSTPONED, notice=" ", by=staff("Events"))

    @pytest.mark.parametrize(
        "form", [{}, {"outlook": "burnt", "notice": "x"}, {"outlook": "cancelled", "notice": "x" * 601}]
    )
    def test_nonsense_is_refused(self, desk, form):
        event = EventFactory()
        assert desk.post(step(event, "outlook"), form).status_code == 200
        event.refresh_from_db()
        assert event.outlook == Outlook.PLANNED

    def test_a_second_click_writes_nothing(self, desk):
        event = EventFactory()
        before = event.history.count()
        for _ in range(2):
            desk.post(step(event, "outlook"), {"outlook": "cancelled", "notice": "A strike."})
        event.refresh_from_db()
        assert (event.sequence, event.history.count()) == (1, before + 1)

    def test_a_colleague_who_has_the_form_open_is_told(self, desk, client_as):
        from tests.events.event_form import change, filled

        event = EventFactory()
        form = filled(event=event)
        client_as("Administrator").post(step(event, "outlook"), {"outlook": "cancelled", "notice": "A strike."})
        assert "Test Administrator saved this" in errors(desk.post(change(event), form))[0]
        event.refresh_from_db()
        assert event.is_cancelled

    def test_it_takes_place_after_all(self, desk, client):
        event = EventFactory(outlook=Outlook.CANCELLED, notice="A strike.")
        desk.post(step(event, "outlook"), {"outlook": "planned", "notice": "The strike is over: we meet."})
        page = client.get(event.get_absolute_url()).content.decode()
        assert "The strike is over: we meet." in page
        assert "EventScheduled" in page
        assert "cancelled" not in page

    def test_only_who_may_publish_does_it(self, staff):
        with pytest.raises(PermissionDenied):
            actions.set_outlook(EventFactory(), outlook=Outlook.CANCELLED, notice="A strike.", by=staff("Writer"))


class TestLastYearsOnceMore:
    @pytest.fixture
    def last(self) -> Event:
        """A public event in Lima on Saturday 17 November 2029, with a paper, a pause and a session of two speakers."""
        start = datetime(2029, 11, 17, 10, tzinfo=LIMA)
        event = EventFactory(
            title="Conference 2029",
            slug="conference-2029",
            body="<p>Words.</p>",
            timezone="America/Lima",
            starts_at=start,
            ends_at=start + timedelta(hours=30),
            doors_at=start - timedelta(minutes=30),
            outlook=Outlook.CANCELLED,
            notice="A strike.",
            recording_url="https://video.example/1",
        )
        event.documents.add(DocumentFactory())
        room = RoomFactory(venue=event.venue, name="Hall")
        SessionFactory(event=event, title="Coffee", is_break=True, description="And cake.")
        SessionFactory(
            event=event,
            title="Mining",
            description="Copper.",
            room=room,
            starts_at=start + timedelta(hours=24),
            speakers=[SpeakerFactory(name="Second"), SpeakerFactory(name="First")],
        )
        return event

    def test_the_new_one_is_a_draft_with_its_words_hours_and_programme(self, desk, last):
        assert 'value="2030-11-16"' in desk.get(step(last, "copy")).content.decode(), "the same weekday"
        response = desk.post(step(last, "copy"), {"starts_on": "2030-11-16"}, follow=True)
        made = Event.objects.exclude(pk=last.pk).get()
        assert response.redirect_chain[-1][0] == f"/admin/events/event/{made.pk}/change/"
        assert (made.title, made.slug, made.state) == ("Conference 2030", "conference-2030", State.DRAFT)
        assert (made.body, made.venue, made.outlook, made.notice) == (last.body, last.venue, "planned", "")
        assert (made.recording_url, made.documents.count(), made.sequence) == ("", 0, 0)
        assert made.uid != last.uid
        assert f"{made.local_start:%d %B %Y %H:%M}, {made.local_end:%d %H:%M}" == "16 November 2030 10:00, 17 16:00"
        assert f"{made.local_doors:%H:%M}" == "09:30"
        coffee, mining = made.sessions.all()
        assert (coffee.title, coffee.is_break, coffee.description) == ("Coffee", True, "And cake.")
        assert (mining.title, mining.description, mining.room.name) == ("Mining", "", "Hall")
        assert f"{mining.local_start:%d %H:%M}" == "17 10:00"
        assert not mining.speakers.exists()

    @pytest.mark.parametrize(
        ("held", "proposed"),
        [
            (datetime(2019, 11, 16, 10, tzinfo=UTC), "2027-11-20"),  # a third Saturday
            (datetime(2025, 11, 29, 10, tzinfo=UTC), "2027-11-27"),  # a fifth Saturday, of which 2027 has none
            (datetime(2027, 3, 6, 10, tzinfo=UTC), "2028-03-04"),  # still to come itself
        ],
    )
    @time_machine.travel("2026-11-30T12:00:00Z", tick=False)
    def test_the_day_proposed_is_the_same_weekday_of_its_month_in_the_first_year_to_come(self, desk, held, proposed):
        event = EventFactory(starts_at=held)
        assert f'value="{proposed}"' in desk.get(step(event, "copy")).content.decode()

    def test_speakers_come_along_if_asked_for(self, desk, last):
        desk.post(step(last, "copy"), {"starts_on": "2030-11-16", "with_speakers": "on"})
        mining = Event.objects.exclude(pk=last.pk).get().sessions.get(title="Mining")
        assert [each.speaker.name for each in mining.appearances.select_related("speaker")] == ["Second", "First"]
        assert mining.description == "Copper."

    def test_hours_stay_on_the_wall_over_the_change_of_clocks(self, desk):
        winter = EventFactory(title="Talk", slug="talk", starts_at=datetime(2029, 11, 16, 18, tzinfo=UTC))
        desk.post(step(winter, "copy"), {"starts_on": "2030-07-05"})
        made = Event.objects.exclude(pk=winter.pk).get()
        assert f"{made.local_start:%H:%M}" == "18:00"
        assert made.starts_at == datetime(2030, 7, 5, 17, tzinfo=UTC)
        assert made.slug == "talk-2030"

    def test_a_second_click_leads_to_the_first_copy(self, desk, last):
        for _ in range(2):
            response = desk.post(step(last, "copy"), {"starts_on": "2030-11-16"}, follow=True)
        assert "is there already" in said(response)[-1]
        assert Event.objects.count() == 2

    def test_an_address_that_is_taken_gets_a_number(self, desk, last):
        EventFactory(slug="conference-2030"), EventFactory(slug="conference-2030-2030")
        desk.post(step(last, "copy"), {"starts_on": "2030-11-16"})
        assert Event.objects.filter(slug="conference-2030-2030-2").exists()

    @pytest.mark.parametrize("day", ["", "soon", "2030-02-30", "0001-01-01", "9999-12-31"])
    def test_a_day_that_is_none_is_refused(self, desk, last, day):
        assert desk.post(step(last, "copy"), {"starts_on": day}).status_code == 200
        assert Event.objects.count() == 1

    def test_a_programme_is_copied_into_an_event_that_has_none(self, desk, last, client):
        other = EventFactory(title="Other", starts_at=datetime(2031, 5, 2, 9, tzinfo=UTC))
        assert "Conference 2029, 2029" in desk.get(step(other, "programme")).content.decode()
        response = desk.post(step(other, "programme"), {"source": last.pk, "with_speakers": "on"}, follow=True)
        assert "2 sessions copied. Check that they fit between start and end." in said(response)
        coffee, mining = other.sessions.all()
        assert coffee.local_start.date() == date(2031, 5, 2)
        assert mining.local_start.date() == date(2031, 5, 3)
        assert mining.room is None, "it is at another venue"
        assert "Other" in client.get("/search/", {"q": "copper"}).content.decode()

    def test_nothing_is_put_over_a_programme(self, desk, last):
        other = EventFactory()
        SessionFactory(event=other, title="Ours")
        response = desk.post(step(other, "programme"), {"source": last.pk})
        assert "has a programme already" in response.content.decode()
        assert [session.title for session in other.sessions.all()] == ["Ours"]

    def test_an_event_is_not_offered_its_own_programme_or_one_that_is_empty(self, desk, last):
        empty = EventFactory()
        for source in (last.pk, empty.pk, "x", ""):
            assert desk.post(step(last, "programme"), {"source": source}).status_code == 200
        assert last.sessions.count() == 2


def test_several_are_published_and_withdrawn_from_the_list(desk):
    events = [EventFactory(state=State.DRAFT) for _ in range(3)]
    for event in events:
        SessionFactory(event=event, speakers=[SpeakerFactory()]), SessionFactory(event=event)
    chosen = {"_selected_action": [event.pk for event in events]}
    desk.post("/admin/events/event/", {"action": "publish_selected", **chosen})
    assert Event.objects.public().count() == 3
    desk.post("/admin/events/event/", {"action": "withdraw_selected", **chosen})
    assert Event.objects.public().count() == 0


def test_steps_of_an_event_that_is_not_there_are_not_there(desk):
    for name in ("outlook", "copy", "programme"):
        assert desk.get(f"/admin/events/event/999/{name}/").status_code == 404
