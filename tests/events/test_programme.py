"""The programme on an event's page, who speaks, how to get there, and what has become of it all."""

import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape

import html5lib
import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.test.utils import CaptureQueriesContext

from events.models import Appearance, Event, Outlook, Session
from tests.factories import (
    DocumentFactory,
    EventFactory,
    RoomFactory,
    SessionFactory,
    SpeakerFactory,
    VenueFactory,
)
from tests.psg.library import add, made

pytestmark = pytest.mark.django_db

BUDGET = 6
START = datetime(2030, 7, 6, 9, 30, tzinfo=UTC)  # 10:30 in London


def at(hour: int, minute: int = 0) -> datetime:
    """That time of START's day, UTC."""
    return START.replace(hour=hour, minute=minute)


def page(client, event: Event) -> str:
    return unescape(client.get(event.get_absolute_url()).content.decode())


def text(html: str) -> str:
    """The words of a page's main part, in the order in which they are read."""
    main = html5lib.parse(html.replace("<br>", " "), namespaceHTMLElements=False).find(".//main")
    assert main is not None
    return " ".join("".join(main.itertext()).replace("\u2060", "").split())


@pytest.fixture
def conference() -> Event:
    return EventFactory(title="Conference", slug="conference", starts_at=START, ends_at=at(16))


class TestTimetable:
    def test_it_is_read_in_order_of_time_and_side_by_side_in_order_of_rooms(self, client, conference):
        hall = RoomFactory(venue=conference.venue, name="Hall", position=2)
        attic = RoomFactory(venue=conference.venue, name="Attic", position=1)
        SessionFactory(event=conference, title="In the hall", room=hall, starts_at=at(11), ends_at=at(12))
        SessionFactory(event=conference, title="In the attic", room=attic, starts_at=at(11), ends_at=at(12, 30))
        SessionFactory(event=conference, title="Coffee", is_break=True, starts_at=at(10), ends_at=at(10, 15))
        words = text(page(client, conference))
        programme = words[words.index("11:00–11:15") :]
        assert programme.startswith("11:00–11:15 Coffee 12:00–13:30 In the attic Attic In the hall until 13:00 · Hall")

    def test_speakers_are_named_in_their_order_and_described_once(self, client, conference):
        first = SpeakerFactory(
            name="Zoë Sample", role="Chair", organisation="Sample Group", bio="A life.\n\nMore of it."
        )
        second = SpeakerFactory(name="Ana Sample")
        SessionFactory(event=conference, speakers=[first, second])
        SessionFactory(event=conference, speakers=[second, first], starts_at=at(12))
        html = page(client, conference)
        assert re.findall(r'href="#speaker-(\d+)"', html) == [str(s.pk) for s in (first, second, second, first)]
        assert re.findall(r'id="speaker-(\d+)"', html) == [str(first.pk), str(second.pk)]
        assert "Chair, Sample Group" in html
        assert "<p>A life.</p>" in html

    def test_pictures_of_speakers_carry_their_words(self, client, conference):
        SessionFactory(event=conference, speakers=[SpeakerFactory(picture=made(add(alt_text="A woman at a desk")))])
        assert 'alt="A woman at a desk"' in page(client, conference)

    def test_days_have_headings_if_there_is_more_than_one(self, client, conference):
        SessionFactory(event=conference, title="First")
        assert "Saturday 6 July</time></h3>" not in page(client, conference)
        conference.ends_at += timedelta(days=1)
        conference.save()
        SessionFactory(event=conference, title="Second", starts_at=START + timedelta(days=1))
        words = text(page(client, conference))
        order = [words.index(part) for part in ("Saturday 6 July 10:30", "First", "Sunday 7 July 10:30", "Second")]
        assert order == sorted(order)

    def test_days_are_those_of_the_place(self, client):
        """At two in the morning in London it is still nine in the evening in Lima."""
        event = EventFactory(timezone="America/Lima", starts_at=datetime(2030, 7, 6, 15, tzinfo=UTC))
        event.ends_at = datetime(2030, 7, 7, 4, tzinfo=UTC)
        event.save()
        SessionFactory(event=event, title="Peña", starts_at=datetime(2030, 7, 7, 2, tzinfo=UTC))
        words = text(page(client, event))
        assert "Programme Times in Lima 21:00–22:00 Peña" in words

    def test_what_staff_wrote_is_text_and_never_markup(self, client):
        bad = "<script>alert(1)</script>"
        speaker = SpeakerFactory(name=bad, role=bad, organisation=bad, bio=bad)
        room = RoomFactory(venue=VenueFactory(name=bad, address=bad, travel=bad, access=bad), name=bad)
        event = EventFactory(title=bad, summary=bad, venue=room.venue, attending=bad, outlook="postponed", notice=bad)
        SessionFactory(event=event, title=bad, description=bad, room=room, speakers=[speaker])
        for path in (event.get_absolute_url(), "/events/", "/"):
            html = client.get(path).content.decode()
            assert "<script>alert" not in html
            assert "alert(1)" in html

    def test_without_a_programme_there_is_no_heading_for_it(self, client, conference):
        html = page(client, conference)
        assert 'id="programme"' not in html
        assert 'id="speakers"' not in html

    @pytest.mark.parametrize("count", [1, 60])
    def test_a_page_costs_six_queries_at_most_whatever_is_on_it(self, client, conference, count):
        picture, room = add(), RoomFactory(venue=conference.venue)
        conference.image = picture
        conference.body = f'<p><img alt="A march" src="{picture.file.url}"></p>'
        conference.documents.set([DocumentFactory() for _ in range(min(count, 5))])
        conference.save()
        for number in range(count):
            starts = START + timedelta(minutes=number)
            session = Session.objects.create(
                event=conference, title="Talk", room=room, starts_at=starts, ends_at=starts + timedelta(minutes=1)
            )
            Appearance.objects.bulk_create(
                Appearance(session=session, speaker=SpeakerFactory(picture=picture)) for _ in range(2)
            )
        with CaptureQueriesContext(connection) as captured:
            html = client.get(conference.get_absolute_url()).content.decode()
        assert len(captured) <= BUDGET
        assert html.count('class="session-title"') == count
        assert html.count('class="speaker"') == 2 * count

    @pytest.mark.parametrize("count", [1, 30])
    def test_lists_and_home_cost_the_same_for_many_events(self, client, count):
        for number in range(count):
            EventFactory(), EventFactory(starts_at=START.replace(year=2000 + number % 20))
        for path in ("/events/", "/events/?year=2000", "/"):
            with CaptureQueriesContext(connection) as captured:
                assert client.get(path).status_code == 200
            assert len(captured) <= BUDGET, path


class TestOneRoomOneSession:
    """The database itself refuses it, whoever writes."""

    def test_two_sessions_at_once_in_a_room_are_refused(self, conference):
        room = RoomFactory(venue=conference.venue)
        SessionFactory(event=conference, room=room)
        SessionFactory(event=conference, room=room, starts_at=START + timedelta(minutes=59))
        with pytest.raises(IntegrityError, match="one_session_at_a_time_in_a_room"), transaction.atomic():
            connection.check_constraints()
        Session.objects.last().delete()

    def test_one_after_the_other_in_two_rooms_without_one_or_of_two_events_are_not(self, conference):
        room = RoomFactory(venue=conference.venue)
        SessionFactory(event=conference, room=room)
        SessionFactory(event=conference, room=room, starts_at=START + timedelta(hours=1))
        SessionFactory(event=conference, room=RoomFactory(venue=conference.venue))
        SessionFactory(event=conference), SessionFactory(event=conference)
        SessionFactory(event=EventFactory(venue=conference.venue, starts_at=START), room=room)
        connection.check_constraints()

    @pytest.mark.parametrize(
        ("change", "constraint"),
        [
            ({"ends_at": START}, "session_ends_after_it_starts"),
            ({"title": ""}, "session_has_title"),
        ],
    )
    def test_a_session_has_a_title_and_lasts(self, conference, change, constraint):
        SessionFactory(event=conference)
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            Session.objects.update(**change)

    def test_a_speaker_stands_once_in_a_session(self, conference):
        speaker = SpeakerFactory()
        session = SessionFactory(event=conference, speakers=[speaker])
        with pytest.raises(IntegrityError, match="speaker_once_in_a_session"), transaction.atomic():
            Appearance.objects.create(session=session, speaker=speaker)

    def test_doors_open_before_it_starts_or_then(self, conference):
        Event.objects.update(doors_at=START)
        with pytest.raises(IntegrityError, match="event_doors_open_before_it_starts"), transaction.atomic():
            Event.objects.update(doors_at=START + timedelta(minutes=1))

    def test_a_speaker_or_a_room_of_a_programme_is_not_lost(self, conference):
        room, speaker = RoomFactory(venue=conference.venue), SpeakerFactory()
        SessionFactory(event=conference, room=room, speakers=[speaker])
        for thing in (room, speaker):
            with pytest.raises(ProtectedError):
                thing.delete()


class TestWhatHasBecomeOfIt:
    def test_before_it_readers_are_told_how_to_come(self, client):
        event = EventFactory(attending="Everybody is welcome. No booking.", doors_at=START, starts_at=START)
        html = page(client, event)
        words = text(html)
        assert "Coming up" in words
        assert "How to come Everybody is welcome. No booking." in words
        assert "Doors open 10:30" in words
        assert "<button" not in html, "nothing to press before there is registration"

    def test_a_venue_that_is_not_known_yet_will_be_announced(self, client):
        assert "Where The place will be announced." in text(page(client, EventFactory(venue=None)))

    def test_how_to_get_there_is_said_with_a_map_that_nobody_asks_for_unclicked(self, client):
        venue = VenueFactory(
            postcode="N1 9GU", travel="Bus 73.\n\nOr walk.", access="Step-free.", map_link="https://maps.example/1"
        )
        html = page(client, EventFactory(venue=venue))
        assert "Getting there How to travel Bus 73. Or walk. Access Step-free." in text(html)
        assert "1 Test Street, London, N1 9GU" in html
        assert 'href="https://maps.example/1"' in html
        assert "<iframe" not in html

    def test_what_is_over_offers_recording_and_papers(self, client):
        event = EventFactory(
            starts_at=datetime(2019, 11, 16, 10, 30, tzinfo=UTC),
            recording_url="https://video.example/1",
            attending="Come.",
        )
        event.documents.add(DocumentFactory(title="The slides"))
        html = page(client, event)
        words = text(html)
        assert "This event is over. What remains of it:" in words
        assert 'href="https://video.example/1"' in html
        assert "The slides PDF, 2.4 MB" in words
        assert "Come." not in words

    def test_a_recording_waits_until_the_event_is_over(self, client):
        assert "video.example" not in page(client, EventFactory(recording_url="https://video.example/1"))

    def test_a_cancelled_event_keeps_its_page_and_programme_under_a_banner(self, client):
        event = EventFactory(
            outlook=Outlook.CANCELLED, notice="The hall burnt.\n\nSorry.", outlook_at=START, attending="Come."
        )
        SessionFactory(event=event, title="Mining")
        words = text(page(client, event))
        assert "This event has been cancelled The hall burnt. Sorry. Announced on 6 July 2030" in words
        assert "Mining" in words
        assert "Come." not in words
        assert "calendar" not in words

    def test_a_postponed_event_has_no_date_to_come_to_and_stays_among_those_to_come(self, client):
        event = EventFactory(
            title="Talk", starts_at=datetime(2019, 11, 16, tzinfo=UTC), outlook=Outlook.POSTPONED, notice="A strike."
        )
        words = text(page(client, event))
        assert "This event has been postponed A strike." in words
        assert "When A new date will be announced. It was planned for: Saturday 16 November 2019" in words
        assert "over" not in words
        listed = client.get("/events/")
        assert list(listed.context["upcoming"]) == [event]
        assert "Postponed" in text(listed.content.decode())

    def test_the_home_page_prefers_what_takes_place(self, client):
        event = EventFactory(title="Called off", starts_at=datetime.now(UTC) + timedelta(days=1))
        Event.objects.update(outlook=Outlook.CANCELLED, notice="A strike.")
        assert "Next event" in text(client.get("/").content.decode())
        assert "Called off Cancelled" in text(client.get("/").content.decode())
        later = EventFactory(title="Later", venue__name="Test Hall")
        home = text(client.get("/").content.decode())
        assert event.title not in home
        assert "Later" in home
        assert "Test Hall" in home
        assert later.is_public


class TestStructuredData:
    def data(self, client, event: Event) -> dict:
        html = client.get(event.get_absolute_url()).content.decode()
        (found,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL)
        return json.loads(found)

    def test_it_says_what_search_engines_ask_of_an_event(self, client, settings):
        venue = VenueFactory(name="Test Hall", postcode="N1 9GU")
        event = EventFactory(title="Peru", slug="peru", starts_at=START, doors_at=at(9), venue=venue)
        SessionFactory(event=event, speakers=[SpeakerFactory(name="Ana Sample", role="Chair", organisation="Us")])
        data = self.data(client, event)
        assert (data["@context"], data["@type"]) == ("https://schema.org", "Event")
        assert data["startDate"] == "2030-07-06T10:30:00+01:00"
        assert data["endDate"] == "2030-07-06T16:30:00+01:00"
        assert data["doorTime"] == "2030-07-06T10:00:00+01:00"
        assert data["eventStatus"] == "https://schema.org/EventScheduled"
        assert data["location"]["address"] == {
            "@type": "PostalAddress",
            "streetAddress": "1 Test Street, London",
            "postalCode": "N1 9GU",
        }
        assert data["location"]["name"] == "Test Hall"
        assert data["performer"][0]["name"] == "Ana Sample"
        assert data["url"] == f"{settings.SITE_URL}/events/peru/"
        assert "offers" not in data

    @pytest.mark.parametrize(("outlook", "status"), [("cancelled", "EventCancelled"), ("postponed", "EventPostponed")])
    def test_it_says_what_has_become_of_it(self, client, outlook, status):
        event = EventFactory(outlook=outlook, notice="A strike.")
        assert self.data(client, event)["eventStatus"] == f"https://schema.org/{status}"

    def test_whole_days_are_days(self, client):
        event = EventFactory(is_all_day=True, starts_at=START, ends_at=START + timedelta(days=1))
        assert self.data(client, event)["startDate"] == "2030-07-06"
        assert self.data(client, event)["endDate"] == "2030-07-07"

    def test_its_picture_is_the_events_own_or_a_card(self, client, settings):
        event = EventFactory(slug="peru")
        (card,) = self.data(client, event)["image"]
        assert card == f"{settings.SITE_URL}/events/peru/card.png"
        response = client.get("/events/peru/card.png")
        assert (response.status_code, response["Content-Type"]) == (200, "image/png")
        event.image = add()
        event.save()
        assert self.data(client, event)["image"] == [settings.SITE_URL + event.image.card_url]


class TestPastByYear:
    def test_each_year_has_its_own_page(self, client):
        for year in (2017, 2019, 2019):
            EventFactory(title=f"Of {year}", starts_at=datetime(year, 11, 16, tzinfo=UTC))
        EventFactory(title="To come")
        response = client.get("/events/?year=2019")
        assert [event.title for event in response.context["past"]] == ["Of 2019", "Of 2019"]
        html = response.content.decode()
        assert "Events of 2019" in html
        assert "?year=2017" in html
        assert "To come" not in html
        assert 'rel="canonical" href="http://127.0.0.1:8000/events/?year=2019"' in html

    def test_new_years_eve_belongs_to_the_year_that_it_is_in_london(self, client):
        EventFactory(starts_at=datetime(2018, 12, 31, 23, 30, tzinfo=UTC))
        EventFactory(starts_at=datetime(2019, 6, 30, 23, 30, tzinfo=UTC))
        assert client.get("/events/").context["years"] == [2019, 2018]
        assert len(client.get("/events/?year=2018").context["past"]) == 1

    @pytest.mark.parametrize("year", ["1999", "x", "-1", "9" * 40, "2019 ", "٢٠١٩", "2019%00"])
    def test_a_year_without_events_is_not_there(self, client, year):
        EventFactory(starts_at=datetime(2019, 11, 16, tzinfo=UTC))
        assert client.get(f"/events/?year={year}").status_code in (400, 404)

    def test_the_first_page_shows_the_latest_of_them(self, client):
        for number in range(20):
            EventFactory(title=f"Talk {number}", starts_at=datetime(2019, 1, 1 + number, tzinfo=UTC))
        shown = [event.title for event in client.get("/events/").context["past"]]
        assert shown == [f"Talk {number}" for number in range(19, 7, -1)]
