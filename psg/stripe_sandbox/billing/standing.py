"""How a subscription stands: active, past due, unpaid, ended. And when it has its next appointments."""

from ..account import Account
from ..clock import DAY
from ..store import Doc
from . import invoices

ENDED = ("canceled", "incomplete_expired")


def period(subscription: Doc) -> tuple[int, int]:
    """Start and end of what runs now, in seconds."""
    item = subscription["items"]["data"][0]
    return item["current_period_start"], item["current_period_end"]


def make_appointments(account: Account, subscription: Doc) -> None:
    """Let it renew, be announced, and end when it should."""
    store, identifier = account.store, subscription["id"]
    store.unschedule(identifier)
    _, end = period(subscription)
    store.schedule(end, "renew", identifier)
    if subscription["cancel_at"] and not subscription["cancel_at_period_end"]:
        store.schedule(subscription["cancel_at"], "cancel", identifier)
    announced = end - account.setting("upcoming_days") * DAY
    if account.now() < announced < end and not subscription["cancel_at_period_end"]:
        store.schedule(announced, "announce", identifier)
    if subscription["pending_update"]:
        store.schedule(subscription["pending_update"]["expires_at"], "expire_pending_update", identifier)


def end(account: Account, subscription: Doc, *, reason: str, details: Doc | None = None) -> Doc:
    """It is over, now. Nothing of it is collected by itself any more."""
    now = account.now()
    subscription |= {"status": "canceled", "ended_at": now, "pending_update": None}
    subscription["canceled_at"] = subscription["canceled_at"] or now
    subscription["cancellation_details"] |= {"reason": reason} | (details or {})
    account.store.unschedule(subscription["id"])
    for invoice in account.store.all("invoice", subscription=subscription["id"]):
        if invoice["status"] in ("draft", "open"):
            invoices.stop_collecting(account, invoice)
    return account.save(subscription, "customer.subscription.deleted")


def money_came(account: Account, invoice: Doc) -> None:
    """An invoice was paid: the subscription is in good standing again, and a change that waited for it is made."""
    identifier = invoices.subscription_of(invoice)
    subscription = account.store.get(identifier) if identifier else None
    if subscription is None or subscription["status"] in ENDED:
        return
    waiting = subscription["_sandbox"].get("pending_update")
    if waiting and waiting["invoice"] == invoice["id"]:
        subscription |= waiting["fields"] | {"pending_update": None}
        subscription["_sandbox"] |= {"pending_update": None, "cycle": waiting["cycle"]}
        account.save(subscription, "customer.subscription.pending_update_applied", "customer.subscription.updated")
        make_appointments(account, subscription)
    if subscription["status"] in ("past_due", "unpaid", "incomplete") and subscription["latest_invoice"] in (
        None,
        invoice["id"],
    ):
        if subscription["status"] == "incomplete":
            account.store.unschedule(subscription["id"], "expire_incomplete")
        subscription["status"] = "active"
        account.save(subscription, "customer.subscription.updated")
    _set_delinquent(account, subscription, False)


def money_failed(account: Account, invoice: Doc) -> None:
    """An attempt to collect failed: an active subscription is past due."""
    identifier = invoices.subscription_of(invoice)
    subscription = account.store.get(identifier) if identifier else None
    if subscription is None or subscription["_sandbox"].get("pending_update"):
        return  # a change that waits for its money leaves things as they are
    if subscription["status"] == "active":
        subscription["status"] = "past_due"
        account.save(subscription, "customer.subscription.updated")
    _set_delinquent(account, subscription, True)


def closed_unpaid(account: Account, invoice: Doc) -> None:
    """The invoice was voided or written off: a subscription that was past due for it alone is active again."""
    subscription = account.store.get(invoices.subscription_of(invoice) or "")
    if subscription["status"] == "past_due" and subscription["latest_invoice"] == invoice["id"]:
        subscription["status"] = "active"
        account.save(subscription, "customer.subscription.updated")


def given_up(account: Account, invoice: Doc) -> None:
    """The last attempt failed too: what the settings say happens to the subscription."""
    identifier = invoices.subscription_of(invoice)
    subscription = account.store.get(identifier) if identifier else None
    if subscription is None or subscription["status"] in ENDED:
        return
    after = account.setting("after_retries")
    if after == "cancel":
        end(account, subscription, reason="payment_failed")
    elif after == "unpaid":
        subscription["status"] = "unpaid"
        account.save(subscription, "customer.subscription.updated")


def _set_delinquent(account: Account, subscription: Doc, delinquent: bool) -> None:
    customer = account.store.get(subscription["customer"])
    if not customer.get("deleted") and customer["delinquent"] != delinquent:
        customer["delinquent"] = delinquent
        account.save(customer, "customer.updated")
