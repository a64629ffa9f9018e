"""Checkout sessions: made and read here, paid on the checkout page (see checkout.py)."""

from typing import Any

from ..account import Account, blank, new_id, page_of, presented
from ..clock import DAY, MINUTE
from ..errors import invalid, missing
from ..parameters import boolean, each, integer, merge_metadata, metadata, one_of, string, text
from ..routes import Route, lists, retrieves
from ..store import Doc
from . import catalogue
from .payment_methods import TYPES
from .subscriptions import price_of

LEAST, MOST = 30, 99_999_999  # pence
LINE_ITEM = {
    "price": string,
    "price_data": catalogue.CHECKOUT_PRICE_DATA,
    "quantity": integer(1, 999_999),
    "metadata": metadata,
}
SUBSCRIPTION_DATA = {"description": text(500), "metadata": metadata}
PAYMENT_INTENT_DATA = {
    "description": text(1000),
    "metadata": metadata,
    "receipt_email": string,
    "setup_future_usage": one_of("off_session", "on_session"),
}
CREATE = {
    "billing_address_collection": one_of("auto", "required"),
    "cancel_url": string,
    "client_reference_id": text(200),
    "currency": string,
    "customer": string,
    "customer_creation": one_of("always", "if_required"),
    "customer_email": text(800),
    "customer_update": dict.fromkeys(("address", "name", "shipping"), one_of("auto", "never")),
    "custom_text": {"submit": {"message!": text(1200)}, "after_submit": {"message!": text(1200)}},
    "expires_at": integer(0),
    "line_items": each(LINE_ITEM),
    "locale": one_of("auto", "en", "en-GB", "es"),
    "metadata": metadata,
    "mode": one_of("payment", "subscription"),
    "payment_intent_data": PAYMENT_INTENT_DATA,
    "payment_method_types": each(one_of(*TYPES)),
    "phone_number_collection": {"enabled!": boolean},
    "submit_type": one_of("auto", "book", "donate", "pay", "subscribe"),
    "subscription_data": SUBSCRIPTION_DATA,
    "success_url": string,
    "ui_mode": one_of("hosted_page"),
}


def create(account: Account, params: dict[str, Any]) -> Doc:
    """POST /v1/checkout/sessions (long, as Stripe's object is)"""
    _refuse_contradictions(params)
    items = _line_items(account, params)
    total = sum(item["amount_total"] for item in items)
    _check_total(params["mode"], total)
    expires_at = _expiry(account, params.get("expires_at"))
    customer = account.get_living("customer", params["customer"], "customer") if params.get("customer") else None
    identifier = new_id("cs_test")
    session = {
        "id": identifier,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False},
        "allow_promotion_codes": None,
        "amount_subtotal": total,
        "amount_total": total,
        "automatic_tax": {"enabled": False} | blank("liability", "provider", "status"),
        "billing_address_collection": params.get("billing_address_collection"),
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "created": account.now(),
        "currency": "gbp",
        "custom_fields": [],
        "custom_text": blank("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
        | (params.get("custom_text") or {}),
        "customer": customer["id"] if customer else None,
        "customer_creation": _creation(params),
        "customer_details": _known_details(params, customer),
        "customer_email": params.get("customer_email"),
        "expires_at": expires_at,
        "livemode": False,
        "locale": params.get("locale"),
        "metadata": merge_metadata({}, params.get("metadata") or {}),
        "mode": params["mode"],
        "payment_method_collection": "always" if params["mode"] == "subscription" else "if_required",
        "payment_method_options": {},
        "payment_method_types": params.get("payment_method_types") or ["card"],
        "payment_status": "unpaid",
        "phone_number_collection": params.get("phone_number_collection") or {"enabled": False},
        "shipping_options": [],
        "status": "open",
        "submit_type": params.get("submit_type"),
        "success_url": params["success_url"],
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": f"{account.public_url}/checkout/{identifier}",
        **blank(
            *("after_expiration", "client_secret", "collected_information", "consent", "consent_collection"),
            *("currency_conversion", "customer_account", "discounts", "integration_identifier", "invoice"),
            *("managed_payments", "origin_context", "payment_intent", "payment_link"),
            *("payment_method_configuration_details", "permissions", "recovered_from"),
            *("saved_payment_method_options", "setup_intent", "shipping_address_collection", "shipping_cost"),
            *("subscription", "wallet_options"),
        ),
        "invoice_creation": None,
        "_sandbox": {
            "line_items": items,
            "subscription_data": params.get("subscription_data") or {},
            "payment_intent_data": params.get("payment_intent_data") or {},
            "customer_update": params.get("customer_update") or {},
            "method": None,
        },
    }
    account.store.schedule(expires_at, "expire_session", identifier)
    return presented(account.save(session))


def _refuse_contradictions(params: dict[str, Any]) -> None:
    for name in ("mode", "success_url", "line_items"):
        if not params.get(name):
            raise missing(name)
    if params.get("customer") and params.get("customer_email"):
        raise invalid("You may only specify one of these parameters: customer, customer_email.", "customer")
    if params.get("customer_update") and not params.get("customer"):
        raise invalid("`customer_update` can only be used with `customer`.", "customer_update")
    if params.get("customer_creation") and params.get("customer"):
        raise invalid("You may only specify one of these parameters: customer, customer_creation.", "customer_creation")
    others = {"payment": "subscription_data", "subscription": "payment_intent_data"}
    if params.get(others[params["mode"]]) is not None:
        raise invalid(
            f"You can not pass `{others[params['mode']]}` in `{params['mode']}` mode.", others[params["mode"]]
        )
    if params["mode"] == "subscription" and params.get("customer_creation"):
        raise invalid("`customer_creation` can only be used in `payment` mode.", "customer_creation")
    for name in ("success_url", "cancel_url"):
        if params.get(name) and not params[name].startswith(("http://", "https://")):
            raise invalid("Not a valid URL", name, "url_invalid")
    email = params.get("customer_email")
    if email and ("@" not in email.strip("@") or " " in email):
        raise invalid(f"Invalid email address: {email}", "customer_email", "email_invalid")


def _line_items(account: Account, params: dict[str, Any]) -> list[Doc]:
    items, mode = [], params["mode"]
    for position, given in enumerate(params["line_items"]):
        name = f"line_items[{position}]"
        price = price_of(account, given, name)
        if price is None:
            raise missing(f"{name}[price]")
        if mode == "payment" and price["recurring"]:
            raise invalid(
                "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or "
                "use only one-time prices.",
                "line_items",
            )
        total = price["unit_amount"] * given.get("quantity", 1)
        items.append(
            {
                "id": new_id("li"),
                "object": "item",
                "adjustable_quantity": None,
                "amount_discount": 0,
                "amount_subtotal": total,
                "amount_tax": 0,
                "amount_total": total,
                "currency": "gbp",
                "description": account.store.get(price["product"])["name"],
                "metadata": given.get("metadata") or {},
                "price": presented(price),
                "quantity": given.get("quantity", 1),
            }
        )
    if mode == "subscription" and not any(item["price"]["recurring"] for item in items):
        raise invalid(
            "You must provide at least one recurring price in `subscription` mode when using prices.", "line_items"
        )
    return items


def _check_total(mode: str, total: int) -> None:
    if total > MOST:
        raise invalid("The Checkout Session's total amount must be no more than £999,999.99.", code="amount_too_large")
    if total < LEAST and (total or mode == "payment"):
        raise invalid(
            "The Checkout Session's total amount due must add up to at least £0.30 gbp", code="amount_too_small"
        )


def _expiry(account: Account, given: int | None) -> int:
    now = account.now()
    if given is None:
        return now + DAY
    if given < now + 30 * MINUTE - 60:  # a minute's grace, for a request that took its time
        raise invalid(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.", "expires_at"
        )
    if given > now + DAY + 60:
        raise invalid(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.", "expires_at"
        )
    return given


def _creation(params: dict[str, Any]) -> str | None:
    if params.get("customer"):
        return None
    return "always" if params["mode"] == "subscription" else params.get("customer_creation") or "if_required"


def _known_details(params: dict[str, Any], customer: Doc | None) -> Doc | None:
    email = params.get("customer_email") or (customer or {}).get("email")
    if not email:
        return None
    empty = blank("address", "business_name", "individual_name", "name", "phone", "tax_exempt", "tax_ids")
    return empty | {"email": email, "tax_exempt": "none"}


def update(account: Account, params: dict[str, Any], identifier: str) -> Doc:
    """POST /v1/checkout/sessions/{id}"""
    session = account.get("checkout.session", identifier)
    if "metadata" in params:
        session["metadata"] = merge_metadata(session["metadata"], params["metadata"])
    return presented(account.save(session))


def expire(account: Account, session: Doc) -> Doc:
    """Nobody can pay it any more."""
    session |= {"status": "expired", "url": None}
    account.store.unschedule(session["id"])
    return account.save(session, "checkout.session.expired")


def expire_by_api(account: Account, params: dict[str, Any], identifier: str) -> Doc:
    """POST /v1/checkout/sessions/{id}/expire"""
    session = account.get("checkout.session", identifier)
    if session["status"] != "open":
        raise invalid(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of '
            f"`{session['status']}`."
        )
    return presented(expire(account, session))


def line_items(account: Account, params: dict[str, Any], identifier: str) -> Doc:
    """GET /v1/checkout/sessions/{id}/line_items"""
    session = account.get("checkout.session", identifier)
    return page_of(f"/v1/checkout/sessions/{identifier}/line_items", session["_sandbox"]["line_items"])


ROUTES = [
    Route("POST", "/v1/checkout/sessions", create, CREATE),
    lists(
        "checkout.session",
        "/v1/checkout/sessions",
        {
            "customer": string,
            "payment_intent": string,
            "status": one_of("complete", "expired", "open"),
            "subscription": string,
        },
    ),
    retrieves("checkout.session", "/v1/checkout/sessions/{session}"),
    Route("POST", "/v1/checkout/sessions/{session}", update, {"metadata": metadata}),
    Route("POST", "/v1/checkout/sessions/{session}/expire", expire_by_api, {}),
    Route("GET", "/v1/checkout/sessions/{session}/line_items", line_items, {"limit": integer(1, 100)}),
]
