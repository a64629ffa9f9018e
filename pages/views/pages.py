"""Static pages."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from pages.models import Page
from pages.models.places import ADDRESS_MAX_LENGTH
from psg.library.in_text import pictures_in
from psg.publishing.views import Preview, gone


def page(request: HttpRequest, path: str) -> HttpResponse:
    """The page at this place in the tree."""
    if len(path) > ADDRESS_MAX_LENGTH:
        raise Http404
    *ancestors, found = list(Page.objects.with_way(path).select_related("lead_image")) or [None]
    if found is None or found.path != path:
        raise Http404
    if found.is_withdrawn:
        return gone(request)
    if not found.is_public:
        raise Http404
    return _show(request, found, ancestors)


def show_page(request: HttpRequest, page: Page, *, preview: Preview | None = None) -> HttpResponse:
    """Render a page as visitors would see it, public or not, saved or not."""
    ancestors = list(Page.objects.with_way(page.parent.path)) if page.parent else []
    return _show(request, page, ancestors, preview=preview)


def _show(request: HttpRequest, page: Page, ancestors: list[Page], *, preview: Preview | None = None) -> HttpResponse:
    children, siblings = _around(page)
    image = page.lead_image
    context = {
        "page": page,
        "pictures": pictures_in(page.body),
        "ancestors": [ancestor for ancestor in ancestors if ancestor.is_public],
        "children": children,
        "siblings": siblings,
        "preview": preview,
        "og_image_url": _absolute(image.card_url) if image else None,
        "og_image_alt": image.alt_text if image else None,
    }
    return render(request, "pages/page_detail.html", context)


def _around(page: Page) -> tuple[list[Page], list[Page]]:
    """What is listed below it, and the section that it is part of (empty if that is the page alone, or the top)."""
    near = {pk for pk in (page.pk, page.parent_id) if pk}
    listed = Page.objects.public().listed().filter(parent__in=near).order_by("position", "pk")
    found = list(listed.only("title", "path", "summary", "parent")) if near else []
    children = [each for each in found if each.parent_id == page.pk]
    siblings = [each for each in found if each.parent_id == page.parent_id]
    return children, siblings if any(each.pk != page.pk for each in siblings) else []


def _absolute(url: str) -> str:
    return url if url.startswith("http") else settings.SITE_URL + url
