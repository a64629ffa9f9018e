"""Getting an invoice paid: the first attempt, the retries, and what follows from either."""

from .. import charging, instruments
from ..account import Account
from ..clock import DAY
from ..instruments import Verdict
from ..store import Doc
from . import invoices, standing

NO_METHOD = Verdict("no", "no_payment_method")
UNDER_WAY = Verdict("later")


def method_for(account: Account, invoice: Doc) -> Doc | None:
    """What a renewal is charged to: the subscription's payment method, else the customer's."""
    customer = account.store.get(invoice["customer"])
    if customer.get("deleted"):
        return None
    identifier = invoices.subscription_of(invoice)
    own = account.store.get(identifier)["default_payment_method"] if identifier else None
    chosen = own or invoice["default_payment_method"] or customer["invoice_settings"]["default_payment_method"]
    return account.store.get(chosen) if chosen else None


def collect(
    account: Account,
    invoice: Doc,
    *,
    method: Doc | None = None,
    present: bool = False,
    authenticated: bool = False,
    automatic: bool = True,
) -> Verdict:
    """Try to get an open invoice paid. `automatic`: it counts as one of the attempts after which we give up."""
    method = method or method_for(account, invoice)
    intent = account.store.get(invoice["_sandbox"]["intent"])
    if intent["status"] == "processing":
        return UNDER_WAY
    verdict = NO_METHOD
    if method is not None:
        verdict = charging.confirm(account, intent, method, present=present, authenticated=authenticated)
    if automatic or not invoice["attempted"]:
        invoice["attempt_count"] += 1
    invoice["_sandbox"]["automatic_attempts"] += automatic
    invoice |= {"attempted": True, "next_payment_attempt": None}
    _follow(account, invoice, verdict)
    return verdict


def payment_ended(account: Account, intent: Doc) -> None:
    """A debit, or a customer who proves to be the card's owner, has come to an end."""
    invoice = account.store.get(intent["_sandbox"]["invoice"])
    if invoice["status"] not in ("open", "uncollectible"):
        return
    failed = intent["status"] != "succeeded"
    identifier = invoices.subscription_of(invoice)
    if failed and identifier and account.store.get(identifier)["status"] == "active":
        # A first debit that bounces days later is tried again like a renewal's.
        private = invoice["_sandbox"]
        private["automatic_attempts"] = max(1, private["automatic_attempts"])
    _follow(account, invoice, Verdict("no") if failed else instruments.YES)


def _follow(account: Account, invoice: Doc, verdict: Verdict) -> None:
    if verdict.answer == "yes":
        invoices.paid(account, invoice)
        standing.money_came(account, invoice)
    elif verdict.answer == "later":
        account.save(invoice, "invoice.updated")
    else:
        _failed(account, invoice, asks=verdict.answer == "ask" or verdict.decline == "authentication_required")


def _failed(account: Account, invoice: Doc, *, asks: bool) -> None:
    """Tell, and plan the next attempt or give up. Where nothing was tried by itself, nothing is tried again."""
    tried, days = invoice["_sandbox"]["automatic_attempts"], account.setting("retry_days")
    again = invoice["auto_advance"] and 0 < tried <= len(days)
    if again:
        invoice["next_payment_attempt"] = account.now() + days[tried - 1] * DAY
        account.store.schedule(invoice["next_payment_attempt"], "retry", invoice["id"])
    account.save(invoice, "invoice.payment_failed", *(["invoice.payment_action_required"] if asks else []))
    standing.money_failed(account, invoice)
    if tried > len(days) and invoice["auto_advance"]:
        invoices.stop_collecting(account, invoice)
        standing.given_up(account, invoice)
