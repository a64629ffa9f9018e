"""Pages that belong to no app: account, library files, readiness, robots."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control, never_cache

from psg import weave


@login_required
def account_home(request: HttpRequest) -> HttpResponse:
    """Where people land after signing in."""
    return render(request, "account/home.html")


@cache_control(public=True, max_age=31_536_000, immutable=True)
def woven_picture(request: HttpRequest, seed: str) -> HttpResponse:
    """The woven pattern that stands in for a picture: the same for the same seed, for ever."""
    response = HttpResponse(weave.field_svg(seed), content_type="image/svg+xml")
    response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response


@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """The database answers and its migrations are applied; 503 otherwise."""
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return HttpResponse("database away", status=503, content_type="text/plain")
    if waiting:
        return HttpResponse("migrations waiting", status=503, content_type="text/plain")
    return HttpResponse("ok", content_type="text/plain")


def robots(request: HttpRequest) -> HttpResponse:
    """What crawlers may read."""
    lines = [
        "User-agent: *",
        f"Disallow: {reverse('admin:index')}",
        "Disallow: /accounts/",
        "Disallow: /preview/",
        "Disallow: /search/",
        "",
        f"Sitemap: {settings.SITE_URL}{reverse('sitemap')}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain")


@cache_control(public=True, max_age=31_536_000, immutable=True)
def media(request: HttpRequest, path: str) -> FileResponse:
    """A file of the library. Names are random and never reused, so it may be kept for ever; nothing in it may run."""
    try:
        file = default_storage.open(path)
    except (OSError, SuspiciousFileOperation) as error:
        raise Http404 from error
    response = FileResponse(file)
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
