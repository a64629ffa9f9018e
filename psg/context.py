"""What every template knows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    """The site's name and public address, and whether payments are only played."""
    return {
        "site_name": settings.SITE_NAME,
        "site_short_name": settings.SITE_SHORT_NAME,
        "site_url": settings.SITE_URL,
        "is_sandbox": settings.STRIPE_SANDBOX,
        "canonical_url": settings.SITE_URL + request.path,
    }
