"""Every request that a test makes fails if it asks the database the same thing for each of many rows."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from zeal.middleware import zeal_middleware

# What Stripe tells of, and whatever was missed before, is worked through one by one, each under locks of its own.
ONE_BY_ONE = "/membership/stripe/webhook/"


def watch(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Watch all requests but Stripe's."""
    watched = zeal_middleware(get_response)

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request) if request.path == ONE_BY_ONE else watched(request)

    return middleware
