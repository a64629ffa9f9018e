"""What the tests of the Stripe sandbox buy and subscribe to."""

from http.client import HTTPConnection
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from tests.stripe_sandbox import StripeSandbox

SUCCESS = "http://127.0.0.1:59999/thanks/{CHECKOUT_SESSION_ID}"
CANCEL = "http://127.0.0.1:59999/back"


def price(sandbox: StripeSandbox, pence: int = 2000, interval: str | None = "year", **fields: Any) -> str:
    """A price of a product of its own; its id."""
    v1 = sandbox.client.v1
    product = v1.products.create({"name": "Individual"})
    recurring = {"recurring": {"interval": interval}} if interval else {}
    return v1.prices.create({"product": product.id, "currency": "gbp", "unit_amount": pence} | recurring | fields).id


def session(sandbox: StripeSandbox, pence: int = 2000, interval: str | None = "year", **fields: Any):
    """An open checkout session, for a subscription unless `interval` is None."""
    given = {
        "mode": "subscription" if interval else "payment",
        "line_items": [{"price": price(sandbox, pence, interval), "quantity": 1}],
        "success_url": SUCCESS,
        "cancel_url": CANCEL,
        "payment_method_types": ["card", "bacs_debit"],
    }
    return sandbox.client.v1.checkout.sessions.create(given | fields)


def subscribed(sandbox: StripeSandbox, pence: int = 2000, interval: str = "year", **typed: Any):
    """A subscription that was paid for at the checkout."""
    made = session(sandbox, pence, interval)
    assert sandbox.pay(made.id, **typed)["answer"] == "done"
    return subscription(sandbox, made.id)


def subscription(sandbox: StripeSandbox, session_id: str):
    """The subscription that a paid session made."""
    v1 = sandbox.client.v1
    return v1.subscriptions.retrieve(v1.checkout.sessions.retrieve(session_id).subscription)


def donated(sandbox: StripeSandbox, pence: int = 1500, **typed: Any):
    """The charge of a one-off payment."""
    made = session(sandbox, pence, None)
    assert sandbox.pay(made.id, **typed)["answer"] == "done"
    v1 = sandbox.client.v1
    intent = v1.payment_intents.retrieve(v1.checkout.sessions.retrieve(made.id).payment_intent)
    return v1.charges.retrieve(intent.latest_charge)


def refresh(sandbox: StripeSandbox, made: Any):
    """A subscription, read again."""
    return sandbox.client.v1.subscriptions.retrieve(made.id)


def kinds(sandbox: StripeSandbox) -> list[str]:
    """The types of all events, in their order."""
    return [event["type"] for event in sandbox.events()]


class Answer(NamedTuple):
    """What a page answered."""

    status: int
    location: str
    text: str


def visit(url: str, **form: str) -> Answer:
    """Ask for a page of the sandbox, or send its form; redirects are not followed."""
    place = urlsplit(url)
    connection = HTTPConnection(place.hostname, place.port, timeout=20)
    body = urlencode(form) if form else None
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
    connection.request("POST" if form else "GET", place.path, body, headers)
    answer = connection.getresponse()
    found = Answer(answer.status, answer.getheader("Location") or "", answer.read().decode())
    connection.close()
    return found


def card(number: str = "4242 4242 4242 4242", **other: str) -> dict[str, str]:
    """What is typed into a form for a card."""
    typed = {"type": "card", "number": number, "expiry": "12/60", "cvc": "123"}
    return typed | {"email": "ana@example.org", "name": "Ana Example"} | other


def donated_by_debit(sandbox: StripeSandbox, account_number: str) -> None:
    """A one-off payment by direct debit, under way."""
    made = session(sandbox, 1500, None)
    assert sandbox.pay(made.id, type="bacs_debit", account_number=account_number)["answer"] == "done"
