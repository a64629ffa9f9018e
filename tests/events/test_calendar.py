"""Calendar files and the feed, read by a parser that others wrote (vobject)."""

from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
import time_machine
import vobject

from events import actions
from events.models import Event, Outlook
from psg.publishing import actions as publishing
from psg.publishing.models import State
from tests.events.event_form import change, filled
from tests.factories import EventFactory, VenueFactory

pytestmark = pytest.mark.django_db

WINTER = datetime(2030, 11, 16, 10, 30, tzinfo=UTC)


def calendar(client, path: str):
    """The calendar at an address. Its lines end and are folded as RFC 5545 asks: 75 bytes, CR LF."""
    response = client.get(path)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    lines = response.content.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert b"\n" not in b"".join(lines)
    return vobject.readOne(response.content.decode())


def entry(client, event: Event):
    return calendar(client, f"{event.get_absolute_url()}event.ics").vevent


def test_a_file_says_when_where_and_what(client, settings):
    venue = VenueFactory(name="Test Hall", address="1 Test Street, London", postcode="N1 9GU")
    event = EventFactory(
        title="Peru; copper, and more: año\n2030",
        slug="peru",
        summary="A day,\nof talks.",
        starts_at=WINTER,
        ends_at=WINTER + timedelta(hours=6),
        venue=venue,
    )
    read = entry(client, event)
    assert read.summary.value == "Peru; copper, and more: año\n2030"
    assert read.location.value == "Test Hall, 1 Test Street, London, N1 9GU"
    assert read.url.value == f"{settings.SITE_URL}/events/peru/"
    assert "A day,\nof talks." in read.description.value
    assert read.dtstart.value == WINTER
    assert read.dtend.value == WINTER + timedelta(hours=6)
    assert (read.status.value, read.sequence.value) == ("CONFIRMED", "0")


@pytest.mark.parametrize(
    ("zone", "starts", "local"),
    [
        ("Europe/London", datetime(2030, 7, 6, 9, 30, tzinfo=UTC), "20300706T103000"),  # summer time
        ("Europe/London", datetime(2030, 11, 16, 10, 30, tzinfo=UTC), "20301116T103000"),
        ("America/Lima", datetime(2030, 11, 16, 15, 30, tzinfo=UTC), "20301116T103000"),
    ],
)
def test_times_are_local_with_their_zone_beside_them(client, zone, starts, local):
    event = EventFactory(timezone=zone, starts_at=starts)
    text = client.get(f"{event.get_absolute_url()}event.ics").content.decode()
    assert f"DTSTART;TZID={zone}:{local}" in text
    assert "BEGIN:VTIMEZONE" in text
    assert f"TZID:{zone}" in text
    assert "RDATE" not in text, "one change of clocks each way is enough for one event"
    assert vobject.readOne(text).vevent.dtstart.value == starts


def test_an_event_that_goes_over_the_change_of_clocks_keeps_both_hours(client):
    """The night of 27 October 2030 has 25 hours."""
    london = ZoneInfo("Europe/London")
    starts, ends = datetime(2030, 10, 26, 20, tzinfo=london), datetime(2030, 10, 27, 11, tzinfo=london)
    read = entry(client, EventFactory(starts_at=starts, ends_at=ends))
    assert read.dtend.value - read.dtstart.value.astimezone(UTC) == timedelta(hours=16)
    assert f"{read.dtstart.value:%d %H:%M} {read.dtend.value:%d %H:%M}" == "26 20:00 27 11:00"


@pytest.mark.parametrize("last_hour", [datetime(2030, 7, 7, 23, 59), datetime(2030, 7, 8, 0, 0)])
def test_whole_days_end_on_the_day_after_the_last(client, last_hour):
    london = ZoneInfo("Europe/London")
    event = EventFactory(
        is_all_day=True, starts_at=datetime(2030, 7, 6, tzinfo=london), ends_at=last_hour.replace(tzinfo=london)
    )
    text = client.get(f"{event.get_absolute_url()}event.ics").content.decode()
    assert "DTSTART;VALUE=DATE:20300706" in text
    assert "DTEND;VALUE=DATE:20300708" in text
    assert vobject.readOne(text).vevent.dtend.value == date(2030, 7, 8)
    page = client.get(event.get_absolute_url()).content.decode()
    assert "Sunday 7 July 2030" in page
    assert "00:00" not in page


class TestWhatChanges:
    @pytest.fixture
    def event(self) -> Event:
        return EventFactory(slug="conference", starts_at=WINTER, ends_at=WINTER.replace(hour=17, minute=0))

    @pytest.fixture
    def seen(self, client, event):
        """A function that tells what a calendar reads now: uid, sequence, status."""

        def look() -> tuple[str, int, str]:
            read = entry(client, event)
            return read.uid.value, int(read.sequence.value), read.status.value

        return look

    @pytest.mark.parametrize(
        ("fields", "rises"),
        [
            ({"starts_at_1": "10:00"}, 1),
            ({"ends_at_1": "18:00"}, 1),
            ({"timezone": "America/Lima"}, 1),
            ({"is_all_day": "on"}, 1),
            ({"venue": ""}, 1),
            ({"title": "Another title", "summary": "Other words.", "attending": "Free."}, 0),
            ({"slug": "moved"}, 0),
            ({}, 0),
        ],
    )
    def test_the_number_rises_with_time_and_place_and_the_name_never_changes(
        self, client_as, event, seen, fields, rises
    ):
        uid, before, _ = seen()
        assert client_as("Events").post(change(event), filled(event=event, **fields)).status_code == 302
        event.refresh_from_db()
        assert seen()[:2] == (uid, before + rises)

    def test_it_rises_when_the_event_is_called_off_and_taken_up_again(self, staff, event, seen):
        uid, before, _ = seen()
        for number, (outlook, status) in enumerate(
            [(Outlook.POSTPONED, "TENTATIVE"), (Outlook.CANCELLED, "CANCELLED"), (Outlook.PLANNED, "CONFIRMED")], 1
        ):
            actions.set_outlook(event, outlook=outlook, notice="The hall is closed.", by=staff("Events"))
            assert seen() == (uid, before + number, status)
        actions.set_outlook(event, outlook=Outlook.PLANNED, notice="The hall is closed.", by=staff("Events"))
        assert seen() == (uid, before + 3, "CONFIRMED")

    def test_calendars_that_show_titles_alone_show_what_has_become_of_it(self, client, staff, event):
        actions.set_outlook(event, outlook=Outlook.CANCELLED, notice="The hall is closed.", by=staff("Events"))
        read = entry(client, event)
        assert read.summary.value == f"Cancelled: {event.title}"
        assert "The hall is closed." in read.description.value

    def test_a_new_address_of_the_venue_reaches_its_events(self, client_as, event, seen):
        uid, before, _ = seen()
        desk, venue = client_as("Events"), f"/admin/events/venue/{event.venue_id}/change/"
        form = {"name": event.venue.name, "rooms-TOTAL_FORMS": 0, "rooms-INITIAL_FORMS": 0, "_save": ""}
        desk.post(venue, form | {"address": "2 Test Street, London"})
        assert seen()[:2] == (uid, before + 1)
        desk.post(venue, form | {"address": "2 Test Street, London", "travel": "By bus."})
        assert seen()[:2] == (uid, before + 1)

    def test_it_rises_when_an_event_is_withdrawn_and_published_again(self, staff, event, seen):
        uid, before, _ = seen()
        publishing.withdraw(event, by=staff("Events"))
        publishing.publish(event, by=staff("Events"))
        assert seen()[:2] == (uid, before + 2)

    def test_drafts_are_moved_about_without_counting(self, client_as, event):
        Event.objects.update(state=State.DRAFT, first_public_at=None)
        event.refresh_from_db()
        client_as("Events").post(change(event), filled(event=event, starts_at_1="10:00"))
        event.refresh_from_db()
        assert event.sequence == 0


class TestFeed:
    def test_it_holds_what_is_to_come_and_what_was_lately(self, client):
        times = {"Coming": 30, "Lately": -100, "Long ago": -500}
        for title, days in times.items():
            EventFactory(title=title, starts_at=datetime.now(UTC) + timedelta(days=days))
        EventFactory(title="Cancelled talk", outlook=Outlook.CANCELLED, notice="The hall is closed.")
        for state in (State.DRAFT, State.WITHDRAWN):
            EventFactory(title=f"Not this: {state}", state=state)
        EventFactory(title="Not yet announced", published_at=datetime.now(UTC) + timedelta(days=1))
        read = calendar(client, "/events/calendar.ics")
        titles = [each.summary.value for each in read.vevent_list]
        assert sorted(titles) == ["Cancelled: Cancelled talk", "Coming", "Lately"]
        assert len({each.uid.value for each in read.vevent_list}) == 3
        assert read.x_wr_calname.value == "Peru Support Group: events"

    def test_an_empty_one_is_a_calendar_too(self, client):
        assert not hasattr(calendar(client, "/events/calendar.ics"), "vevent")

    def test_zones_are_described_once_each(self, client):
        for zone in ("America/Lima", "Europe/London", "Europe/London"):
            EventFactory(timezone=zone)
        text = client.get("/events/calendar.ics").content.decode()
        assert text.count("BEGIN:VTIMEZONE") == 2

    def test_its_cost_does_not_grow(self, client, django_assert_max_num_queries):
        for _ in range(10):
            EventFactory()
        with django_assert_max_num_queries(2):
            client.get("/events/calendar.ics")


class TestWhoHasItAlready:
    @pytest.mark.parametrize("path", ["/events/calendar.ics", "/events/conference/event.ics"])
    def test_it_is_sent_once(self, client, path):
        event = EventFactory(slug="conference")
        first = client.get(path)
        assert first.content == client.get(path).content, "the same bytes for the same event"
        assert client.get(path, headers={"if-none-match": first["ETag"]}).status_code == 304
        assert client.get(path, headers={"if-modified-since": first["Last-Modified"]}).status_code == 304
        with time_machine.travel(datetime.now(UTC) + timedelta(minutes=5)):
            event.title = "Another title"
            publishing.save(event)
            changed = client.get(path, headers={"if-none-match": first["ETag"]})
            assert changed.status_code == 200
            assert client.get(path, headers={"if-modified-since": first["Last-Modified"]}).status_code == 200
        assert "Another title" in changed.content.decode()

    def test_the_feed_is_sent_again_when_an_event_leaves_it(self, client, staff):
        event = EventFactory()
        first = client.get("/events/calendar.ics")
        with time_machine.travel(datetime.now(UTC) + timedelta(minutes=5)):
            publishing.withdraw(event, by=staff("Events"))
            again = client.get("/events/calendar.ics", headers={"if-modified-since": first["Last-Modified"]})
            assert again.status_code == 200
            assert event.title not in again.content.decode()

    def test_every_visitor_gets_the_same(self, client_as):
        EventFactory()
        response = client_as("Events").get("/events/calendar.ics")
        assert response["Cache-Control"] == "public, max-age=300"
        assert not response.cookies


def test_files_are_there_as_their_pages_are(client):
    assert client.get("/events/none/event.ics").status_code == 404
    assert client.get(f"{EventFactory(state=State.DRAFT).get_absolute_url()}event.ics").status_code == 404
    assert client.get(f"{EventFactory(state=State.WITHDRAWN).get_absolute_url()}event.ics").status_code == 410


class TestLinks:
    def links(self, client, event: Event) -> dict[str, dict[str, list[str]]]:
        context = client.get(event.get_absolute_url()).context
        found = {name: urlsplit(context[f"{name}_link"]) for name in ("google", "outlook")}
        assert {name: parts.hostname for name, parts in found.items()} == {
            "google": "calendar.google.com",
            "outlook": "outlook.live.com",
        }
        return {name: parse_qs(parts.query, strict_parsing=True) for name, parts in found.items()}

    def test_they_fill_in_title_time_and_place(self, client):
        event = EventFactory(title="A & B?", starts_at=datetime(2030, 7, 6, 9, 30, tzinfo=UTC), venue__name="Hall #1")
        links = self.links(client, event)
        assert links["google"]["text"] == links["outlook"]["subject"] == ["A & B?"]
        assert links["google"]["dates"] == ["20300706T093000Z/20300706T153000Z"]
        assert links["outlook"]["startdt"] == ["2030-07-06T09:30:00Z"]
        assert links["google"]["location"][0].startswith("Hall #1")

    def test_whole_days_are_days(self, client):
        starts = datetime(2030, 7, 5, 23, tzinfo=UTC)  # midnight in London
        links = self.links(
            client, EventFactory(is_all_day=True, starts_at=starts, ends_at=starts + timedelta(hours=47))
        )
        assert links["google"]["dates"] == ["20300706/20300708"]
        assert (links["outlook"]["startdt"], links["outlook"]["allday"]) == (["2030-07-06"], ["true"])

    def test_there_are_none_for_what_nobody_can_come_to(self, client):
        for event in (
            EventFactory(outlook=Outlook.CANCELLED, notice="The hall is closed."),
            EventFactory(outlook=Outlook.POSTPONED, notice="The hall is closed."),
            EventFactory(starts_at=datetime(2019, 11, 16, 10, 30, tzinfo=UTC)),
        ):
            assert "calendar.google.com" not in client.get(event.get_absolute_url()).content.decode()
