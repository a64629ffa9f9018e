"""What news gives to the home page: the lead story and the latest."""

from typing import Any

from django.utils.translation import gettext_noop as _

from news.models import Article, Topic
from psg.home import Offer, Settings, panel


def _leading_first():
    """Featured articles before the others, newest first: the first of them leads."""
    return Article.objects.for_list().prefetch_related(None).order_by("-featured", "-published_at", "-pk")


@panel(
    "lead",
    template="news/panels/lead.html",
    title="Lead story",
    about="The newest article that is ticked as featured; without one, the newest of all.",
    position=30,
)
def lead(settings: Settings) -> dict[str, Any] | None:
    """The newest featured article, else the newest of all."""
    article = _leading_first().select_related("lead_image").with_first_topic().first()
    if article is None:
        return None
    return {"article": article, "topic": Topic(**article.first_topic) if article.first_topic else None}


@panel(
    "latest",
    template="news/panels/latest.html",
    title="Latest news",
    about="The newest articles but for the one that leads.",
    position=40,
    width="main",
    offers={
        "heading": Offer(_("Latest news")),
        "count": Offer(8, label="How many articles", limits=(3, 20)),
        "link_label": Offer(_("All news"), label="Words on the link below"),
    },
)
def latest(settings: Settings) -> dict[str, Any] | None:
    """The newest articles but for the one that leads."""
    leading = _leading_first().values("pk")[:1]
    articles = list(Article.objects.for_list().prefetch_related(None).exclude(pk__in=leading)[: settings.count])
    return {"articles": articles, "words": settings} if articles else None
