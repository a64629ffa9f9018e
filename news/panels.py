"""What news gives to the home page: the lead story and the latest."""

from typing import Any

from news.models import Article, Topic
from psg.home import panel

LATEST = 8


def _leading_first():
    """Featured articles before the others, newest first: the first of them leads."""
    return Article.objects.for_list().prefetch_related(None).order_by("-featured", "-published_at", "-pk")


@panel("lead", template="news/panels/lead.html")
def lead() -> dict[str, Any] | None:
    """The newest featured article, else the newest of all."""
    article = _leading_first().select_related("lead_image").with_first_topic().first()
    if article is None:
        return None
    return {"article": article, "topic": Topic(**article.first_topic) if article.first_topic else None}


@panel("latest", template="news/panels/latest.html")
def latest() -> dict[str, Any] | None:
    """The newest articles but for the one that leads."""
    leading = _leading_first().values("pk")[:1]
    articles = list(Article.objects.for_list().prefetch_related(None).exclude(pk__in=leading)[:LATEST])
    return {"articles": articles} if articles else None
