"""The window in which the editor chooses what the library has already: pictures, and what other modules offer.

A kind is offered by registering it, where its ModelAdmin is:

    picker.offer(picker.Kind("document", "Choose a document", "library.view_document", find=…, choice=…))

The editor opens the kind "picture" for pictures and, where there is one, the kind "document" for links.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

PER_PAGE = 24


@dataclass(frozen=True)
class Choice:
    """One thing in the window. What the editor gets is `url` and, for a picture, `alt_text`."""

    url: str
    label: str
    note: str = ""
    thumbnail_url: str = ""
    alt_text: str = ""


@dataclass(frozen=True)
class Kind:
    """Things of one kind. `permission`: who may choose; `find`: those that match what was typed, all for nothing."""

    name: str
    title: str
    permission: str
    find: Callable[[str], QuerySet]
    choice: Callable[[Any], Choice]


_kinds: dict[str, Kind] = {}


def offer(kind: Kind) -> None:
    """Let the editor choose things of this kind."""
    _kinds[kind.name] = kind


def window_url(kind: str) -> str | None:
    """Where the window for this kind is; None if nobody offers it."""
    return reverse("admin:library_pick", args=[kind]) if kind in _kinds else None


def pick(request: HttpRequest, kind: str) -> HttpResponse:
    """The window. A script hands the choice to the editor that opened it."""
    offered = _kinds.get(kind)
    if offered is None:
        raise Http404
    if not request.user.has_perm(offered.permission):
        raise PermissionDenied
    words = request.GET.get("q", "").strip()[:200]
    page = Paginator(offered.find(words), PER_PAGE).get_page(request.GET.get("page"))
    kept = request.GET.copy()
    kept.pop("page", None)
    context = {
        "title": offered.title,
        "q": words,
        "page": page,
        "choices": [offered.choice(row) for row in page],
        "function": request.GET.get("CKEditorFuncNum", ""),
        "kept": kept.urlencode(),
        "is_popup": True,
        "is_nav_sidebar_enabled": False,
    }
    return TemplateResponse(request, "admin/library/pick.html", context)
