"""The events desk: one form for an event and its programme, on the clock of the place."""

from datetime import UTC, date, datetime

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from events.models import Event, Room, Session, Speaker
from psg.models import User
from psg.publishing.models import State
from tests.events.event_form import ADD, change, errors, filled, line, saved
from tests.factories import DocumentFactory, EventFactory, RoomFactory, SessionFactory, SpeakerFactory, VenueFactory

pytestmark = pytest.mark.django_db

DAY = datetime(2030, 11, 16, 10, 30, tzinfo=UTC)


@pytest.fixture
def desk(client_as) -> Client:
    return client_as("Events")


@pytest.fixture
def conference() -> Event:
    """A public event at a hall, 10:30 to 17:00 on a day when London's clock is that of UTC."""
    return EventFactory(slug="conference", starts_at=DAY, ends_at=DAY.replace(hour=17, minute=0))


def times(event: Event) -> list[str]:
    return [
        f"{session.local_start:%d %H:%M}–{session.local_end:%H:%M} {session.title}" for session in event.sessions.all()
    ]


class TestProgramme:
    def test_an_event_is_written_with_its_programme_rooms_and_speakers_in_one_go(self, desk):
        venue = VenueFactory()
        first, second = SpeakerFactory(), SpeakerFactory()
        response = desk.post(
            ADD,
            filled(
                line("13:30", "15:00", "The Amazon", room_name="  Main   hall ", who=[second.pk, first.pk]),
                line("11:00", "12:30", "Mining", room_name="Main hall", description="Copper."),
                line("12:30", "13:30", "Lunch", is_break="on"),
                line(),
                venue=venue.pk,
                doors="10:00",
            ),
        )
        assert response.status_code == 302
        event = Event.objects.get()
        assert times(event) == ["16 11:00–12:30 Mining", "16 12:30–13:30 Lunch", "16 13:30–15:00 The Amazon"]
        amazon = event.sessions.get(title="The Amazon")
        assert [each.speaker for each in amazon.appearances.all()] == [second, first]
        assert [room.name for room in Room.objects.all()] == ["Main hall"]
        assert event.local_doors.hour == 10
        assert event.state == State.DRAFT

    def test_a_room_is_known_by_its_name_in_large_or_small_letters(self, desk, conference):
        hall = RoomFactory(venue=conference.venue, name="Main Hall")
        desk.post(change(conference), filled(line("11:00", "12:00", "Talk", room_name="main hall"), event=conference))
        assert Session.objects.get().room == hall

    def test_the_form_shows_what_is_kept(self, desk, conference):
        speaker = SpeakerFactory(name="Sample speaker A")
        room = RoomFactory(venue=conference.venue, name="Main hall")
        SessionFactory(event=conference, title="Mining", room=room, speakers=[speaker])
        html = desk.get(change(conference)).content.decode()
        for expected in (
            'value="10:30"',
            'value="11:30"',
            'value="Main hall"',
            "Sample speaker A",
            'value="2030-11-16"',
        ):
            assert expected in html

    def test_speakers_change_places(self, desk, conference):
        first, second = SpeakerFactory(), SpeakerFactory()
        session = SessionFactory(event=conference, speakers=[first, second])
        desk.post(
            change(conference), filled(saved(session, "10:30", "11:30", who=[second.pk, first.pk]), event=conference)
        )
        assert [each.speaker for each in session.appearances.all()] == [second, first]

    def test_the_whole_programme_moves_with_its_event(self, desk, conference):
        room = RoomFactory(venue=conference.venue)
        sessions = [SessionFactory(event=conference, room=room), SessionFactory(event=conference)]
        lines = [saved(session, "10:30", "11:30") for session in sessions]
        moved = filled(*lines, event=conference, starts_at_0="2031-07-05", ends_at_0="2031-07-05")
        assert desk.post(change(conference), moved).status_code == 302
        assert {session.starts_at for session in Session.objects.all()} == {datetime(2031, 7, 5, 9, 30, tzinfo=UTC)}

    def test_the_second_day_is_counted_from_the_first(self, desk):
        desk.post(ADD, filled(line("09:00", "10:00", "Early", day=2), ends_at_0="2030-11-17"))
        assert times(Event.objects.get()) == ["17 09:00–10:00 Early"]

    def test_rooms_follow_to_another_venue(self, desk, conference):
        session = SessionFactory(event=conference, room=RoomFactory(venue=conference.venue, name="Hall"))
        elsewhere = VenueFactory()
        desk.post(change(conference), filled(saved(session, "10:30", "11:30"), event=conference, venue=elsewhere.pk))
        session.refresh_from_db()
        assert (session.room.name, session.room.venue) == ("Hall", elsewhere)

    def test_two_sessions_change_places_in_one_save(self, desk, conference):
        room = RoomFactory(venue=conference.venue)
        first = SessionFactory(event=conference, room=room, title="First")
        second = SessionFactory(
            event=conference, room=room, title="Second", starts_at=DAY.replace(hour=12), ends_at=DAY.replace(hour=13)
        )
        lines = [saved(first, "12:30", "13:00"), saved(second, "10:30", "11:30")]
        assert desk.post(change(conference), filled(*lines, event=conference)).status_code == 302
        assert times(conference) == ["16 10:30–11:30 Second", "16 12:30–13:00 First"]

    def test_a_session_is_deleted_by_its_tick(self, desk, conference):
        session = SessionFactory(event=conference, speakers=[SpeakerFactory()])
        lines = [saved(session, "10:30", "11:30", delete="on"), line("10:30", "11:30", "Instead")]
        assert desk.post(change(conference), filled(*lines, event=conference)).status_code == 302
        assert times(conference) == ["16 10:30–11:30 Instead"]
        assert Speaker.objects.exists()

    @pytest.mark.parametrize(
        ("lines", "said"),
        [
            ([line("11:00", "11:00", "Talk")], "A session ends after it starts."),
            ([line("12:00", "11:00", "Talk")], "A session ends after it starts."),
            ([line("09:00", "11:00", "Talk")], "That is before the event begins (16 November, 10:30)."),
            ([line("16:00", "17:30", "Talk")], "That is after the event ends (16 November, 17:00)."),
            ([line("11:00", "12:00", "Talk", day=2)], "That is after the event ends (16 November, 17:00)."),
            ([line("11:00", "12:00", "")], "This field is required."),
            ([line("", "12:00", "Talk")], "This field is required."),
            ([line("25:00", "12:00", "Talk")], "Enter a valid time."),
            ([line("11:00", "12:00", "Talk", day=0)], "Ensure this value is greater than or equal to 1."),
            ([line("11:00", "12:00", "Talk", day=99)], "Ensure this value is less than or equal to 31."),
            ([line("11:00", "12:00", "Talk", who=["999"])], "One of these speakers is not in the list any more."),
            ([line("11:00", "12:00", "Talk", who=["x'"])], "One of these speakers is not in the list any more."),
            ([line("11:00", "12:00", "Talk", who=["9" * 30])], "One of these speakers is not in the list any more."),
            ([line("11:00", "12:00", "Talk", room_name="x" * 81)], "Ensure this value has at most 80 characters"),
            (
                [line("11:00", "12:00", "One", room_name="Hall"), line("11:59", "13:00", "Two", room_name=" hall")],
                "“One” is in hall at that time. Choose another room or time.",
            ),
        ],
    )
    def test_what_cannot_be_is_refused_and_kept_in_the_form(self, desk, conference, lines, said):
        response = desk.post(change(conference), filled(*lines, event=conference))
        assert any(error.startswith(said) for error in errors(response)), errors(response)
        assert f'value="{lines[-1]["starts"]}"' in response.content.decode() or not lines[-1]["starts"]
        assert not Session.objects.exists()

    def test_a_speaker_in_two_sessions_at_once_is_pointed_out_and_kept(self, desk, conference):
        speaker, other = SpeakerFactory(name="Sample speaker A"), SpeakerFactory()
        lines = [
            line("11:00", "12:00", "One", who=[speaker.pk, other.pk]),
            line("11:30", "12:30", "Two", who=[speaker.pk]),
            line("12:30", "13:00", "Three", who=[speaker.pk, other.pk]),
        ]
        response = desk.post(change(conference), filled(*lines, event=conference), follow=True)
        warnings = [str(each) for each in response.context["messages"] if each.level_tag == "warning"]
        assert warnings == ["Sample speaker A is in “One” and “Two” at the same time."]
        assert conference.sessions.count() == 3

    def test_a_session_may_begin_when_the_doors_open(self, desk):
        response = desk.post(ADD, filled(line("10:00", "10:30", "Coffee"), doors="10:00"))
        assert response.status_code == 302

    def test_sessions_may_follow_one_another_without_a_gap_in_a_room_and_be_at_once_in_two(self, desk, conference):
        lines = [
            line("11:00", "12:00", "One", room_name="Hall"),
            line("12:00", "13:00", "Two", room_name="Hall"),
            line("11:30", "12:30", "Three", room_name="Attic"),
            line("11:30", "12:30", "Walk in the square"),
        ]
        assert desk.post(change(conference), filled(*lines, event=conference)).status_code == 302

    def test_a_room_without_a_venue_is_asked_about(self, desk):
        response = desk.post(ADD, filled(line("11:00", "12:00", "Talk", room_name="Hall")))
        assert "Rooms belong to a venue: choose the event’s venue above first." in errors(response)

    def test_a_long_programme_costs_as_many_queries_to_open_as_a_short_one(
        self, desk, conference, django_assert_max_num_queries
    ):
        room, speaker = RoomFactory(venue=conference.venue), SpeakerFactory()
        for number in range(40):
            SessionFactory(event=conference, speakers=[speaker], room=room if number == 0 else None)
        desk.get(change(conference))
        with django_assert_max_num_queries(24):
            assert desk.get(change(conference)).status_code == 200


class TestTwoPeople:
    def test_the_second_save_is_held_back_with_its_programme(self, desk, conference, client_as):
        first = filled(line("11:00", "12:00", "Hers"), event=conference)
        second = filled(line("11:00", "12:00", "His"), event=conference)
        assert client_as("Administrator").post(change(conference), first).status_code == 302
        response = desk.post(change(conference), second)
        assert "saved this" in errors(response)[0]
        assert times(conference) == ["16 11:00–12:00 Hers"]
        assert 'value="His"' in response.content.decode()

    def test_a_session_that_a_colleague_deleted_is_pointed_out(self, desk, conference):
        session = SessionFactory(event=conference)
        form = filled(saved(session, "10:30", "11:30", title="Edited"), event=conference)
        session.delete()
        response = desk.post(change(conference), form)
        assert any("was deleted by somebody else" in error for error in errors(response))
        assert not Session.objects.exists()


class TestTimes:
    def test_hours_are_those_of_the_place(self, desk):
        desk.post(ADD, filled(line("11:00", "12:00", "Charla"), timezone="America/Lima"))
        event = Event.objects.get()
        assert event.starts_at == datetime(2030, 11, 16, 15, 30, tzinfo=UTC)
        assert event.sessions.get().starts_at == datetime(2030, 11, 16, 16, tzinfo=UTC)
        html = desk.get(change(event)).content.decode()
        assert 'value="10:30"' in html
        assert 'value="11:00"' in html
        assert "Sat 16 Nov 2030, 10:30 (Lima)" in desk.get("/admin/events/event/").content.decode()

    def test_another_zone_keeps_the_hours_on_the_wall(self, desk, conference):
        desk.post(change(conference), filled(event=conference, timezone="America/Lima"))
        conference.refresh_from_db()
        assert conference.starts_at == datetime(2030, 11, 16, 15, 30, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"starts_at_0": "2030-03-31", "starts_at_1": "01:30"}, "01:30 does not exist on that day: the clocks go"),
            ({"ends_at_0": "2031-10-26", "ends_at_1": "01:30"}, "01:30 comes twice on that day: the clocks go back."),
            ({"ends_at_1": "10:30"}, "An event ends after it starts."),
            ({"ends_at_0": "2030-11-15"}, "An event ends after it starts."),
            ({"starts_at_1": ""}, "Enter the hour, or tick “whole days”."),
            ({"starts_at_0": "", "starts_at_1": ""}, "This field is required."),
            ({"starts_at_0": ""}, "Enter a day."),
            ({"starts_at_0": "16 Nov"}, "Enter a valid date."),
            ({"doors": "10:31"}, "The doors open before it starts, or when it does."),
            ({"doors": "25:00"}, "Enter a valid time."),
            ({"timezone": "Peru/Lima"}, "“Peru/Lima” is not a time zone."),
            ({"slug": "taken"}, "There is an event at this address already."),
            ({"recording_url": "not an address"}, "Enter a valid URL."),
        ],
    )
    def test_what_cannot_be_is_said_beside_the_field(self, desk, fields, said):
        EventFactory(slug="taken")
        response = desk.post(ADD, filled(**fields))
        assert [error for error in errors(response) if error.startswith(said)], errors(response)
        assert Event.objects.count() == 1

    def test_an_hour_that_the_clocks_skip_is_refused_for_doors_and_sessions_too(self, desk):
        night = {"starts_at_0": "2030-03-31", "starts_at_1": "03:00", "ends_at_0": "2030-03-31", "doors": "01:30"}
        found = errors(desk.post(ADD, filled(line("01:30", "04:00", "Vigil"), **night)))
        assert found == ["01:30 does not exist on that day: the clocks go forward."] * 2

    def test_the_list_knows_what_is_to_come_and_what_is_over(self, desk, conference):
        EventFactory(title="Long ago", starts_at=datetime(2019, 11, 16, tzinfo=UTC))
        listed = {time: desk.get(f"/admin/events/event/?time={time}").content.decode() for time in ("coming", "over")}
        assert conference.title in listed["coming"]
        assert "Long ago" not in listed["coming"]
        assert "Long ago" in listed["over"]

    def test_whole_days_need_no_hours(self, desk):
        days = {"starts_at_1": "", "ends_at_0": "2030-11-17", "ends_at_1": "", "is_all_day": "on", "doors": "09:00"}
        assert desk.post(ADD, filled(line("09:00", "10:00", "Walk", day=2), **days)).status_code == 302
        event = Event.objects.get()
        assert (event.first_day, event.last_day) == (date(2030, 11, 16), date(2030, 11, 17))
        assert event.doors_at is None
        assert times(event) == ["17 09:00–10:00 Walk"]

    def test_saving_what_the_form_shows_changes_nothing(self, desk, conference):
        conference.doors_at = DAY.replace(minute=0)
        conference.save()
        session = SessionFactory(event=conference)
        before = Session.history.count()
        kept = filled(saved(session, "10:30", "11:30"), event=conference, doors="10:00")
        assert desk.post(change(conference), kept).status_code == 302
        after = Event.objects.get()
        assert (after.starts_at, after.ends_at, after.doors_at) == (
            DAY,
            DAY.replace(hour=17, minute=0),
            DAY.replace(minute=0),
        )
        assert after.sequence == 0
        assert Session.history.count() == before


class TestWhoMay:
    @pytest.fixture
    def helper(self) -> Client:
        """Somebody who writes events and publishes none."""
        user = User.objects.create_user("helper@staff.example", is_staff=True)
        names = ("add_event", "change_event", "view_event")
        user.user_permissions.set(Permission.objects.filter(content_type__app_label="events", codename__in=names))
        client = Client()
        client.force_login(user)
        return client

    def test_a_helper_writes_drafts_with_their_programme_and_hands_them_in(self, helper):
        assert helper.post(ADD, filled(line("11:00", "12:00", "Talk"))).status_code == 302
        event = Event.objects.get()
        assert times(event) == ["16 11:00–12:00 Talk"]
        html = helper.get(change(event)).content.decode()
        assert 'name="_publish"' not in html
        assert "Cancel or postpone" not in html

    def test_a_helper_only_looks_at_what_is_public(self, helper, conference):
        SessionFactory(event=conference, title="Mining", speakers=[SpeakerFactory(name="Sample speaker A")])
        html = helper.get(change(conference)).content.decode()
        assert "Mining" in html
        assert "Sample speaker A" in html
        assert 'name="title"' not in html
        assert helper.post(change(conference), filled(event=conference)).status_code == 403
        assert helper.get(f"/admin/events/event/{conference.pk}/outlook/").status_code == 403
        assert helper.get(f"/admin/events/event/{conference.pk}/programme/").status_code == 403

    @pytest.mark.parametrize("role", ["Writer", "Membership", "Treasurer"])
    def test_other_roles_see_nothing_of_it(self, client_as, conference, role):
        for path in ("change", "outlook", "copy", "programme"):
            assert client_as(role).get(f"/admin/events/event/{conference.pk}/{path}/").status_code == 403


class TestPreview:
    def test_it_shows_the_programme_and_papers_of_the_form_and_saves_nothing(self, desk, conference):
        speaker, document = SpeakerFactory(name="Sample speaker A"), DocumentFactory(title="The slides")
        form = filled(
            line("11:00", "12:00", "Not saved yet", room_name="New room", who=[speaker.pk]),
            event=conference,
            documents=[document.pk],
        )
        html = desk.post(f"/admin/events/event/{conference.pk}/preview/", form).content.decode()
        for expected in ("Not saved yet", "New room", "Sample speaker A", "The slides", "Preview: not public yet."):
            assert expected in html
        assert not Session.objects.exists()
        assert not Room.objects.exists()

    def test_it_takes_a_programme_that_is_half_written(self, desk):
        form = filled(line("11:00", "", "Half"), line("11:00", "12:00", ""), line("x", "y", "z"), starts_at_0="")
        assert desk.post("/admin/events/event/preview/", form).status_code == 200


class TestSearching:
    def test_the_search_finds_what_is_in_the_programme_as_soon_as_it_is_saved(self, desk, client, conference):
        speaker = SpeakerFactory(name="Quilla Sample")
        form = filled(line("11:00", "12:00", "Zirconium", who=[speaker.pk]), event=conference)
        desk.post(change(conference), form)
        for word in ("zirconium", "quilla"):
            assert "Conference" in client.get("/search/", {"q": word}).content.decode(), word
        session = Session.objects.get()
        conference.refresh_from_db()
        desk.post(change(conference), filled(saved(session, "11:00", "12:00", delete="on"), event=conference))
        assert "Nothing" in client.get("/search/", {"q": "zirconium"}).content.decode()

    def test_a_new_name_of_a_speaker_or_a_venue_is_found_at_once(self, desk, client, conference):
        speaker = SpeakerFactory(name="Before")
        SessionFactory(event=conference, speakers=[speaker])
        desk.post(f"/admin/events/speaker/{speaker.pk}/change/", {"name": "Zirconia", "_save": ""})
        venue = {"name": "Palladium", "rooms-TOTAL_FORMS": 0, "rooms-INITIAL_FORMS": 0, "_save": ""}
        desk.post(f"/admin/events/venue/{conference.venue_id}/change/", venue)
        for word in ("zirconia", "palladium"):
            assert conference.title in client.get("/search/", {"q": word}).content.decode(), word


def test_what_is_in_use_is_not_deleted(desk, conference):
    speaker = SpeakerFactory()
    room = RoomFactory(venue=conference.venue)
    SessionFactory(event=conference, speakers=[speaker], room=room)
    for path in (f"speaker/{speaker.pk}", f"venue/{conference.venue_id}"):
        desk.post(f"/admin/events/{path}/delete/", {"post": "yes"})
    assert Speaker.objects.exists()
    assert Room.objects.exists()


def test_an_old_revision_is_restored_without_undoing_what_is_known_of_it(desk, conference):
    desk.post(f"/admin/events/event/{conference.pk}/outlook/", {"outlook": "cancelled", "notice": "The hall burnt."})
    conference.refresh_from_db()
    old = conference.history.first()
    restored = filled(event=conference, title="As it was")
    desk.post(f"/admin/events/event/{conference.pk}/history/{old.history_id}/", restored)
    conference.refresh_from_db()
    assert (conference.title, conference.outlook) == ("As it was", "cancelled")
