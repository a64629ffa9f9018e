"""What news gives to the home page: the lead story and the latest."""

from typing import Any

from news.models import Article
from psg.home import panel

LATEST = 8


def _leading_first():
    """Featured articles before the others, newest first: the first of them leads."""
    return Article.objects.for_list().order_by("-featured", "-published_at", "-pk")


@panel("lead", template="news/panels/lead.html")
def lead() -> dict[str, Any] | None:
    """The newest featured article, else the newest of all."""
    article = _leading_first().select_related("lead_image").first()
    return {"article": article} if article else None


@panel("latest", template="news/panels/latest.html")
def latest() -> dict[str, Any] | None:
    """The newest articles but for the one that leads."""
    leading = _leading_first().prefetch_related(None).values("pk")[:1]
    articles = list(Article.objects.for_list().exclude(pk__in=leading)[:LATEST])
    return {"articles": articles} if articles else None
