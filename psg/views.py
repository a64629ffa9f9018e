"""Pages that belong to no app: account, library files, readiness, robots."""

import posixpath

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.http import quote_etag
from django.views.decorators.cache import cache_control, never_cache

from psg import weave
from psg.library.serving import lasting_file


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


# A PDF is shown by the browser's own viewer, which a `sandbox` would keep from working in some of them.
PDF_POLICY = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
FILE_POLICY = "default-src 'none'; sandbox"


def media(request: HttpRequest, path: str) -> HttpResponseBase:
    """A file of the library, at its address. Nothing in it may run.

    The address of a picture or a document stays when its file is replaced, so caches ask each time whether it has
    changed. Every other name is random and never used again: that of a smaller copy may be kept for ever.
    """
    if posixpath.normpath(path) != path:
        raise Http404("Not an address of ours: it takes a way round.")
    found = lasting_file(path)
    if found is None:
        copy = _file(path)
        patch_cache_control(copy, public=True, max_age=31_536_000, immutable=True)
        return copy
    etag = quote_etag(found.sha256)
    response: HttpResponseBase | None = get_conditional_response(request, etag=etag)
    if response is None:
        response = _file(found.name, content_type=found.content_type)
        response["Content-Disposition"] = found.disposition
        if found.is_pdf:
            response["Content-Security-Policy"] = PDF_POLICY
    response["ETag"] = etag
    patch_cache_control(response, public=True, no_cache=True)
    return response


def _file(name: str, content_type: str = "") -> FileResponse:
    try:
        file = default_storage.open(name)
    except (OSError, SuspiciousFileOperation) as error:
        raise Http404 from error
    response = FileResponse(file, content_type=content_type or None)
    response["Content-Security-Policy"] = FILE_POLICY
    return response
