"""A subscription, its invoices and its membership."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from membership import gateway
from membership.actions import collected, concerns, dunning, memberships
from membership.actions.payments import Money, lock_application
from membership.actions.reflecting import donations, recurring
from membership.actions.reflecting.checkouts import close_checkout
from membership.actions.reflecting.turns import NotOurs, checkout_of, read_back, take_turn
from membership.facts import InvoiceFacts, SubscriptionFacts
from membership.models import (
    Application,
    Checkout,
    CheckoutState,
    ConcernKind,
    Membership,
    Payment,
    Person,
    Price,
    StripeCustomer,
    StripePrice,
    Subscription,
    SubscriptionStatus,
    Term,
)
from membership.models.stripe import ENDED
from membership.money import pounds

# Why Stripe ended a subscription by itself, without anybody's wish.
NOT_WISHED = ("payment_failed", "payment_disputed")


@transaction.atomic
def subscription(stripe_id: str) -> list[str]:
    """Make a subscription, and every payment for it, agree with Stripe. Raises NotOurs, gateway.Unavailable."""
    take_turn(stripe_id)
    facts = read_back(gateway.subscription, stripe_id)
    if (gift := donations.gift_of(facts)) is not None:
        return donations.monthly(gift, facts)
    source = _source_of(facts)
    invoices = _new(gateway.paid_invoices(stripe_id))
    monies = [(invoice, recurring.money_of(invoice)) for invoice in invoices]
    # Nothing is asked of Stripe from here on: rows are locked.
    application = lock_application(source.application)
    person = Person.objects.select_for_update().get(pk=source.customer.person_id)
    row, changes = _write(facts, source)
    for invoice, money in monies:
        changes += _record(row, invoice, money, person, application)
    if source.checkout is not None:
        _settle_checkout(source.checkout, row, facts.latest_invoice)
    _report_doubles(row)
    return changes + _settle_membership(row, facts)


@dataclass(frozen=True)
class Source:
    """What a subscription comes from."""

    application: Application
    customer: StripeCustomer
    row: Subscription | None
    checkout: Checkout | None


def _source_of(facts: SubscriptionFacts) -> Source:
    """Only what we know, or what carries the secret key of one of our own pages to pay on, is ours."""
    row = Subscription.objects.select_related("application", "customer__person").filter(stripe_id=facts.id).first()
    checkout = checkout_of(facts.metadata)
    if row is not None:
        return Source(row.application, row.customer, row, checkout)
    if checkout is None:
        raise NotOurs(f"{facts.id} was not made by this site")
    return Source(checkout.application, checkout.customer, None, checkout)


def _new(invoices: Iterable[InvoiceFacts]) -> list[InvoiceFacts]:
    """Those that no payment or term of ours is made of."""
    invoices = list(invoices)
    ids = [invoice.id for invoice in invoices]
    known = set(Payment.objects.filter(token__in=ids).values_list("token", flat=True))
    known |= set(Term.objects.filter(invoice_id__in=ids).values_list("invoice_id", flat=True))
    return [invoice for invoice in invoices if invoice.id not in known]


def columns_of(facts: SubscriptionFacts, price: Price, before: Subscription | None) -> dict[str, Any]:
    """What is kept of a subscription."""
    return recurring.columns_of(facts, before) | {"price": price}


def _write(facts: SubscriptionFacts, source: Source) -> tuple[Subscription, list[str]]:
    """Keep what Stripe says of the subscription; the row, and what changed."""
    before = source.row
    fallback = before.price if before is not None else source.application.price
    price, is_known = price_of(facts.price_id, fallback)
    columns = columns_of(facts, price, before)
    person = source.customer.person
    if not is_known:
        concerns.raise_concern(
            ConcernKind.UNKNOWN_PRICE,
            about=f"{facts.id} {facts.price_id}",
            person=person,
            text=f"The membership of {person} was given a price at Stripe that this site does not know. "
            f"It is counted as {price}. Change plans and prices here, not there.",
        )
    if before is None:
        columns.setdefault("method", source.application.method)
        row = Subscription.objects.create(
            stripe_id=facts.id, customer=source.customer, application=source.application, **columns
        )
        return row, [f"{person}: {pounds(row.amount_pence)} {price.get_interval_display()} renews by itself"]
    changed = [name for name, value in columns.items() if getattr(before, name) != value]
    if not changed:
        return before, []
    for name in changed:
        setattr(before, name, columns[name])
    before.save(update_fields=changed)
    return before, [f"{person}: {', '.join(_words(changed))} brought up to date"]


def _words(columns: list[str]) -> list[str]:
    return [column.replace("_", " ").removesuffix(" id").removesuffix(" at") for column in columns]


def price_of(price_id: str, fallback: Price) -> tuple[Price, bool]:
    """Our price behind one of Stripe's, and whether it is known; else the fallback."""
    found = StripePrice.objects.select_related("price__plan").filter(stripe_id=price_id).first()
    return (found.price, True) if found else (fallback, False)


def _record(
    row: Subscription, invoice: InvoiceFacts, money: Money | None, person: Person, application: Application
) -> list[str]:
    """A paid invoice becomes a payment and a term. One that was paid elsewhere was recorded by hand, or should be."""
    paid_on = timezone.localdate(invoice.paid_at or invoice.created_at)
    if money is None and invoice.elsewhere_pence:
        return _check_elsewhere(row, invoice, person)
    price = price_of(invoice.price_id, row.price)[0] if invoice.price_id else None
    changes_to = price_of(invoice.changes_to, row.price)[0] if invoice.changes_to and not price else None
    if money is None and price is None:
        return _change_for_nothing(changes_to, row, person, paid_on)
    collected.record(
        person=person,
        money=replace(money, subscription=row) if money else None,
        price=price,
        changes_to=changes_to,
        paid_on=paid_on,
        application=application,
        invoice_id=invoice.id if price else "",
    )
    what = pounds(money.gross_pence) if money else "a period paid by credit"
    return [f"{person}: recorded {what}, paid on {paid_on:%-d %B %Y}"]


def _change_for_nothing(changes_to: Price | None, row: Subscription, person: Person, paid_on: date) -> list[str]:
    """A change to a cheaper plan costs nothing now, and so leaves no row by which its invoice would be known again.

    It holds while the subscription has that price and nothing was paid since.
    """
    last = memberships.lock_last_membership(person)
    if changes_to is None or changes_to != row.price or last is None or last.plan_id == changes_to.plan_id:
        return []
    if person.payments.filter(received_on__gt=paid_on).exists():
        return []
    collected.record(person=person, money=None, price=None, changes_to=changes_to, paid_on=paid_on)
    return [f"{person}: changed to {changes_to.plan}"]


def _check_elsewhere(row: Subscription, invoice: InvoiceFacts, person: Person) -> list[str]:
    """Somebody told Stripe that the money came another way. It buys time only once it is recorded here."""
    newest = person.payments.filter(gross_pence__gt=0, reverses__isnull=True).order_by("-pk").first()
    if newest is None or newest.subscription_id is not None:
        concerns.raise_concern(
            ConcernKind.PAID_FOR_NOTHING,
            about=invoice.id,
            person=person,
            text=f"At Stripe somebody marked {pounds(invoice.elsewhere_pence)} of {person} as paid elsewhere, but no "
            "such payment is recorded here. Please record it.",
        )
    return []


# --- What follows for application, page and membership ---


def _settle_membership(row: Subscription, facts: SubscriptionFacts) -> list[str]:
    """Bring the membership in line with the subscription."""
    membership = _membership_of(row)
    if membership is None:
        return []
    if row.membership_id != membership.pk:
        row.membership = membership
        row.save(update_fields=["membership"])
    if row.status == SubscriptionStatus.UNPAID or _gave_up(row):
        dunning.subscription_ended_unpaid(row)
    elif row.unpaid_invoice_id and row.is_live:
        dunning.payment_failed(row)
    changes = _settle_cancellation(row, membership, facts)
    _follow_grace(row, (_membership_of(row) if changes else None) or membership)
    return changes


def _gave_up(row: Subscription) -> bool:
    """Whether Stripe ended it after its last try."""
    return row.status == SubscriptionStatus.CANCELED and row.end_reason == "payment_failed"


def _membership_of(row: Subscription) -> Membership | None:
    """The membership that its payments pay for; None before the first has come."""
    number = row.membership_id
    if number is None:
        paid = Term.objects.filter(payment__subscription=row).order_by("membership")
        number = paid.values_list("membership", flat=True).first()
    if number is None:
        return None
    found = Membership.objects.select_for_update(of=("self",)).select_related("plan", "person")
    return found.prefetch_related("terms").filter(pk=number).first()


def _settle_checkout(checkout: Checkout, row: Subscription, invoice: InvoiceFacts | None) -> None:
    """Completed: pending until money has come; failed once it bounced, and paid if another try brings it.

    What failed never waits again, so that there is room for another page. `invoice` is the subscription's latest.
    """
    checkout = Checkout.objects.select_for_update(of=("self",)).select_related("application").get(pk=checkout.pk)
    if checkout.state == CheckoutState.PAID:
        return
    how_it_ended = invoice.status if invoice is not None else ""
    state = CheckoutState.PENDING
    if row.payments.exists() or how_it_ended == "paid":
        state = CheckoutState.PAID
    elif row.status in ENDED or row.unpaid_invoice_id or how_it_ended in ("void", "uncollectible"):
        state = CheckoutState.FAILED
    elif checkout.state == CheckoutState.FAILED:
        return
    close_checkout(checkout, state, subscription_id=row.stripe_id)


def _report_doubles(row: Subscription) -> None:
    """Nobody pays twice unknowingly: two that both go on are told to staff."""
    person = row.customer.person
    going_on = list(Subscription.objects.of_person(person).renewing().order_by("pk"))
    if len(going_on) > 1:
        concerns.raise_concern(
            ConcernKind.TWO_SUBSCRIPTIONS,
            about=" ".join(each.stripe_id for each in going_on)[:220],
            person=person,
            text=f"{person} has {len(going_on)} memberships that renew by themselves. Ask which one should go on, "
            "cancel the other at Stripe, and give back what was paid twice.",
        )


def _settle_cancellation(row: Subscription, membership: Membership, facts: SubscriptionFacts) -> list[str]:
    """A wish to leave, or to stay after all, wherever it was said.

    Nobody leaves while any subscription of theirs goes on; else the newest decides, whichever we heard of just now.
    """
    own = Subscription.objects.of_person(membership.person)
    newest = own.filter(membership__isnull=False).order_by("-started_at", "-pk").first() or row
    wished = newest.is_ending or (newest.status == SubscriptionStatus.CANCELED and newest.end_reason not in NOT_WISHED)
    leaves = wished and not own.renewing().exists()
    asked_at = newest.cancelled_at or timezone.now()
    if leaves and not membership.cancelled_on and not _paid_by_hand_since(asked_at, membership.person):
        reason = facts.end_comment or "Asked for at Stripe"
        memberships.cancel(membership, reason=reason, on=timezone.localdate(asked_at))
        return [f"{membership.person}: membership cancelled"]
    if membership.cancelled_on and row.is_live and not row.is_ending:
        memberships.resume(membership)
        return [f"{membership.person}: membership goes on"]
    return []


def _paid_by_hand_since(moment: datetime, person: Person) -> bool:
    """Whether they came back by cheque or transfer after their subscription was cancelled."""
    by_hand = person.payments.filter(subscription__isnull=True, gross_pence__gt=0, reversals__isnull=True)
    return by_hand.filter(created_at__gt=moment).exists()


def _follow_grace(row: Subscription, membership: Membership) -> None:
    """While Stripe still tries, and for the days of grace after its last word, they stay a member."""
    last = membership.last_term
    waits_until = row.next_attempt_at
    if _gave_up(row):
        waits_until = row.ended_at
    is_theirs = last is not None and last.payment is not None and last.payment.subscription_id == row.pk
    if last is None or not is_theirs or waits_until is None or membership.cancelled_on or last.ends_on is None:
        return
    until = memberships.grace_end(max(timezone.localdate(waits_until), last.ends_on))
    if until and last.grace_until and until > last.grace_until:
        last.grace_until = until
        last.save()
