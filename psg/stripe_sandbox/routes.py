"""What an address of the API does: a handler and the parameters that it takes."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from .account import Account, page_of, presented
from .errors import invalid
from .parameters import PAGING, Declared, created
from .store import Doc

Handler = Callable[..., Doc]
Filter = Callable[[dict[str, Any]], dict[str, list[str]]]


class Route(NamedTuple):
    """`path` like /v1/customers/{id}; the handler gets the account, the parameters read, and the ids of the path."""

    method: str
    path: str
    handler: Handler
    declared: Declared

    def match(self, method: str, path: str) -> list[str] | None:
        """The ids in the path, or None if this is another address."""
        if method != self.method:
            return None
        found = re.fullmatch(re.sub(r"\{\w+\}", "([^/]+)", self.path), path)
        return list(found.groups()) if found else None


def same(values: dict[str, Any]) -> dict[str, list[str]]:
    """Each parameter filters by the field of its name."""
    where = {}
    for name, value in values.items():
        texts = value if isinstance(value, list) else [value]
        where[name] = [str(one).lower() if isinstance(one, bool) else str(one) for one in texts]
    return where


def lists(kind: str, path: str, filters: Declared, where: Filter = same, *, by_time: bool = True) -> Route:
    """List objects of a kind, newest first, page by page. `by_time`: they can be narrowed by when they were made."""

    def handler(account: Account, params: dict[str, Any]) -> Doc:
        found, more = page(account, kind, params, where)
        return page_of(path, found, has_more=more)

    return Route("GET", path, handler, filters | ({"created": created} if by_time else {}) | PAGING)


def page(account: Account, kind: str, params: dict[str, Any], where: Filter = same) -> tuple[list[Doc], bool]:
    """One page of a list, and whether there is more. Raises ApiError if the cursor names nothing."""
    paging = {name: params.pop(name) for name in ("limit", "starting_after", "ending_before") if params.get(name)}
    span = params.pop("created", None)
    try:
        wanted = where({name: value for name, value in params.items() if value is not None})
        found = account.store.page(kind, where=wanted, created=span, **paging)
    except KeyError as error:
        cursor = "ending_before" if "ending_before" in paging else "starting_after"
        raise invalid(f"No such {kind}: {error}", cursor, "resource_missing") from error
    return [presented(doc) for doc in found.docs], found.has_more


def retrieves(kind: str, path: str) -> Route:
    """Show one object."""
    return Route("GET", path, lambda account, params, identifier: presented(account.get(kind, identifier)), {})
