"""Invoices and their payments."""

from typing import Any

from ..account import Account, page_of, presented
from ..billing import collecting, invoices, standing
from ..errors import card_error, invalid
from ..instruments import decline_fields
from ..parameters import boolean, integer, one_of, string
from ..routes import Route, lists, retrieves
from ..store import Doc
from . import payment_methods

STATUSES = ("draft", "open", "paid", "uncollectible", "void")


def pay(account: Account, params: dict[str, Any], identifier: str) -> Doc:
    """POST /v1/invoices/{id}/pay: now, by the usual or another payment method, or out of band."""
    invoice = account.get("invoice", identifier)
    if invoice["status"] == "paid":
        raise invalid("Invoice is already paid", code="invoice_already_paid")
    if invoice["status"] == "void":
        raise invalid("This invoice is void and can no longer be paid.", code="invoice_not_editable")
    if invoice["status"] == "draft":
        invoices.finalize(account, invoice)
    if params.get("paid_out_of_band"):
        _refuse_under_way(account, invoice)
        invoices.paid(account, invoice, elsewhere=True)
        standing.money_came(account, invoice)
    elif invoice["status"] != "paid":
        _collect(account, invoice, params)
    return presented(account.store.get(identifier))


def _refuse_under_way(account: Account, invoice: Doc) -> None:
    """Raises ApiError while a debit for it is under way."""
    intent = account.store.find(invoice["_sandbox"]["intent"] or "")
    if intent and intent["status"] == "processing":
        raise invalid("This invoice has a payment that is processing.", code="payment_intent_unexpected_state")


def _collect(account: Account, invoice: Doc, params: dict[str, Any]) -> None:
    method = None
    if chosen := params.get("payment_method"):
        method = payment_methods.resolve(account, chosen, "payment_method")
        payment_methods.attach(account, method, invoice["customer"])
    _refuse_under_way(account, invoice)
    verdict = collecting.collect(
        account, invoice, method=method, present=params.get("off_session") is False, automatic=False
    )
    if verdict == collecting.NO_METHOD:
        raise invalid(
            "There is no `default_payment_method` set on this Customer or Invoice. Please set one or provide a "
            "payment_method.",
            code="invoice_payment_intent_requires_action",
        )
    if verdict.answer == "ask":
        raise card_error(
            "This payment requires additional user action before it can be completed successfully.",
            code="invoice_payment_intent_requires_action",
        )
    if verdict.answer == "no":
        raise card_error(**decline_fields(verdict.decline))


def finalize(account: Account, params: dict[str, Any], identifier: str) -> Doc:
    """POST /v1/invoices/{id}/finalize"""
    invoice = account.get("invoice", identifier)
    if invoice["status"] != "draft":
        raise invalid("This invoice is already finalized, you can't re-finalize a non-draft invoice.")
    account.store.unschedule(identifier)
    if params.get("auto_advance") is not None:
        invoice["auto_advance"] = params["auto_advance"]
    invoices.finalize(account, invoice)
    if invoice["status"] == "open" and invoice["auto_advance"]:
        account.store.schedule(account.now() + 3600, "collect", identifier)
    return presented(invoice)


def _closing(status: str) -> Any:
    def handler(account: Account, params: dict[str, Any], identifier: str) -> Doc:
        """POST /v1/invoices/{id}/void or /mark_uncollectible"""
        invoice = account.get("invoice", identifier)
        allowed = ("open", "uncollectible") if status == "void" else ("open",)
        if invoice["status"] not in allowed:
            raise invalid(
                f"You can only pass in open invoices. This invoice isn't open. (It is {invoice['status']}.)",
                code="invoice_not_editable",
            )
        _refuse_under_way(account, invoice)
        invoices.close(account, invoice, status)
        if invoices.subscription_of(invoice):
            standing.closed_unpaid(account, invoice)
        return presented(account.store.get(identifier))

    return handler


def lines(account: Account, params: dict[str, Any], identifier: str) -> Doc:
    """GET /v1/invoices/{id}/lines"""
    return page_of(f"/v1/invoices/{identifier}/lines", account.get("invoice", identifier)["lines"]["data"])


def _payment_filter(params: dict[str, Any]) -> dict[str, list[str]]:
    payment = params.pop("payment", None) or {}
    where = {name: [value] for name, value in params.items()}
    if payment.get("payment_intent"):
        where["payment_intent"] = [payment["payment_intent"]]
    return where


ROUTES = [
    lists(
        "invoice",
        "/v1/invoices",
        {"customer": string, "status": one_of(*STATUSES), "subscription": string},
    ),
    retrieves("invoice", "/v1/invoices/{invoice}"),
    Route(
        "POST",
        "/v1/invoices/{invoice}/pay",
        pay,
        {"off_session": boolean, "paid_out_of_band": boolean, "payment_method": string},
    ),
    Route("POST", "/v1/invoices/{invoice}/finalize", finalize, {"auto_advance": boolean}),
    Route("POST", "/v1/invoices/{invoice}/void", _closing("void"), {}),
    Route("POST", "/v1/invoices/{invoice}/mark_uncollectible", _closing("uncollectible"), {}),
    Route("GET", "/v1/invoices/{invoice}/lines", lines, {"limit": integer(1, 100)}),
    lists(
        "invoice_payment",
        "/v1/invoice_payments",
        {
            "invoice": string,
            "payment": {"payment_intent": string, "type": one_of("payment_intent")},
            "status": one_of("canceled", "open", "paid"),
        },
        _payment_filter,
    ),
    retrieves("invoice_payment", "/v1/invoice_payments/{invoice_payment}"),
]
