"""Pages cost the same number of queries whatever the number of rows."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from zeal import NPlusOneError
from zeal.middleware import zeal_middleware

from news.models import Article
from psg.publishing.models import State
from tests.factories import ArticleFactory, EventFactory, PageFactory, PlanFactory, PriceFactory, TopicFactory

pytestmark = pytest.mark.django_db

BUDGET = 6
PAGES = [
    "/",
    "/news/",
    "/news/?page=1",
    "/news/2019/",
    "/news/2019/10/",
    "/news/topics/mining/",
    "/news/2019/10/measured/",
    "/news/feed/",
    "/news/topics/",
    "/events/",
    "/about/",
    "/membership/",
    "/membership/join/individual/",
    "/search/?q=story",
]


def fill(count: int) -> None:
    """A site with `count` articles, most of them on one topic."""
    mining, other = TopicFactory(slug="mining"), TopicFactory()
    start = datetime(2019, 10, 13, 12, tzinfo=UTC)
    ArticleFactory(slug="measured", published_at=start, topics=[mining, other])
    articles = Article.objects.bulk_create(
        Article(
            title=f"Story {number}",
            slug=f"story-{number}",
            standfirst="In short.",
            body="<p>At length.</p>",
            state=State.PUBLISHED,
            published_at=start - timedelta(hours=number),
        )
        for number in range(1, count)
    )
    tags = Article.topics.through
    tags.objects.bulk_create(tags(article=article, topic=mining) for article in articles)
    about = PageFactory(slug="about")
    for _ in range(3):
        PageFactory(parent=about)
    EventFactory(), EventFactory()
    PriceFactory(plan=PlanFactory(slug="individual"))
    for _ in range(count // 100):
        PriceFactory(plan=PlanFactory())


def queries(client, path: str) -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(path).status_code == 200
    return [query["sql"] for query in captured]


@pytest.mark.parametrize("count", [10, 5000])
def test_every_public_page_stays_within_six_queries(client, count):
    fill(count)
    costs = {path: len(queries(client, path)) for path in PAGES}
    assert {path: cost for path, cost in costs.items() if cost > BUDGET} == {}


def test_a_page_far_down_the_list_costs_no_more_queries_than_the_first(client):
    fill(5000)
    assert len(queries(client, "/news/?page=240")) == len(queries(client, "/news/"))


def test_a_query_for_each_row_would_fail_any_test_that_makes_the_request():
    fill(10)

    def careless(request):
        for article in Article.objects.public():
            list(article.topics.all())
        return HttpResponse()

    with pytest.raises(NPlusOneError):
        zeal_middleware(careless)(RequestFactory().get("/"))
