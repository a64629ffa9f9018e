"""Donations by Stripe that fail: the giver is told by mail, once each. A gift obliges to nothing, so no more."""

from django.db import transaction

from membership import mails_giving
from membership.actions.notices import tell_once
from membership.models import DonationCheckout, NoticeKind, RegularGift, SubscriptionStatus


@transaction.atomic
def payment_failed(page: DonationCheckout) -> bool:
    """The bank did not pay what was asked for on a page; whether a mail was queued. Not if the gift came otherwise."""
    donation = page.donation
    if not donation.is_open or not donation.email or donation.person.do_not_contact:
        return False
    if not tell_once(donation.person, NoticeKind.PAYMENT_FAILED, about=f"donation {page.key}"):
        return False
    mails_giving.gift_failed(donation)
    return True


@transaction.atomic
def monthly_failed(gift: RegularGift) -> bool:
    """A month could not be collected: told once for each invoice, however often Stripe tries; whether a mail went."""
    person = gift.customer.person
    if not gift.unpaid_invoice_id or not gift.unpaid_attempts or not gift.donation.payments.exists():
        return False
    if not person.may_be_mailed or not tell_once(
        person, NoticeKind.PAYMENT_FAILED, about=f"gift {gift.unpaid_invoice_id}"
    ):
        return False
    mails_giving.monthly_failed(gift)
    return True


@transaction.atomic
def monthly_ended(gift: RegularGift) -> bool:
    """A monthly gift has ended, or will with what was given, whoever wished it: told once; whether a mail went."""
    person = gift.customer.person
    is_over = gift.status in (SubscriptionStatus.CANCELED, SubscriptionStatus.UNPAID)
    if not (is_over or gift.is_ending) or not gift.donation.payments.exists() or not person.may_be_mailed:
        return False
    if not tell_once(person, NoticeKind.GIFT_ENDED, about=f"gift {gift.stripe_id}"):
        return False
    mails_giving.monthly_ended(gift)
    return True
