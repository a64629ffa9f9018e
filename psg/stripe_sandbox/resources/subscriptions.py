"""Subscriptions."""

from typing import Any

from ..account import Account, page_of, presented
from ..billing import changes, standing, subscriptions
from ..billing.changes import Wanted
from ..clock import DAY
from ..errors import card_error, invalid, missing
from ..instruments import decline_fields
from ..parameters import boolean, each, either, integer, merge_metadata, metadata, one_of, string, text
from ..routes import Route, lists, retrieves
from ..store import Doc
from . import catalogue, payment_methods

ENDED, end = standing.ENDED, standing.end
DETAILS = {
    "comment": string,
    "feedback": one_of(
        *("customer_service", "low_quality", "missing_features", "other", "switched_service"),
        *("too_complex", "too_expensive", "unused"),
    ),
}
BEHAVIOURS = one_of("allow_incomplete", "error_if_incomplete", "pending_if_incomplete")
PRORATION = one_of("always_invoice", "create_prorations", "none")
QUANTITY = integer(1, 1_000_000)
WRITABLE = {
    "cancel_at": either("min_period_end", either("max_period_end", integer(0))),
    "cancel_at_period_end": boolean,
    "default_payment_method": string,
    "description": text(500),
    "metadata": metadata,
    "off_session": boolean,
    "payment_settings": {"save_default_payment_method": one_of("off", "on_subscription")},
}


def price_of(account: Account, given: dict[str, Any], prefix: str) -> Doc | None:
    """The price that an item names by id or makes on the spot; None if it names none. Raises ApiError."""
    if given.get("price") and given.get("price_data"):
        raise invalid("You may only specify one of these parameters: price, price_data.", f"{prefix}[price]")
    if given.get("price_data"):
        return catalogue.make_price(account, dict(given["price_data"]), f"{prefix}[price_data]")
    if not given.get("price"):
        return None
    price = account.get("price", given["price"], f"{prefix}[price]")
    if not price["active"]:
        raise invalid(
            f"The price specified is inactive. This field only accepts active prices. ({price['id']})",
            f"{prefix}[price]",
            "price_inactive",
        )
    return price


def _recurring(account: Account, items: list[dict[str, Any]]) -> list[tuple[Doc, int]]:
    prices = []
    for position, item in enumerate(items):
        name = f"items[{position}]"
        price = price_of(account, item, name)
        if price is None:
            raise missing(f"{name}[price]")
        if not price["recurring"]:
            raise invalid(
                "The price specified is set to `type=one_time` but this field only accepts prices with "
                "`type=recurring`.",
                f"{name}[price]",
            )
        prices.append((price, item.get("quantity") or 1))
    return prices


def create(account: Account, params: dict[str, Any]) -> Doc:
    """POST /v1/subscriptions: charged to a payment method that the customer has already."""
    customer = account.get_living("customer", params["customer"], "customer")
    chosen = params.get("default_payment_method")
    method = payment_methods.resolve(account, chosen, "default_payment_method") if chosen else None
    if method:
        payment_methods.attach(account, method, customer["id"])
    default = customer["invoice_settings"]["default_payment_method"]
    if method is None and default:
        method = account.store.get(default)
    if method is None:
        raise invalid(
            "This customer has no attached payment source or default payment method. Please consider adding a "
            "default payment method.",
            code="resource_missing",
        )
    started = subscriptions.start(
        account,
        customer,
        _recurring(account, params["items"]),
        method=method,
        default_payment_method=method["id"] if chosen else None,
        metadata=merge_metadata({}, params.get("metadata") or {}),
        description=params.get("description"),
    )
    if params.get("payment_behavior") == "error_if_incomplete" and started.verdict.answer == "no":
        error = card_error(**decline_fields(started.verdict.decline))
        error.kept = False
        raise error
    return presented(_set_end(account, started.subscription, params))


def _set_end(account: Account, subscription: Doc, params: dict[str, Any]) -> Doc:
    """Apply cancel_at and cancel_at_period_end, if they came."""
    given = {name: params[name] for name in ("cancel_at", "cancel_at_period_end") if name in params}
    if not given:
        return subscription
    if given.get("cancel_at") and given.get("cancel_at_period_end"):
        raise invalid("You cannot set both `cancel_at` and `cancel_at_period_end`.", "cancel_at")
    _, ends = standing.period(subscription)
    at_end = bool(given.get("cancel_at_period_end"))
    at = ends if at_end else given.get("cancel_at")
    if at in ("min_period_end", "max_period_end"):
        at = ends
    if at is not None and (at <= account.now() or at > account.now() + 5 * 366 * DAY):
        raise invalid("`cancel_at` must be in the future and at most five years away.", "cancel_at")
    subscription |= {"cancel_at": at, "cancel_at_period_end": at_end}
    subscription["canceled_at"] = account.now() if at else None
    subscription["cancellation_details"]["reason"] = "cancellation_requested" if at else None
    account.save(subscription, "customer.subscription.updated")
    standing.make_appointments(account, subscription)
    return subscription


def _living(account: Account, identifier: str) -> Doc:
    subscription = account.get("subscription", identifier)
    if subscription["status"] in ENDED:
        raise invalid(f"No such subscription: '{identifier}'", "id", "resource_missing")
    return subscription


def set_cancellation(account: Account, identifier: str, *, at_period_end: bool) -> Doc:
    """Cancel at the end of what was paid, or take that back, as the portal does."""
    return _set_end(account, _living(account, identifier), {"cancel_at_period_end": at_period_end})


def update(account: Account, params: dict[str, Any], identifier: str) -> Doc:
    """POST /v1/subscriptions/{id}"""
    subscription = account.get("subscription", identifier)
    if subscription["status"] in ENDED and set(params) - {"metadata", "cancellation_details"}:
        raise invalid("A canceled subscription can only update its cancellation_details and metadata.")
    if "metadata" in params:
        subscription["metadata"] = merge_metadata(subscription["metadata"], params["metadata"])
    subscription["cancellation_details"] |= params.get("cancellation_details") or {}
    subscription["payment_settings"] |= params.get("payment_settings") or {}
    if "description" in params:
        subscription["description"] = params["description"]
    if "default_payment_method" in params:
        subscription["default_payment_method"] = _own_method(account, subscription, params["default_payment_method"])
    account.save(subscription, *(["customer.subscription.updated"] if _told(account, subscription) else []))
    subscription = _set_end(account, subscription, params)
    if params.get("items") or params.get("billing_cycle_anchor") == "now":
        subscription = _change(account, subscription, params)
    return presented(subscription)


def _told(account: Account, subscription: Doc) -> bool:
    """Whether anything is different from what is kept."""
    return account.store.get(subscription["id"]) != subscription


def _own_method(account: Account, subscription: Doc, identifier: str | None) -> str | None:
    if identifier is None:
        return None
    method = payment_methods.resolve(account, identifier, "default_payment_method")
    if identifier in payment_methods.TOKENS:
        payment_methods.attach(account, method, subscription["customer"])
    if method["customer"] != subscription["customer"]:
        raise invalid(
            f"The customer does not have a payment method with the ID {identifier}.",
            "default_payment_method",
            "resource_missing",
        )
    return method["id"]


def _change(account: Account, subscription: Doc, params: dict[str, Any]) -> Doc:
    wanted = []
    for position, item in enumerate(params.get("items") or []):
        price = price_of(account, item, f"items[{position}]")
        if price and not price["recurring"]:
            raise invalid("This field only accepts prices with `type=recurring`.", f"items[{position}][price]")
        wanted.append(Wanted(item.get("id"), price, item.get("quantity"), bool(item.get("deleted"))))
    start, ends = standing.period(subscription)
    at = params.get("proration_date") or account.now()
    if not start <= at <= ends:
        raise invalid("Cannot specify a proration date outside the current period.", "proration_date")
    made = changes.plan(
        account,
        subscription,
        wanted,
        proration=params.get("proration_behavior") or "create_prorations",
        at=at,
        anchor_now=params.get("billing_cycle_anchor") == "now",
    )
    return changes.carry_out(
        account, subscription, made, behaviour=params.get("payment_behavior") or "allow_incomplete"
    )


def cancel(account: Account, params: dict[str, Any], identifier: str) -> Doc:
    """DELETE /v1/subscriptions/{id}: over at once. `prorate` credits unused time to the customer's balance."""
    subscription = _living(account, identifier)
    if params.get("prorate"):
        changes.credit_unused(account, subscription, at_once=bool(params.get("invoice_now")))
    return presented(
        end(account, subscription, reason="cancellation_requested", details=params.get("cancellation_details"))
    )


def resume(account: Account, params: dict[str, Any], identifier: str) -> Doc:
    """POST /v1/subscriptions/{id}/resume: only for paused ones, of which the sandbox has none."""
    subscription = _living(account, identifier)
    raise invalid(
        f"Only subscriptions with a `paused` status can be resumed; this one is `{subscription['status']}`. To take a "
        "cancellation back, set `cancel_at_period_end` to false."
    )


def _filter(params: dict[str, Any]) -> dict[str, list[str]]:
    """Without a status, ended ones are left out; `all` leaves nothing out."""
    status = params.pop("status", None)
    where = {name: [value] for name, value in params.items()}
    if status != "all":
        living = ["active", "past_due", "unpaid", "incomplete", "trialing", "paused"]
        where["status"] = {None: living, "ended": list(ENDED)}.get(status, [status])
    return where


def items_of(account: Account, params: dict[str, Any]) -> Doc:
    """GET /v1/subscription_items"""
    subscription = account.get("subscription", params["subscription"], "subscription")
    return page_of("/v1/subscription_items", subscription["items"]["data"])


STATUSES = ("active", "all", "canceled", "ended", "incomplete", "incomplete_expired", "past_due", "unpaid")
ITEM = {"price": string, "price_data": catalogue.PRICE_DATA, "quantity": QUANTITY, "metadata": metadata}
ROUTES = [
    Route(
        "POST",
        "/v1/subscriptions",
        create,
        WRITABLE | {"customer!": string, "items!": each(ITEM), "payment_behavior": BEHAVIOURS},
    ),
    lists(
        "subscription",
        "/v1/subscriptions",
        {"customer": string, "price": string, "status": one_of(*STATUSES)},
        _filter,
    ),
    retrieves("subscription", "/v1/subscriptions/{subscription_exposed_id}"),
    Route(
        "POST",
        "/v1/subscriptions/{subscription_exposed_id}",
        update,
        WRITABLE
        | {
            "billing_cycle_anchor": one_of("now", "unchanged"),
            "cancellation_details": DETAILS,
            "items": each(ITEM | {"id": string, "deleted": boolean}),
            "payment_behavior": BEHAVIOURS,
            "proration_behavior": PRORATION,
            "proration_date": integer(0),
        },
    ),
    Route(
        "DELETE",
        "/v1/subscriptions/{subscription_exposed_id}",
        cancel,
        {"cancellation_details": DETAILS, "invoice_now": boolean, "prorate": boolean},
    ),
    Route(
        "POST",
        "/v1/subscriptions/{subscription}/resume",
        resume,
        {"billing_cycle_anchor": one_of("now", "unchanged"), "proration_behavior": PRORATION},
    ),
    Route("GET", "/v1/subscription_items", items_of, {"subscription!": string, "limit": integer(1, 100)}),
]
