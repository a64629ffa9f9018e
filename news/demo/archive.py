"""A large archive of sample articles, from 2003 up to today, for trying lists, searches and speed."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from news.demo import grammar
from news.models import LONDON, Article, Author, Topic
from psg import demo, search
from psg.publishing.models import State

FIRST_SUNDAY = datetime(2003, 1, 5, tzinfo=LONDON)
BATCH = 500
# Steps of the golden section spread any number of articles evenly over the years.
GOLDEN = 0.6180339887498949
# Desks, not people. Each archive article is signed by one and nothing else is: so a later run can count them.
AUTHORS = {
    "sample-archive-desk": "Archive desk (sample)",
    "sample-notes-from-lima": "Notes from Lima (sample)",
    "sample-guest": "Guest contribution (sample)",
}


@dataclass(frozen=True)
class _Draft:
    """An article that is not in the database yet, and what goes into its many-to-many tables."""

    article: Article
    topics: list[str]
    authors: list[str]


def load_archive(*, count: int, progress: Callable[[int, int], None] | None = None) -> dict[str, int]:
    """Bring the archive to `count` articles; the number added.

    `progress` is told how many there are, of how many. The same count on the same day gives the same archive.
    Rows are written in bulk, without revisions.
    """
    for slug, name in AUTHORS.items():
        Author.objects.get_or_create(slug=slug, defaults={"name": name})
    there = Article.objects.filter(authors__slug__in=AUTHORS).distinct().count()
    taken = set(Article.objects.values_list("slug", flat=True))
    for start in range(there, count, BATCH):
        end = min(start + BATCH, count)
        _save([_draft(number, taken) for number in range(start, end)])
        if progress:
            progress(end, count)
    return {"archive articles": max(0, count - there)}


def _draft(number: int, taken: set[str]) -> _Draft:
    """The archive's article of that number. Its slug is added to `taken`."""
    rng = random.Random(f"archive {number}")  # noqa: S311  # not a secret: the same number, the same article
    moment = _moment(number, rng)
    text = grammar.write(rng, year=moment.year)
    for attempt in range(8):
        if slugify(text.title) not in taken:
            break
        text = grammar.write(rng, year=moment.year, long_title=attempt > 0)
    article = Article(
        title=text.title,
        slug=_free_slug(text.title, taken),
        standfirst=text.standfirst,
        body=_marked(text.paragraphs, rng),
        region=text.region,
        state=State.WITHDRAWN if number % 400 == 150 else State.PUBLISHED,
        published_at=moment,
        first_public_at=moment,
    )
    authors = rng.sample(list(AUTHORS), k=rng.choice((1, 1, 1, 1, 2)))
    return _Draft(article, topics=text.topics, authors=authors)


def _moment(number: int, rng: random.Random) -> datetime:
    """When it was published (UTC): by day on a Sunday or Monday, as a rule, and not after now."""
    now = timezone.now()
    weeks = (now - FIRST_SUNDAY).days // 7
    week = int((number * GOLDEN) % 1 * (weeks + 1))
    day = rng.choices(range(7), weights=(60, 25, 3, 3, 3, 3, 3))[0]
    clock = timedelta(hours=rng.randint(9, 20), minutes=rng.randint(0, 59))
    moment = FIRST_SUNDAY + timedelta(weeks=week, days=day) + clock
    if moment > now:
        moment -= timedelta(weeks=1)
    return moment.astimezone(UTC)


def _free_slug(title: str, taken: set[str]) -> str:
    slug = base = slugify(title)
    number = 2
    while slug in taken:
        slug, number = f"{base}-{number}", number + 1
    taken.add(slug)
    return slug


def _marked(paragraphs: list[str], rng: random.Random) -> str:
    """The body with its sample mark: at the end, or now and then at the beginning."""
    body = "\n".join(paragraphs)
    if rng.random() < 0.1:
        return f"<p><em>{demo.SAMPLE_MARK['en']}</em></p>\n{body}"
    return demo.sample(body)


@transaction.atomic
def _save(drafts: list[_Draft]) -> None:
    """Write articles, topics, authors and the search index in a handful of queries."""
    topics = dict(Topic.objects.values_list("slug", "pk"))
    authors = dict(Author.objects.filter(slug__in=AUTHORS).values_list("slug", "pk"))
    articles = Article.objects.bulk_create([draft.article for draft in drafts])
    filed, signed = Article.topics.through, Article.authors.through
    filed.objects.bulk_create(
        filed(article_id=draft.article.pk, topic_id=topics[slug]) for draft in drafts for slug in draft.topics
    )
    signed.objects.bulk_create(
        signed(article_id=draft.article.pk, author_id=authors[slug]) for draft in drafts for slug in draft.authors
    )
    search.index_many([*articles])
