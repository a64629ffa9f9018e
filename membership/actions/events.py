"""What Stripe tells us: each event is applied once, in the transaction that keeps it.

The rule (Stripe's own advice, and the lessons of others): the event's id is unique in the database; the object is read
back, never taken from the event; what fails leaves no effect, is kept with its error, and is tried again.
"""

import logging
from collections.abc import Callable

from django.db import transaction
from django.db.models import F

from membership.actions import concerns, reflecting
from membership.facts import EventFacts
from membership.models import ConcernKind, EventState, StripeEvent

logger = logging.getLogger("psg.stripe")

MOST_TRIES = 30  # an hourly job: a bit more than a day


def _session(event: EventFacts) -> list[str]:
    return reflecting.session(event.object_id)


def _subscription(event: EventFacts) -> list[str]:
    return reflecting.subscription(event.object_id)


def _invoice(event: EventFacts) -> list[str]:
    if not event.parent_id:
        raise reflecting.NotOurs("an invoice of no subscription")
    return reflecting.subscription(event.parent_id)


def _invoice_not_made(event: EventFacts) -> list[str]:
    changes = _invoice(event)
    concerns.raise_concern(
        ConcernKind.INVOICE,
        about=event.object_id,
        text=f"Stripe could not finish the invoice {event.object_id}. Look at it in Stripe's dashboard.",
    )
    return changes


def _refunds(event: EventFacts) -> list[str]:
    return reflecting.refunds(event.parent_id)


def _dispute(event: EventFacts) -> list[str]:
    return reflecting.dispute(event.object_id)


def _mandate(event: EventFacts) -> list[str]:
    return reflecting.mandate(event.object_id)


def _customer(event: EventFacts) -> list[str]:
    return reflecting.customer(event.object_id)


# What is done about which event. `invoice.payment_succeeded` says nothing that `invoice.paid` does not.
REACTIONS: dict[str, Callable[[EventFacts], list[str]]] = {
    "checkout.session.completed": _session,
    "checkout.session.async_payment_succeeded": _session,
    "checkout.session.async_payment_failed": _session,
    "checkout.session.expired": _session,
    "customer.subscription.created": _subscription,
    "customer.subscription.updated": _subscription,
    "customer.subscription.deleted": _subscription,
    "customer.subscription.paused": _subscription,
    "customer.subscription.resumed": _subscription,
    "invoice.paid": _invoice,
    "invoice.payment_failed": _invoice,
    "invoice.payment_action_required": _invoice,
    "invoice.finalization_failed": _invoice_not_made,
    "invoice.voided": _invoice,
    "invoice.marked_uncollectible": _invoice,
    "refund.created": _refunds,
    "refund.updated": _refunds,
    "refund.failed": _refunds,
    "charge.refunded": _refunds,
    "charge.dispute.created": _dispute,
    "charge.dispute.updated": _dispute,
    "charge.dispute.closed": _dispute,
    "charge.dispute.funds_withdrawn": _dispute,
    "charge.dispute.funds_reinstated": _dispute,
    "mandate.updated": _mandate,
    "customer.updated": _customer,
    "customer.deleted": _customer,
}


def receive(event: EventFacts) -> EventState:
    """Apply an event once, however often and however many times at once it comes; what became of it.

    Raises what went wrong (gateway.Unavailable, for one): then nothing was done, and the event is kept as failed.
    """
    try:
        return _apply_once(event)
    except Exception as error:
        _keep_failure(event, error)
        raise


@transaction.atomic
def _apply_once(event: EventFacts) -> EventState:
    row = _claim(event)
    if row.state != EventState.FAILED:
        return EventState(row.state)
    row.state, row.error, row.tries = EventState.IGNORED, "", row.tries + 1
    if react := REACTIONS.get(event.type):
        try:
            with transaction.atomic():
                react(event)
            row.state = EventState.APPLIED
        except reflecting.NotOurs as reason:
            row.error = str(reason)[:300]
            logger.info("Stripe event %s (%s) is not ours: %s", event.id, event.type, reason)
    row.save()
    return EventState(row.state)


def _claim(event: EventFacts) -> StripeEvent:
    """The event's row, locked. Whoever comes second waits here until the first is done."""
    _insert(event)
    return StripeEvent.objects.select_for_update().get(stripe_id=event.id)


def _insert(event: EventFacts) -> None:
    fresh = StripeEvent(
        stripe_id=event.id,
        type=event.type[:80],
        object_id=event.object_id[:100],
        parent_id=event.parent_id[:100],
        happened_at=event.happened_at,
        state=EventState.FAILED,
    )
    StripeEvent.objects.bulk_create([fresh], ignore_conflicts=True)


@transaction.atomic
def _keep_failure(event: EventFacts, error: Exception) -> None:
    """After the effect was rolled back: remember that it is still to be done, and why it was not."""
    _insert(event)
    kept = StripeEvent.objects.filter(stripe_id=event.id, state=EventState.FAILED)
    kept.update(tries=F("tries") + 1, error=f"{type(error).__name__}: {error}"[:300])


def retry_failed() -> int:
    """Try again what failed; the number that went well. An event that goes on failing is left to staff and the sync."""
    failed = StripeEvent.objects.filter(state=EventState.FAILED, tries__lt=MOST_TRIES).order_by("happened_at")
    done = 0
    for row in failed[:500]:
        event = EventFacts(row.stripe_id, row.type, row.happened_at, row.object_id, row.parent_id)
        try:
            receive(event)
            done += 1
        except Exception:
            logger.exception("Stripe event %s (%s) failed again", event.id, event.type)
    return done
