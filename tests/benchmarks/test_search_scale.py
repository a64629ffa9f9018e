"""The search hardly slows down with the archive: 100,000 entries cost at most three times what 1,000 do.

Measured through the whole request, in one run. `-s` prints the times and how Postgres goes about the queries.
"""

import random
from datetime import timedelta
from statistics import median
from time import perf_counter

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from news.models import Article, Topic
from psg import search
from psg.models import SearchEntry
from psg.publishing.models import State

pytestmark = pytest.mark.django_db(transaction=True)

SMALL, LARGE = 1_000, 100_000
COMMON, RARE = "mining", "zirconium"  # in half of the texts; in five
TIMES = 3
TIMES_AN_ARTICLE = 5
PAGES = {
    "common word": f"/search/?q={COMMON}",
    "common word, last page": f"/search/?q={COMMON}&page=25",
    "common word, filtered": f"/search/?q={COMMON}&topic=topic-3",
    "rare word": f"/search/?q={RARE}",
}


def vocabulary(rng: random.Random) -> list[str]:
    """Several thousand words that can be pronounced."""
    syllables = [first + vowel + last for first in "bcdfglmnprstv" for vowel in "aeiou" for last in ("", "n", "r", "s")]
    return sorted({"".join(rng.choices(syllables, k=rng.choice((2, 3, 3, 4)))) for _ in range(8_000)})


def write_articles(count: int) -> None:
    """`count` articles of about 300 words, through the same code as everywhere."""
    rng = random.Random(2019)
    words = vocabulary(rng)
    rng.shuffle(words)
    weights = [1 / (place + 10) for place in range(len(words))]  # as words are used: few often, most hardly ever
    topics = Topic.objects.bulk_create(Topic(name=f"Topic {n}", slug=f"topic-{n}") for n in range(10))
    now = timezone.now()

    def text(length: int, *extra: str) -> str:
        return " ".join([*rng.choices(words, weights, k=length), *extra]).capitalize() + "."

    articles = Article.objects.bulk_create(
        Article(
            title=text(8, *([COMMON] if number % 20 == 0 else []))[:200],
            slug=f"article-{number}",
            standfirst=text(25),
            body=f"<p>{text(150, *([COMMON] if number % 2 else []))}</p>"
            f"<p>{text(150, *([RARE] if number % (count // 5) == 7 else []))}</p>",
            state=State.PUBLISHED,
            published_at=now - timedelta(hours=200 * rng.random() * 1000),
        )
        for number in range(count)
    )
    filed = Article.topics.through
    filed.objects.bulk_create(
        filed(article=article, topic=topic) for article in articles for topic in rng.sample(topics, rng.choice((1, 2)))
    )
    search.index_many(articles)


def multiply(count: int) -> None:
    """Copy the entries that lack the rare word until there are `count`, spread over the years."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname, indexdef FROM pg_indexes WHERE indexdef ~ 'ON [a-z.]*psg_searchentry USING gin'")
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
        cursor.execute(
            """
            INSERT INTO psg_searchentry
                (kind, object_id, url, title, summary, body, language, published_at, date, year, topics, vector)
            SELECT kind, row_number() OVER () + 1000000, url || copy || '/', title, summary, body, language,
                moment, moment::date, extract(year FROM moment), topics, vector
            FROM psg_searchentry, generate_series(1, %s) AS copy,
                LATERAL (SELECT published_at - random() * interval '10 days' AS moment) AS time
            WHERE body NOT LIKE %s ORDER BY copy LIMIT %s
            """,
            [count // SMALL + 1, f"%{RARE}%", count - SearchEntry.objects.count()],
        )
        for _, definition in indexes:
            cursor.execute(definition)


def settle() -> None:
    """What autovacuum does within minutes."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE psg_searchentry")
        cursor.execute("VACUUM ANALYZE psg_searchword")


def seconds(client: Client, path: str) -> float:
    """What one request takes, as the median of many."""
    taken = []
    for _ in range(21):
        start = perf_counter()
        assert client.get(path).status_code == 200
        taken.append(perf_counter() - start)
    return median(taken)


def explain(client: Client, path: str) -> None:
    """Print how Postgres answers the page's queries."""
    with CaptureQueriesContext(connection, ) as captured:
        client.get(path)
    with connection.cursor() as cursor:
        for query in captured.captured_queries:
            if "psg_searchentry" in query["sql"]:
                cursor.execute("EXPLAIN (ANALYZE, COSTS OFF, BUFFERS OFF) " + query["sql"])
                print("\n" + query["sql"][:300], *(f"    {line}" for (line,) in cursor.fetchall()), sep="\n")


def test_a_hundred_times_as_many_texts_cost_at_most_three_times_as_much(client):
    start=perf_counter()
    write_articles(SMALL)
    settle()
    article = Article.objects.order_by("-published_at").first().get_absolute_url()
    article_takes = seconds(client, article)
    small = {name: seconds(client, path) for name, path in PAGES.items()}
    print("small", perf_counter()-start)
    multiply(LARGE)
    settle()
    print("filled", perf_counter()-start)
    large = {name: seconds(client, path) for name, path in PAGES.items()}
    print(f"\narticle page: {1000 * article_takes:.1f} ms")
    for name in PAGES:
        print(f"{name}: {1000 * small[name]:.1f} ms → {1000 * large[name]:.1f} ms, × {large[name] / small[name]:.2f}")
        explain(client, PAGES[name])
    print("all", perf_counter()-start)
    assert {name: large[name] / small[name] for name in PAGES if large[name] > TIMES * small[name]} == {}
    assert {name: large[name] / article_takes for name in PAGES if large[name] > TIMES_AN_ARTICLE * article_takes} == {}
