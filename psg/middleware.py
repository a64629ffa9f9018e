"""Small middlewares that every request passes."""

from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse


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
            from django.views.defaults import bad_request

            return bad_request(request, BadRequest("NUL byte in the address"))
        return get_response(request)

    return middleware
