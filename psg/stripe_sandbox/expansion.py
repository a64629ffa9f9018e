"""`expand[]`: ids replaced by the objects they name, and parts that are shown only when asked for."""

from collections.abc import Callable
from typing import Any

from .account import Account, page_of, presented
from .errors import invalid
from .store import Doc

# Which fields of which kind of object hold an id that can be expanded.
EXPANDABLE: dict[str, set[str]] = {
    "customer": {"invoice_settings.default_payment_method"},
    "product": {"default_price"},
    "price": {"product"},
    "checkout.session": {"customer", "invoice", "payment_intent", "setup_intent", "subscription"},
    "subscription": {"customer", "default_payment_method", "latest_invoice", "pending_setup_intent"},
    "invoice": {"customer", "default_payment_method", "parent.subscription_details.subscription"},
    "line_item": {"pricing.price_details.price"},
    "invoice_payment": {"invoice", "payment.payment_intent", "payment.charge"},
    "payment_intent": {"customer", "latest_charge", "payment_method"},
    "payment_method": {"customer"},
    "setup_intent": {"customer", "mandate", "payment_method"},
    "charge": {"balance_transaction", "customer", "failure_balance_transaction", "payment_intent"},
    "refund": {"balance_transaction", "charge", "failure_balance_transaction", "payment_intent"},
    "dispute": {"charge", "payment_intent"},
    "mandate": {"payment_method"},
    "balance_transaction": {"source"},
    "payout": {"balance_transaction"},
    "billing_portal.session": {"configuration"},
}
DEEPEST = 4

Includable = Callable[[Account, Doc], Any]
INCLUDABLE: dict[str, dict[str, Includable]] = {
    "customer": {
        "subscriptions": lambda account, doc: page_of(
            f"/v1/subscriptions?customer={doc['id']}",
            [
                presented(one)
                for one in account.store.all("subscription", customer=doc["id"])[::-1]
                if one["status"] not in ("canceled", "incomplete_expired")
            ],
        ),
    },
    "charge": {
        "refunds": lambda account, doc: page_of(
            f"/v1/charges/{doc['id']}/refunds",
            [presented(one) for one in account.store.all("refund", charge=doc["id"])[::-1]],
        ),
    },
    "checkout.session": {
        "line_items": lambda account, doc: page_of(
            f"/v1/checkout/sessions/{doc['id']}/line_items",
            account.store.get(doc["id"])["_sandbox"]["line_items"],
        ),
    },
    "invoice": {
        "payments": lambda account, doc: page_of(
            f"/v1/invoice_payments?invoice={doc['id']}",
            [presented(one) for one in account.store.all("invoice_payment", invoice=doc["id"])[::-1]],
        ),
    },
}


def expand(account: Account, answer: Doc, paths: list[str]) -> Doc:
    """Expand an answer along paths like `latest_invoice.payments` or `data.customer`. Raises ApiError."""
    for path in paths:
        steps = path.split(".")
        if len(steps) - (steps[0] == "data") > DEEPEST:
            raise invalid(f"You cannot expand more than {DEEPEST} levels of a property. Property: {path}", "expand")
        _walk(account, answer, steps, path)
    return answer


def _walk(account: Account, place: Any, steps: list[str], path: str, owner: str = "", inner: str = "") -> None:
    """Go one step further: `owner` is the kind of object we are in, `inner` the field of it we are below."""
    if isinstance(place, list):
        for one in place:
            _walk(account, one, steps, path, owner, inner)
        return
    if not steps or place is None:
        return
    if not isinstance(place, dict):
        raise _refusal(path)
    if "object" in place:
        owner, inner = place["object"], ""
    step, rest = steps[0], steps[1:]
    field = f"{inner}.{step}" if inner else step
    if not inner and step in INCLUDABLE.get(owner, {}) and step not in place:
        place[step] = INCLUDABLE[owner][step](account, place)
    elif step not in place:
        raise _refusal(path)
    elif field in EXPANDABLE.get(owner, set()):
        if isinstance(place[step], str):
            found = account.store.find(place[step])
            place[step] = presented(found) if found else place[step]
    elif not rest and not isinstance(place[step], dict | list):
        raise _refusal(path)
    _walk(account, place[step], rest, path, owner, field)


def _refusal(path: str) -> Exception:
    return invalid(f"This property cannot be expanded ({path}).", "expand")
