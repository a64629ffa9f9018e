"""Payment intents, charges, balance transactions and payouts: to be read; they come from checkout and invoices."""

from typing import Any

from .. import charging
from ..account import Account, blank, new_id, page_of, presented
from ..errors import invalid
from ..parameters import SHIPPING, integer, merge_metadata, metadata, one_of, string
from ..routes import Route, lists, retrieves
from ..store import Doc


def update_intent(account: Account, params: dict[str, Any], identifier: str) -> Doc:
    """POST /v1/payment_intents/{id}"""
    intent = account.get("payment_intent", identifier)
    if "metadata" in params:
        params["metadata"] = merge_metadata(intent["metadata"], params["metadata"])
    return presented(account.save(intent | params))


def cancel_intent(account: Account, params: dict[str, Any], identifier: str) -> Doc:
    """POST /v1/payment_intents/{id}/cancel"""
    intent = account.get("payment_intent", identifier)
    if intent["status"] in ("succeeded", "canceled", "processing"):
        raise invalid(
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}.",
            code="payment_intent_unexpected_state",
        )
    intent |= {"status": "canceled", "canceled_at": account.now(), "next_action": None}
    intent["cancellation_reason"] = params.get("cancellation_reason")
    return presented(account.save(intent, "payment_intent.canceled"))


def update_charge(account: Account, params: dict[str, Any], identifier: str) -> Doc:
    """POST /v1/charges/{id}"""
    charge = account.get("charge", identifier)
    if "metadata" in params:
        params["metadata"] = merge_metadata(charge["metadata"], params["metadata"])
    return presented(account.save(charge | params, "charge.updated"))


def pay_out(account: Account) -> Doc:
    """Send what is in the balance to the bank; the payout, with its transactions tied to it. Raises ApiError."""
    waiting = [one for one in account.store.all("balance_transaction") if not one["_sandbox"]["payout"]]
    total = sum(one["net"] for one in waiting)
    if total <= 0:
        raise invalid("There is nothing to pay out.")
    payout = {
        "id": new_id("po"),
        "object": "payout",
        "amount": total,
        "arrival_date": account.now() + 2 * 86400,
        "automatic": True,
        "balance_transaction": None,
        "created": account.now(),
        "currency": "gbp",
        "description": "STRIPE PAYOUT",
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "reconciliation_status": "completed",
        "source_type": "card",
        "status": "paid",
        "type": "bank_account",
        **blank(
            *("application_fee", "application_fee_amount", "destination", "failure_balance_transaction"),
            *("failure_code", "failure_message", "original_payout", "payout_method", "reversed_by"),
            *("statement_descriptor", "trace_id"),
        ),
    }
    entry = charging.enter(account, "payout", -total, payout["id"])
    payout["balance_transaction"] = entry["id"]
    for one in [*waiting, entry]:
        one["_sandbox"]["payout"] = payout["id"]
        account.save(one | {"status": "available"})
    return account.save(payout, "payout.created", "payout.paid")


def balance(account: Account, params: dict[str, Any]) -> Doc:
    """GET /v1/balance"""
    waiting = [one for one in account.store.all("balance_transaction") if not one["_sandbox"]["payout"]]
    due = [one for one in waiting if one["available_on"] <= account.now()]

    def sums(entries: list[Doc]) -> list[Doc]:
        return [{"amount": sum(one["net"] for one in entries), "currency": "gbp"}]

    later = [one for one in waiting if one not in due]
    return {"object": "balance", "available": sums(due), "livemode": False, "pending": sums(later)}


def refunds_of(account: Account, params: dict[str, Any], identifier: str) -> Doc:
    """GET /v1/charges/{id}/refunds"""
    account.get("charge", identifier)
    found = [presented(one) for one in account.store.all("refund", charge=identifier)[::-1]]
    return page_of(f"/v1/charges/{identifier}/refunds", found)


REASONS = one_of("abandoned", "duplicate", "fraudulent", "requested_by_customer")
ROUTES = [
    lists("payment_intent", "/v1/payment_intents", {"customer": string}),
    retrieves("payment_intent", "/v1/payment_intents/{intent}"),
    Route(
        "POST",
        "/v1/payment_intents/{intent}",
        update_intent,
        {"description": string, "metadata": metadata, "receipt_email": string, "shipping": SHIPPING},
    ),
    Route("POST", "/v1/payment_intents/{intent}/cancel", cancel_intent, {"cancellation_reason": REASONS}),
    lists("charge", "/v1/charges", {"customer": string, "payment_intent": string}),
    retrieves("charge", "/v1/charges/{charge}"),
    Route(
        "POST",
        "/v1/charges/{charge}",
        update_charge,
        {"description": string, "metadata": metadata, "receipt_email": string},
    ),
    Route("GET", "/v1/charges/{charge}/refunds", refunds_of, {"limit": integer(1, 100)}),
    Route("GET", "/v1/balance", balance, {}),
    lists("balance_transaction", "/v1/balance_transactions", {"payout": string, "source": string, "type": string}),
    retrieves("balance_transaction", "/v1/balance_transactions/{id}"),
    lists("payout", "/v1/payouts", {"status": string}),
    retrieves("payout", "/v1/payouts/{payout}"),
]
