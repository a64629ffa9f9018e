"""Every kind of page is well-formed HTML, by the strict parser of html5lib."""

from datetime import UTC, datetime

import html5lib
import pytest

from psg.publishing.models import State
from tests.factories import (
    ArticleFactory,
    AuthorFactory,
    EventFactory,
    PageFactory,
    PlanFactory,
    PriceFactory,
    RoomFactory,
    SessionFactory,
    SpeakerFactory,
    TopicFactory,
)

pytestmark = pytest.mark.django_db

PATHS = [
    "/", "/news/", "/news/?page=2", "/news/2019/", "/news/2019/10/", "/news/topics/", "/news/topics/mining/",
    "/news/2019/10/unrest/", "/events/", "/events/?year=2019",
    "/events/conference/", "/events/cancelled/", "/events/over/", "/about/", "/about/aims/", "/membership/",
    "/contact/", "/contact/thanks/", "/contact/copy/x/",
    "/membership/join/individual/", "/membership/join/household/", "/membership/join/withdrawn/",
    "/search/", "/search/?q=story", "/search/?q=zzz", "/search/?q=stori&topic=mining&kind=article",
    "/accounts/login/", "/accounts/login/code/",
    "/accounts/password/reset/", "/no/such/page/", "/news/2019/10/withdrawn/", "/?q=%00", "/dev/mail/",
]  # fmt: skip


@pytest.fixture
def site() -> None:
    """One of everything."""
    topic = TopicFactory(slug="mining")
    date = datetime(2019, 10, 13, 12, tzinfo=UTC)
    for number in range(22):
        ArticleFactory(title=f"Story {number}", topics=[topic], published_at=date)
    ArticleFactory(
        slug="unrest", title="Un<rest & more", topics=[topic], authors=[AuthorFactory()], published_at=date,
        sources="https://eiti.org/?a=1&b=2 A & B", language="es", region="puno",
    )  # fmt: skip
    ArticleFactory(slug="withdrawn", published_at=date, state=State.WITHDRAWN)
    PageFactory(title="Aims", slug="aims", parent=PageFactory(title="About", slug="about"))
    SessionFactory(
        event=EventFactory(title="Conference", slug="conference", attending="Write <to> us & come."),
        description="Once.\n\nTwice & <more>.",
        room=RoomFactory(name="A < B"),
        speakers=[SpeakerFactory(name="A & B", bio="One.\n\nTwo.")],
    )
    EventFactory(slug="cancelled", outlook="cancelled", notice="The hall\n\nis <closed>.")
    EventFactory(slug="over", starts_at=date, recording_url="https://video.example/?a=1&b=2", is_all_day=True)
    PriceFactory(plan=PlanFactory(slug="individual", name="A < B & C"))
    PriceFactory(plan=PlanFactory(slug="household", max_people=4, is_concession=True, concession_wording="I am."))
    PlanFactory(slug="withdrawn", is_offered=False)


@pytest.mark.parametrize("path", PATHS)
def test_the_page_is_well_formed(client, site, path):
    html = client.get(path).content.decode()
    html5lib.HTMLParser(strict=True).parse(html)
    assert html.count("<h1") == 1, "one heading of the first level"


def test_a_page_that_is_not_would_be_noticed():
    with pytest.raises(html5lib.html5parser.ParseError):
        html5lib.HTMLParser(strict=True).parse("<!DOCTYPE html><html><p></div></html>")
