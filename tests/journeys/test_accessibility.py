"""axe finds nothing on any kind of page, by day and night, on phone and desk; pages work without JavaScript."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from psg.publishing.models import State
from tests.axe import violations
from tests.factories import (
    AppealFactory,
    ArticleFactory,
    AuthorFactory,
    DocumentFactory,
    EventFactory,
    PageFactory,
    PlanFactory,
    PriceFactory,
    PublicationFactory,
    RoomFactory,
    SessionFactory,
    SpeakerFactory,
    TopicFactory,
)
from tests.membership.gifts import given, named
from tests.psg.library import add

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = {
    "home": "/",
    "list": "/news/",
    "list, second page": "/news/?page=2",
    "year": "/news/2019/",
    "month": "/news/2019/10/",
    "topics": "/news/topics/",
    "topic": "/news/topics/mining/",
    "article": "/news/2019/10/unrest/",
    "Spanish article": "/news/2019/10/disturbios/",
    "events": "/events/",
    "events of a year": "/events/?year=2019",
    "event": "/events/conference/",
    "event of several days, cancelled": "/events/cancelled/",
    "event, over": "/events/over/",
    "page": "/about/",
    "page below": "/about/aims/",
    "publications": "/publications/",
    "publications, none of that year": "/publications/?year=1999",
    "publication": "/publications/report/",
    "Spanish publication": "/publications/informe/",
    "membership": "/membership/",
    "contact": "/contact/",
    "contact, after sending": "/contact/thanks/",
    "contact, copy that has ended": "/contact/copy/x/",
    "join": "/membership/join/individual/",
    "join as a household": "/membership/join/household/",
    "join, plan withdrawn": "/membership/join/withdrawn/",
    "giving": "/donate/",
    "appeal": "/donate/water/",
    "appeal that is over": "/donate/over/",
    "search": "/search/?q=story",
    "search, before anything is asked": "/search/",
    "search, filtered": "/search/?q=story&topic=mining&year=2019&page=2",
    "search, filtered to nothing": "/search/?q=story&year=1999",
    "search, corrected": "/search/?q=disturbois",
    "search, nothing found": "/search/?q=zzz",
    "sign in": "/accounts/login/",
    "sign in by code": "/accounts/login/code/",
    "sign in by a link that is old": "/accounts/login/link/x/",
    "account closed": "/membership/closed/",
    "400": "/?q=%00",
    "404": "/no/such/page/",
    "410": "/news/2019/10/withdrawn/",
}


@pytest.fixture
def site(live_server) -> str:
    """One of everything."""
    topic = TopicFactory(name="Mining", slug="mining", description="Mines and who lives beside them.")
    date = datetime(2019, 10, 13, 12, tzinfo=UTC)
    body = (
        "<h2>Why</h2><p>The story, with a <a href='/about/'>link</a>.</p><blockquote><p>Words.</p></blockquote>"
        "<ul><li>One</li></ul><table><thead><tr><th scope='col'>Year</th></tr></thead>"
        "<tbody><tr><td>2019</td></tr></tbody></table>"
    )
    for number in range(24):
        ArticleFactory(title=f"Story {number}", topics=[topic], published_at=date)
    ArticleFactory(
        title="Unrest in the mining corridor",
        slug="unrest",
        topics=[topic],
        authors=[AuthorFactory()],
        body=body,
        sources="https://eiti.org/ EITI",
        region="apurimac",
        published_at=date,
        featured=True,
    )
    ArticleFactory(title="Disturbios", slug="disturbios", language="es", published_at=date)
    ArticleFactory(slug="withdrawn", published_at=date, state=State.WITHDRAWN)
    about = PageFactory(title="About", slug="about")
    PageFactory(title="Aims", slug="aims", parent=about)
    _events()
    PublicationFactory(title="Report", slug="report")
    PublicationFactory(title="Informe", slug="informe", language="es", year=2018)
    PriceFactory(plan=PlanFactory(slug="individual"))
    PriceFactory(plan=(household := PlanFactory(slug="household", max_people=4)))
    PriceFactory(plan=household, interval="month", amount_pence=250)
    PlanFactory(slug="withdrawn", is_offered=False)
    appeal = AppealFactory(slug="water", target_pence=200_000, body=body, ends_on=timezone.localdate())
    named("Ana", "Quispe", appeal=appeal)
    yesterday = timezone.localdate() - timedelta(days=1)
    given(5000, appeal=AppealFactory(slug="over", target_pence=100, ends_on=yesterday))
    return live_server.url


def _events() -> None:
    """One with a programme in two rooms, one called off on its second day, one that is over and has papers."""
    coming = EventFactory(title="Conference", slug="conference", attending="Everybody is welcome.")
    coming.venue.travel, coming.venue.access = "By bus.", "A lift."
    coming.venue.save()
    speakers = [SpeakerFactory(bio="A life.", role="Chair"), SpeakerFactory(picture=add())]
    for number in range(2):
        room = RoomFactory(venue=coming.venue)
        SessionFactory(event=coming, room=room, speakers=speakers[number:], description="What it is about.")
    SessionFactory(event=coming, is_break=True, starts_at=coming.starts_at + timedelta(hours=1))
    called_off = EventFactory(
        slug="cancelled", outlook="cancelled", notice="The hall is closed.", timezone="America/Lima"
    )
    called_off.ends_at += timedelta(days=1)
    called_off.save()
    for days in range(2):
        SessionFactory(event=called_off, starts_at=called_off.starts_at + timedelta(days=days))
    over = EventFactory(
        slug="over", starts_at=datetime(2019, 11, 16, 10, tzinfo=UTC), recording_url="https://v.example/"
    )
    over.documents.add(DocumentFactory())


@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing(browser, site, width):
    context = browser.new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce")
    page, found = context.new_page(), {}
    for name, path in PAGES.items():
        page.goto(site + path)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            if problems := violations(page):
                found[f"{name}, {scheme}"] = problems
    context.close()
    assert found == {}


def test_axe_would_find_something(page, site):
    page.goto(site)
    page.evaluate("document.querySelector('main').innerHTML += '<img src=x><button></button>'")
    assert {problem.split(":")[0] for problem in violations(page)} >= {"image-alt", "button-name"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_pages_for_what_is_forbidden_or_broken(browser, site, sign_in, scheme, monkeypatch):
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    sign_in(context, "Membership")
    assert page.goto(f"{site}/admin/news/article/").status == 403
    assert violations(page) == []
    monkeypatch.setattr("psg.home._panels", None)  # the home page cannot be made
    assert page.goto(site).status == 500
    assert violations(page) == []
    context.close()


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 1920])
def test_no_page_scrolls_sideways(browser, site, width):
    context = browser.new_context(viewport={"width": width, "height": 900})
    page, wide = context.new_page(), []
    for name, path in PAGES.items():
        page.goto(site + path)
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wide.append(name)
    context.close()
    assert wide == []


def test_public_pages_ask_nobody_else_break_no_policy_and_run_no_script_error(context, page, site):
    others, complaints = [], []
    page.on("request", lambda request: None if request.url.startswith((site, "data:")) else others.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for path in PAGES.values():
        complaints_before = len(complaints)
        page.goto(site + path)
        # A page that is an error says so in the console by itself.
        complaints[complaints_before:] = [
            text
            for text in complaints[complaints_before:]
            if "Failed to load resource: the server responded" not in text
        ]
    assert (others, complaints) == ([], [])


def test_the_menu_works_without_javascript_on_a_phone(browser, site):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto(site)
    page.locator("summary", has_text="Menu").click()
    page.locator("details nav").get_by_role("link", name="News").click()
    assert page.url == f"{site}/news/"
    context.close()


def test_the_keyboard_reaches_the_content_first_and_focus_is_seen(page, site):
    page.goto(site)
    page.keyboard.press("Tab")
    skip = page.evaluate("document.activeElement.textContent")
    assert "Skip" in skip
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.id === 'content'")
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
