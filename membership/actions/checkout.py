"""From an application to Stripe's page on which it is paid: one page, however often and from wherever it is asked for.

Rows come first, each with its idempotency key, in a short transaction; then Stripe is asked, while nothing is locked;
then the answer is kept. Killed anywhere between, the next click sends the same words under the same keys and goes on.
A page that does not fit any more is closed at Stripe before another is made, so that no two can be paid.
"""

import logging
import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from membership import gateway
from membership.actions import catalogue
from membership.actions.asking import asked, id_of
from membership.facts import SessionFacts
from membership.models import (
    Application,
    ApplicationState,
    Checkout,
    CheckoutState,
    DonationCheckout,
    Person,
    StripeCustomer,
    StripePrice,
    Subscription,
    Term,
)
from membership.models.stripe import CheckoutQuerySet
from membership.paying import ONLINE

logger = logging.getLogger("psg.stripe")
AnyPage = Checkout | DonationCheckout

# How long a page can be paid: Stripe's own day, by its own clock. Its answer says the moment.
PAGE_LASTS = timedelta(hours=24)
# With less than this left, a page is not shown again: its reader needs time to find their card.
ENOUGH = timedelta(minutes=35)
# Each round ends with an answer unless somebody else changed something meanwhile, or something is gone at Stripe.
ROUNDS = 5


class AlreadyPaid(Exception):
    """The application is paid."""


class OnItsWay(Exception):
    """Stripe's page was used; the bank takes its days."""


class NotOpen(Exception):
    """The application is not paid in this way: it was replaced or discarded, or waits for a transfer or cheque."""


class RenewsAlready(Exception):
    """Their `subscription` renews by itself: there is nothing to pay."""

    def __init__(self, subscription: Subscription | None) -> None:
        super().__init__(f"{subscription} renews by itself" if subscription else "member for life")
        self.subscription = subscription


class ForLife(RenewsAlready):
    """They are a member for life: there is nothing to renew."""

    def __init__(self) -> None:
        super().__init__(None)


def begin(application: Application) -> str:
    """The address of Stripe's page on which the application is paid; the same as long as the page can be paid.

    Raises AlreadyPaid, OnItsWay, NotOpen, RenewsAlready; gateway.Unavailable if Stripe cannot be asked just now, and
    gateway.Refused if it does not do this (its account cannot take debits, say).
    """
    for _ in range(ROUNDS):
        bounced = _bounced(application)
        for subscription in bounced:
            _end(subscription)
        checkout, unfit = _reserve(application.pk)
        for each in unfit:
            retire(each)
        if checkout is None:
            continue
        if checkout.state == CheckoutState.OPEN:
            return checkout.url
        url = _open(checkout)
        if url:
            return url
    raise gateway.Unavailable("things keep changing while the page is made")


def _bounced(application: Application) -> list[Subscription]:
    """What began with a debit that bounced, and was never paid: Stripe would try again beside the new payment."""
    of_them = Q(application=application) | Q(application__identity=application.identity)
    return list(Subscription.objects.bounced().filter(of_them))


def _end(subscription: Subscription) -> None:
    """Let nothing of it be collected or paid any more. Raises AlreadyPaid if it was paid meanwhile."""
    from membership.actions import reflecting  # it stands above this module

    status = gateway.invoice(subscription.unpaid_invoice_id).status
    if status == "open":
        gateway.void_invoice(subscription.unpaid_invoice_id)
    if status != "paid":
        try:
            gateway.end_now(subscription.stripe_id)
        except gateway.Refused as reason:
            logger.info("%s has ended: %s", subscription.stripe_id, reason)
    reflecting.subscription(subscription.stripe_id)
    if subscription.payments.exists():
        raise AlreadyPaid(f"{subscription.stripe_id} was paid")


def withdraw(application: Application) -> None:
    """They pay in another way: let nobody pay on the pages that were made. Without Stripe they run out in a day.

    Pages of the same person under other words stay: anybody may have typed this address. Raises AlreadyPaid, OnItsWay
    if one was used meanwhile.
    """
    same = Checkout.objects.filter(Q(application=application) | Q(application__identity=application.identity))
    for checkout in same.payable():
        try:
            retire(checkout)
        except gateway.Unavailable as error:
            logger.warning("The page of application %s stays open until it runs out: %s", application.reference, error)


# --- First, in our own rows ---


@transaction.atomic
def _reserve(application_id: int) -> tuple[Checkout | None, list[Checkout]]:
    """The row of the page, made if there is none; or none, and those that have to be retired first."""
    locked = Application.objects.select_for_update(of=("self", "person")).select_related("person", "price")
    application = locked.filter(pk=application_id).first()
    if application is None:
        raise NotOpen("it is not there any more")
    _refuse(application)
    payable = (
        _checkouts_of(application).payable().select_related("application", "customer", "stripe_price__price__plan")
    )
    found = list(payable)
    unfit = [each for each in found if not _fits(each, application)]
    if unfit:
        return None, unfit
    return (found[0] if found else _new(application)), []


def _checkouts_of(application: Application) -> CheckoutQuerySet:
    """Pages of this application and of others of the same human."""
    same = Q(application=application) | Q(application__identity=application.identity)
    person = Q(application__person=application.person_id) | Q(customer__person=application.person_id)
    return Checkout.objects.filter(same | person)


def _refuse(application: Application) -> None:
    """Raise what speaks against paying this (locked) application by card or debit."""
    if application.state == ApplicationState.ACCEPTED:
        raise AlreadyPaid(f"{application.reference} is paid")
    if _checkouts_of(application).pending().exists():
        raise OnItsWay(f"{application.reference} is being paid")
    if not application.is_open or application.method not in ONLINE:
        raise NotOpen(f"{application.reference} is not paid by card or debit")
    people = Person.objects.filter(pk=application.person_id) | Person.objects.with_verified_email(application.email)
    renewing = Subscription.objects.renewing().filter(
        Q(customer__person__in=people) | Q(application__identity=application.identity)
    )
    subscription = renewing.first()
    if subscription is not None:
        raise RenewsAlready(subscription)
    own = Term.objects.paid(timezone.localdate()).filter(membership__person__in=people)
    if own.filter(ends_on__isnull=True).exists():
        raise ForLife


def _fits(checkout: Checkout, application: Application) -> bool:
    """Whether this page is the one that the application needs now."""
    made_for = (checkout.application_id, checkout.stripe_price.price_id, checkout.stripe_price.amount_pence)
    how = (checkout.method, checkout.renews, checkout.customer.person_id, checkout.customer.deleted_at)
    return (
        made_for == (application.pk, application.price_id, application.amount_pence)
        and how == (application.method, application.renews, application.person_id, None)
        and checkout.expires_at - timezone.now() > ENOUGH
    )


def _new(application: Application) -> Checkout:
    """Rows for page, customer and price, with the keys under which Stripe is asked for them."""
    customer = application.person.stripe_customers.filter(deleted_at__isnull=True).first()
    wanted: dict[str, Any] = {"price": application.price, "amount_pence": application.amount_pence}
    price = StripePrice.objects.filter(**wanted).first() or StripePrice.objects.get_or_create(**wanted)[0]
    return Checkout.objects.create(
        application=application,
        customer=customer or StripeCustomer.objects.create(person=application.person),
        stripe_price=price,
        method=application.method,
        renews=application.renews,
        expires_at=(timezone.now() + PAGE_LASTS).replace(microsecond=0),
    )


# --- Then at Stripe, nothing locked ---


def _open(checkout: Checkout) -> str:
    """Ask Stripe for everything that the page needs, and keep its address. Empty: look again what is needed now."""
    price_id = catalogue.price_id(checkout.stripe_price) if checkout.renews else ""
    customer_id = id_of(checkout.customer, lambda key: _make_customer(checkout.customer, key))
    made: list[SessionFacts] = []

    def make(key: uuid.UUID) -> str:
        made.append(_make_session(checkout, key, price_id, customer_id))
        return made[0].id

    try:
        asked(checkout, make)
    except gateway.Missing:
        _forget_what_is_gone(checkout, price_id, customer_id)
        return ""
    return keep(checkout, made[0]) if made else ""


def _make_customer(row: StripeCustomer, key: uuid.UUID) -> str:
    """Sent again after they changed name or address, the words differ: Stripe refuses, and the row gets another key."""
    person = Person.objects.get(pk=row.person_id)
    metadata = {"psg_person": str(person.pk)}
    return gateway.create_customer(key=key, email=person.email, name=person.name, metadata=metadata)


def _make_session(checkout: Checkout, key: uuid.UUID, price_id: str, customer_id: str) -> SessionFacts:
    """Every word comes from the row, so that the same key always carries the same words."""
    application = checkout.application
    what: dict[str, Any] = {"price": price_id}
    if not checkout.renews:
        what = {
            "product": catalogue.product(checkout.stripe_price.price.plan),
            "amount_pence": checkout.stripe_price.amount_pence,
        }
    back = settings.SITE_URL + application.get_absolute_url()
    return gateway.create_session(
        key=key,
        customer=customer_id,
        **what,
        renews=checkout.renews,
        method=checkout.method,
        success_url=f"{back}?paid=1",
        cancel_url=f"{back}?back=1",
        reference=application.reference,
        metadata={
            "psg_checkout": str(key),
            "psg_reference": application.reference,
            "psg_price": str(checkout.stripe_price.price_id),
        },
    )


def _forget_what_is_gone(checkout: Checkout, price_id: str, customer_id: str) -> None:
    """Stripe does not know the customer any more, or else the price: ask for new ones, and for a new page."""
    if not forget_customer(checkout, customer_id) and price_id:
        prices = StripePrice.objects.filter(pk=checkout.stripe_price_id, stripe_id=price_id)
        prices.update(stripe_id=None, key=uuid.uuid4())
    Checkout.objects.payable().filter(pk=checkout.pk).update(state=CheckoutState.EXPIRED)


def forget_customer(checkout: AnyPage, customer_id: str) -> bool:
    """Whether Stripe does not know this customer any more; then it is not used again."""
    try:
        is_gone = gateway.customer(customer_id).is_deleted
    except gateway.Missing:
        is_gone = True
    if is_gone:
        gone = StripeCustomer.objects.filter(pk=checkout.customer_id, stripe_id=customer_id)
        gone.update(deleted_at=timezone.now())
    return is_gone


# --- Last, in our rows again ---


def keep(checkout: AnyPage, session: SessionFacts) -> str:
    """Keep the page that Stripe made; its address, or nothing if it is not wanted any more and was closed."""
    answer = {"stripe_id": session.id, "url": session.url, "expires_at": session.expires_at}
    pages = type(checkout).objects
    new = pages.filter(pk=checkout.pk, state=CheckoutState.NEW, key=checkout.key)
    if new.update(state=CheckoutState.OPEN, **answer):
        return session.url
    checkout.refresh_from_db()
    if checkout.state == CheckoutState.OPEN and checkout.stripe_id == session.id:
        return checkout.url  # another click was quicker
    if checkout.state == CheckoutState.EXPIRED and not checkout.stripe_id:
        pages.filter(pk=checkout.pk).update(**answer)
        checkout.refresh_from_db()
        retire(checkout)
    return ""


def retire(checkout: AnyPage) -> None:
    """Let nobody pay on this page any more, at Stripe first. Raises AlreadyPaid, OnItsWay if somebody just did."""
    pages = type(checkout).objects
    if not checkout.stripe_id:
        unknown = pages.payable().filter(pk=checkout.pk, stripe_id__isnull=True)
        if unknown.update(state=CheckoutState.EXPIRED):
            return  # whoever is busy making it will find it unwanted, and closes it
        checkout.refresh_from_db()
    if checkout.stripe_id:
        try:
            gateway.expire_session(checkout.stripe_id)
        except gateway.Missing:
            logger.info("Stripe does not know page %s any more", checkout.stripe_id)
        except gateway.Refused:
            _look_what_became_of(checkout, checkout.stripe_id)
    pages.payable().filter(pk=checkout.pk).update(state=CheckoutState.EXPIRED)


def _look_what_became_of(checkout: AnyPage, stripe_id: str) -> None:
    """Stripe does not close the page: it ran out, or it was used, and what was paid must count before anything else."""
    from membership.actions import reflecting  # it stands above this module

    if gateway.session(stripe_id).status == "expired":
        return
    reflecting.session(stripe_id)
    checkout.refresh_from_db()
    if checkout.state == CheckoutState.PAID:
        raise AlreadyPaid(f"{stripe_id} was paid")
    if checkout.state == CheckoutState.PENDING:
        raise OnItsWay(f"{stripe_id} was used")
    if checkout.state in (CheckoutState.NEW, CheckoutState.OPEN):
        raise gateway.Unavailable(f"{stripe_id} can neither be closed nor read")
