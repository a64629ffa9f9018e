"""Answers that all publishable things share."""

from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache

from psg.publishing.models import PreviewLink


def gone(request: HttpRequest) -> HttpResponse:
    """410: it was here and was taken back. Tells readers and search engines not to come again."""
    return render(request, "410.html", status=410)


@dataclass(frozen=True)
class Preview:
    """What a page that is shown as a preview says of itself: until when its link opens, if it came by one."""

    expires_at: datetime | None = None


def as_preview(response: HttpResponse) -> HttpResponse:
    """Mark an answer as a preview: no search engine keeps it, no cache stores it."""
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"  # the secret address goes nowhere
    return response


def show(request: HttpRequest, obj, preview: Preview) -> HttpResponse:
    """Render a publishable object with its own app's page (`<app>.views.show_<model>`), marked as a preview."""
    view = import_string(f"{obj._meta.app_label}.views.show_{obj._meta.model_name}")
    return as_preview(view(request, obj, preview=preview))


@never_cache
def preview(request: HttpRequest, token: str) -> HttpResponse:
    """What a secret preview link shows: the object as it is saved now. An expired or revoked link is a 404."""
    link = PreviewLink.objects.filter(token=token).select_related("content_type").first()
    if link is None or not link.is_valid or link.target is None:
        raise Http404
    return show(request, link.target, Preview(expires_at=link.expires_at))
