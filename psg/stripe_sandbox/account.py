"""One Stripe account. Objects are made, changed and told of through it, so that an event is kept with its cause."""

import random
import string
from typing import Any

from . import API_VERSION
from .clock import Clock
from .errors import not_found
from .store import Doc, Store

ALPHABET = string.ascii_letters + string.digits
# What a developer may set through the control API, and what holds until then.
SETTINGS: dict[str, Any] = {
    "retry_days": [3, 5, 7],  # a failed renewal is tried again so many days after each failure
    "after_retries": "cancel",  # then the subscription is: cancel(ed), unpaid, or left past_due
    "upcoming_days": 7,  # invoice.upcoming so long before a renewal; 0: never
    "draft_hours": 1,  # a renewal's invoice stays a draft so long
    "debit_days": 4,  # working days until a Bacs debit is known to have succeeded or failed
    "debit_days_new_mandate": 7,
    "debit_subscription": "active",  # or incomplete: a subscription whose first debit is under way
    "card_fee": [150, 20],  # hundredths of a percent, and pence on top
    "debit_fee": [100, 0],
    "dispute_fee": 2000,
    "enabled_events": ["*"],  # what the webhook endpoint has subscribed to
    "webhook_url": "",  # where events are sent; nowhere if empty
    "webhooks_automatic": True,  # or only when asked
    "webhook_attempts": 6,
    "signature_clock": "machine",  # or sandbox: whose time stands in a webhook's signature
}


def presented(doc: Doc) -> Doc:
    """The object as the outside sees it."""
    if doc.get("deleted"):
        return {name: doc[name] for name in ("id", "object", "deleted")}
    return {name: value for name, value in doc.items() if name != "_sandbox"}


def blank(*names: str) -> Doc:
    """Fields that are there but hold nothing."""
    return dict.fromkeys(names)


def page_of(url: str, docs: list[Doc], *, has_more: bool = False) -> Doc:
    """A list in Stripe's shape."""
    return {"object": "list", "url": url, "has_more": has_more, "data": docs}


def new_id(prefix: str) -> str:
    """A fresh id like cus_Ab12…"""
    return f"{prefix}_" + "".join(random.choices(ALPHABET, k=24))  # noqa: S311 (it guards nothing)


class Account:
    """Store, clock and settings together. `request` is what events are caused by; None when time causes them."""

    def __init__(self, store: Store, clock: Clock, public_url: str, webhook_url: str) -> None:
        self.store, self.clock, self.public_url = store, clock, public_url
        self._defaults = SETTINGS | {"webhook_url": webhook_url}
        self.request: dict[str, str | None] | None = None
        self._settings: dict[str, Any] = {}
        self.load()

    def now(self) -> int:
        return self.clock.now()

    def setting(self, name: str) -> Any:
        return self._settings.get(name, self._defaults[name])

    def set(self, **settings: Any) -> None:
        """Change settings. Raises KeyError for a name that is none."""
        for name in settings:
            SETTINGS[name]
        self._settings |= settings
        self.store.set("settings", self._settings)

    def load(self) -> None:
        """Take up what the store keeps."""
        self.clock.load()
        self._settings = self.store.setting("settings", {})

    def get(self, kind: str, identifier: str, param: str | None = None) -> Doc:
        """The object of that kind. Raises ApiError: 404 if the address named it, 400 if the parameter `param` did."""
        doc = self.store.find(identifier)
        if doc is None or doc["object"] != kind:
            raise not_found(kind, identifier, param or "id", status=400 if param else 404)
        return doc

    def get_living(self, kind: str, identifier: str, param: str | None = None) -> Doc:
        """The same, not deleted."""
        doc = self.get(kind, identifier, param)
        if doc.get("deleted"):
            raise not_found(kind, identifier, param or "id", status=400 if param else 404)
        return doc

    def save(self, doc: Doc, *events: str) -> Doc:
        """Keep a new or changed object and tell of it. An event *.updated says what the values were before."""
        before = self.store.find(doc["id"]) if any(name.endswith("updated") for name in events) else None
        self.store.save(doc)
        for name in events:
            previous = None
            if before is not None and name.endswith("updated"):
                previous = {key: before[key] for key in before if key != "_sandbox" and before[key] != doc.get(key)}
            self.emit(name, doc, previous)
        return doc

    def emit(self, name: str, doc: Doc, previous: Doc | None = None, **changes: Any) -> Doc:
        """Keep an event with the object as it is now, and queue it for the webhook endpoint if that wants it."""
        wanted = bool(self.setting("webhook_url")) and wants(self.setting("enabled_events"), name)
        data = {"object": presented(doc)} | ({"previous_attributes": previous} if previous else {})
        event = {
            "id": new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.now(),
            "data": data,
            "livemode": False,
            "pending_webhooks": int(wanted),
            "request": self.request or {"id": None, "idempotency_key": None},
            "type": name,
            "_sandbox": {"delivery_success": not wanted},
        } | changes
        self.store.save(event)
        if wanted:
            state = "held" if self.store.setting("webhooks_held") else "pending"
            self.store.sql.execute(
                "INSERT INTO deliveries (event, type, state, next_at) VALUES (?, ?, ?, ?)",
                [event["id"], name, state, 0],
            )
        return event


def wants(patterns: list[str], name: str) -> bool:
    """Whether an endpoint that subscribed to these patterns (`*`, `invoice.*`, exact names) gets the event."""
    return any(
        pattern in ("*", name) or (pattern[-1:] == "*" and name.startswith(pattern[:-1])) for pattern in patterns
    )
