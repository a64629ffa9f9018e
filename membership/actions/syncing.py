"""Healing: whatever Stripe told us and we did not hear is found by looking, and made to agree.

It looks through Stripe's lists, compares with our rows, and reads back what differs. So a second run finds nothing.
"""

import logging
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from membership import gateway
from membership.actions import events, reflecting
from membership.actions.checkout import AnyPage
from membership.actions.reflecting import recurring
from membership.actions.reflecting.subscriptions import columns_of
from membership.facts import DisputeFacts, RefundFacts, SessionFacts, SubscriptionFacts
from membership.models import (
    Checkout,
    CheckoutState,
    Dispute,
    DonationCheckout,
    Payment,
    Price,
    RegularGift,
    StripePrice,
    Subscription,
    Term,
)

logger = logging.getLogger("psg.stripe")
BATCH = 100
NIGHTLY_DAYS = 35  # Stripe repeats an event for three days; a debit, a refund and a dispute take longer


class NotAllHealed(Exception):
    """Some objects could not be made to agree; the message names them."""


@dataclass
class Report:
    """What was found. `changes` and `problems` are sentences for staff; `foreign` is what belongs to others."""

    looked_at: int = 0
    foreign: int = 0
    changes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def sync(*, since: datetime, dry_run: bool = False, step: Callable[[str, int], None] | None = None) -> Report:
    """Make everything agree with Stripe. `since` bounds pages, payments, refunds, disputes; subscriptions are all seen.

    A dry run does everything in one transaction and takes it back, so that it tells exactly what would happen; what
    it touched is locked until then. `step` is told the stage and how much was looked at.
    Raises gateway.Unavailable if Stripe goes away; what was healed until then stays.
    """
    run = _Run(since=since, step=step or (lambda stage, looked_at: None))
    if not dry_run:
        run.look_at_everything()
        events.retry_failed()
        return run.report
    with transaction.atomic():
        run.look_at_everything()
        transaction.set_rollback(True)
    return run.report


class _Run:
    """One run through Stripe's lists."""

    def __init__(self, *, since: datetime, step: Callable[[str, int], None]) -> None:
        self.since, self.step = since, step
        self.report = Report()
        self.done: set[str] = set()

    def look_at_everything(self) -> None:
        """Payments come before what goes back of them."""
        self._pages()
        self._subscriptions()
        self._invoices()
        self._refunds()
        self._disputes()

    # --- Stages ---

    def _pages(self) -> None:
        """Pages to pay on that are not settled here: those we know, and those whose id we never got to keep."""
        for batch in self._batches("Pages to pay on", gateway.sessions_since(self.since)):
            ours = _our_pages(batch)
            for facts in batch:
                row = ours.get(_key(facts))
                if row is None:
                    self.report.foreign += 1
                elif row.stripe_id != facts.id or _has_moved(row, facts):
                    self._heal(reflecting.session, facts.id)

    def _subscriptions(self) -> None:
        for batch in self._batches("Subscriptions", gateway.all_subscriptions()):
            found = Subscription.objects.select_related("price", "customer").filter(
                stripe_id__in=[each.id for each in batch]
            )
            gifts = RegularGift.objects.filter(stripe_id__in=[each.id for each in batch])
            ours: dict[str, Subscription | RegularGift] = {row.stripe_id: row for row in found}
            ours |= {row.stripe_id: row for row in gifts}
            known = _our_pages(batch)
            prices = _our_prices(batch)
            for facts in batch:
                row = ours.get(facts.id)
                if row is None and _key(facts) not in known:
                    self.report.foreign += 1
                elif row is None or _differs(row, facts, prices):
                    self._heal(reflecting.subscription, facts.id)

    def _invoices(self) -> None:
        """Payments that were missed, though the subscription looks right."""
        for batch in self._batches("Invoices", gateway.invoices_since(self.since)):
            ids = [each.id for each in batch]
            known = set(Payment.objects.filter(token__in=ids).values_list("token", flat=True))
            known |= set(Term.objects.filter(invoice_id__in=ids).values_list("invoice_id", flat=True))
            rows = Subscription.objects.filter(stripe_id__in={each.subscription for each in batch})
            gifts = RegularGift.objects.filter(stripe_id__in={each.subscription for each in batch})
            ours = {*rows.values_list("stripe_id", flat=True), *gifts.values_list("stripe_id", flat=True)}
            for facts in batch:
                buys = facts.paid_pence > facts.elsewhere_pence or facts.price_id
                if facts.subscription in ours and facts.id not in known and buys:
                    self._heal(reflecting.subscription, facts.subscription)

    def _refunds(self) -> None:
        for batch in self._batches("Refunds", gateway.refunds_since(self.since)):
            tokens = {each.id for each in batch} | {f"{each.id} failed" for each in batch}
            known = set(Payment.objects.filter(token__in=tokens).values_list("token", flat=True))
            ours = _own_intents(batch)
            for facts in batch:
                if facts.intent not in ours:
                    self.report.foreign += 1
                elif _is_missed(facts, known):
                    self._heal(reflecting.refunds, facts.intent)

    def _disputes(self) -> None:
        for batch in self._batches("Disputes", gateway.disputes_since(self.since)):
            rows = Dispute.objects.filter(stripe_id__in=[each.id for each in batch])
            statuses = dict(rows.values_list("stripe_id", "status"))
            moves = [move.id for each in batch for move in each.movements]
            known = set(Payment.objects.filter(token__in=moves).values_list("token", flat=True))
            ours = _own_intents(batch)
            for facts in batch:
                if facts.intent not in ours:
                    self.report.foreign += 1
                elif statuses.get(facts.id) != facts.status or any(
                    move.id not in known for move in facts.movements if move.amount_pence
                ):
                    self._heal(reflecting.dispute, facts.id)

    # --- How ---

    def _batches(self, stage: str, found: Iterator[Any]) -> Iterator[list[Any]]:
        """The list in pieces, so that each piece costs a fixed number of queries."""
        batch: list[Any] = []
        for each in found:
            batch.append(each)
            self.report.looked_at += 1
            if len(batch) == BATCH:
                self.step(stage, self.report.looked_at)
                yield batch
                batch = []
        self.step(stage, self.report.looked_at)
        if batch:
            yield batch

    def _heal(self, reflect: Callable[[str], list[str]], identifier: str) -> None:
        """Make one object agree, once in this run. One that goes wrong does not keep the others from it."""
        if identifier in self.done:
            return
        self.done.add(identifier)
        try:
            with transaction.atomic():
                changes = reflect(identifier)
        except gateway.Unavailable:
            raise
        except reflecting.NotOurs:
            self.report.foreign += 1
        except Exception as error:
            logger.exception("%s could not be made to agree with Stripe", identifier)
            self.report.problems.append(f"{identifier}: {type(error).__name__}: {error}")
        else:
            self.report.changes += changes


def _key(facts: SessionFacts | SubscriptionFacts) -> str:
    """The secret key of the page of ours that it was made on, whatever was paid there."""
    return facts.metadata.get("psg_checkout") or facts.metadata.get("psg_donation") or ""


def _our_pages(batch: Iterable[SessionFacts | SubscriptionFacts]) -> dict[str, AnyPage]:
    """Our pages to pay on that these carry the keys of, by key."""
    keys = _uuids(_key(each) for each in batch)
    pages: dict[str, AnyPage] = {str(row.key): row for row in Checkout.objects.filter(key__in=keys)}
    return pages | {str(row.key): row for row in DonationCheckout.objects.filter(key__in=keys)}


def _uuids(texts: Iterable[str | None]) -> list[uuid.UUID]:
    """Those that may be keys of ours; strangers' metadata may hold anything."""
    found = []
    for text in texts:
        try:
            found.append(uuid.UUID(text or ""))
        except ValueError:
            continue
    return found


def _has_moved(row: AnyPage, facts: SessionFacts) -> bool:
    """Whether a page may be further at Stripe than here. What a subscription brings is looked at with those."""
    if row.state in (CheckoutState.NEW, CheckoutState.OPEN):
        return facts.status != "open" or row.state == CheckoutState.NEW
    return row.state == CheckoutState.PENDING and facts.mode == "payment"


def _our_prices(batch: list[SubscriptionFacts]) -> dict[str | None, Price]:
    rows = StripePrice.objects.select_related("price").filter(stripe_id__in={each.price_id for each in batch})
    return {row.stripe_id: row.price for row in rows}


def _differs(row: Subscription | RegularGift, facts: SubscriptionFacts, prices: dict[str | None, Price]) -> bool:
    if isinstance(row, RegularGift):
        return any(getattr(row, name) != value for name, value in recurring.columns_of(facts, row).items())
    columns = columns_of(facts, prices.get(facts.price_id, row.price), row)
    return any(getattr(row, name) != value for name, value in columns.items())


def _is_missed(facts: RefundFacts, known: set[str]) -> bool:
    """Whether its row is missing, or the row that takes it back after it failed."""
    if facts.has_failed:
        return facts.id in known and f"{facts.id} failed" not in known
    return facts.id not in known


def _own_intents(batch: Iterable[RefundFacts | DisputeFacts]) -> set[str]:
    """Those of their payments that are recorded here; payments come before in a run."""
    rows = Payment.objects.filter(stripe_payment_intent_id__in={each.intent for each in batch} - {""})
    return set(rows.values_list("stripe_payment_intent_id", flat=True))
