"""Payments by Stripe that fail: whose they are is told by mail what happens and what to do, each once.

Called inside the transaction that keeps what was read back from Stripe, after the subscription's row was saved. Whoever
must not be written to, or has no address, is told nothing: staff see them in the list of failing payments.
"""

from datetime import date

from django.db import transaction
from django.utils import timezone

from membership import mails
from membership.actions.notices import tell_once
from membership.models import Checkout, Notice, NoticeKind, Subscription, SubscriptionStatus

GIVEN_UP = [SubscriptionStatus.UNPAID, SubscriptionStatus.CANCELED]
NEVER_PAID = [SubscriptionStatus.INCOMPLETE, SubscriptionStatus.INCOMPLETE_EXPIRED]


@transaction.atomic
def payment_failed(subscription: Subscription) -> bool:
    """Tell them, once for each try, that an invoice could not be collected; whether a mail was queued.

    Of a first payment's first failure `first_payment_failed` tells, and of the end `subscription_ended_unpaid`.
    """
    if not subscription.unpaid_invoice_id or not subscription.unpaid_attempts:
        return False
    if subscription.status in [*GIVEN_UP, *NEVER_PAID]:
        return False
    if subscription.membership_id is None and subscription.unpaid_attempts == 1:
        return False
    is_last = subscription.next_attempt_at is None
    if not _tell(subscription, f"{subscription.unpaid_invoice_id} try {subscription.unpaid_attempts}"):
        return False
    if is_last:
        _tell(subscription, _last_try(subscription))
    mails.payment_failed(subscription, stays_until=stays_until(subscription))
    return True


@transaction.atomic
def subscription_ended_unpaid(subscription: Subscription) -> bool:
    """Tell them, once for each subscription, that it ended since nothing could be collected; whether a mail was queued.

    Nothing new for whom the mail about this invoice's last try has told so, and for a membership that never began.
    """
    if subscription.membership_id is None or not _tell(subscription, f"{subscription.stripe_id} ended"):
        return False
    if Notice.objects.filter(kind=NoticeKind.PAYMENT_FAILED, about=_last_try(subscription)).exists():
        return False
    mails.ended_unpaid(subscription, stays_until=stays_until(subscription))
    return True


@transaction.atomic
def new_method_needed(subscription: Subscription, *, about: str) -> bool:
    """Ask, once for each `about` (what ended: a mandate's id, a card's), for another way to pay; whether a mail went.

    Not where nothing more is going to be taken.
    """
    person = subscription.customer.person
    if not person.may_be_mailed or subscription.renews_on is None:
        return False
    if not tell_once(person, NoticeKind.NEW_METHOD, about=f"{subscription.stripe_id} {about}"):
        return False
    mails.new_method(subscription)
    return True


@transaction.atomic
def first_payment_failed(checkout: Checkout) -> bool:
    """Tell who applied, once for each page to pay on, that the bank did not pay; whether a mail was queued.

    Not if the application has come true in another way, or was replaced.
    """
    application = checkout.application
    if not application.is_open or not application.email or application.person.do_not_contact:
        return False
    if not tell_once(application.person, NoticeKind.PAYMENT_FAILED, about=f"checkout {checkout.key}"):
        return False
    mails.first_payment_failed(checkout)
    return True


def stays_until(subscription: Subscription) -> date | None:
    """The last day on which they are members if nothing more comes; None if that is over, or for life."""
    membership = subscription.membership
    last = membership.last_term if membership else None
    if last is None or last.cut_on is not None or last.grace_until is None:
        return None
    return last.grace_until if last.grace_until >= timezone.localdate() else None


def _tell(subscription: Subscription, about: str) -> bool:
    """Note that they are told of a failure; False if they were before, or must not be written to."""
    person = subscription.customer.person
    return person.may_be_mailed and tell_once(person, NoticeKind.PAYMENT_FAILED, about=about)


def _last_try(subscription: Subscription) -> str:
    """What the mail about the last try of an invoice is noted under."""
    return f"{subscription.stripe_id} {subscription.unpaid_invoice_id} last try"
