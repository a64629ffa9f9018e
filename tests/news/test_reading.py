"""What readers get: lists, archives, topics, articles."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from psg.publishing import actions
from psg.publishing.models import State
from tests.factories import ArticleFactory, AuthorFactory, TopicFactory
from tests.psg.library import add

pytestmark = pytest.mark.django_db


def at(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=UTC)


def titles(response) -> list[str]:
    return [article.title for article in response.context["page"]]


def test_the_list_shows_twenty_a_page_newest_first(client):
    for day in range(1, 26):
        ArticleFactory(title=f"Day {day}", published_at=at(2019, 10, day))
    assert titles(client.get("/news/")) == [f"Day {day}" for day in range(25, 5, -1)]
    second = client.get("/news/?page=2")
    assert titles(second) == [f"Day {day}" for day in range(5, 0, -1)]
    assert "Page 2 of 2" in " ".join(second.content.decode().split())


@pytest.mark.parametrize("page", ["0", "-1", "3", "abc", "1.5", "9" * 500, "", "1;DROP", "%F0%9F%90%91"])
def test_a_page_number_that_does_not_exist_is_a_404(client, page):
    ArticleFactory()
    assert client.get(f"/news/?page={page}").status_code == 404


def test_the_list_is_never_empty_handed_without_news(client):
    response = client.get("/news/")
    assert response.status_code == 200
    assert "There is no news here yet" in response.content.decode()


def test_year_and_month_follow_the_london_calendar(client):
    # 23:30 UTC on 31 July is half past midnight on 1 August in London.
    ArticleFactory(title="Just August", published_at=at(2019, 7, 31, 23, 30))
    ArticleFactory(title="July", published_at=at(2019, 7, 31, 22, 30))
    assert titles(client.get("/news/2019/8/")) == titles(client.get("/news/2019/08/")) == ["Just August"]
    assert titles(client.get("/news/2019/07/")) == ["July"]
    assert titles(client.get("/news/2019/")) == ["Just August", "July"]


@pytest.mark.parametrize(
    "path", ["2018/", "2019/01/", "2019/13/", "2019/0/", "0/", "99999/", "2019/99999999999/", "0000/1/"]
)
def test_a_date_without_news_or_that_does_not_exist_is_a_404(client, path):
    ArticleFactory(published_at=at(2019, 10, 13))
    assert client.get(f"/news/{path}").status_code == 404


def test_a_topic_lists_its_articles_only(client):
    mining, congress = TopicFactory(name="Mining", slug="mining"), TopicFactory()
    ArticleFactory(title="About mines", topics=[mining])
    ArticleFactory(title="About both", topics=[mining, congress], published_at=timezone.now() - timedelta(days=2))
    ArticleFactory(title="About neither")
    response = client.get("/news/topics/mining/")
    assert titles(response) == ["About mines", "About both"]
    assert "/news/topics/mining/feed/" in response.content.decode()
    assert client.get("/news/topics/no-such-topic/").status_code == 404


def test_topics_are_listed_with_the_number_of_articles_that_readers_can_see(client):
    mining = TopicFactory(name="Mining")
    TopicFactory(name="Nothing yet")
    ArticleFactory(topics=[mining])
    ArticleFactory(topics=[mining], state=State.DRAFT)
    listed = client.get("/news/topics/").context["topics"]
    assert [(topic.name, topic.article_count) for topic in listed] == [("Mining", 1)]


def test_an_article_shows_everything_about_it(client):
    topic, author = TopicFactory(name="Mining"), AuthorFactory(name="Test Guest")
    article = ArticleFactory(
        title="Unrest in the corridor",
        slug="unrest",
        standfirst="In short.",
        body="<h2>Why</h2><p>At length.</p>",
        region="apurimac",
        sources="https://eiti.org/news The report",
        topics=[topic],
        authors=[author],
        published_at=at(2019, 10, 13, 12),
    )
    response = client.get("/news/2019/10/unrest/")
    html = response.content.decode()
    for expected in [
        "<h1>Unrest in the corridor</h1>",
        "In short.",
        "<p>At length.</p>",
        "Apurímac",
        "Test Guest",
        "Mining",
        'href="https://eiti.org/news"',
        "The report",
        "13 October 2019",
        'rel="canonical" href="http',
        f'property="og:title" content="{article.title}"',
        "/news/2019/10/unrest/card.png",
    ]:
        assert expected in html
    assert "og:type" in html


def test_an_author_with_a_portrait_is_seen_beside_the_name_in_the_article_and_in_its_preview(client, client_as):
    portrait = add()
    article = ArticleFactory(authors=[AuthorFactory(name="Demo Writer", picture=portrait), AuthorFactory()])
    seen = rf'<img alt="" class="portrait"[^>]* src="{portrait.file.url}"[^>]*><strong>Demo Writer</strong>'
    assert re.search(seen, client.get(article.get_absolute_url()).content.decode())
    link = actions.make_preview_link(article, by=None)
    assert re.search(seen, client.get(f"/preview/{link.token}/").content.decode())
    page = client_as("Editor").get(f"/admin/library/image/{portrait.pk}/change/").content.decode()
    assert "Demo Writer" in page, "it says where it is used"


def test_structured_data_describes_the_article_and_cannot_break_out_of_its_element(client):
    ArticleFactory(title="</script><script>alert(1)</script>", slug="x", published_at=at(2019, 10, 13, 12))
    html = client.get("/news/2019/10/x/").content.decode()
    (block,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL)
    data = json.loads(block)
    assert data["@type"] == "NewsArticle"
    assert data["headline"] == "</script><script>alert(1)</script>"
    assert data["datePublished"] == "2019-10-13T12:00:00+00:00"
    assert "<script>alert(1)" not in html


def test_the_card_picture_is_a_png_of_the_size_that_other_sites_want(client):
    ArticleFactory(slug="card", published_at=at(2019, 10, 13, 12))
    response = client.get("/news/2019/10/card/card.png")
    assert response["Content-Type"] == "image/png"
    width, height = (int.from_bytes(response.content[start : start + 4], "big") for start in (16, 20))
    assert (width, height) == (1200, 630)


def test_a_wrong_date_in_the_address_leads_to_the_right_one(client):
    ArticleFactory(slug="moved", published_at=at(2019, 10, 13, 12))
    response = client.get("/news/2018/1/moved/")
    assert (response.status_code, response["Location"]) == (301, "/news/2019/10/moved/")


def test_readers_turn_to_the_articles_before_and_after(client):
    first, second, third = (
        ArticleFactory(title=name, published_at=at(2019, 10, 13, 12)) for name in ("First", "Second", "Third")
    )
    ArticleFactory(title="A draft", published_at=at(2019, 10, 13, 12), state=State.DRAFT)
    context = client.get(second.get_absolute_url()).context
    assert (context["previous"], context["next"]) == (first, third)
    assert client.get(first.get_absolute_url()).context["previous"] is None
    assert client.get(third.get_absolute_url()).context["next"] is None


def test_related_articles_share_a_topic_and_exclude_the_article_itself(client):
    topic = TopicFactory()
    article = ArticleFactory(topics=[topic])
    others = [ArticleFactory(topics=[topic, TopicFactory()]) for _ in range(4)]
    ArticleFactory()
    ArticleFactory(topics=[topic], state=State.WITHDRAWN)
    assert client.get(article.get_absolute_url()).context["related"] == list(reversed(others))[:3]


def test_a_draft_is_a_404_and_a_withdrawn_article_is_gone(client):
    assert client.get(ArticleFactory(state=State.DRAFT).get_absolute_url()).status_code == 404
    response = client.get(ArticleFactory(state=State.WITHDRAWN).get_absolute_url())
    assert response.status_code == 410
    assert "/search/" in response.content.decode()


PLACES = [
    "/",
    "/news/",
    "/news/2019/",
    "/news/2019/10/",
    "/news/topics/t/",
    "/news/feed/",
    "/sitemap.xml",
    "/search/?q=minute",
]


def test_a_scheduled_article_appears_everywhere_at_its_minute_without_anyone_acting(client):
    address = "/news/2019/10/the-minute/"
    with time_machine.travel(at(2019, 10, 1, 8), tick=False):
        topic = TopicFactory(slug="t")
        ArticleFactory(title="Something older", published_at=at(2019, 10, 1, 7), topics=[topic])
        ArticleFactory(title="The minute", slug="the-minute", published_at=at(2019, 10, 1, 9), topics=[topic])
    with time_machine.travel(at(2019, 10, 1, 8, 59, 59), tick=False):
        assert client.get(address).status_code == 404
        assert [place for place in PLACES if "The minute" in client.get(place).content.decode()] == []
        assert address not in client.get("/sitemap.xml").content.decode()
    with time_machine.travel(at(2019, 10, 1, 9), tick=False):
        assert client.get(address).status_code == 200
        missing = [place for place in PLACES if address not in client.get(place).content.decode()]
        assert missing == []


def test_a_withdrawn_article_leaves_every_list(client, staff):
    topic = TopicFactory(slug="t")
    article = ArticleFactory(title="The minute", slug="the-minute", published_at=at(2019, 10, 1, 9), topics=[topic])
    ArticleFactory(title="Something older", published_at=at(2019, 10, 1, 7), topics=[topic])
    actions.withdraw(article, by=staff("Editor"))
    assert [place for place in PLACES if "the-minute" in client.get(place).content.decode()] == []
    assert client.get("/news/2019/10/the-minute/").status_code == 410


def test_a_spanish_article_says_so_to_screen_readers(client):
    article = ArticleFactory(title="Años y niños", language="es")
    assert 'lang="es"' in client.get(article.get_absolute_url()).content.decode()
    assert 'lang="es"' in client.get("/news/").content.decode()


def test_share_links_lead_elsewhere_by_plain_links_and_load_nothing(client):
    html = client.get(ArticleFactory().get_absolute_url()).content.decode()
    assert "mailto:?subject=" in html
    assert not re.search(
        r'<(script|img|iframe|link)[^>]+(src|href)="https?://(?!testserver)', html.replace("http://127.0.0.1:8000", "")
    )
