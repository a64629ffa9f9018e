"""Memberships that Stripe renews: cancel, resume, another plan. Stripe is told first; what it then says is taken over.

No row is locked while Stripe is asked. Whatever fails half way can be done again: each step done twice is done once.
"""

from membership import gateway
from membership.actions import catalogue, memberships, reflecting
from membership.models import Interval, Membership, Method, Person, Price, Subscription, SubscriptionStatus

# Nothing of what runs now is paid, so there is nothing to run out.
UNPAID = [SubscriptionStatus.PAST_DUE, SubscriptionStatus.UNPAID, SubscriptionStatus.INCOMPLETE]


class EndedAtStripe(Exception):
    """It has ended there, and nothing brings it back: they can join again."""


class NotPossible(Exception):
    """The plan cannot be changed like this; the message says why, in words for the page."""


def cancel(membership: Membership, *, reason: str) -> Membership:
    """End it with what was paid; Stripe takes no further payment. Mails a confirmation. Cancelled twice is once.

    Raises gateway.Unavailable, and then nothing is changed here; gateway.Refused if Stripe will not end it.
    """
    for subscription in membership.subscriptions.live():
        if not subscription.is_ending or subscription.status in UNPAID:
            _end(subscription, reason)
    now = _now(membership)
    return now if now.cancelled_on else memberships.cancel(now, reason=reason)


def _end(subscription: Subscription, reason: str) -> None:
    """At Stripe: with what was paid, or at once where nothing was."""
    try:
        if subscription.status in UNPAID:
            gateway.end_now(subscription.stripe_id, comment=reason)
        else:
            gateway.set_ending(subscription.stripe_id, ends=True, comment=reason)
    except gateway.Refused:
        _reflect(subscription)
        if subscription.is_live and not subscription.is_ending:
            raise
    else:
        _reflect(subscription)


def _reflect(subscription: Subscription) -> list[str]:
    """Take over what Stripe says now; what changed, in words. The object at hand follows. Raises gateway.Missing."""
    try:
        changed = reflecting.subscription(subscription.stripe_id)
    except reflecting.NotOurs as problem:
        raise gateway.Missing(str(problem)) from problem
    subscription.refresh_from_db()
    return changed


def settle_by_hand(person: Person) -> bool:
    """After a payment by other means: Stripe asks no more for what it failed to collect. Whether there was such.

    Otherwise its next try would take the money a second time. Raises gateway.Unavailable, gateway.Refused.
    """
    unpaid = Subscription.objects.of_person(person).live().exclude(unpaid_invoice_id="")
    for subscription in unpaid:
        gateway.settle_elsewhere(subscription.unpaid_invoice_id)
        _reflect(subscription)
    return bool(unpaid)


def resume(membership: Membership) -> Membership:
    """Undo a cancellation: Stripe renews it again, grace and reminders are back.

    Raises EndedAtStripe where what paid for it has ended; gateway.Unavailable, and then nothing is changed here.
    """
    live = list(membership.subscriptions.live())
    for subscription in live:
        if subscription.is_ending:
            _go_on(subscription)
    if not live:
        _refuse_ended(membership)
    now = _now(membership)
    return memberships.resume(now) if now.cancelled_on else now


def _now(membership: Membership) -> Membership:
    """As it is after Stripe's word was taken over."""
    return Membership.objects.select_related("person", "plan").get(pk=membership.pk)


def _go_on(subscription: Subscription) -> None:
    try:
        gateway.set_ending(subscription.stripe_id, ends=False)
    except gateway.Refused as refused:
        _reflect(subscription)
        if not subscription.is_live:
            raise EndedAtStripe from refused
        raise
    _reflect(subscription)


def _refuse_ended(membership: Membership) -> None:
    """Whoever paid by a subscription expects that it pays again; one that was paid by hand simply goes on."""
    last = membership.last_term
    if last is not None and last.payment is not None and last.payment.subscription_id is not None:
        raise EndedAtStripe


# --- Another plan ---


def change_plan(subscription: Subscription, *, price: Price, amount_pence: int, at_once: bool) -> list[str]:
    """Let it cost that price from its next payment on; or `at_once`, for a dearer one, paying the difference now.

    What changed, in words. The plan of the membership follows when the next payment comes; at once it follows now.
    Raises NotPossible; gateway.Declined, and then everything stays; gateway.Unavailable, gateway.Refused.
    """
    check_change(subscription, price=price, amount_pence=amount_pence, at_once=at_once)
    identifier = catalogue.stripe_price(price, amount_pence)
    gateway.change_price(subscription.stripe_id, item_id=subscription.item_id, price=identifier, at_once=at_once)
    return _reflect(subscription)


def check_change(subscription: Subscription, *, price: Price, amount_pence: int, at_once: bool) -> None:
    """Raises NotPossible with the reason."""
    before = subscription.price
    if not subscription.is_live or subscription.membership_id is None:
        raise NotPossible("It does not renew by itself any more.")
    if subscription.is_ending:
        raise NotPossible("It is cancelled. Undo the cancellation first.")
    if price.interval != before.interval or price.interval == Interval.ONCE:
        raise NotPossible(f"It is paid {before.get_interval_display()}; a change keeps that.")
    if price.plan.kind != before.plan.kind:
        raise NotPossible("A plan for organisations is not for people, nor the other way round.")
    if price != before and not Price.objects.current().filter(pk=price.pk).exists():
        raise NotPossible("This price is not in force any more.")
    if amount_pence < price.amount_pence:
        raise NotPossible(f"The least is {price.label}.")
    if (price, amount_pence) == (before, subscription.amount_pence):
        raise NotPossible("That is what it costs already.")
    if at_once:
        _check_at_once(subscription, amount_pence)


def _check_at_once(subscription: Subscription, amount_pence: int) -> None:
    if subscription.method != Method.CARD:
        raise NotPossible("By Direct Debit a change starts with the next payment.")
    if subscription.status != SubscriptionStatus.ACTIVE or subscription.unpaid_invoice_id:
        raise NotPossible("A payment is open. It has to be paid first.")
    if amount_pence <= subscription.amount_pence:
        raise NotPossible("A change to a lower amount starts with the next payment.")


def not_fitting(membership: Membership, price: Price) -> list[Person]:
    """Those of the household for whom the plan has no room, as `memberships.trim_covers` will choose."""
    covers = membership.cover_set.filter(until__isnull=True).select_related("person").order_by("since", "pk")
    return [cover.person for cover in covers[price.plan.max_people - 1 :]]
