"""Customers."""

from typing import Any

from ..account import Account, blank, new_id, presented
from ..errors import invalid
from ..parameters import ADDRESS, SHIPPING, each, integer, merge_metadata, metadata, string, text
from ..routes import Route, lists, retrieves
from ..store import Doc
from . import payment_methods, subscriptions

WRITABLE = {
    "address": ADDRESS,
    "balance": integer(),
    "description": string,
    "email": text(512),
    "invoice_settings": {"default_payment_method": string, "footer": string},
    "metadata": metadata,
    "name": text(256),
    "phone": text(20),
    "preferred_locales": each(string),
    "shipping": SHIPPING,
}


def make(account: Account, **fields: Any) -> Doc:
    """A new customer."""
    identifier = new_id("cus")
    customer = {
        "id": identifier,
        "object": "customer",
        "balance": 0,
        "created": account.now(),
        "delinquent": False,
        "invoice_prefix": identifier[-8:].upper(),
        "invoice_settings": blank("custom_fields", "default_payment_method", "footer", "rendering_options"),
        "livemode": False,
        "metadata": {},
        "next_invoice_sequence": 1,
        "preferred_locales": [],
        "tax_exempt": "none",
        **blank(
            *("address", "currency", "default_source", "description", "discount", "email", "name", "phone"),
            *("shipping", "test_clock", "customer_account"),
        ),
    } | fields
    return account.save(customer, "customer.created")


def _apply(account: Account, customer: Doc, params: dict[str, Any]) -> None:
    email = params.get("email")
    if email and ("@" not in email.strip("@") or " " in email):
        raise invalid(f"Invalid email address: {email}", "email", "email_invalid")
    settings = params.pop("invoice_settings", None) or {}
    if chosen := settings.get("default_payment_method"):
        method = account.get("payment_method", chosen, "invoice_settings[default_payment_method]")
        if method["customer"] != customer["id"]:
            raise invalid(
                f"The customer does not have a payment method with the ID {chosen}. The payment method must be "
                "attached to the customer.",
                "invoice_settings[default_payment_method]",
                "resource_missing",
            )
    if "metadata" in params:
        customer["metadata"] = merge_metadata(customer["metadata"], params.pop("metadata"))
    if "address" in params and params["address"] is not None:
        params["address"] = blank(*ADDRESS) | params["address"]
    customer["invoice_settings"] |= settings
    customer |= {name: [] if name == "preferred_locales" and not value else value for name, value in params.items()}


def create(account: Account, params: dict[str, Any]) -> Doc:
    """POST /v1/customers"""
    token = params.pop("payment_method", None)
    draft: Doc = {"id": "", "metadata": {}, "invoice_settings": {}}
    _apply(account, draft, params)
    settings = draft.pop("invoice_settings")
    del draft["id"]
    customer = make(account, **draft)
    customer["invoice_settings"] |= settings
    if token:
        method = payment_methods.resolve(account, token, "payment_method")
        payment_methods.attach(account, method, customer["id"])
    return presented(account.save(customer))


def update(account: Account, params: dict[str, Any], identifier: str) -> Doc:
    """POST /v1/customers/{id}"""
    customer = account.get_living("customer", identifier)
    _apply(account, customer, params)
    return presented(account.save(customer, "customer.updated"))


def delete(account: Account, params: dict[str, Any], identifier: str) -> Doc:
    """DELETE /v1/customers/{id}: its subscriptions end at once."""
    customer = account.get_living("customer", identifier)
    for subscription in account.store.all("subscription", customer=identifier):
        if subscription["status"] not in subscriptions.ENDED:
            subscriptions.end(account, subscription, reason="cancellation_requested")
    for method in account.store.all("payment_method", customer=identifier):
        payment_methods.detach_from_customer(account, method)
    account.emit("customer.deleted", customer)
    customer["deleted"] = True
    return presented(account.save(customer))


ROUTES = [
    Route("POST", "/v1/customers", create, WRITABLE | {"payment_method": string}),
    lists("customer", "/v1/customers", {"email": string}),
    retrieves("customer", "/v1/customers/{customer}"),
    Route("POST", "/v1/customers/{customer}", update, WRITABLE),
    Route("DELETE", "/v1/customers/{customer}", delete, {}),
]
