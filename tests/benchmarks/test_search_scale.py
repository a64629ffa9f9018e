"""The search hardly slows down with the archive: 100,000 entries cost at most three times what 1,000 do.

Measured through the whole request, in one run. `-s` prints the times and how Postgres goes about the queries.
"""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from time import perf_counter, process_time

import psutil
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from news.models import Article, Topic
from psg import search
from psg.models import SearchEntry
from psg.publishing.models import State

pytestmark = [pytest.mark.benchmark, pytest.mark.great_numbers, pytest.mark.django_db(transaction=True)]

SMALL, LARGE = 1_000, 100_000
COMMON, RARE = "mining", "zirconium"  # in half of the texts; in five
ROUNDS = 20
TIMES = 3
TIMES_AN_ARTICLE = 5
PAGES = {
    "common word": f"/search/?q={COMMON}",
    "common word, last page": f"/search/?q={COMMON}&page=25",
    "common word, filtered": f"/search/?q={COMMON}&topic=topic-3",
    "rare word": f"/search/?q={RARE}",
    "excluded word": f"/search/?q=-{COMMON}",
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


def keep_small_copy() -> None:
    """The index as it is now, in a schema of its own: so that small and large can be asked in turn."""
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS small CASCADE")
        cursor.execute("CREATE SCHEMA small")
        cursor.execute("CREATE TABLE small.psg_searchentry (LIKE public.psg_searchentry INCLUDING ALL)")
        cursor.execute("ALTER TABLE small.psg_searchentry SET (toast_tuple_target = 256)")
        cursor.execute("INSERT INTO small.psg_searchentry SELECT * FROM public.psg_searchentry")
        cursor.execute("VACUUM ANALYZE small.psg_searchentry")


def multiply(count: int) -> None:
    """Copy the entries that lack the rare word until there are `count`, spread over the years."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes"
            " WHERE schemaname = 'public' AND tablename = 'psg_searchentry' AND indexdef LIKE '%USING gin%'"
        )
        indexes = cursor.fetchall()
        for name, _ in indexes:  # made afresh at the end: much quicker
            cursor.execute(f"DROP INDEX {name}")
        cursor.execute(
            """
            INSERT INTO psg_searchentry
                (kind, object_id, url, title, summary, body, language, published_at, date, year, topics, vector)
            SELECT kind, row_number() OVER () + 1000000, url || copy || '/', title, summary, body, language,
                moment, moment::date, extract(year FROM moment), topics, vector
            FROM psg_searchentry, generate_series(1, %s) AS copy,
                LATERAL (SELECT greatest(date_trunc('year', published_at), published_at - random() * interval '9 days')
                    AS moment) AS time
            WHERE body NOT LIKE %s ORDER BY copy LIMIT %s
            """,
            [count // SMALL + 1, f"%{RARE}%", count - SearchEntry.objects.count()],
        )
        for _, definition in indexes:
            cursor.execute(definition)
        cursor.execute("VACUUM ANALYZE psg_searchentry")
        cursor.execute("VACUUM ANALYZE psg_searchword")


@contextmanager
def small_index() -> Iterator[None]:
    """Inside, the search reads the small copy."""
    with connection.cursor() as cursor:
        cursor.execute("SET search_path = small, public")
        yield
        cursor.execute("RESET search_path")


class Meter:
    """What a request costs: the seconds for which this process and its database server are busy.

    Not the time that passes: the tests beside this one would count. Where the server runs elsewhere, it has to do.
    """

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET max_parallel_workers_per_gather = 0")  # the server's helpers would not be counted
            cursor.execute("SELECT pg_backend_pid()")
            (pid,) = cursor.fetchone()
        self.server = next((process for process in psutil.process_iter() if process.pid == pid), None)
        if self.server is not None and "postgres" not in self.server.name():
            self.server = None

    def read(self) -> float:
        """Seconds since some moment."""
        if self.server is None:
            return perf_counter()
        used = self.server.cpu_times()
        return process_time() + used.user + used.system

    def cost(self, client: Client, path: str) -> float:
        """Seconds that one request costs."""
        before = self.read()
        assert client.get(path).status_code == 200
        return self.read() - before


def explain(client: Client, path: str) -> None:
    """Print how Postgres answers the page's queries."""
    with CaptureQueriesContext(connection) as captured:
        client.get(path)
    with connection.cursor() as cursor:
        for query in captured.captured_queries:
            if "psg_searchentry" in query["sql"]:
                cursor.execute("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, BUFFERS OFF) " + query["sql"])
                print("\n" + query["sql"][:200], *(f"    {line}" for (line,) in cursor.fetchall()), sep="\n")


@pytest.fixture
def article(db) -> Iterator[str]:
    """The index in both sizes; the address of an article."""
    write_articles(SMALL)
    keep_small_copy()
    multiply(LARGE)
    yield Article.objects.order_by("-published_at").first().get_absolute_url()
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA small CASCADE")


def test_a_hundred_times_as_many_texts_cost_at_most_three_times_as_much(client, article):
    meter, small, large, one_article = Meter(), Counter(), Counter(), 0.0
    for _ in range(ROUNDS):  # in turn, so that what else the machine does weighs on all alike
        one_article += meter.cost(client, article) / ROUNDS
        for name, path in PAGES.items():
            with small_index():
                small[name] += meter.cost(client, path) / ROUNDS
            large[name] += meter.cost(client, path) / ROUNDS
    print(f"\narticle page: {1000 * one_article:.1f} ms")
    for name in PAGES:
        times, articles = large[name] / small[name], large[name] / one_article
        print(f"{name}: {1000 * small[name]:.1f} → {1000 * large[name]:.1f} ms, × {times:.2f}; {articles:.1f} articles")
    for path in PAGES.values():
        explain(client, path)
    assert SearchEntry.objects.count() == LARGE
    assert {name: large[name] / small[name] for name in PAGES if large[name] > TIMES * small[name]} == {}
    assert {name: large[name] / one_article for name in PAGES if large[name] > TIMES_AN_ARTICLE * one_article} == {}
