"""Payments by Stripe that fail: that they were noticed is kept, once each. The mails come with the other notices."""

from membership.actions.notices import tell_once
from membership.models import Checkout, NoticeKind, Subscription


def payment_failed(subscription: Subscription) -> bool:
    """Once for each try of an invoice."""
    about = f"{subscription.unpaid_invoice_id} try {subscription.unpaid_attempts}"
    return tell_once(subscription.customer.person, NoticeKind.PAYMENT_FAILED, about=about)


def subscription_ended_unpaid(subscription: Subscription) -> bool:
    """Once for each subscription."""
    about = f"{subscription.stripe_id} ended"
    return tell_once(subscription.customer.person, NoticeKind.PAYMENT_FAILED, about=about)


def new_method_needed(subscription: Subscription, *, about: str) -> bool:
    """Once for each `about`."""
    return tell_once(subscription.customer.person, NoticeKind.NEW_METHOD, about=about)


def first_payment_failed(checkout: Checkout) -> bool:
    """Once for each page to pay on."""
    return tell_once(checkout.application.person, NoticeKind.PAYMENT_FAILED, about=f"checkout {checkout.pk}")
