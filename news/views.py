"""News, for readers."""

from datetime import date
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core.paginator import InvalidPage, Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.formats import date_format

from news.models import LONDON, Article, Author, Topic
from news.structured_data import article_json_ld
from psg import access, home
from psg.library.in_text import pictures_in
from psg.publishing.views import Preview, gone
from psg.weave import card_png

PER_PAGE = 20


def _render_list(request: HttpRequest, articles, *, heading: str, **context: Any) -> HttpResponse:
    """One page of a list. A page number that is none, or out of range, is a 404."""
    paginator = Paginator(articles, PER_PAGE)
    try:
        page = paginator.page(request.GET.get("page", 1))
    except InvalidPage as error:
        raise Http404("There is no such page.") from error
    if request.GET.get("page") is not None and page.number > 1:
        context["canonical_url"] = f"{settings.SITE_URL}{request.path}?page={page.number}"
    context = {
        "page": page,
        "heading": heading,
        "years": Article.objects.public().years(),
        "feed_url": reverse("news:feed"),
        **context,
    }
    return render(request, "news/article_list.html", context)


def article_list(request: HttpRequest) -> HttpResponse:
    """All news, newest first."""
    return _render_list(request, Article.objects.for_list(), heading="News")


def year_archive(request: HttpRequest, year: int) -> HttpResponse:
    """The news of one year."""
    if not 1900 <= year <= 2200:
        raise Http404
    in_year = Article.objects.in_year(year)
    months = in_year.public().months()
    if not months:
        raise Http404(f"There is no news from {year}.")
    return _render_list(request, in_year.for_list(), heading=f"News of {year}", year=year, months=months)


def month_archive(request: HttpRequest, year: int, month: int) -> HttpResponse:
    """The news of one month."""
    if not (1900 <= year <= 2200 and 1 <= month <= 12):
        raise Http404
    first = date(year, month, 1)
    in_month = Article.objects.in_month(year, month).for_list()
    if not in_month.exists():
        raise Http404(f"There is no news from {first:%B %Y}.")
    heading = f"News of {date_format(first, 'F Y')}"
    return _render_list(request, in_month, heading=heading, year=year, month=first)


def topic_list(request: HttpRequest) -> HttpResponse:
    """All topics that have articles."""
    topics = Topic.objects.with_counts().filter(article_count__gt=0)
    return render(request, "news/topic_list.html", {"topics": topics})


def topic(request: HttpRequest, slug: str) -> HttpResponse:
    """The news on one topic."""
    found = get_object_or_404(Topic, slug=slug)
    return _render_list(
        request,
        Article.objects.for_list().filter(topics=found),
        heading=found.name,
        intro=found.description,
        topic=found,
        feed_url=reverse("news:topic_feed", args=[found.slug]),
    )


def article(request: HttpRequest, year: int, month: int, slug: str) -> HttpResponse:
    """One article. A wrong date leads to the right address; a withdrawn article is gone (410)."""
    found = get_object_or_404(Article.objects.select_related("lead_image").with_signatures().with_filing(), slug=slug)
    if found.is_withdrawn:
        return gone(request)
    if not found.is_public:
        raise Http404
    if request.path != found.get_absolute_url():
        return HttpResponsePermanentRedirect(found.get_absolute_url())
    authors = [Author.from_signature(signature) for signature in found.signatures]
    topics = [Topic(**topic) for topic in found.filing]
    return show_article(request, found, related_to={"topics": topics, "authors": authors})


def card(request: HttpRequest, year: int, month: int, slug: str) -> HttpResponse:
    """The picture that other sites show beside a link to an article that has none."""
    found = get_object_or_404(Article.objects.public(), slug=slug)
    kicker = date_format(found.published_at.astimezone(LONDON), "j F Y")
    response = HttpResponse(card_png(found.title, kicker, found.slug), content_type="image/png")
    response["Cache-Control"] = "public, max-age=86400"
    return response


def share_links(url: str, title: str) -> list[dict[str, str]]:
    """Plain links that pass an article on: no script, no tracker."""
    link, text = quote(url, safe=""), quote(title, safe="")
    return [
        {"label": "E-mail", "url": f"mailto:?subject={text}&body={link}"},
        {"label": "WhatsApp", "url": f"https://wa.me/?text={text}%20{link}"},
        {"label": "Bluesky", "url": f"https://bsky.app/intent/compose?text={text}%20{link}"},
        {"label": "Facebook", "url": f"https://www.facebook.com/sharer/sharer.php?u={link}"},
    ]


def og_image(article: Article) -> str:
    """The absolute address of the picture that represents the article elsewhere."""
    path = article.lead_image.card_url if article.lead_image else f"{article.get_absolute_url()}card.png"
    return path if path.startswith("http") else settings.SITE_URL + path


def may_read_all(user: Any, article: Article) -> bool:
    """Whether the user may read the whole article: it is open, they are a member, or the admin shows it to them."""
    if not article.members_only:
        return True
    at_the_desk = user.is_staff and (user.has_perm("news.view_article") or user.has_perm("news.change_article"))
    return at_the_desk or access.is_member(user)


def show_article(
    request: HttpRequest,
    article: Article,
    *,
    preview: Preview | None = None,
    related_to: dict[str, Any] | None = None,
) -> HttpResponse:
    """Render an article as readers see it. `related_to` gives topics and authors, if they are known or unsaved.

    A preview shows all of it. What is for members goes to no shared cache, and neither does what a signed-in reader is
    told instead.
    """
    related_to = related_to or {
        "topics": list(article.topics.all()),
        "authors": list(article.authors.select_related("picture")),
    }
    url = settings.SITE_URL + article.get_absolute_url()
    previous, following = article.neighbours()
    image = og_image(article)
    may_read = preview is not None or may_read_all(request.user, article)
    body = article.body if may_read else article.open_body
    context = {
        "article": article,
        **related_to,
        "body": body,
        "may_read": may_read,
        "why_join": None if may_read else home.settings_of("why_join"),
        "pictures": pictures_in(body),
        "sources": article.source_list() if may_read else [],
        "related": article.related(related_to["topics"]),
        "previous": previous,
        "next": following,
        "share": share_links(url, article.title),
        "preview": preview,
        "canonical_url": url,
        "og_image_url": image,
        "og_image_alt": article.lead_image.alt_text if article.lead_image else article.title,
        "json_ld": article_json_ld(article, url=url, image=image, authors=related_to["authors"]),
        "language": article.language,
    }
    response = render(request, "news/article_detail.html", context)
    if article.members_only and preview is None and request.user.is_authenticated:
        response["Cache-Control"] = "private, no-store"
    return response
