"""Pages whose forms lead on to Stripe's: Chromium asks the policy of a redirect that follows a form, too."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from csp.decorators import csp_update
from django.conf import settings
from django.http.response import HttpResponseBase, HttpResponseRedirectBase

STRIPES_PAGES = ["https://checkout.stripe.com", "https://billing.stripe.com"]


class SeeOther(HttpResponseRedirectBase):
    """The form was taken: go on there with GET."""

    status_code = 303


def leads_to_stripe(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Let the forms of this view's pages lead to Stripe's pages; in development, to the sandbox's."""

    @wraps(view)
    def allowed(*args: Any, **kwargs: Any) -> HttpResponseBase:
        return csp_update({"form-action": _origins()})(view)(*args, **kwargs)

    return allowed


def _origins() -> list[str]:
    if not settings.STRIPE_API_BASE:
        return STRIPES_PAGES
    parts = urlsplit(settings.STRIPE_API_BASE)
    return [f"{parts.scheme}://{parts.netloc}"]
