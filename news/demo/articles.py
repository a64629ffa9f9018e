"""The hand-written items.

Titles, standfirsts and dates of the first ten are those of the charity's home page on 13 October 2019; the
bodies were written for the demo and say so. Metadata is in articles.json, each body in bodies/<slug>.html.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from news.models import LONDON, Article, Author, Topic
from psg import demo
from psg.publishing import actions
from psg.publishing.models import State

HERE = Path(__file__).parent


def load() -> dict[str, int]:
    """Add the topics, authors and articles that are missing (by slug); the number added of each."""
    content = json.loads((HERE / "articles.json").read_text(encoding="utf-8"))
    return {
        "topics": _add_missing(Topic, content["topics"]),
        "authors": _add_missing(Author, content["authors"]),
        "articles": sum(_add_article(**item) for item in content["articles"]),
    }


def _add_missing(model: type[Topic] | type[Author], rows: list[dict[str, str]]) -> int:
    """Rows whose slug is not there yet."""
    return sum(model.objects.get_or_create(slug=row["slug"], defaults=row)[1] for row in rows)


@transaction.atomic
def _add_article(
    *,
    slug: str,
    topics: list[str],
    authors: list[str],
    published: str | None = None,
    state: str = State.PUBLISHED,
    picture: dict[str, str] | None = None,
    sources: list[str] | None = None,
    **fields: Any,
) -> bool:
    """Write one article and bring it into its state; False if its slug is taken. `published`: London time."""
    if Article.objects.filter(slug=slug).exists():
        return False
    body = (HERE / "bodies" / f"{slug}.html").read_text(encoding="utf-8")
    article = Article(
        slug=slug,
        body=demo.sample(body, language=fields.get("language", Article.Language.ENGLISH)),
        published_at=datetime.fromisoformat(published).replace(tzinfo=LONDON) if published else None,
        lead_image=demo.woven_picture(**picture) if picture else None,
        sources="\n".join(sources or []),
        **fields,
    )
    actions.save(article)
    article.topics.set(Topic.objects.filter(slug__in=topics))
    article.authors.set(Author.objects.filter(slug__in=authors))
    if state != State.DRAFT:
        actions.publish(article, by=demo.administrator())
    if state == State.WITHDRAWN:
        actions.withdraw(article, by=demo.administrator())
    return True
