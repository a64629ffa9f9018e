"""Small middlewares that every request passes."""

import logging
from collections.abc import Callable
from http import HTTPStatus

from django.core.exceptions import BadRequest
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.template.loader import render_to_string
from django.views.defaults import bad_request, page_not_found

from psg.publishing import redirects

logger = logging.getLogger("psg")
RETRY_SECONDS = 30


def answer_health_checks(get_response: Callable[[HttpRequest], HttpResponse]):
    """Answer /healthz/ before anything else: whoever asks on the machine itself knows no host name and no TLS."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path == "/healthz/":
            return HttpResponse("ok", content_type="text/plain")
        return get_response(request)

    return middleware


def refuse_nul_bytes(get_response: Callable[[HttpRequest], HttpResponse]):
    """Answer 400 to a NUL byte in path or query: no address of ours has one, and Postgres takes none in a text."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            return bad_request(request, BadRequest("NUL byte in the address"))
        return get_response(request)

    return middleware


def follow_redirects(get_response: Callable[[HttpRequest], HttpResponse]):
    """Where nothing lives, look whether somebody left word where it went. Only GET and HEAD: a form is not sent on."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code != HTTPStatus.NOT_FOUND or request.method not in ("GET", "HEAD"):
            return response
        target = redirects.follow(request.path, request.META.get("QUERY_STRING", ""))
        if target is None:
            # What came back to this address after the view had looked has taken its redirect away. Look once more.
            return get_response(request) if redirects.lead_to(request.path) else response
        # Asked for anew each time: what moved may move back, and a browser that remembers both ways goes in a circle.
        return HttpResponsePermanentRedirect(target, headers={"Cache-Control": "no-cache"})

    return middleware


class CompressPages(GZipMiddleware):
    """Pages are compressed; files of the library, compressed already, are sent as they are, with their length."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        return response if response.streaming else super().process_response(request, response)


class ErrorPages:
    """The site's own pages for what goes wrong in a view, in development as in production."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """404 for what is not found; 503 with a time to come back while the database is away."""
        if isinstance(exception, Http404):
            # Django would do the same, but in development it shows its list of address patterns.
            return page_not_found(request, exception)
        if isinstance(exception, OperationalError):
            logger.error("The database is away: %s", exception)
            return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": str(RETRY_SECONDS)})
        return None
