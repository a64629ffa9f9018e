"""A page to pay on, and the single payment that was made on it."""

from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils import timezone

from membership import gateway
from membership.actions import collected, donating
from membership.actions.checkout import AnyPage
from membership.actions.payments import Money, lock_application
from membership.actions.reflecting import donations
from membership.actions.reflecting.checkouts import close_checkout, reference_of
from membership.actions.reflecting.subscriptions import subscription
from membership.actions.reflecting.turns import NotOurs, checkout_of, read_back, take_turn
from membership.facts import SessionFacts
from membership.models import Application, Checkout, CheckoutState, DonationCheckout, Payment, Person, Price
from membership.money import pounds


@transaction.atomic
def session(stripe_id: str) -> list[str]:
    """Make a page to pay on agree with Stripe, and what was paid on it. Raises NotOurs, gateway.Unavailable."""
    take_turn(stripe_id)
    facts = read_back(gateway.session, stripe_id)
    checkout = Checkout.objects.select_related("application", "customer").filter(stripe_id=stripe_id).first()
    checkout = checkout or checkout_of(facts.metadata)
    if checkout is None and (page := donations.page_of(facts)) is not None:
        return _donation(page, facts)
    if checkout is None:
        raise NotOurs(f"{stripe_id} was not made by this site")
    money = _money_of_session(facts)
    changes = subscription(facts.subscription) if facts.subscription else []
    application = checkout.application
    if money is not None:
        application = lock_application(application)
    checkout = Checkout.objects.select_for_update().get(pk=checkout.pk)
    keep_ids(checkout, facts)
    if money is not None:
        changes += _record_once(checkout, facts, money, application)
    return changes + _follow_session(checkout, facts, money)


def _donation(page: DonationCheckout, facts: SessionFacts) -> list[str]:
    """The same for a page on which a donation is paid."""
    paid = _money_of_session(facts)
    changes = subscription(facts.subscription) if facts.subscription else []
    donation = donating.lock(page.donation) if paid is not None else page.donation
    page = DonationCheckout.objects.select_for_update(of=("self",)).select_related("donation__person").get(pk=page.pk)
    keep_ids(page, facts)
    if paid is not None and paid.money is not None:
        changes += donations.receive_new(donation, paid.money)
    return changes + _follow_session(page, facts, paid)


def keep_ids(checkout: AnyPage, facts: SessionFacts) -> None:
    """Keep which page of Stripe's it is, where we were killed before we could."""
    if checkout.stripe_id != facts.id:
        checkout.stripe_id, checkout.url, checkout.expires_at = facts.id, facts.url, facts.expires_at
        checkout.save(update_fields=["stripe_id", "url", "expires_at"])


@dataclass(frozen=True)
class OneOff:
    """What became of the single payment of a page."""

    money: Money | None
    has_failed: bool
    paid_on: date


def _money_of_session(facts: SessionFacts) -> OneOff | None:
    """The single payment of a completed page; None where a subscription pays, or nobody did yet."""
    if facts.mode != "payment" or facts.status != "complete" or not facts.intent:
        return None
    intent = gateway.intent(facts.intent)
    has_failed = intent.status in ("requires_payment_method", "canceled")
    paid_on = timezone.localdate(intent.received_at) if intent.received_at else timezone.localdate()
    if not facts.is_paid or intent.status != "succeeded":
        return OneOff(None, has_failed, paid_on)
    money = Money(
        gross_pence=intent.received_pence,
        method=intent.method,
        received_on=paid_on,
        token=intent.id,
        fee_pence=intent.fee_pence,
        stripe_payment_intent_id=intent.id,
        stripe_charge_id=intent.charge_id,
    )
    return OneOff(money, has_failed=False, paid_on=paid_on)


def _record_once(checkout: Checkout, facts: SessionFacts, paid: OneOff, application: Application) -> list[str]:
    if paid.money is None or Payment.objects.filter(token=paid.money.token).exists():
        return []
    number = facts.metadata.get("psg_price", "")
    price = Price.objects.filter(pk=int(number)).first() if number.isdecimal() else None
    person = Person.objects.select_for_update().get(pk=application.person_id)
    collected.record(
        person=person,
        money=paid.money,
        price=price or application.price,
        paid_on=paid.paid_on,
        application=application,
    )
    paid_on = f"{paid.paid_on:%-d %B %Y}"
    return [f"{person}: recorded {pounds(paid.money.gross_pence)}, paid on {paid_on}"]


def _follow_session(checkout: AnyPage, facts: SessionFacts, paid: OneOff | None) -> list[str]:
    """Keep all ids, and what became of the page."""
    ids = {"subscription_id": facts.subscription, "payment_intent_id": facts.intent}
    ids = {name: value for name, value in ids.items() if value}
    state = checkout.state
    if facts.status == "expired":
        state = CheckoutState.EXPIRED if state in (CheckoutState.NEW, CheckoutState.OPEN) else state
    elif facts.status == "open":
        state = CheckoutState.OPEN if state == CheckoutState.NEW else state
    elif paid is not None:
        came = CheckoutState.PAID if paid.money else CheckoutState.PENDING
        state = CheckoutState.FAILED if paid.has_failed else came
    is_new = close_checkout(checkout, state, **ids)
    return [f"{reference_of(checkout)}: {CheckoutState(state).label.lower()}"] if is_new else []
