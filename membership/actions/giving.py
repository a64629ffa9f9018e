"""From the page to give on to Stripe's: a donation as typed, one page to pay on, and the end of a monthly gift."""

import logging
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from membership import gateway, mails_giving, references
from membership.actions import checkout, donating, reflecting
from membership.actions.asking import asked, id_of
from membership.facts import SessionFacts
from membership.models import (
    Appeal,
    CheckoutState,
    Donation,
    DonationCheckout,
    DonationState,
    Frequency,
    Person,
    RegularGift,
    StripeCustomer,
)
from membership.models.details import DETAIL_FIELDS
from membership.paying import ONLINE

logger = logging.getLogger("psg.stripe")

PRODUCT = "psg-donation"
# Anybody can type anybody's address: more mails than this to one address in a day are not sent.
MAILS_A_DAY = 5


@dataclass(frozen=True)
class Wish:
    """What somebody wishes to give, checked. `details` are columns of `ContactDetails`; amounts in pence."""

    amount_pence: int
    frequency: str
    method: str
    details: dict[str, str]
    appeal: Appeal | None = None
    dedication: str = ""
    dedicated_to: str = ""
    message: str = ""
    is_anonymous: bool = True
    gift_aid_version: str = ""
    consents: list[dict[str, Any]] = field(default_factory=list)


def wish(*, token: uuid.UUID, wish: Wish, giver: Person | None = None) -> Donation:
    """Keep what was filled in; a form that is sent twice is one donation. `giver` is signed in. No record changes.

    By transfer or cheque, how to give is mailed. A form that is sent again with other words is another donation, and
    the first can be given no more, unless it was given meanwhile: then it stands.
    """
    columns = _columns(wish)
    known = Donation.objects.filter(token=token).first()
    if known is not None and (known.state == DonationState.DISCARDED or not _holds(known, columns)):
        if not _withdraw(known):
            return known
        token = uuid.uuid5(token, repr(sorted(columns.items())))
    try:
        with transaction.atomic():
            return _keep_wish(token, columns, giver)
    except IntegrityError:  # the same form, sent twice at once
        return Donation.objects.get(token=token)


def _columns(wish: Wish) -> dict[str, Any]:
    own = {name: value for name, value in vars(wish).items() if name != "details"}
    details = {name: wish.details.get(name, "") for name in DETAIL_FIELDS}
    return own | details | {"email": details["email"].lower()}


def _holds(donation: Donation, columns: dict[str, Any]) -> bool:
    return all(getattr(donation, name) == value for name, value in columns.items())


def _withdraw(donation: Donation) -> bool:
    """Let nobody give this any more, at Stripe first; False if somebody did, or is about to. Without Stripe its page
    runs out in a day."""
    try:
        for page in donation.checkouts.payable():
            checkout.retire(page)
    except (checkout.AlreadyPaid, checkout.OnItsWay):
        return False
    except gateway.Unavailable as error:
        logger.warning("The page of donation %s stays open until it runs out: %s", donation.reference, error)
    still = Donation.objects.open().filter(pk=donation.pk).exclude(checkouts__state=CheckoutState.PENDING)
    still.update(state=DonationState.DISCARDED)
    return Donation.objects.filter(pk=donation.pk, state=DonationState.DISCARDED).exists()


def _keep_wish(token: uuid.UUID, columns: dict[str, Any], giver: Person | None) -> Donation:
    known = Donation.objects.filter(token=token).first()
    if known is not None:
        return known
    donation = Donation(token=token, reference=references.new_reference(), **columns)
    donation.is_proven = giver is not None and giver.email_verified_at is not None
    donation.person = giver if giver is not None and donation.is_proven else _person_for(donation)
    donation.save()
    if donation.method not in ONLINE and _mails_today(donation) <= MAILS_A_DAY:
        mails_giving.how_to_give(donation)
    return donation


def _person_for(donation: Donation) -> Person:
    """Whose address it is; else the record of the same name and address that nobody has verified; else a new one."""
    owner = Person.objects.with_verified_email(donation.email).first()
    same = Person.objects.filter(
        email=donation.email,
        email_verified_at__isnull=True,
        first_name__iexact=donation.first_name,
        last_name__iexact=donation.last_name,
    )
    person = owner or same.order_by("pk").first() or donating.new_person(donation)
    if person.pk is None:
        person.save()
    return person


def _mails_today(donation: Donation) -> int:
    since = timezone.now() - timedelta(days=1)
    return Donation.objects.filter(email=donation.email, created_at__gte=since).count()


# --- To Stripe's page ---


def begin(donation: Donation) -> str:
    """The address of Stripe's page on which the donation is paid; the same as long as the page can be paid.

    As `checkout.begin`: rows and keys first, then Stripe with nothing locked, then the answer is kept. Raises
    checkout.AlreadyPaid, OnItsWay, NotOpen; gateway.Unavailable, gateway.Refused.
    """
    for _ in range(checkout.ROUNDS):
        page, unfit = _reserve(donation.pk)
        if unfit is not None:
            checkout.retire(unfit)
        if page is None:
            continue
        if page.state == CheckoutState.OPEN:
            return page.url
        if url := _open(page):
            return url
    raise gateway.Unavailable("things keep changing while the page is made")


@transaction.atomic
def _reserve(donation_id: int) -> tuple[DonationCheckout | None, DonationCheckout | None]:
    """The row of the page, made if there is none; or none, and one that has to be retired first."""
    locked = Donation.objects.select_for_update(of=("self",)).select_related("person")
    donation = locked.get(pk=donation_id)
    pages = donation.checkouts.select_related("donation__person", "customer")
    if donation.payments.exists():
        raise checkout.AlreadyPaid(f"{donation.reference} is paid")
    if pages.pending().exists():
        raise checkout.OnItsWay(f"{donation.reference} is being paid")
    if not donation.is_open or donation.method not in ONLINE:
        raise checkout.NotOpen(f"{donation.reference} is not paid by card or debit")
    page = pages.payable().first()
    if page is None:
        until = (timezone.now() + checkout.PAGE_LASTS).replace(microsecond=0)
        return DonationCheckout.objects.create(donation=donation, customer=_customer(donation), expires_at=until), None
    is_fit = page.customer.deleted_at is None and page.expires_at - timezone.now() > checkout.ENOUGH
    return (page, None) if is_fit else (None, page)


def _customer(donation: Donation) -> StripeCustomer:
    """Who gives, at Stripe. What a stranger may have typed gets a customer of its own, which shows nobody's details."""
    live = donation.person.stripe_customers.filter(deleted_at__isnull=True)
    used = live.first() if donating.may_change(donation.person, donation) else None
    return used or StripeCustomer.objects.create(person=donation.person)


def _open(page: DonationCheckout) -> str:
    """Ask Stripe for everything that the page needs, and keep its address. Empty: look again what is needed now."""
    donation = page.donation
    customer_id = id_of(page.customer, lambda key: _make_customer(donation, key))
    gateway.ensure_product(PRODUCT, name="Donation")
    made: list[SessionFacts] = []

    def make(key: uuid.UUID) -> str:
        made.append(_make_session(donation, key, customer_id))
        return made[0].id

    try:
        asked(page, make)
    except gateway.Missing:
        checkout.forget_customer(page, customer_id)
        DonationCheckout.objects.payable().filter(pk=page.pk).update(state=CheckoutState.EXPIRED)
        return ""
    return checkout.keep(page, made[0]) if made else ""


def _make_customer(donation: Donation, key: uuid.UUID) -> str:
    """As it was typed."""
    metadata = {"psg_person": str(donation.person_id)}
    return gateway.create_customer(key=key, email=donation.email, name=donation.name, metadata=metadata)


def _make_session(donation: Donation, key: uuid.UUID, customer_id: str) -> SessionFacts:
    """A donation is never changed, so the same key always carries the same words."""
    back = settings.SITE_URL + donation.get_absolute_url()
    is_monthly = donation.frequency == Frequency.MONTH
    return gateway.create_session(
        key=key,
        customer=customer_id,
        product=PRODUCT,
        amount_pence=donation.amount_pence,
        interval="month" if is_monthly else "",
        renews=is_monthly,
        method=donation.method,
        success_url=f"{back}?paid=1",
        cancel_url=f"{back}?back=1",
        reference=donation.reference,
        metadata={"psg_donation": str(key), "psg_reference": donation.reference},
    )


# --- Monthly gifts ---


def stop(gift: RegularGift) -> None:
    """Take no more of a monthly gift: at Stripe first, then here. Stopped twice is stopped once.

    Raises gateway.Unavailable. What has ended at Stripe meanwhile is only read back.
    """
    try:
        gateway.end_now(gift.stripe_id, comment="Stopped by the giver")
    except gateway.Refused as reason:
        logger.info("%s has ended: %s", gift.stripe_id, reason)
    reflecting.subscription(gift.stripe_id)
