"""What Stripe said, in our words: plain values, read from its objects once. Moments are aware UTC, amounts pence."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from membership.dates import ONE_DAY, months_later
from membership.models import Method

Doc = dict[str, Any]
METHODS = {"card": Method.CARD, "bacs_debit": Method.DEBIT}


def moment(stamp: int | None) -> datetime | None:
    """A time as Stripe writes it."""
    return datetime.fromtimestamp(stamp, UTC) if stamp is not None else None


def known(stamp: int) -> datetime:
    """A time that is always there."""
    return datetime.fromtimestamp(stamp, UTC)


def identity(value: Any) -> str:
    """The id of what may be an id, an expanded object, or nothing."""
    return (value["id"] if isinstance(value, dict) else value) or ""


@dataclass(frozen=True)
class EventFacts:
    """That something happened, and to what. What it was is read back, never taken from here.

    `parent_id` is the subscription of an invoice, or the payment intent of a charge, refund or dispute.
    """

    id: str
    type: str
    happened_at: datetime
    object_id: str
    parent_id: str

    @classmethod
    def read(cls, doc: Doc) -> "EventFacts":
        """From Stripe's event. Raises KeyError, TypeError for what is none."""
        subject = doc["data"]["object"]
        invoice = (subject.get("parent") or {}).get("subscription_details") or {}
        return cls(
            id=doc["id"],
            type=doc["type"],
            happened_at=known(doc["created"]),
            object_id=subject.get("id") or "",
            parent_id=identity(invoice.get("subscription") or subject.get("payment_intent")),
        )


@dataclass(frozen=True)
class MethodFacts:
    """A way to pay. `expires_on` is a card's last day."""

    id: str = ""
    method: str = Method.CARD
    brand: str = ""
    last4: str = ""
    expires_on: date | None = None

    @classmethod
    def read(cls, doc: Doc | None) -> "MethodFacts | None":
        if not doc:
            return None
        details = doc.get(doc["type"]) or {}
        expires = None
        if details.get("exp_year"):
            expires = months_later(date(details["exp_year"], details["exp_month"], 1), 1) - ONE_DAY
        return cls(
            id=doc["id"],
            method=METHODS.get(doc["type"], Method.CARD),
            brand=details.get("brand") or "",
            last4=details.get("last4") or "",
            expires_on=expires,
        )


@dataclass(frozen=True)
class SubscriptionFacts:
    """A subscription as it is now."""

    id: str
    customer: str
    status: str
    item_id: str
    price_id: str
    amount_pence: int
    started_at: datetime
    period_ends_at: datetime
    cancel_at: datetime | None
    cancelled_at: datetime | None
    ended_at: datetime | None
    end_reason: str
    end_comment: str
    metadata: dict[str, str]
    method: MethodFacts | None
    latest_invoice: "InvoiceFacts | None"

    @classmethod
    def read(cls, doc: Doc) -> "SubscriptionFacts":
        item = doc["items"]["data"][0]
        method = doc["default_payment_method"]
        invoice = doc["latest_invoice"]
        details = doc["cancellation_details"] or {}
        period_end = known(item["current_period_end"])
        return cls(
            id=doc["id"],
            customer=identity(doc["customer"]),
            status=doc["status"],
            item_id=item["id"],
            price_id=item["price"]["id"],
            amount_pence=(item["price"]["unit_amount"] or 0) * (item.get("quantity") or 1),
            started_at=known(doc["start_date"]),
            period_ends_at=period_end,
            cancel_at=moment(doc["cancel_at"]) or (period_end if doc["cancel_at_period_end"] else None),
            cancelled_at=moment(doc["canceled_at"]),
            ended_at=moment(doc["ended_at"]),
            end_reason=details.get("reason") or "",
            end_comment=details.get("comment") or details.get("feedback") or "",
            metadata=doc["metadata"],
            method=MethodFacts.read(method if isinstance(method, dict) else None),
            latest_invoice=InvoiceFacts.read(invoice) if isinstance(invoice, dict) else None,
        )


@dataclass(frozen=True)
class InvoiceFacts:
    """An invoice. `price_id` is that of the line that buys time; empty if it only settles a change of plan, and then
    `changes_to` is the price that was changed to.

    `intents` are the payment intents that paid it; none where it was paid elsewhere or by credit. `is_under_way`: a
    debit was asked for and its answer takes days; Stripe counts that as a try, but it has not failed.
    """

    id: str
    customer: str
    subscription: str
    status: str
    created_at: datetime
    paid_at: datetime | None
    paid_pence: int
    elsewhere_pence: int
    due_pence: int
    attempts: int
    next_attempt_at: datetime | None
    url: str
    price_id: str
    changes_to: str
    intents: tuple[str, ...] = ()
    is_under_way: bool = False

    @classmethod
    def read(cls, doc: Doc) -> "InvoiceFacts":
        parent = (doc["parent"] or {}).get("subscription_details") or {}
        payments = (doc.get("payments") or {}).get("data", [])
        return cls(
            id=doc["id"],
            customer=identity(doc["customer"]),
            subscription=identity(parent.get("subscription")),
            status=doc["status"],
            created_at=known(doc["created"]),
            paid_at=moment(doc["status_transitions"]["paid_at"]),
            paid_pence=doc["amount_paid"],
            elsewhere_pence=doc.get("amount_paid_off_stripe") or 0,
            due_pence=doc["amount_remaining"],
            attempts=doc["attempt_count"],
            next_attempt_at=moment(doc["next_payment_attempt"]),
            url=doc["hosted_invoice_url"] or "",
            price_id=_price_of_time(doc["lines"]["data"]),
            changes_to=_price_changed_to(doc["lines"]["data"]),
            intents=tuple(_paid_by(payments)),
            is_under_way=any(_is_processing(each) for each in payments),
        )


def _price_of_time(lines: list[Doc]) -> str:
    """The price of the line for a whole period; prorations and one-off items buy no time."""
    for line in lines:
        parent = line["parent"] or {}
        item = parent.get("subscription_item_details")
        if item and not item["proration"]:
            return identity(line["pricing"]["price_details"]["price"])
    return ""


def _price_changed_to(lines: list[Doc]) -> str:
    """The price whose remaining time is charged."""
    for line in lines:
        item = (line["parent"] or {}).get("invoice_item_details")
        if item and item["proration"] and line["amount"] > 0:
            return identity(line["pricing"]["price_details"]["price"])
    return ""


def _paid_by(payments: list[Doc]) -> Iterable[str]:
    for each in payments:
        if each["status"] == "paid" and each["payment"].get("payment_intent"):
            yield identity(each["payment"]["payment_intent"])


def _is_processing(payment: Doc) -> bool:
    """Known only where the payment intent is expanded."""
    intent = payment["payment"].get("payment_intent")
    return payment["status"] == "open" and isinstance(intent, dict) and intent["status"] == "processing"


@dataclass(frozen=True)
class IntentFacts:
    """Money on its way, or arrived. `fee_pence` is what Stripe keeps; `received_on` the moment the charge succeeded."""

    id: str
    status: str
    customer: str
    received_pence: int
    fee_pence: int
    charge_id: str
    received_at: datetime | None
    method: str
    error: str
    metadata: dict[str, str]

    @classmethod
    def read(cls, doc: Doc) -> "IntentFacts":
        charge = doc["latest_charge"] if isinstance(doc["latest_charge"], dict) else {}
        balance = charge.get("balance_transaction")
        balance = balance if isinstance(balance, dict) else {}
        kind = (charge.get("payment_method_details") or {}).get("type", "card")
        return cls(
            id=doc["id"],
            status=doc["status"],
            customer=identity(doc["customer"]),
            received_pence=doc["amount_received"],
            fee_pence=balance.get("fee") or 0,
            charge_id=charge.get("id") or "",
            received_at=moment(balance.get("created") or charge.get("created")),
            method=METHODS.get(kind, Method.CARD),
            error=((doc["last_payment_error"] or {}).get("message")) or "",
            metadata=doc["metadata"],
        )


@dataclass(frozen=True)
class Origin:
    """What a payment was for: one of the two, or nothing that we know."""

    subscription: str = ""
    session: str = ""


@dataclass(frozen=True)
class SessionFacts:
    """A page to pay on."""

    id: str
    url: str
    status: str
    is_paid: bool
    mode: str
    customer: str
    subscription: str
    intent: str
    expires_at: datetime
    metadata: dict[str, str]

    @classmethod
    def read(cls, doc: Doc) -> "SessionFacts":
        return cls(
            id=doc["id"],
            url=doc["url"] or "",
            status=doc["status"],
            is_paid=doc["payment_status"] in ("paid", "no_payment_required"),
            mode=doc["mode"],
            customer=identity(doc["customer"]),
            subscription=identity(doc["subscription"]),
            intent=identity(doc["payment_intent"]),
            expires_at=known(doc["expires_at"]),
            metadata=doc["metadata"] or {},
        )


@dataclass(frozen=True)
class RefundFacts:
    """Money that goes back, whole or in part. `has_failed`: it came back to us."""

    id: str
    intent: str
    amount_pence: int
    status: str
    created_at: datetime
    reason: str

    @classmethod
    def read(cls, doc: Doc) -> "RefundFacts":
        return cls(
            id=doc["id"],
            intent=identity(doc["payment_intent"]),
            amount_pence=doc["amount"],
            status=doc["status"],
            created_at=known(doc["created"]),
            reason=(doc["reason"] or "").replace("_", " "),
        )

    @property
    def has_failed(self) -> bool:
        return self.status in ("failed", "canceled")


@dataclass(frozen=True)
class Movement:
    """Money taken from us or given back in a dispute; a fee above zero is taken as well."""

    id: str
    amount_pence: int
    fee_pence: int
    at: datetime


@dataclass(frozen=True)
class DisputeFacts:
    """That somebody told their bank not to pay us."""

    id: str
    intent: str
    amount_pence: int
    reason: str
    status: str
    opened_at: datetime
    due_at: datetime | None
    movements: list[Movement] = field(default_factory=list)

    @classmethod
    def read(cls, doc: Doc) -> "DisputeFacts":
        return cls(
            id=doc["id"],
            intent=identity(doc["payment_intent"]),
            amount_pence=doc["amount"],
            reason=doc["reason"].replace("_", " "),
            status=doc["status"],
            opened_at=known(doc["created"]),
            due_at=moment(doc["evidence_details"]["due_by"]),
            movements=[
                Movement(each["id"], each["amount"], each["fee"], known(each["created"]))
                for each in doc["balance_transactions"]
            ],
        )


@dataclass(frozen=True)
class MandateFacts:
    """The right to debit an account."""

    id: str
    is_active: bool
    payment_method: str

    @classmethod
    def read(cls, doc: Doc) -> "MandateFacts":
        return cls(doc["id"], doc["status"] != "inactive", identity(doc["payment_method"]))


@dataclass(frozen=True)
class CustomerFacts:
    """Who somebody is at Stripe."""

    id: str
    is_deleted: bool
    email: str = ""
    address: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, doc: Doc) -> "CustomerFacts":
        if doc.get("deleted"):
            return cls(doc["id"], is_deleted=True)
        address = {name: value for name, value in (doc["address"] or {}).items() if value}
        return cls(doc["id"], is_deleted=False, email=doc["email"] or "", address=address)
