"""A programme written in the browser, as a volunteer does it."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from events.models import Event
from tests.factories import EventFactory, SessionFactory, SpeakerFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_session_and_a_new_speaker_are_added_and_speakers_put_in_another_order(live_server, context, page, sign_in):
    start = datetime(2030, 11, 16, 10, 30, tzinfo=UTC)
    event = EventFactory(title="Conference", slug="conference", starts_at=start)
    chair, guest = SpeakerFactory(name="Sample chair"), SpeakerFactory(name="Sample guest")
    SessionFactory(event=event, title="Mining", speakers=[chair, guest])
    sign_in(context, "Events")
    page.goto(f"{live_server.url}/admin/events/event/{event.pk}/change/")

    # Who is taken out and chosen again comes last.
    first = page.locator("#sessions-0")
    first.locator(".select2-selection__choice", has_text="Sample chair").locator(
        ".select2-selection__choice__remove"
    ).click()
    first.locator(".select2-search__field").fill("chair")
    page.locator(".select2-results__option", has_text="Sample chair").click()

    page.get_by_text("Add another Session").click()
    added = page.locator("#sessions-2")
    added.get_by_label("Starts").fill("12:00")
    added.get_by_label("Ends").fill("13:00")
    added.get_by_label("Title").fill("The Amazon")
    added.get_by_label("Room").fill("Attic")
    with page.expect_popup() as opened:
        added.locator("a.add-related").click()
    opened.value.get_by_label("Name").fill("Sample newcomer")
    with opened.value.expect_event("close"):
        opened.value.get_by_role("button", name="Save", exact=True).click()
    expect(added.locator(".select2-selection__choice")).to_have_text("×Sample newcomer")

    page.get_by_role("button", name="Save changes").click()
    expect(page.locator(".messagelist")).to_contain_text("was changed successfully")
    mining, amazon = Event.objects.get().sessions.all()
    assert [each.speaker for each in mining.appearances.all()] == [guest, chair]
    assert (amazon.title, amazon.room.name) == ("The Amazon", "Attic")
    assert [each.speaker.name for each in amazon.appearances.all()] == ["Sample newcomer"]

    page.goto(f"{live_server.url}/events/conference/")
    page.get_by_role("link", name="Sample newcomer").click()
    expect(page.locator(".speaker:target")).to_contain_text("Sample newcomer")
