"""Mails about donations: thanks with a receipt, how to give, and what to do when a gift fails or ends."""

from django.conf import settings
from django.urls import reverse

from membership.mails import Mail, MailKind
from membership.models import Donation, Frequency, Method, Payment, RegularGift
from membership.money import with_gift_aid
from membership.paying import way_to_pay


def _giver(donation: Donation) -> str:
    return donation.contact_name or donation.name


def _page() -> str:
    return settings.SITE_URL + reverse("donate:index")


@MailKind
def thank_you(payment: Payment, *, is_first: bool = True, has_declared: bool = False) -> Mail:
    """Thanks, and the receipt; for a monthly gift each month. `is_first`: of this donation; `has_declared`: Gift Aid.

    To the address on the record, which its owner keeps right; to the one typed where there is none.
    """
    donation = payment.donation
    if donation is None:
        raise ValueError("only a donation's payment is thanked for as one")
    person = payment.person
    to = person.email if person.may_be_mailed else ""
    context = {
        "payment": payment,
        "donation": donation,
        "name": _giver(donation),
        "is_first": is_first,
        "is_monthly": donation.frequency == Frequency.MONTH,
        "paid_by": Method(payment.method).label,
        "worth_pence": with_gift_aid(payment.gross_pence) if has_declared else None,
        "asks_to_declare": bool(donation.gift_aid_version) and not has_declared,
    }
    return Mail("gift_thanks", to, context)


@MailKind
def how_to_give(donation: Donation) -> Mail:
    """The account or the cheque, and the reference. To the address that was typed: nothing is verified."""
    to = "" if donation.person.do_not_contact else donation.email
    return Mail("gift_how", to, {"donation": donation, "name": _giver(donation), "way": way_to_pay(donation.method)})


@MailKind
def gift_failed(donation: Donation) -> Mail:
    """The bank did not pay; the thank-you page lets them try again."""
    pay_url = settings.SITE_URL + donation.get_absolute_url()
    to = "" if donation.person.do_not_contact else donation.email
    context = {"name": _giver(donation), "amount_pence": donation.amount_pence, "pay_url": pay_url}
    return Mail("gift_failed", to, context | {"is_monthly": False})


@MailKind
def monthly_failed(gift: RegularGift) -> Mail:
    """A month could not be collected. Stripe's own page takes it by another card, as long as it is open."""
    person = gift.customer.person
    context = {
        "name": person.contact_name or person.name,
        "amount_pence": gift.unpaid_pence,
        "pay_url": gift.unpaid_url,
        "is_monthly": True,
        "tries_again_at": gift.next_attempt_at,
    }
    return Mail("gift_failed", person.email if person.may_be_mailed else "", context)


@MailKind
def monthly_ended(gift: RegularGift) -> Mail:
    """That nothing more is taken, with thanks for what was given."""
    person = gift.customer.person
    context = {
        "name": person.contact_name or person.name,
        "gift": gift,
        "was_wished": gift.end_reason != "payment_failed",
        "donate_url": _page(),
    }
    return Mail("gift_ended", person.email if person.may_be_mailed else "", context)
