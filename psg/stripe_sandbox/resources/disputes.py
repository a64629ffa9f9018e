"""Disputes: a customer asks their bank for the money back. They are opened by a test card or the control API."""

from typing import Any

from .. import charging
from ..account import Account, blank, new_id, presented
from ..clock import DAY
from ..errors import invalid
from ..parameters import boolean, merge_metadata, metadata, string, text
from ..routes import Route, lists, retrieves
from ..store import Doc

EVIDENCE = (
    *("access_activity_log", "billing_address", "cancellation_policy", "cancellation_policy_disclosure"),
    *("cancellation_rebuttal", "customer_communication", "customer_email_address", "customer_name"),
    *("customer_purchase_ip", "customer_signature", "duplicate_charge_documentation", "duplicate_charge_explanation"),
    *("duplicate_charge_id", "product_description", "receipt", "refund_policy", "refund_policy_disclosure"),
    *("refund_refusal_explanation", "service_date", "service_documentation", "shipping_address", "shipping_carrier"),
    *("shipping_date", "shipping_documentation", "shipping_tracking_number", "uncategorized_file"),
    "uncategorized_text",
)
WRITABLE_EVIDENCE = (
    *("cancellation_rebuttal", "customer_email_address", "customer_name", "duplicate_charge_explanation"),
    *("product_description", "refund_refusal_explanation", "service_date", "uncategorized_text"),
)


def open_dispute(account: Account, charge: Doc, reason: str = "fraudulent") -> Doc:
    """The bank takes the charge's money back, with a fee. Raises ApiError if there is nothing to dispute."""
    left = charge["amount_captured"] - charge["amount_refunded"]
    if charge["status"] != "succeeded" or charge["disputed"] or left <= 0:
        raise invalid(f"Charge {charge['id']} cannot be disputed.")
    identifier, fee = new_id("du"), account.setting("dispute_fee")
    taken = charging.enter(account, "adjustment", -left, identifier, fee=fee, category="dispute")
    dispute = {
        "id": identifier,
        "object": "dispute",
        "amount": left,
        "balance_transactions": [presented(taken)],
        "charge": charge["id"],
        "created": account.now(),
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": blank(*EVIDENCE) | {"enhanced_evidence": {}},
        "evidence_details": {
            "due_by": account.now() + 7 * DAY,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "status": "needs_response",
    }
    account.save(dispute, "charge.dispute.created", "charge.dispute.funds_withdrawn")
    account.save(charge | {"disputed": True}, "charge.updated")
    return dispute


def decide(account: Account, dispute: Doc, *, won: bool) -> Doc:
    """The bank's last word. Won: the money comes back, the fee does not. Raises ApiError if it was said already."""
    if dispute["status"] in ("won", "lost"):
        raise invalid(f"The dispute is {dispute['status']} already.")
    dispute["status"] = "won" if won else "lost"
    if won:
        back = charging.enter(account, "adjustment", dispute["amount"], dispute["id"], category="dispute_reversal")
        dispute["balance_transactions"].append(presented(back))
        account.save(dispute, "charge.dispute.funds_reinstated")
    return account.save(dispute, "charge.dispute.closed")


def update(account: Account, params: dict[str, Any], identifier: str) -> Doc:
    """POST /v1/disputes/{id}: give evidence; submit it unless told not to."""
    dispute = account.get("dispute", identifier)
    if dispute["status"] in ("won", "lost"):
        raise invalid("This dispute is already closed", code="dispute_already_closed")
    if "metadata" in params:
        dispute["metadata"] = merge_metadata(dispute["metadata"], params["metadata"])
    if evidence := params.get("evidence"):
        dispute["evidence"] |= evidence
        dispute["evidence_details"]["has_evidence"] = True
        if params.get("submit") is not False:
            dispute["evidence_details"]["submission_count"] += 1
            dispute["status"] = "under_review"
    return presented(account.save(dispute, "charge.dispute.updated"))


def close(account: Account, params: dict[str, Any], identifier: str) -> Doc:
    """POST /v1/disputes/{id}/close: accept it as lost."""
    return presented(decide(account, account.get("dispute", identifier), won=False))


ROUTES = [
    lists("dispute", "/v1/disputes", {"charge": string, "payment_intent": string}),
    retrieves("dispute", "/v1/disputes/{dispute}"),
    Route(
        "POST",
        "/v1/disputes/{dispute}",
        update,
        {"evidence": dict.fromkeys(WRITABLE_EVIDENCE, text(20000)), "metadata": metadata, "submit": boolean},
    ),
    Route("POST", "/v1/disputes/{dispute}/close", close, {}),
]
