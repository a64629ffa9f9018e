"""Refunds: whole or in parts, and those that fail days later."""

from typing import Any

from .. import charging, instruments
from ..account import Account, blank, new_id, presented
from ..clock import DAY
from ..errors import invalid, missing
from ..parameters import amount, merge_metadata, metadata, one_of, string
from ..routes import Route, lists, retrieves
from ..store import Doc


def _charge_for(account: Account, params: dict[str, Any]) -> Doc:
    if params.get("charge"):
        return account.get("charge", params["charge"], "charge")
    if not params.get("payment_intent"):
        raise missing("charge")
    intent = account.get("payment_intent", params["payment_intent"], "payment_intent")
    if not intent["latest_charge"] or intent["status"] != "succeeded":
        raise invalid(
            f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.", "payment_intent"
        )
    return account.store.get(intent["latest_charge"])


def create(account: Account, params: dict[str, Any]) -> Doc:
    """POST /v1/refunds"""
    charge = _charge_for(account, params)
    left = charge["amount_captured"] - charge["amount_refunded"]
    wanted = params["amount"] if params.get("amount") is not None else left
    if charge["status"] != "succeeded":
        raise invalid(f"Charge {charge['id']} has not succeeded and cannot be refunded.", "charge")
    if charge["disputed"]:
        raise invalid(f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed")
    if left == 0:
        raise invalid(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if wanted < 1:
        raise invalid("Invalid positive integer", "amount", "parameter_invalid_integer")
    if wanted > left:
        raise invalid(
            f"Refund amount (£{wanted / 100:.2f}) is greater than unrefunded amount on charge (£{left / 100:.2f})",
            "amount",
        )
    return presented(_make(account, charge, wanted, params))


def _make(account: Account, charge: Doc, wanted: int, params: dict[str, Any]) -> Doc:
    method = account.store.get(charge["payment_method"])
    after = instruments.after(method)
    pending = after == "refund_pending" or method["type"] == "bacs_debit"
    identifier = new_id("re" if method["type"] == "card" else "pyr")
    refund = {
        "id": identifier,
        "object": "refund",
        "amount": wanted,
        "charge": charge["id"],
        "created": account.now(),
        "currency": charge["currency"],
        "metadata": merge_metadata({}, params.get("metadata") or {}),
        "payment_intent": charge["payment_intent"],
        "reason": params.get("reason"),
        "status": "pending" if pending else "succeeded",
        **blank("receipt_number", "source_transfer_reversal", "transfer_reversal"),
    }
    if method["type"] == "card":
        card = {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"}
        refund["destination_details"] = {"type": "card", "card": card}
    refund["balance_transaction"] = charging.enter(account, "refund", -wanted, identifier)["id"]
    account.save(refund, "refund.created")
    charge["amount_refunded"] += wanted
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    account.save(charge, "charge.refunded")
    if pending:
        account.store.schedule(account.now() + 3 * DAY, "refund_arrives", identifier)
    if after == "refund_fails":
        account.store.schedule(account.now() + 3 * DAY, "refund_fails", identifier)
    return refund


def arrive(account: Account, refund: Doc) -> None:
    """A pending refund has reached the customer."""
    if refund["status"] == "pending":
        refund["status"] = "succeeded"
        account.save(refund, "refund.updated", "charge.refund.updated")


def fail(account: Account, refund: Doc, reason: str = "lost_or_stolen_card") -> Doc:
    """The bank sent a refund back: the money is ours again. Raises ApiError if it had failed already."""
    if refund["status"] not in ("pending", "succeeded"):
        raise invalid(f"The refund is {refund['status']} already.")
    entry = charging.enter(account, "refund_failure", refund["amount"], refund["id"])
    refund |= {"status": "failed", "failure_reason": reason, "failure_balance_transaction": entry["id"]}
    account.store.unschedule(refund["id"])
    account.save(refund, "refund.updated", "refund.failed", "charge.refund.updated")
    charge = account.store.get(refund["charge"])
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    account.save(charge, "charge.updated")
    return refund


def update(account: Account, params: dict[str, Any], identifier: str) -> Doc:
    """POST /v1/refunds/{id}"""
    refund = account.get("refund", identifier)
    refund["metadata"] = merge_metadata(refund["metadata"], params.get("metadata"))
    return presented(account.save(refund, "refund.updated"))


ROUTES = [
    Route(
        "POST",
        "/v1/refunds",
        create,
        {
            "amount": amount,
            "charge": string,
            "metadata": metadata,
            "payment_intent": string,
            "reason": one_of("duplicate", "fraudulent", "requested_by_customer"),
        },
    ),
    lists("refund", "/v1/refunds", {"charge": string, "payment_intent": string}),
    retrieves("refund", "/v1/refunds/{refund}"),
    Route("POST", "/v1/refunds/{refund}", update, {"metadata": metadata}),
]
