"""Where Stripe's own dashboard shows something. Nothing is asked of Stripe for that."""

from django.conf import settings

DASHBOARD = "https://dashboard.stripe.com"


def customer_page(stripe_id: str | None) -> str:
    """The address of a customer at Stripe; of the sandbox's first page while it stands in; empty without an id."""
    return _address("customers", stripe_id)


def payment_page(intent_id: str | None) -> str:
    """The address of a payment at Stripe, where it can be refunded; else as above."""
    return _address("payments", intent_id)


def _address(kind: str, stripe_id: str | None) -> str:
    if not stripe_id:
        return ""
    if settings.STRIPE_API_BASE:
        return f"{settings.STRIPE_API_BASE}/"
    mode = "" if "_live_" in settings.STRIPE_SECRET_KEY else "test/"
    return f"{DASHBOARD}/{mode}{kind}/{stripe_id}"
