"""The billing portal, an invoice's page, and a receipt."""

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from .. import entry, portal
from ..account import Account
from ..billing import standing
from ..http_types import Answer, Request
from ..resources import subscriptions
from ..store import Doc
from .layout import button, document, go, money, table
from .methods import forms
from .times import day

DECLINED = "Your card was declined. Please try another one."


def show(account: Account, request: Request, identifier: str) -> Answer:
    """GET or POST /portal/bps_…"""
    session = account.get("billing_portal.session", identifier)
    customer = account.get_living("customer", session["customer"])
    if request.method != "POST":
        problem = DECLINED if request.form.get("problem") else ""
        return _page(account, session, customer, _known(customer), {}, problem)
    form = request.form
    if form.get("do") in ("cancel", "resume"):
        subscription = account.get("subscription", form.get("subscription", ""))
        if subscription["customer"] == customer["id"] and subscription["status"] not in standing.ENDED:
            subscriptions.set_cancellation(account, subscription["id"], at_period_end=form["do"] == "cancel")
        return go(_after(session))
    entered, errors = entry.read(form, account.now())
    if entered is None:
        return _page(account, session, customer, form, errors, "Please correct what is marked below.")
    method = entry.make_method(account, entered)
    outcome = portal.change_method(account, customer, method)
    if outcome.answer == "ask":
        session["_sandbox"]["method"] = method["id"]
        account.save(session)
        return go(f"/authenticate/{identifier}")
    if outcome.answer == "declined":
        return _page(account, session, customer, form, {}, outcome.message)
    return go(_after(session))


def _after(session: Doc) -> str:
    """Where to go when something is done: as the flow says, else the portal's first page."""
    after = (session["flow"] or {}).get("after_completion") or {}
    redirect = after.get("redirect") or {}
    return redirect.get("return_url") or session["url"]


def _known(customer: Doc) -> dict[str, str]:
    return {"email": customer["email"] or "", "name": customer["name"] or ""}


def _page(
    account: Account, session: Doc, customer: Doc, form: dict[str, str], errors: entry.Errors, problem: str
) -> Answer:
    features = account.store.get(session["configuration"])["features"]
    back = session["return_url"]
    parts = [
        format_html('<p class="problem" role="alert">{}</p>', problem) if problem else "",
        format_html("<p>For {}</p>", customer["email"] or customer["name"] or customer["id"]),
        format_html("<h2>Subscriptions</h2>{}", _subscriptions(account, customer, features)),
    ]
    if features["payment_method_update"]["enabled"]:
        now = _method(account, customer)
        parts.append(format_html("<h2>Pay with something else</h2><p>Now: {}</p>", now))
        action, label = f"/portal/{session['id']}", "Pay by this {} from now on"
        parts.append(forms(["card", "bacs_debit"], action, label, form, errors))
    if features["invoice_history"]["enabled"]:
        parts.append(format_html("<h2>Invoices</h2>{}", _invoices(account, customer)))
    if back:
        parts.append(format_html('<p><a href="{}">Back to the site</a></p>', back))
    return document("Your payments", *parts, status=422 if errors else 200)


def _subscriptions(account: Account, customer: Doc, features: Doc) -> SafeString:
    parts = []
    for subscription in account.store.all("subscription", customer=customer["id"])[::-1]:
        if subscription["status"] in standing.ENDED:
            continue
        names = ", ".join(account.store.get(i["price"]["product"])["name"] for i in subscription["items"]["data"])
        total = sum(i["price"]["unit_amount"] * i["quantity"] for i in subscription["items"]["data"])
        _, end = standing.period(subscription)
        ends = subscription["cancel_at"]
        words = f"ends on {day(ends)}" if ends else f"next payment of {money(total)} on {day(end)}"
        do, label = ("resume", "Do not cancel") if ends else ("cancel", "Cancel at the end of the period")
        may = features["subscription_cancel"]["enabled"]
        act = button(label, quiet=True, do=do, subscription=subscription["id"]) if may else ""
        parts.append((names, subscription["status"].replace("_", " "), words, act))
    if not parts:
        return format_html("<p>None.</p>")
    return format_html_join("", "<p><strong>{}</strong> ({}): {}</p>{}", parts)


def _method(account: Account, customer: Doc) -> str:
    chosen = customer["invoice_settings"]["default_payment_method"]
    for subscription in account.store.all("subscription", customer=customer["id"]):
        chosen = subscription["default_payment_method"] or chosen
    return method_words(account.store.get(chosen)) if chosen else "nothing"


def method_words(method: Doc) -> str:
    """A payment method in words."""
    if method["type"] == "card":
        card = method["card"]
        return f"{card['brand']} card ending in {card['last4']}, valid to {card['exp_month']:02}/{card['exp_year']}"
    return f"bank account ending in {method['bacs_debit']['last4']}"


def _invoices(account: Account, customer: Doc) -> SafeString:
    rows = []
    for invoice in account.store.all("invoice", customer=customer["id"])[::-1][:50]:
        if invoice["status"] != "draft":
            link = format_html('<a href="/invoice/{}">{}</a>', invoice["id"], invoice["number"])
            rows.append([link, day(invoice["created"]), invoice["status"], money(invoice["total"])])
    return table(["Invoice", "Date", "Status", "Amount"], rows, "Invoices") if rows else format_html("<p>None.</p>")


# --- An invoice's page, a receipt ---


def show_invoice(account: Account, request: Request, identifier: str) -> Answer:
    """GET or POST /invoice/in_…"""
    invoice = account.get("invoice", identifier)
    if request.method != "POST":
        problem = DECLINED if request.form.get("problem") else ""
        form = {"email": invoice["customer_email"] or "", "name": invoice["customer_name"] or ""}
        return _invoice_page(account, invoice, form, {}, problem)
    entered, errors = entry.read(request.form, account.now())
    if entered is None:
        return _invoice_page(account, invoice, request.form, errors, "Please correct what is marked below.")
    outcome = portal.pay_invoice(account, invoice, entry.make_method(account, entered))
    if outcome.answer == "declined":
        return _invoice_page(account, invoice, request.form, {}, outcome.message)
    return go(f"/authenticate/{identifier}" if outcome.answer == "ask" else f"/invoice/{identifier}")


def _invoice_page(account: Account, invoice: Doc, form: dict[str, str], errors: entry.Errors, problem: str) -> Answer:
    rows = [[line["description"], money(line["amount"])] for line in invoice["lines"]["data"]]
    intent = account.store.find(invoice["_sandbox"]["intent"] or "")
    waits = intent is not None and intent["status"] == "processing"
    payable = invoice["status"] in ("open", "uncollectible") and not waits
    return document(
        f"Invoice {invoice['number'] or '(draft)'}",
        format_html('<p class="problem" role="alert">{}</p>', problem) if problem else "",
        format_html("<p>{}{}</p>", invoice["status"].capitalize(), ", its payment is under way" if waits else ""),
        table(["What", "Amount"], [*rows, ["Total", money(invoice["total"])]], "Lines of the invoice"),
        forms(
            ["card", "bacs_debit"],
            f"/invoice/{invoice['id']}",
            f"Pay {money(invoice['amount_remaining'])} by {{}}",
            form,
            errors,
        )
        if payable
        else "",
        status=422 if errors else 200,
    )


def show_receipt(account: Account, request: Request, identifier: str) -> Answer:
    """GET /receipt/ch_…"""
    charge = account.get("charge", identifier)
    return document(
        "Receipt",
        format_html("<p>{} on {}: {}</p>", money(charge["amount"]), day(charge["created"]), charge["status"]),
    )
