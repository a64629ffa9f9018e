"""Changing what is subscribed to, with proration: unused time is credited, remaining time charged, to the second."""

from typing import Any, NamedTuple

from .. import charging, instruments
from ..account import Account, page_of
from ..clock import HOUR
from ..errors import card_error, invalid
from ..store import Doc
from . import collecting, invoices, standing, subscriptions


class Wanted(NamedTuple):
    """One part of a change: an item by its id, or a new one (None); a price and quantity, or its removal."""

    item: str | None
    price: Doc | None
    quantity: int | None
    deleted: bool = False


class Plan(NamedTuple):
    """What a change would make: the new fields and cycle, the lines to charge, and whether that is done at once."""

    fields: Doc
    cycle: int
    lines: list[Doc]
    at_once: bool


def _every(items: list[Doc]) -> tuple[str, int]:
    found = {(i["price"]["recurring"]["interval"], i["price"]["recurring"]["interval_count"]) for i in items}
    if len(found) > 1:
        raise invalid(
            "All prices on a subscription must have the same `recurring.interval` and `recurring.interval_count`.",
            "items",
        )
    return found.pop()


def _new_items(account: Account, subscription: Doc, wanted: list[Wanted]) -> list[Doc]:
    """The items as they will be, periods as they were. Raises ApiError if an id is unknown or nothing is left."""
    start, end = standing.period(subscription)
    items = {item["id"]: item | {"price": dict(item["price"])} for item in subscription["items"]["data"]}
    for one in wanted:
        if one.item and one.item not in items:
            raise invalid(f"No such subscription item: '{one.item}'", "items", "resource_missing")
        if one.deleted:
            items.pop(one.item or "")
        elif one.item:
            changes = {"price": one.price, "quantity": one.quantity}
            items[one.item] |= {name: value for name, value in changes.items() if value is not None}
        elif one.price:
            made = subscriptions.new_item(account, subscription["id"], one.price, one.quantity or 1, start, start, 0)
            items[made["id"]] = made | {"current_period_end": end}
    if not items:
        raise invalid("A subscription must have at least one active plan.", "items")
    return list(items.values())


def plan(
    account: Account, subscription: Doc, wanted: list[Wanted], *, proration: str, at: int, anchor_now: bool
) -> Plan:
    """Work a change out; nothing is done yet. A new interval, or an anchor of now, begins a new period at once."""
    old, new = subscription["items"]["data"], _new_items(account, subscription, wanted)
    start, end = standing.period(subscription)
    restart = anchor_now or _every(new) != _every(old)
    fraction = max(0, min(1, (end - at) / (end - start)))
    kept = {item["id"]: (item["price"]["id"], item["quantity"]) for item in (old if not restart else [])}
    after = {item["id"]: (item["price"]["id"], item["quantity"]) for item in new}
    lines = []
    if proration != "none":
        gone = [item for item in old if restart or kept[item["id"]] != after.get(item["id"])]
        come = [item for item in new if not restart and kept.get(item["id"]) != after[item["id"]]]
        lines += [invoices.item_line(account, item, fraction=fraction, credit=True) for item in gone]
        lines += [invoices.item_line(account, item, fraction=fraction) for item in come]
    anchor, cycle = subscription["billing_cycle_anchor"], subscription["_sandbox"]["cycle"]
    if restart:
        anchor, cycle = account.now(), 0
        for item in new:
            fresh = subscriptions.new_item(account, subscription["id"], item["price"], 1, anchor, anchor, 0)
            item |= {name: fresh[name] for name in ("current_period_start", "current_period_end")}
        lines += [invoices.item_line(account, item) for item in new]
    fields = {"items": page_of(subscription["items"]["url"], new), "billing_cycle_anchor": anchor}
    return Plan(fields, cycle, lines, restart or (proration == "always_invoice" and bool(lines)))


def carry_out(account: Account, subscription: Doc, made: Plan, *, behaviour: str) -> Doc:
    """Do it. Raises ApiError (402) if it must be paid at once, is not, and `behaviour` is error_if_incomplete."""
    private = subscription["_sandbox"]
    if not made.at_once:
        private["pending_lines"] += made.lines
        return _apply(account, subscription, made)
    customer = account.store.get(subscription["customer"])
    lines = private["pending_lines"] + made.lines
    due = sum(line["amount"] for line in lines) + customer["balance"]
    verdict = _foresee(account, subscription) if due > 0 else instruments.YES
    if behaviour == "error_if_incomplete" and verdict.answer != "yes":
        error = card_error(**instruments.decline_fields(verdict.decline or "authentication_required"))
        error.kept = False
        raise error
    private["pending_lines"] = []
    invoice = invoices.draft(account, customer, lines, "subscription_update", subscription)
    if behaviour == "pending_if_incomplete" and verdict.answer != "yes":
        _wait(account, subscription, made, invoice)
    else:
        subscription["latest_invoice"] = invoice["id"]
        _apply(account, subscription, made)
    invoices.finalize(account, invoice)
    if invoice["status"] == "open":
        collecting.collect(account, invoice)
    return account.store.get(subscription["id"])


def _foresee(account: Account, subscription: Doc) -> instruments.Verdict:
    """What the bank will say to the charge."""
    chosen = subscription["default_payment_method"]
    customer = account.store.get(subscription["customer"])
    chosen = chosen or customer["invoice_settings"]["default_payment_method"]
    if not chosen:
        return collecting.NO_METHOD
    return charging.judge(account, account.store.get(chosen), present=False)


def _apply(account: Account, subscription: Doc, made: Plan) -> Doc:
    subscription |= made.fields
    subscription["_sandbox"]["cycle"] = made.cycle
    account.save(subscription, "customer.subscription.updated")
    standing.make_appointments(account, subscription)
    return subscription


def _wait(account: Account, subscription: Doc, made: Plan, invoice: Doc) -> None:
    """Leave things as they are until the invoice is paid, for 23 hours at most."""
    waiting: dict[str, Any] = {"invoice": invoice["id"], "fields": made.fields, "cycle": made.cycle}
    waiting["fields"]["latest_invoice"] = invoice["id"]
    subscription["_sandbox"]["pending_update"] = waiting
    subscription["pending_update"] = {
        "billing_cycle_anchor": None,
        "expires_at": account.now() + 23 * HOUR,
        "subscription_items": made.fields["items"]["data"],
        "trial_end": None,
        "trial_from_plan": None,
    }
    account.save(subscription, "customer.subscription.updated")
    standing.make_appointments(account, subscription)


def credit_unused(account: Account, subscription: Doc, *, at_once: bool) -> None:
    """Credit what is left of the period, for a cancellation: to the customer's balance at once, or not at all.

    A credit that is not invoiced now would stand on the next invoice, which an ended subscription never gets.
    """
    start, end = standing.period(subscription)
    fraction = max(0, (end - account.now()) / (end - start))
    lines = [
        invoices.item_line(account, item, fraction=fraction, credit=True) for item in subscription["items"]["data"]
    ]
    if at_once:
        customer = account.store.get(subscription["customer"])
        invoice = invoices.draft(account, customer, lines, "manual", subscription)
        invoices.finalize(account, invoice)
