"""How a subscription begins, renews and changes. Periods are counted from its anchor, so the 31st comes back."""

from typing import Any, NamedTuple

from .. import charging
from ..account import Account, blank, new_id, page_of
from ..clock import HOUR, add_interval
from ..instruments import Verdict
from ..store import Doc
from . import collecting, invoices, standing


class Started(NamedTuple):
    """What came of beginning a subscription."""

    subscription: Doc
    invoice: Doc
    verdict: Verdict


def new_item(
    account: Account, subscription: str, price: Doc, quantity: int, start: int, anchor: int, cycle: int
) -> Doc:
    """One thing that is subscribed to, with the period that runs."""
    every = price["recurring"]
    end = add_interval(anchor, every["interval"], (cycle + 1) * every["interval_count"])
    return {
        "id": new_id("si"),
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": account.now(),
        "current_period_end": end,
        "current_period_start": start,
        "discounts": [],
        "metadata": {},
        "price": price,
        "quantity": quantity,
        "subscription": subscription,
        "tax_rates": [],
    }


def _new(account: Account, customer: str, prices: list[tuple[Doc, int]], status: str, fields: dict[str, Any]) -> Doc:
    identifier, now = new_id("sub"), account.now()
    items = [new_item(account, identifier, price, quantity, now, now, 0) for price, quantity in prices]
    return {
        "id": identifier,
        "object": "subscription",
        "automatic_tax": {"enabled": False, "disabled_reason": None, "liability": None},
        "billing_cycle_anchor": now,
        "billing_mode": {"type": "flexible", "flexible": {"proration_discounts": "included"}},
        "billing_schedules": [],
        "cancel_at_period_end": False,
        "cancellation_details": blank("comment", "feedback", "reason"),
        "collection_method": "charge_automatically",
        "created": now,
        "currency": "gbp",
        "customer": customer,
        "default_tax_rates": [],
        "discounts": [],
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "items": page_of(f"/v1/subscription_items?subscription={identifier}", items),
        "livemode": False,
        "metadata": {},
        "payment_settings": blank("payment_method_options", "payment_method_types")
        | {"save_default_payment_method": "off"},
        "start_date": now,
        "status": status,
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        **blank(
            *("application", "application_fee_percent", "billing_cycle_anchor_config", "billing_thresholds"),
            *("cancel_at", "canceled_at", "customer_account", "days_until_due", "default_payment_method"),
            *("default_source", "description", "ended_at", "latest_invoice", "managed_payments"),
            *("next_pending_invoice_item_invoice", "on_behalf_of", "pause_collection"),
            *("pending_invoice_item_interval", "pending_setup_intent", "pending_update", "schedule", "test_clock"),
            *("transfer_data", "trial_end", "trial_start"),
        ),
        **fields,
        "_sandbox": {"cycle": 0, "pending_lines": [], "pending_update": None},
    }


def start(
    account: Account,
    customer: Doc,
    prices: list[tuple[Doc, int]],
    *,
    method: Doc | None,
    extra_lines: list[Doc] | None = None,
    present: bool = False,
    authenticated: bool = False,
    **fields: Any,
) -> Started:
    """Begin a subscription and collect its first invoice."""
    verdict = collecting.NO_METHOD
    if method is not None:
        verdict = charging.judge(account, method, present=present, authenticated=authenticated)
    free = not sum(price["unit_amount"] * quantity for price, quantity in prices)
    status = {"yes": "active", "later": account.setting("debit_subscription")}.get(verdict.answer, "incomplete")
    subscription = _new(account, customer["id"], prices, "active" if free else status, fields)
    account.save(subscription, "customer.subscription.created")
    lines = [invoices.item_line(account, item) for item in subscription["items"]["data"]] + (extra_lines or [])
    invoice = invoices.draft(account, customer, lines, "subscription_create", subscription)
    subscription["latest_invoice"] = invoice["id"]
    account.save(subscription)
    invoices.finalize(account, invoice)
    if invoice["status"] == "open":
        verdict = collecting.collect(
            account, invoice, method=method, present=present, authenticated=authenticated, automatic=False
        )
    subscription = account.store.get(subscription["id"])
    standing.make_appointments(account, subscription)
    if subscription["status"] == "incomplete" and verdict.answer in ("no", "ask"):
        account.store.schedule(account.now() + 23 * HOUR, "expire_incomplete", subscription["id"])
    return Started(subscription, account.store.get(invoice["id"]), verdict)


def renew(account: Account, subscription: Doc) -> None:
    """A period is over: end, or begin the next one with an invoice that is finalised and charged an hour later."""
    if subscription["status"] in standing.ENDED:
        return
    if subscription["cancel_at_period_end"]:
        standing.end(account, subscription, reason="cancellation_requested")
        return
    anchor = subscription["billing_cycle_anchor"]
    subscription["_sandbox"]["cycle"] = cycle = subscription["_sandbox"]["cycle"] + 1
    for item in subscription["items"]["data"]:
        every = item["price"]["recurring"]
        item["current_period_start"] = item["current_period_end"]
        item["current_period_end"] = add_interval(anchor, every["interval"], (cycle + 1) * every["interval_count"])
    lines = subscription["_sandbox"]["pending_lines"]
    subscription["_sandbox"]["pending_lines"] = []
    lines = lines + [invoices.item_line(account, item) for item in subscription["items"]["data"]]
    customer = account.store.get(subscription["customer"])
    invoice = invoices.draft(account, customer, lines, "subscription_cycle", subscription)
    subscription["latest_invoice"] = invoice["id"]
    account.save(subscription, "customer.subscription.updated")
    standing.make_appointments(account, subscription)
    if subscription["status"] == "unpaid":
        invoices.stop_collecting(account, invoice)
    else:
        finalized_at = account.now() + account.setting("draft_hours") * HOUR
        account.store.save(invoice | {"automatically_finalizes_at": finalized_at})
        account.store.schedule(finalized_at, "finalize", invoice["id"])


def announce(account: Account, subscription: Doc) -> None:
    """A renewal is near: tell what it will cost."""
    if subscription["status"] in ("active", "past_due") and not subscription["cancel_at_period_end"]:
        items = [dict(item) for item in subscription["items"]["data"]]
        _, end = standing.period(subscription)
        coming = invoices.preview(account, subscription, items, next_payment_attempt=end + HOUR)
        account.emit("invoice.upcoming", coming)


def expire_incomplete(account: Account, subscription: Doc) -> None:
    """The first invoice was not paid within 23 hours."""
    if subscription["status"] != "incomplete":
        return
    invoice = account.store.get(subscription["latest_invoice"])
    if invoice["status"] == "open":
        invoices.close(account, invoice, "void")
    account.store.unschedule(subscription["id"])
    subscription |= {"status": "incomplete_expired", "ended_at": account.now()}
    account.save(subscription, "customer.subscription.updated")


def expire_pending_update(account: Account, subscription: Doc) -> None:
    """A change was not paid for in time: it is dropped."""
    waiting = subscription["_sandbox"]["pending_update"]
    if not waiting:
        return
    subscription["_sandbox"]["pending_update"] = subscription["pending_update"] = None
    account.save(subscription, "customer.subscription.pending_update_expired")
    invoice = account.store.get(waiting["invoice"])
    if invoice["status"] == "open":
        invoices.close(account, invoice, "void")
