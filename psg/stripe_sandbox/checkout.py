"""Paying a checkout session. A session is paid once: whoever comes second finds it complete."""

from typing import NamedTuple

from . import charging
from .account import Account, blank
from .billing import invoices, subscriptions
from .instruments import decline_fields
from .parameters import ADDRESS
from .resources import customers, payment_methods
from .store import Doc


class Payer(NamedTuple):
    """What was typed about the person."""

    email: str
    name: str


class Outcome(NamedTuple):
    """What came of it. `answer`: done, declined (with a message for the page) or ask (3-D Secure first)."""

    answer: str
    message: str = ""


DONE, ASK = Outcome("done"), Outcome("ask")


def pay(account: Account, session: Doc, method: Doc, payer: Payer, *, authenticated: bool = False) -> Outcome:
    """Try to pay a session with what was entered."""
    if session["status"] != "open":
        return DONE
    session["_sandbox"] |= {"method": method["id"], "payer": list(payer)}
    account.save(session)
    if authenticated:
        method["_sandbox"]["authenticated"] = True
        account.save(method)
    if session["mode"] == "payment":
        return _pay_once(account, session, method, payer, authenticated=authenticated)
    return _subscribe(account, session, method, payer, authenticated=authenticated)


def pay_authenticated(account: Account, session: Doc) -> Outcome:
    """The same after 3-D Secure, with what was entered before."""
    if session["status"] != "open":
        return DONE
    if not session["_sandbox"]["method"]:
        return Outcome("declined", "Please enter your card again.")
    method = account.store.get(session["_sandbox"]["method"])
    return pay(account, session, method, Payer(*session["_sandbox"]["payer"]), authenticated=True)


def _declined(decline: str) -> Outcome:
    return Outcome("declined", decline_fields(decline)["message"])


def _customer(account: Account, session: Doc, payer: Payer) -> Doc:
    """The session's customer; a new one if it has none, always: Stripe does not look for the same address."""
    if known := session["customer"]:
        customer = account.store.get(known)
        if session["_sandbox"]["customer_update"].get("name") == "auto" and payer.name:
            account.save(customer | {"name": payer.name}, "customer.updated")
        return customer
    return customers.make(account, email=payer.email, name=payer.name or None)


def _keep_method(account: Account, method: Doc, customer: Doc) -> None:
    if method["customer"] is None:
        payment_methods.attach(account, method, customer["id"])


def _pay_once(account: Account, session: Doc, method: Doc, payer: Payer, *, authenticated: bool) -> Outcome:
    data = session["_sandbox"]["payment_intent_data"]
    customer = None
    if session["customer"] or session["customer_creation"] == "always":
        customer = _customer(account, session, payer)
        session["customer"] = customer["id"]
    if session["payment_intent"] is None:
        fields = {"description": data.get("description"), "metadata": data.get("metadata") or {}}
        intent = charging.new_intent(
            account,
            amount=session["amount_total"],
            currency=session["currency"],
            customer=customer["id"] if customer else None,
            owner={"session": session["id"]},
            payment_method_types=session["payment_method_types"],
            receipt_email=data.get("receipt_email"),
            setup_future_usage=data.get("setup_future_usage"),
            **fields,
        )
        session["payment_intent"] = intent["id"]
    intent = account.store.get(session["payment_intent"])
    account.save(session)
    verdict = charging.confirm(account, intent, method, present=True, authenticated=authenticated)
    if verdict.answer == "no":
        return _declined(verdict.decline)
    if verdict.answer == "ask":
        return ASK
    if customer and intent["setup_future_usage"]:
        _keep_method(account, method, customer)
    return _complete(account, session, payer, paid=verdict.answer == "yes")


def _subscribe(account: Account, session: Doc, method: Doc, payer: Payer, *, authenticated: bool) -> Outcome:
    """A subscription is made only when its first payment works or is under way."""
    verdict = charging.judge(account, method, present=True, authenticated=authenticated)
    if verdict.answer == "no":
        return _declined(verdict.decline)
    if verdict.answer == "ask":
        return ASK
    customer = _customer(account, session, payer)
    _keep_method(account, method, customer)
    items = session["_sandbox"]["line_items"]
    data = session["_sandbox"]["subscription_data"]
    started = subscriptions.start(
        account,
        customer,
        [(item["price"], item["quantity"]) for item in items if item["price"]["recurring"]],
        method=method,
        extra_lines=[
            invoices.one_time_line(account, item["price"], item["quantity"])
            for item in items
            if not item["price"]["recurring"]
        ],
        present=True,
        authenticated=authenticated,
        default_payment_method=method["id"],
        description=data.get("description"),
        metadata=data.get("metadata") or {},
    )
    session |= {
        "customer": customer["id"],
        "subscription": started.subscription["id"],
        "invoice": started.invoice["id"],
    }
    return _complete(account, session, payer, paid=started.invoice["status"] == "paid")


def _complete(account: Account, session: Doc, payer: Payer, *, paid: bool) -> Outcome:
    details = blank("business_name", "individual_name", "phone", "tax_exempt")
    details |= {"address": blank(*ADDRESS) | {"country": "GB"}, "email": payer.email, "name": payer.name or None}
    details |= {"tax_exempt": "none", "tax_ids": []}
    session |= {
        "status": "complete",
        "payment_status": "paid" if paid else "unpaid",
        "customer_details": details,
        "url": None,
    }
    account.store.unschedule(session["id"])
    account.save(session, "checkout.session.completed")
    return DONE


def payment_ended(account: Account, intent: Doc) -> None:
    """A debit has succeeded or failed days later: tell it of the session that it came from, if it did."""
    owner = intent["_sandbox"]
    if "session" in owner:
        found = [account.store.get(owner["session"])]
    else:
        subscription = invoices.subscription_of(account.store.get(owner["invoice"]))
        found = account.store.all("checkout.session", subscription=subscription) if subscription else []
    for session in found:
        if session["payment_status"] != "unpaid" or session["invoice"] not in (None, owner.get("invoice")):
            continue
        succeeded = intent["status"] == "succeeded"
        if succeeded:
            session["payment_status"] = "paid"
        account.save(session, f"checkout.session.async_payment_{'succeeded' if succeeded else 'failed'}")


def refuse_authentication(account: Account, doc: Doc) -> None:
    """3-D Secure failed, for a session or an invoice: nothing is paid, and another way may be tried."""
    doc["_sandbox"] |= {"problem": "We are unable to authenticate your payment method.", "method": None}
    account.save(doc)
    identifier = doc.get("payment_intent") or doc["_sandbox"].get("intent")
    intent = account.store.get(identifier) if identifier else None
    if intent and intent["status"] == "requires_action":
        charging.fail_authentication(account, intent)
