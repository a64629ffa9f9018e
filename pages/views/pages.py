"""Static pages."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from pages.models import Page
from psg.library.in_text import pictures_in
from psg.publishing.views import Preview, gone


def page(request: HttpRequest, path: str) -> HttpResponse:
    """The page at this place in the tree."""
    found = Page.objects.filter(path=path).first()
    if found is None:
        raise Http404
    if found.is_withdrawn:
        return gone(request)
    if not found.is_public:
        raise Http404
    return show_page(request, found)


def show_page(request: HttpRequest, page: Page, *, preview: Preview | None = None) -> HttpResponse:
    """Render a page as visitors see it."""
    parts = page.path.split("/")
    paths = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
    relatives = list(Page.objects.public().filter(path__in=paths).only("title", "path"))
    ancestors = sorted(relatives, key=lambda ancestor: len(ancestor.path))
    children = Page.objects.public().filter(parent=page.pk).order_by("position").only("title", "path", "summary")
    context = {
        "page": page,
        "pictures": pictures_in(page.body),
        "ancestors": ancestors,
        "children": children if page.pk else [],
        "preview": preview,
    }
    return render(request, "pages/page_detail.html", context)
