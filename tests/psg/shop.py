"""What the tests of the Stripe sandbox buy and subscribe to."""

from typing import Any

from tests.stripe_sandbox import StripeSandbox

SUCCESS = "http://127.0.0.1:9/thanks/{CHECKOUT_SESSION_ID}"
CANCEL = "http://127.0.0.1:9/back"


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
