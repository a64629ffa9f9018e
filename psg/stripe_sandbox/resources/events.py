"""Events: what happened, for 30 days."""

from typing import Any

from ..account import Account, page_of, presented
from ..clock import DAY
from ..errors import invalid, not_found
from ..parameters import boolean, each, string
from ..routes import Route, lists, page
from ..store import Doc

KEPT = 30 * DAY


def _filter(params: dict[str, Any]) -> dict[str, list[str]]:
    if "type" in params and "types" in params:
        raise invalid("You may only specify one of these parameters: type, types.", "type")
    where = {}
    if chosen := params.get("types") or params.get("type"):
        where["type"] = chosen if isinstance(chosen, list) else [chosen]
    if "delivery_success" in params:
        where["delivery_success"] = [str(params["delivery_success"]).lower()]
    return where


def list_events(account: Account, params: dict[str, Any]) -> Doc:
    """GET /v1/events: those of the last 30 days."""
    oldest = account.now() - KEPT
    span = params.get("created") or {}
    params["created"] = span | {"gte": max(span.get("gte", 0), oldest)}
    found, more = page(account, "event", params, _filter)
    return page_of("/v1/events", found, has_more=more)


def retrieve(account: Account, params: dict[str, Any], identifier: str) -> Doc:
    """GET /v1/events/{id}"""
    event = account.get("event", identifier)
    if event["created"] < account.now() - KEPT:
        raise not_found("event", identifier)
    return presented(event)


def forget_old(account: Account) -> None:
    """Drop what nobody can see any more, and nobody is going to be told."""
    query = (
        "SELECT id FROM objects WHERE kind = 'event' AND created < ? AND NOT EXISTS "
        "(SELECT 1 FROM deliveries WHERE event = objects.id AND state IN ('pending', 'held')) LIMIT 5000"
    )
    old = [identifier for (identifier,) in account.store.sql.execute(query, [account.now() - KEPT])]
    account.store.sql.executemany("DELETE FROM deliveries WHERE event = ?", [[one] for one in old])
    account.store.forget(old)


ROUTES = [
    lists("event", "/v1/events", {"delivery_success": boolean, "type": string, "types": each(string)})._replace(
        handler=list_events
    ),
    Route("GET", "/v1/events/{id}", retrieve, {}),
]
