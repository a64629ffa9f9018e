"""The developer's page at /: what there is, and buttons that let time pass."""

from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from ..account import Account, presented
from ..billing import standing
from ..clock import moment
from ..engine import Engine
from ..http_types import Answer, Request
from ..webhooks import Webhooks
from .layout import button, document, go, money, table
from .times import day, minute

SHOWN = 30


def show(account: Account, engine: Engine, webhooks: Webhooks, request: Request) -> Answer:
    """GET or POST /"""
    if request.method == "POST":
        _act(account, engine, webhooks, request.form)
        return go("/")
    with account.store.transaction():
        return _page(account)


def _act(account: Account, engine: Engine, webhooks: Webhooks, form: dict[str, str]) -> None:
    if form.get("advance") in ("1d", "7d", "1m", "1y"):
        engine.advance(moment(form["advance"], account.now()))
    elif form.get("resend") and account.store.find(form["resend"]):
        webhooks.resend(form["resend"])


def _page(account: Account) -> Answer:
    steps = (("1d", "A day"), ("7d", "A week"), ("1m", "A month"), ("1y", "A year"))
    buttons = [button(label, quiet=True, advance=step) for step, label in steps]
    url = account.setting("webhook_url")
    return document(
        "Stripe sandbox",
        format_html("<p>It is <strong>{}</strong> here. Let time pass:</p>", minute(account.now())),
        format_html('<div class="row">{}{}{}{}</div>', *buttons),
        format_html(
            "<p>Events go to <code>{}</code>. Test numbers, faults and everything else: docs/stripe-sandbox.md.</p>",
            url or "nowhere",
        ),
        format_html("<h2>Subscriptions</h2>{}", _subscriptions(account)),
        format_html("<h2>Customers</h2>{}", _customers(account)),
        format_html("<h2>Events</h2>{}", _events(account)),
        wide=True,
    )


def _subscriptions(account: Account) -> SafeString:
    rows = []
    for one in account.store.page("subscription", limit=SHOWN).docs:
        items = one["items"]["data"]
        total = sum(item["price"]["unit_amount"] * item["quantity"] for item in items)
        _, end = standing.period(one)
        until = f"ends {day(one['cancel_at'])}" if one["cancel_at"] else f"to {day(end)}"
        customer = account.store.get(one["customer"])
        rows.append([one["id"], customer.get("email") or one["customer"], one["status"], until, money(total)])
    return _table(["Subscription", "Customer", "Status", "Period", "Amount"], rows, "Subscriptions")


def _customers(account: Account) -> SafeString:
    rows = [
        [one["id"], one.get("name") or "", one.get("email") or "", "deleted" if one.get("deleted") else ""]
        for one in account.store.page("customer", limit=SHOWN).docs
    ]
    return _table(["Customer", "Name", "E-mail", "State"], rows, "Customers")


def _events(account: Account) -> SafeString:
    rows = []
    for event in account.store.page("event", limit=SHOWN).docs:
        row = account.store.sql.execute(
            "SELECT state, attempts, answer FROM deliveries WHERE event = ? ORDER BY seq DESC", [event["id"]]
        ).fetchone()
        state = f"{row[0]} (tries: {row[1]}, last answer: {row[2] or 'none'})" if row else "not sent"
        subject = presented(event)["data"]["object"].get("id", "")
        again = button("Send again", quiet=True, resend=event["id"]) if row else ""
        rows.append([minute(event["created"]), event["type"], subject, state, again])
    return _table(["When", "Event", "About", "Delivery", "Again"], rows, "Events")


def _table(heads: list[str], rows: list[list[Any]], caption: str) -> SafeString:
    return table(heads, rows, caption) if rows else format_html("<p>None yet.</p>")
