"""Payment methods, and the mandates and setup intents that come with them."""

import hashlib
from datetime import UTC, datetime
from typing import Any

from .. import instruments
from ..account import Account, blank, new_id, presented
from ..errors import card_error, invalid
from ..parameters import ADDRESS, integer, merge_metadata, metadata, one_of, string
from ..routes import Route, lists, retrieves
from ..store import Doc

# Stripe's ready-made payment methods for tests; each use makes a new one.
TOKENS = {
    "pm_card_visa": "4242424242424242",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_gb": "4000008260000000",
    "pm_card_chargeCustomerFail": "4000000000000341",
    "pm_card_authenticationRequired": "4000002760003184",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_createDispute": "4000000000000259",
}
TYPES = ("card", "bacs_debit")


def _billing(name: str | None, email: str | None, address: Doc | None = None) -> Doc:
    return {"address": blank(*ADDRESS) | (address or {}), "email": email, "name": name, "phone": None, "tax_id": None}


def _make(account: Account, type: str, details: Doc, billing: Doc, private: Doc) -> Doc:
    return account.save(
        {
            "id": new_id("pm"),
            "object": "payment_method",
            "allow_redisplay": "unspecified",
            "billing_details": billing,
            "created": account.now(),
            "customer": None,
            "customer_account": None,
            "livemode": False,
            "metadata": {},
            "type": type,
            type: details,
            "_sandbox": private,
        }
    )


def new_card(
    account: Account, *, number: str, month: int, year: int, name: str | None = None, email: str | None = None
) -> Doc:
    """A card that was entered. It belongs to nobody yet."""
    card = instruments.CARDS[number]
    details = {
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": card.country,
        "display_brand": card.brand,
        "exp_month": month,
        "exp_year": year,
        "fingerprint": hashlib.sha256(number.encode()).hexdigest()[:16],
        "funding": "credit",
        "generated_from": None,
        "last4": number[-4:],
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }
    return _make(account, "card", details, _billing(name, email), {"number": number})


def new_debit(account: Account, *, number: str, name: str | None, email: str | None, address: Doc | None = None) -> Doc:
    """A bank account whose owner has just agreed to direct debits, with the mandate for it."""
    details = {
        "fingerprint": hashlib.sha256(number.encode()).hexdigest()[:16],
        "last4": number[-4:],
        "sort_code": instruments.SORT_CODE,
    }
    identifier = new_id("mandate")
    method = _make(account, "bacs_debit", details, _billing(name, email, address), {"number": number})
    method["_sandbox"]["mandate"] = identifier
    reference = identifier[-16:].upper()
    account.store.save(
        {
            "id": identifier,
            "object": "mandate",
            "customer_acceptance": {
                "accepted_at": account.now(),
                "online": {"ip_address": "127.0.0.1", "user_agent": "Stripe sandbox"},
                "type": "online",
            },
            "livemode": False,
            "multi_use": {},
            "payment_method": method["id"],
            "payment_method_details": {
                "type": "bacs_debit",
                "bacs_debit": {
                    "display_name": None,
                    "network_status": "pending",
                    "reference": reference,
                    "revocation_reason": None,
                    "service_user_number": "424242",
                    "url": f"{account.public_url}/mandate/{reference}",
                },
            },
            "status": "pending",
            "type": "multi_use",
        }
    )
    return account.save(method)


def resolve(account: Account, identifier: str, param: str) -> Doc:
    """The payment method with this id; a new one for one of Stripe's test ids like pm_card_visa."""
    if identifier in TOKENS:
        year = datetime.fromtimestamp(account.now(), UTC).year + 5
        return new_card(account, number=TOKENS[identifier], month=12, year=year)
    return account.get("payment_method", identifier, param)


def attach(account: Account, method: Doc, customer: str) -> Doc:
    """Give a payment method to a customer. Raises ApiError (402) if its bank refuses that already."""
    if method["customer"] == customer:
        return method
    if method["customer"]:
        raise invalid("The payment method you provided has already been attached to a customer.", "payment_method")
    card = instruments.card_of(method) if method["type"] == "card" else None
    if card and card.decline and card.refused:
        raise card_error(**instruments.decline_fields(card.decline))
    method["customer"] = customer
    return account.save(method, "payment_method.attached")


def detach_from_customer(account: Account, method: Doc) -> Doc:
    """Take it from its customer for good; nothing charges it any more."""
    customer = account.store.get(method["customer"])
    if customer["invoice_settings"]["default_payment_method"] == method["id"]:
        customer["invoice_settings"]["default_payment_method"] = None
        account.save(customer, "customer.updated")
    for subscription in account.store.all("subscription", customer=customer["id"]):
        if subscription["default_payment_method"] == method["id"]:
            subscription["default_payment_method"] = None
            account.save(subscription, "customer.subscription.updated")
    method["customer"] = None
    method["_sandbox"]["detached"] = True
    return account.save(method, "payment_method.detached")


def set_up(account: Account, method: Doc, customer: str) -> Doc:
    """Record that a payment method was made ready for later charges, as the portal does."""
    intent = {
        "id": new_id("seti"),
        "object": "setup_intent",
        "created": account.now(),
        "customer": customer,
        "client_secret": new_id("seti_secret"),
        "livemode": False,
        "mandate": method["_sandbox"].get("mandate"),
        "metadata": {},
        "payment_method": method["id"],
        "payment_method_options": {},
        "payment_method_types": [method["type"]],
        "status": "succeeded",
        "usage": "off_session",
        **blank(
            *("application", "automatic_payment_methods", "cancellation_reason", "customer_account", "description"),
            *("excluded_payment_method_types", "flow_directions", "last_setup_error", "latest_attempt", "next_action"),
            *("on_behalf_of", "payment_method_configuration_details", "single_use_mandate"),
        ),
    }
    return account.save(intent, "setup_intent.created", "setup_intent.succeeded")


def attach_by_api(account: Account, params: dict[str, Any], identifier: str) -> Doc:
    """POST /v1/payment_methods/{id}/attach"""
    account.get_living("customer", params["customer"], "customer")
    method = resolve(account, identifier, "payment_method")
    if method["_sandbox"].get("detached"):
        raise invalid(
            "This PaymentMethod was previously used without being attached to a Customer or was detached from a "
            "Customer, and may not be used again."
        )
    return presented(attach(account, method, params["customer"]))


def detach_by_api(account: Account, params: dict[str, Any], identifier: str) -> Doc:
    """POST /v1/payment_methods/{id}/detach"""
    method = account.get("payment_method", identifier)
    if not method["customer"]:
        raise invalid("The payment method you provided is not attached to a customer so detachment is impossible.")
    return presented(detach_from_customer(account, method))


def update(account: Account, params: dict[str, Any], identifier: str) -> Doc:
    """POST /v1/payment_methods/{id}: a new expiry date, or metadata."""
    method = account.get("payment_method", identifier)
    if "metadata" in params:
        method["metadata"] = merge_metadata(method["metadata"], params["metadata"])
    if method["type"] == "card":
        method["card"] |= params.get("card") or {}
    return presented(account.save(method, "payment_method.updated"))


ROUTES = [
    lists("payment_method", "/v1/payment_methods", {"customer": string, "type": one_of(*TYPES)}, by_time=False),
    retrieves("payment_method", "/v1/payment_methods/{payment_method}"),
    Route(
        "POST",
        "/v1/payment_methods/{payment_method}",
        update,
        {"metadata": metadata, "card": {"exp_month": integer(1, 12), "exp_year": integer(2000, 2100)}},
    ),
    Route("POST", "/v1/payment_methods/{payment_method}/attach", attach_by_api, {"customer!": string}),
    Route("POST", "/v1/payment_methods/{payment_method}/detach", detach_by_api, {}),
    retrieves("mandate", "/v1/mandates/{mandate}"),
    lists("setup_intent", "/v1/setup_intents", {"customer": string, "payment_method": string}),
    retrieves("setup_intent", "/v1/setup_intents/{intent}"),
]
