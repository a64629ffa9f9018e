"""What happens when money is asked for: a payment intent, its charges, and the entries in the balance."""

from typing import Any

from . import instruments
from .account import Account, blank, new_id
from .instruments import Verdict
from .store import Doc


def new_intent(account: Account, *, amount: int, currency: str, customer: str | None, owner: Doc, **fields: Any) -> Doc:
    """A payment intent without a charge yet. `owner` says what it pays: {"invoice": id} or {"session": id}."""
    identifier = new_id("pi")
    intent = {
        "id": identifier,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_received": 0,
        "capture_method": "automatic",
        "client_secret": new_id(identifier + "_secret"),
        "confirmation_method": "automatic",
        "created": account.now(),
        "currency": currency,
        "customer": customer,
        "livemode": False,
        "metadata": {},
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
        **blank(
            *("application", "application_fee_amount", "automatic_payment_methods", "canceled_at"),
            *("cancellation_reason", "customer_account", "description", "excluded_payment_method_types"),
            *("last_payment_error", "latest_charge", "next_action", "on_behalf_of", "payment_method"),
            *("payment_method_configuration_details", "processing", "receipt_email", "review"),
            *("setup_future_usage", "shipping", "statement_descriptor", "statement_descriptor_suffix"),
            *("transfer_data", "transfer_group"),
        ),
        **fields,
        "_sandbox": owner,
    }
    return account.save(intent, "payment_intent.created")


def judge(account: Account, method: Doc, *, present: bool, authenticated: bool = False) -> Verdict:
    """What the bank would say to a charge now."""
    if method["type"] == "card":
        return instruments.judge_card(method, account.now(), present=present, authenticated=authenticated)
    mandate = account.store.get(method["_sandbox"]["mandate"])
    days, days_new = account.setting("debit_days"), account.setting("debit_days_new_mandate")
    return instruments.judge_debit(method, mandate, account.now(), days, days_new)


def confirm(account: Account, intent: Doc, method: Doc, *, present: bool, authenticated: bool = False) -> Verdict:
    """Ask the bank for the intent's money. What comes of it is kept and told; the caller goes by the verdict."""
    verdict = judge(account, method, present=present, authenticated=authenticated)
    intent["payment_method"] = method["id"]
    if verdict.answer == "ask":
        _await_customer(account, intent)
    elif verdict.answer == "no":
        _fail(account, intent, _new_charge(account, intent, method, "failed"), method, verdict.decline)
    elif verdict.answer == "later":
        charge = _new_charge(account, intent, method, "pending")
        charge["_sandbox"]["decline"] = verdict.decline
        account.save(charge, "charge.pending")
        intent |= {"status": "processing", "latest_charge": charge["id"], "last_payment_error": None}
        account.save(intent, "payment_intent.processing")
        account.store.schedule(verdict.at, "settle", charge["id"])
    else:
        _succeed(account, intent, _new_charge(account, intent, method, "pending"), method)
    return verdict


def settle(account: Account, charge: Doc) -> Doc:
    """The bank's answer to a debit has come. Returns the payment intent as it is now."""
    intent = account.store.get(charge["payment_intent"])
    method = account.store.get(charge["payment_method"])
    if decline := charge["_sandbox"]["decline"]:
        _fail(account, intent, charge, method, decline)
    else:
        _succeed(account, intent, charge, method)
    if method["type"] == "bacs_debit":
        _settle_mandate(account, account.store.get(method["_sandbox"]["mandate"]), decline)
    return account.store.get(intent["id"])


def _settle_mandate(account: Account, mandate: Doc, decline: str) -> None:
    revoked = decline == "debit_not_authorized"
    status, network = ("inactive", "revoked") if revoked else ("active", "accepted")
    if mandate["status"] != status:
        details = mandate["payment_method_details"]["bacs_debit"] | {"network_status": network}
        mandate |= {"status": status, "payment_method_details": {"type": "bacs_debit", "bacs_debit": details}}
        account.save(mandate, "mandate.updated")


def _await_customer(account: Account, intent: Doc) -> None:
    (owner,) = intent["_sandbox"].values()
    url = f"{account.public_url}/authenticate/{owner}"
    intent["status"] = "requires_action"
    intent["next_action"] = {"type": "redirect_to_url", "redirect_to_url": {"url": url, "return_url": None}}
    account.save(intent, "payment_intent.requires_action")


def _new_charge(account: Account, intent: Doc, method: Doc, status: str) -> Doc:
    """A charge that has not been told of yet."""
    identifier = new_id("ch" if method["type"] == "card" else "py")
    return {
        "id": identifier,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "balance_transaction": None,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "PERU SUPPORT GROUP",
        "captured": False,
        "created": account.now(),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "fraud_details": {},
        "livemode": False,
        "metadata": intent["metadata"],
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": _method_details(method),
        "radar_options": {},
        "receipt_email": intent["receipt_email"],
        "receipt_url": f"{account.public_url}/receipt/{identifier}",
        "refunded": False,
        "status": status,
        **blank(
            *("application", "application_fee", "application_fee_amount", "failure_balance_transaction"),
            *("failure_code", "failure_message", "on_behalf_of", "outcome", "receipt_number", "review", "shipping"),
            *("source_transfer", "statement_descriptor", "statement_descriptor_suffix", "transfer_data"),
            "transfer_group",
        ),
        "_sandbox": {"decline": ""},
    }


def _method_details(method: Doc) -> Doc:
    """The payment method as a charge remembers it."""
    if method["type"] == "bacs_debit":
        return {"type": "bacs_debit", "bacs_debit": method["bacs_debit"] | {"mandate": method["_sandbox"]["mandate"]}}
    card = method["card"]
    kept = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4", "wallet")
    details = {name: card[name] for name in kept}
    details |= blank("installments", "mandate", "three_d_secure", "network_token", "network_transaction_id")
    return {"type": "card", "card": details | {"network": card["brand"]}}


def _outcome(decline: str) -> Doc:
    """What the bank's network said, in the words of a charge."""
    shared = {"advice_code": None, "network_advice_code": None, "network_decline_code": None, "risk_level": "normal"}
    if not decline:
        said = {"network_status": "approved_by_network", "reason": None, "type": "authorized"}
        return shared | said | {"seller_message": "Payment complete."}
    said = {"network_status": "declined_by_network", "reason": decline, "type": "issuer_declined"}
    return shared | said | {"seller_message": "The bank returned the decline code `" + decline + "`."}


def _succeed(account: Account, intent: Doc, charge: Doc, method: Doc) -> None:
    charge |= {"status": "succeeded", "paid": True, "captured": True, "amount_captured": charge["amount"]}
    charge["outcome"] = _outcome("")
    share, fixed = account.setting("card_fee" if method["type"] == "card" else "debit_fee")
    fee = (charge["amount"] * share + 5000) // 10000 + fixed
    charge["balance_transaction"] = enter(account, "charge", charge["amount"], charge["id"], fee=fee)["id"]
    account.save(charge, "charge.succeeded")
    intent |= {"status": "succeeded", "amount_received": intent["amount"], "latest_charge": charge["id"]}
    intent |= {"next_action": None, "last_payment_error": None}
    account.save(intent, "payment_intent.succeeded")
    if instruments.after(method) == "dispute":
        account.store.schedule(account.now(), "dispute", charge["id"])


def _fail(account: Account, intent: Doc, charge: Doc, method: Doc, decline: str) -> None:
    fields = instruments.decline_fields(decline)
    charge |= {"status": "failed", "outcome": _outcome(fields.get("decline_code", fields["code"]))}
    charge |= {"failure_code": fields["code"], "failure_message": fields["message"]}
    account.save(charge, "charge.failed")
    error = {"type": "card_error" if method["type"] == "card" else "invalid_request_error", "charge": charge["id"]}
    error |= fields | {"payment_method": {name: value for name, value in method.items() if name != "_sandbox"}}
    fail_intent(account, intent, error, latest_charge=charge["id"])


def fail_intent(account: Account, intent: Doc, error: Doc, **fields: Any) -> None:
    """The intent's last attempt came to nothing; another payment method may be tried."""
    intent |= {"status": "requires_payment_method", "last_payment_error": error, "next_action": None} | fields
    intent["payment_method"] = None
    account.save(intent, "payment_intent.payment_failed")


def fail_authentication(account: Account, intent: Doc) -> None:
    """The customer did not prove to be the card's owner."""
    message = (
        "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new "
        "PaymentMethod to attempt to fulfill this PaymentIntent again."
    )
    code = "payment_intent_authentication_failure"
    fail_intent(account, intent, {"type": "invalid_request_error", "code": code, "message": message})


def enter(
    account: Account, type: str, amount: int, source: str, *, fee: int = 0, currency: str = "gbp", category: str = ""
) -> Doc:
    """Enter an amount (in pence; negative goes out) into the balance. Returns the balance transaction."""
    details = {"amount": fee, "application": None, "currency": currency, "description": "Stripe processing fees"}
    return account.save(
        {
            "id": new_id("txn"),
            "object": "balance_transaction",
            "amount": amount,
            "available_on": account.now() + 7 * 86400,
            "balance_type": "payments",
            "created": account.now(),
            "currency": currency,
            "description": None,
            "exchange_rate": None,
            "fee": fee,
            "fee_details": [details | {"type": "stripe_fee"}] if fee else [],
            "net": amount - fee,
            "reporting_category": category or type,
            "source": source,
            "status": "pending",
            "type": type,
            "_sandbox": {"payout": None},
        }
    )
