"""The checkout page, and 3-D Secure for whatever asks for it."""

from django.utils.html import format_html

from .. import checkout, entry, portal
from ..account import Account
from ..checkout import Outcome, Payer
from ..http_types import Answer, Request
from ..store import Doc
from .layout import button, document, go, money, table
from .methods import forms


def show(account: Account, request: Request, identifier: str) -> Answer:
    """GET or POST /checkout/cs_…"""
    session = account.get("checkout.session", identifier)
    if session["status"] == "complete":
        return go(success_url(session))
    if session["status"] == "expired":
        return _expired(session)
    if request.method != "POST":
        return _page(account, session, _known(account, session), {}, session["_sandbox"].get("problem", ""))
    entered, errors = entry.read(request.form, account.now())
    if entered is None or entered.type not in session["payment_method_types"]:
        return _page(account, session, request.form, errors, "Please correct what is marked below.")
    session["_sandbox"]["problem"] = ""
    method = entry.make_method(account, entered)
    outcome = checkout.pay(account, session, method, Payer(entered.email, entered.name))
    if outcome.answer == "declined":
        return _page(account, session, request.form, {}, outcome.message)
    return go(f"/authenticate/{identifier}" if outcome.answer == "ask" else success_url(session))


def success_url(session: Doc) -> str:
    """Where the customer goes after paying."""
    return session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])


def _known(account: Account, session: Doc) -> dict[str, str]:
    customer = account.store.get(session["customer"]) if session["customer"] else {}
    return {
        "email": session["customer_email"] or customer.get("email") or "",
        "name": customer.get("name") or "",
    }


def _page(account: Account, session: Doc, form: dict[str, str], errors: entry.Errors, problem: str) -> Answer:
    items = session["_sandbox"]["line_items"]
    rows = [
        [f"{item['quantity']} × {item['description']}{_every(item)}", money(item["amount_total"])] for item in items
    ]
    title = f"Pay {money(session['amount_total'])}"
    cancel = session["cancel_url"]
    text = session["custom_text"]["submit"]
    return document(
        title,
        format_html('<p class="problem" role="alert">{}</p>', problem) if problem else "",
        table(["What", "Amount"], rows, "What you pay for"),
        format_html("<p>{}</p>", text["message"]) if text else "",
        forms(session["payment_method_types"], f"/checkout/{session['id']}", title + " by {}", form, errors),
        format_html('<p><a href="{}">Back, without paying</a></p>', cancel) if cancel else "",
        status=422 if errors else 402 if problem else 200,
    )


def _every(item: Doc) -> str:
    recurring = item["price"]["recurring"]
    if not recurring:
        return ""
    count, unit = recurring["interval_count"], recurring["interval"]
    return f", every {unit}" if count == 1 else f", every {count} {unit}s"


def _expired(session: Doc) -> Answer:
    back = session["cancel_url"]
    return document(
        "This checkout has expired",
        format_html("<p>It was open for a limited time only. Nothing was charged.</p>"),
        format_html('<p><a href="{}">Back to where you came from</a></p>', back) if back else "",
        status=410,
    )


# --- 3-D Secure ---


def authenticate(account: Account, request: Request, identifier: str) -> Answer:
    """GET or POST /authenticate/…: the bank asks whether it is you. For a checkout, an invoice or a portal session."""
    doc = account.get(_kind(identifier), identifier)
    back = doc["url"] if doc["object"] != "invoice" else doc["hosted_invoice_url"]
    if request.method != "POST":
        return document(
            "3-D Secure: is it you?",
            format_html("<p>Your bank would now ask you to confirm the payment, by text message or in its app.</p>"),
            format_html(
                '<div class="row">{}{}</div>',
                button("Complete", answer="complete"),
                button("Fail", quiet=True, answer="fail"),
            ),
        )
    if request.form.get("answer") != "complete":
        _refused(account, doc)
        return go(back or f"/checkout/{identifier}")
    if doc["object"] == "checkout.session":
        outcome = checkout.pay_authenticated(account, doc)
        if outcome.answer == "declined":
            return _problem(account, doc, outcome)
        return go(success_url(doc))
    return _authenticated_elsewhere(account, doc, back)


def _kind(identifier: str) -> str:
    kinds = {"cs": "checkout.session", "in": "invoice", "bps": "billing_portal.session"}
    return kinds.get(identifier.partition("_")[0], "checkout.session")


def _problem(account: Account, doc: Doc, outcome: Outcome) -> Answer:
    doc["_sandbox"]["problem"] = outcome.message
    account.save(doc)
    return go(doc["url"])


def _refused(account: Account, doc: Doc) -> None:
    if doc["object"] == "checkout.session" and doc["status"] != "open":
        return
    checkout.refuse_authentication(account, doc)


def _authenticated_elsewhere(account: Account, doc: Doc, back: str) -> Answer:
    if doc["_sandbox"].get("method") is None:
        return go(back)
    method = account.store.get(doc["_sandbox"]["method"])
    if doc["object"] == "invoice":
        outcome = portal.pay_invoice(account, doc, method, authenticated=True)
        return go(back if outcome.answer == "done" else back + "?problem=declined")
    customer = account.store.get(doc["customer"])
    outcome = portal.change_method(account, customer, method, authenticated=True)
    return go(back if outcome.answer == "done" else back + "?problem=declined")
