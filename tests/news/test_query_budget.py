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
from tests.factories import (
    AppealFactory,
    ArticleFactory,
    AuthorFactory,
    EventFactory,
    PageFactory,
    PlanFactory,
    PriceFactory,
    PublicationFactory,
    TopicFactory,
)
from tests.membership.gifts import named
from tests.psg.library import add, made
from tests.psg.pictures import encoded

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
    "/contact/",
    "/publications/",
    "/publications/measured/",
    "/membership/",
    "/donate/measured/",
    "/membership/join/individual/",
    "/search/?q=story",
    "/search/?q=stroy",  # a typing error: counted twice, with a look at the words in between
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
    PublicationFactory(slug="measured")
    for _ in range(25):
        PublicationFactory()
    PriceFactory(plan=PlanFactory(slug="individual"))
    appeal = AppealFactory(slug="measured", target_pence=1000)
    named("Ana", "Quispe", appeal=appeal), named("Luz", "Huamán", appeal=appeal)
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


def test_an_article_with_pictures_and_two_authors_stays_within_six_queries(client):
    mining = TopicFactory()
    pictures = [made(add(encoded("PNG", (500 + number, 300)))) for number in range(3)]
    body = "".join(f'<p><img alt="A march" src="{image.file.url}"></p>' for image in pictures)
    start = datetime(2019, 10, 13, 12, tzinfo=UTC)
    for days in range(3):
        authors = [AuthorFactory(picture=pictures[0]), AuthorFactory()]
        about = {"topics": [mining], "authors": authors, "lead_image": pictures[days]}
        article = ArticleFactory(**about, body=body, published_at=start - timedelta(days=days))
    path = article.get_absolute_url()
    assert len(queries(client, path)) <= BUDGET
    page = client.get(path).content.decode()
    assert page.count("<picture>") == 7
    assert all(author.name in page for author in article.authors.all())


def test_the_home_page_with_a_picture_and_a_kicker_stays_within_six_queries(client):
    fill(10)
    Article.objects.update(lead_image=add())
    assert len(queries(client, "/")) <= BUDGET
    assert "Topic " in client.get("/").content.decode()


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
