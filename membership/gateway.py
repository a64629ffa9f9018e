"""The only place that talks to Stripe: every call is here, and answers come back as `facts`.

Each call is bounded: WAIT seconds for an answer and two more tries, by the library, under the same idempotency key.
Nothing here touches the database, and nothing is called while a row of people or money is locked. What is held while
Stripe's events are applied: the event's own row (`actions.events`) and the object's turn (`actions.reflecting`).
"""

import json
import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache, wraps
from typing import Any, TypeVar

import stripe
from django.conf import settings

from membership.facts import (
    CustomerFacts,
    DisputeFacts,
    EventFacts,
    IntentFacts,
    InvoiceFacts,
    MandateFacts,
    Origin,
    RefundFacts,
    SessionFacts,
    SubscriptionFacts,
)
from membership.stripe_errors import BadEvent, Declined, Missing, Refused, Unavailable

logger = logging.getLogger("psg.stripe")

API_VERSION = "2026-05-27.dahlia"
WAIT = 8  # seconds for one answer; with two more tries nobody waits for more than half a minute
TOLERANCE = 300  # seconds that a signature stays good, as Stripe advises
PAGE = 100
Result = TypeVar("Result")


def answered(call: Callable[..., Result]) -> Callable[..., Result]:
    """Turn the library's errors into ours."""

    @wraps(call)
    def translated(*args: Any, **kwargs: Any) -> Result:
        try:
            return call(*args, **kwargs)
        except stripe.CardError as error:
            raise Declined(error.user_message or str(error), error.code or "") from error
        except stripe.InvalidRequestError as error:
            kind = Missing if error.http_status == 404 or error.code == "resource_missing" else Refused
            raise kind(str(error), error.code or "") from error
        except (stripe.AuthenticationError, stripe.PermissionError) as error:
            logger.error("Stripe refuses our key: %s. Check STRIPE_SECRET_KEY.", error.code or error.http_status)
            raise Unavailable("Stripe refuses our key") from error
        except stripe.StripeError as error:
            problem = Unavailable(f"{type(error).__name__} {error.http_status or ''}".strip())
            is_stored = (error.headers or {}).get("idempotent-replayed") == "true"
            is_other = isinstance(error, stripe.IdempotencyError) and error.http_status == 400  # sent with other words
            problem.is_replayed = is_stored or is_other
            raise problem from error

    return translated


@lru_cache(maxsize=4)
def _client(key: str, base: str) -> stripe.StripeClient:
    addresses: Any = {"api": base} if base else {}
    return stripe.StripeClient(
        key,
        stripe_version=API_VERSION,
        base_addresses=addresses,
        max_network_retries=2,
        http_client=stripe.RequestsClient(timeout=WAIT),
    )


def _v1() -> Any:
    return _client(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE).v1


def is_ready() -> bool:
    """Whether there is a Stripe to pay by."""
    return bool(settings.STRIPE_SECRET_KEY)


def _options(key: Any) -> dict[str, Any]:
    return {"idempotency_key": str(key)}


# --- What Stripe tells us ---


def read_event(payload: bytes, signature: str) -> EventFacts:
    """Check the signature and read the event. Raises BadEvent for what is forged, old, or meant for another site."""
    if not settings.STRIPE_WEBHOOK_SECRET:
        raise BadEvent("STRIPE_WEBHOOK_SECRET is not set, so no signature can be checked")
    if not signature.isascii():
        raise BadEvent("its signature is wrong")  # the library cannot compare it
    try:
        text = payload.decode()
        stripe.WebhookSignature.verify_header(text, signature, settings.STRIPE_WEBHOOK_SECRET, TOLERANCE)
    except UnicodeDecodeError:
        raise BadEvent("not UTF-8") from None
    except stripe.SignatureVerificationError:
        raise BadEvent("its signature is wrong or old") from None
    try:
        doc = json.loads(text)
        facts = EventFacts.read(doc)
        livemode, version = doc["livemode"], doc["api_version"]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadEvent("it is signed, but no event that we can read") from None
    if livemode != _is_live():
        raise BadEvent("it is from test mode" if _is_live() else "it is from live mode, and this site is not live")
    if version != API_VERSION:
        raise BadEvent(f"it is of API version {version}; set the webhook endpoint's version to {API_VERSION}")
    return facts


def _is_live() -> bool:
    return "_live_" in settings.STRIPE_SECRET_KEY


# --- Reading back ---

SUBSCRIPTION_EXPAND = ["default_payment_method", "customer", "latest_invoice"]


@answered
def subscription(identifier: str) -> SubscriptionFacts:
    """The subscription as it is now. Raises Missing.

    Whether an open invoice's payment failed or is still on its way, and how a customer usually pays, stand deeper than
    one call reaches.
    """
    found = _v1().subscriptions.retrieve(identifier, {"expand": SUBSCRIPTION_EXPAND}).to_dict()
    latest = found["latest_invoice"]
    if latest and latest["status"] == "open" and latest["attempted"]:
        params = {"expand": ["payments.data.payment.payment_intent"]}
        found["latest_invoice"] = _v1().invoices.retrieve(latest["id"], params).to_dict()
    usual = (found["customer"].get("invoice_settings") or {}).get("default_payment_method")  # none once deleted
    if usual and not found["default_payment_method"]:
        found["default_payment_method"] = _v1().payment_methods.retrieve(usual).to_dict()
    return SubscriptionFacts.read(found)


@answered
def paid_invoices(subscription_id: str) -> list[InvoiceFacts]:
    """Every invoice of the subscription that was paid, the oldest first."""
    params = {"subscription": subscription_id, "status": "paid", "limit": PAGE, "expand": ["data.payments"]}
    pages = _v1().invoices.list(params).auto_paging_iter()
    return [InvoiceFacts.read(each.to_dict()) for each in pages][::-1]


@answered
def invoice(identifier: str) -> InvoiceFacts:
    """The invoice as it is now. Raises Missing."""
    return InvoiceFacts.read(_v1().invoices.retrieve(identifier, {"expand": ["payments"]}).to_dict())


@answered
def intent(identifier: str) -> IntentFacts:
    """A payment, with its charge and what Stripe keeps of it. Raises Missing."""
    params = {"expand": ["latest_charge.balance_transaction"]}
    return IntentFacts.read(_v1().payment_intents.retrieve(identifier, params).to_dict())


@answered
def session(identifier: str) -> SessionFacts:
    """A page to pay on as it is now. Raises Missing."""
    return SessionFacts.read(_v1().checkout.sessions.retrieve(identifier).to_dict())


@answered
def refunds_of(intent_id: str) -> list[RefundFacts]:
    """Every refund of a payment, the oldest first."""
    pages = _v1().refunds.list({"payment_intent": intent_id, "limit": PAGE}).auto_paging_iter()
    return [RefundFacts.read(each.to_dict()) for each in pages][::-1]


@answered
def origin_of(intent_id: str) -> Origin:
    """What a payment was for: the subscription whose invoice it paid, or the page that it was made on."""
    payment: Any = {"type": "payment_intent", "payment_intent": intent_id}
    paid = _v1().invoice_payments.list({"payment": payment, "limit": 1, "expand": ["data.invoice"]}).data
    if paid:
        return Origin(subscription=InvoiceFacts.read(paid[0].to_dict()["invoice"]).subscription)
    pages = _v1().checkout.sessions.list({"payment_intent": intent_id, "limit": 1}).data
    return Origin(session=pages[0].id if pages else "")


@answered
def dispute(identifier: str) -> DisputeFacts:
    """A dispute as it is now. Raises Missing."""
    return DisputeFacts.read(_v1().disputes.retrieve(identifier).to_dict())


@answered
def mandate(identifier: str) -> MandateFacts:
    """The right to debit an account, as it is now. Raises Missing."""
    return MandateFacts.read(_v1().mandates.retrieve(identifier).to_dict())


@answered
def customer(identifier: str) -> CustomerFacts:
    """Somebody as Stripe knows them. Raises Missing."""
    return CustomerFacts.read(_v1().customers.retrieve(identifier).to_dict())


# --- Looking through everything, for `sync_stripe` ---


def _each(list_call: Callable[..., Any], read: Callable[[Any], Result], params: dict[str, Any]) -> Iterator[Result]:
    """Every object of a list, page by page. Raises as the calls above do."""
    pages = iter(answered(list_call)(params | {"limit": PAGE}).auto_paging_iter())
    following = answered(lambda: next(pages, None))
    while (found := following()) is not None:
        yield read(found.to_dict())


def _since(moment: datetime) -> dict[str, Any]:
    return {"created": {"gte": int(moment.timestamp())}}


def all_subscriptions() -> Iterator[SubscriptionFacts]:
    """Every subscription on the account, ended ones included, the newest first."""
    params = {"status": "all", "expand": [f"data.{each}" for each in SUBSCRIPTION_EXPAND]}
    return _each(_v1().subscriptions.list, SubscriptionFacts.read, params)


def invoices_since(moment: datetime) -> Iterator[InvoiceFacts]:
    """Paid invoices made since then, the newest first."""
    return _each(_v1().invoices.list, InvoiceFacts.read, _since(moment) | {"status": "paid"})


def sessions_since(moment: datetime) -> Iterator[SessionFacts]:
    """Pages to pay on made since then, the newest first."""
    return _each(_v1().checkout.sessions.list, SessionFacts.read, _since(moment))


def refunds_since(moment: datetime) -> Iterator[RefundFacts]:
    """Refunds made since then, the newest first."""
    return _each(_v1().refunds.list, RefundFacts.read, _since(moment))


def disputes_since(moment: datetime) -> Iterator[DisputeFacts]:
    """Disputes opened since then, the newest first."""
    return _each(_v1().disputes.list, DisputeFacts.read, _since(moment))


# --- Asking Stripe to do something ---


@answered
def create_customer(*, key: Any, email: str, name: str, metadata: dict[str, str]) -> str:
    """Make a customer; its id. The same key gives the same customer."""
    params: dict[str, Any] = {"name": name[:256], "metadata": metadata} | ({"email": email} if email else {})
    return _v1().customers.create(params, _options(key)).id


@answered
def update_customer(identifier: str, *, email: str, name: str) -> None:
    """Tell Stripe who somebody is now. Raises Missing."""
    _v1().customers.update(identifier, {"name": name[:256]} | ({"email": email} if email else {}))


@answered
def ensure_product(identifier: str, *, name: str) -> None:
    """Make the product of a plan, unless it is there."""
    try:
        _v1().products.create({"id": identifier, "name": name})
    except stripe.InvalidRequestError as error:
        if error.code != "resource_already_exists":
            raise


@answered
def create_price(*, key: Any, product: str, amount_pence: int, interval: str, metadata: dict[str, str]) -> str:
    """Make a price by the year or month, or for once; its id. The same key gives the same price."""
    params: dict[str, Any] = {
        "product": product,
        "currency": "gbp",
        "unit_amount": amount_pence,
        "metadata": metadata,
    } | ({"recurring": {"interval": interval}} if interval in ("year", "month") else {})
    return _v1().prices.create(params, _options(key)).id


@answered
def create_session(
    *,
    key: Any,
    customer: str,
    renews: bool,
    method: str,
    success_url: str,
    cancel_url: str,
    reference: str,
    metadata: dict[str, str],
    price: str = "",
    product: str = "",
    amount_pence: int = 0,
    interval: str = "",
    expires_at: datetime | None = None,
) -> SessionFacts:
    """Make a page to pay on, by "card" or "debit". The same key with the same words gives the same page.

    A price, or a product with an amount: Stripe takes no recurring price for a single payment. With `interval` that
    amount is paid again and again.
    Without `expires_at` (30 minutes to a day away, by Stripe's clock) it is good for a day.
    """
    once: dict[str, Any] = {"price_data": {"currency": "gbp", "product": product, "unit_amount": amount_pence}}
    if interval:
        once["price_data"]["recurring"] = {"interval": interval}
    item = {"price": price} if price else once
    kind = {"card": "card", "debit": "bacs_debit"}[method]
    params: dict[str, Any] = {
        "mode": "subscription" if renews else "payment",
        "customer": customer,
        "line_items": [item | {"quantity": 1}],
        "payment_method_types": [kind],
        "success_url": success_url,
        "cancel_url": cancel_url,
        "client_reference_id": reference,
        "locale": "en-GB",
        "metadata": metadata,
        "subscription_data" if renews else "payment_intent_data": {"metadata": metadata},
    }
    if expires_at is not None:
        params["expires_at"] = int(expires_at.timestamp())
    return SessionFacts.read(_v1().checkout.sessions.create(params, _options(key)).to_dict())


@answered
def expire_session(identifier: str) -> None:
    """Let nobody pay on this page any more. Raises Refused if it was used or ran out."""
    _v1().checkout.sessions.expire(identifier)


@answered
def set_ending(subscription_id: str, *, ends: bool, comment: str = "") -> None:
    """Let a subscription end with what was paid, or take that back. Raises Refused, Missing if it has ended."""
    params: dict[str, Any] = {"cancel_at_period_end": ends}
    if ends and comment:
        params["cancellation_details"] = {"comment": comment[:500]}
    _v1().subscriptions.update(subscription_id, params)


@answered
def end_now(subscription_id: str, *, comment: str = "") -> None:
    """End a subscription at once; nothing is given back. Raises Missing if it has ended."""
    _v1().subscriptions.cancel(subscription_id, {"cancellation_details": {"comment": comment[:500]}} if comment else {})


@answered
def change_price(subscription_id: str, *, item_id: str, price: str, at_once: bool) -> None:
    """Let a subscription cost another price from its next renewal on; or `at_once`, paying the difference now.

    At once, nothing changes unless it is paid. Raises Declined, Refused.
    """
    how = {"proration_behavior": "always_invoice", "payment_behavior": "error_if_incomplete"}
    params = {"items": [{"id": item_id, "price": price}]} | (how if at_once else {"proration_behavior": "none"})
    _v1().subscriptions.update(subscription_id, params)


@answered
def pay_invoice(identifier: str) -> None:
    """Try once more to collect an open invoice. Raises Declined, Refused."""
    _v1().invoices.pay(identifier)


@answered
def settle_elsewhere(identifier: str) -> None:
    """Tell Stripe that an open invoice was paid by other means, so that it asks no more. Raises Refused."""
    _v1().invoices.pay(identifier, {"paid_out_of_band": True})


@answered
def void_invoice(identifier: str) -> None:
    """Let nobody pay an open invoice any more. Raises Refused if it is paid, or a debit for it is under way."""
    _v1().invoices.void_invoice(identifier)


@answered
def portal_url(customer: str, *, return_url: str, change_method: bool = False) -> str:
    """The address of Stripe's own page for this customer, good for minutes; or of its page to change the card only."""
    params: dict[str, Any] = {"customer": customer, "return_url": return_url, "locale": "en-GB"}
    if change_method:
        after = {"type": "redirect", "redirect": {"return_url": return_url}}
        params["flow_data"] = {"type": "payment_method_update", "after_completion": after}
    return _v1().billing_portal.sessions.create(params).url
