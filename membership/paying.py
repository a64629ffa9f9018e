"""Ways to pay: what the join page offers, and where a transfer goes or how a cheque is written."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings

from membership import gateway
from membership.models import Application, Interval, Method, Person, Plan, Price, Subscription

# Paid on Stripe's page.
ONLINE = (Method.DEBIT, Method.CARD)
# The choice of the join page that pays by card and renews nothing.
CARD_ONCE = "card_once"


@dataclass(frozen=True)
class WayToPay:
    """What somebody needs to know to pay by a method. Empty fields do not apply to it."""

    method: Method
    account_name: str = ""
    sort_code: str = ""
    account_number: str = ""
    payable_to: str = ""
    post_to: str = ""


def ways_to_pay() -> dict[str, WayToPay]:
    """The ways without Stripe, by method: transfers only where the account is set."""
    cheque = WayToPay(Method.CHEQUE, payable_to=settings.SITE_NAME, post_to=settings.CHEQUE_ADDRESS)
    account = (settings.BANK_ACCOUNT_NAME, settings.BANK_SORT_CODE, settings.BANK_ACCOUNT_NUMBER)
    if not all(account):
        return {Method.CHEQUE.value: cheque}
    return {Method.TRANSFER.value: WayToPay(Method.TRANSFER, *account), Method.CHEQUE.value: cheque}


def way_to_pay(method: str) -> WayToPay:
    """How to pay by that method; by cheque where it is not offered any more."""
    ways = ways_to_pay()
    return ways.get(method) or ways[Method.CHEQUE.value]


def choices(plan: Plan, prices: Sequence[Price]) -> list[str]:
    """What the join page offers for a plan at these prices, in order. By card and debit only where Stripe is set up."""
    online: list[str] = []
    if gateway.is_ready():
        online = [Method.CARD.value, Method.DEBIT.value] if plan.is_life else [Method.DEBIT.value, Method.CARD.value]
        if any(price.interval == Interval.YEAR for price in prices):
            online.append(CARD_ONCE)
    return [*online, *ways_to_pay()]


def read_choice(choice: str, price: Price) -> tuple[str, bool]:
    """The method of a choice, and whether Stripe renews it. What is paid once for life never renews."""
    if choice == CARD_ONCE:
        return Method.CARD.value, False
    return choice, choice in ONLINE and price.interval != Interval.ONCE


def is_online(application: Application) -> bool:
    """Whether it is paid on Stripe's page."""
    return application.method in ONLINE and gateway.is_ready()


def owner_to_ask(application: Application) -> Person | None:
    """Whose say-so is needed before this goes to Stripe; None for an address that is nobody's yet.

    Anybody can type anybody's address. What is verifiably somebody's own, or pays for a subscription already, is paid
    for only by who reads its mail, or is signed in as its owner. Whoever verified the address by this very application
    has been asked.
    """
    owner = Person.objects.with_verified_email(application.email).first()
    if owner is None:
        same = Subscription.objects.renewing().filter(application__identity=application.identity)
        twin = same.exclude(application=application).select_related("customer__person").first()
        return twin.customer.person if twin else None
    confirmed_at, verified_at = application.email_confirmed_at, owner.email_verified_at
    is_asked = confirmed_at is not None and verified_at is not None and verified_at >= confirmed_at
    return None if is_asked else owner
