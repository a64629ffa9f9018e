"""What all of a member's own pages have in common: signed in, theirs alone, kept by no cache and no search engine."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from membership.mine import Mine, look, person_of
from membership.views.to_stripe import leads_to_stripe


def personal(*, methods: tuple[str, ...] = ("GET", "HEAD")) -> Callable[[Callable[..., HttpResponse]], Any]:
    """Give the view the signed-in person's `Mine`. Who is nobody to us gets a page that says how to join."""

    def decorate(view: Callable[..., HttpResponse]):
        @sensitive_post_parameters()
        @sensitive_variables()
        @require_http_methods(methods)
        @login_required(login_url="account_request_login_code")
        @leads_to_stripe
        @wraps(view)
        def for_its_owner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            person = person_of(request.user)  # type: ignore[arg-type]  # login_required sees to it
            if person is None:
                response = render(request, "membership/me/nobody.html")
            else:
                response = view(request, look(person), *args, **kwargs)
            return _private(response)

        return for_its_owner

    return decorate


def _private(response: HttpResponse) -> HttpResponse:
    patch_cache_control(response, no_store=True, private=True)
    response["X-Robots-Tag"] = "noindex"
    return response


def page(request: HttpRequest, template: str, mine: Mine, **context: Any) -> HttpResponse:
    """One of the pages under /membership/me/."""
    return render(request, f"membership/me/{template}.html", {"mine": mine, "person": mine.person, **context})


def back(request: HttpRequest, message: str = "", *, level: int = messages.SUCCESS) -> HttpResponse:
    """To the first page, with word of what was done."""
    if message:
        messages.add_message(request, level, message)
    return redirect("membership:me")


def stripe_is_away(request: HttpRequest) -> HttpResponse:
    """Nothing was changed, and what to do."""
    words = _(
        "The payment service does not answer just now, so nothing was changed. Please try again in a few minutes."
    )
    return back(request, words, level=messages.WARNING)
