"""One call of the API, from its bytes to the answer."""

import hashlib
import hmac
import json
import os
import signal
import threading
import time
from base64 import b64decode
from typing import Any

from . import API_VERSION
from .account import Account, new_id
from .clock import DAY
from .errors import ApiError, invalid
from .expansion import expand
from .faults import Fault, Faults
from .http_types import Answer, HangUp, Request, json_answer
from .parameters import each, parse, read, text
from .resources import (
    billing_portal,
    catalogue,
    checkout_sessions,
    customers,
    disputes,
    events,
    invoices,
    payment_methods,
    payments,
    refunds,
    subscriptions,
)
from .routes import Route
from .store import Doc

ROUTES: list[Route] = [
    *(*billing_portal.ROUTES, *catalogue.ROUTES, *checkout_sessions.ROUTES, *customers.ROUTES, *disputes.ROUTES),
    *(*events.ROUTES, *invoices.ROUTES, *payment_methods.ROUTES, *payments.ROUTES, *refunds.ROUTES),
    *subscriptions.ROUTES,
]
REMEMBERED = 5000  # requests
MESSAGES = {
    409: ("lock_timeout", "This object cannot be accessed right now because another API request is accessing it."),
    429: ("rate_limit", "Too many requests hit the API too quickly. We recommend an exponential backoff."),
}


class Api:
    """Answers calls for one account."""

    def __init__(self, account: Account, key: str, faults: Faults, stopping: threading.Event) -> None:
        self.account, self._key, self._faults, self._stopping = account, key, faults, stopping
        self._under_way: set[str] = set()
        self._lock = threading.Lock()

    def answer(self, request: Request) -> Answer:
        """The answer to a call. Raises HangUp if a fault says so."""
        identifier = new_id("req")
        fault = self._faults.take(request.method, request.path)
        try:
            answer = self._called(request, identifier, fault)
        except ApiError as error:
            answer = json_answer(error.status, error.body())
        except HangUp:
            self._remember(request, identifier, Answer(0))
            raise
        key = request.headers.get("idempotency-key")
        answer.headers |= {"Request-Id": identifier, "Stripe-Version": API_VERSION}
        answer.headers |= {"Idempotency-Key": key} if key else {}
        self._remember(request, identifier, answer)
        return answer

    def _called(self, request: Request, identifier: str, fault: Fault | None) -> Answer:
        self._check_key(request.headers.get("authorization", ""))
        _check_version(request.headers)
        route, ids = _route(request)
        tree = parse(request.encoded)
        wanted = each(text())(tree.pop("expand", ""), "expand")
        params = read(tree, route.declared)
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        if key and len(key) > 255:
            raise invalid("Idempotency keys may be at most 255 characters long.")
        self._claim(key)
        try:
            return self._carry_out(request, route, ids, params, wanted, identifier, key, fault)
        finally:
            if key:
                with self._lock:
                    self._under_way.discard(key)

    def _carry_out(
        self,
        request: Request,
        route: Route,
        ids: list[str],
        params: dict[str, Any],
        wanted: list[str],
        identifier: str,
        key: str | None,
        fault: Fault | None,
    ) -> Answer:
        """Do what the route does, with the faults before and after it, and keep the answer under the key."""
        account, digest = self.account, _digest(request)
        if fault and fault.when == "before" and not fault.recorded:
            self._strike(fault)
        with account.store.transaction():
            if key and (kept := self._kept(key, digest)):
                return kept
            account.request = {"id": identifier, "idempotency_key": key}
            try:
                if fault and fault.when == "before" and fault.recorded:
                    answer = _broken(fault)
                else:
                    answer = self._do(route, ids, params, wanted)
            finally:
                account.request = None
            if fault and fault.when == "after" and fault.recorded:
                answer = _broken(fault)
            if key:
                row = [key, digest, answer.status, answer.body.decode(), account.now()]
                account.store.sql.execute("REPLACE INTO answers VALUES (?, ?, ?, ?, ?)", row)
        if fault and fault.when == "after" and not fault.recorded:
            self._strike(fault)
        return answer

    def _do(self, route: Route, ids: list[str], params: dict[str, Any], wanted: list[str]) -> Answer:
        store = self.account.store
        try:
            with store.transaction():
                try:
                    doc = route.handler(self.account, params, *ids)
                except ApiError as error:
                    if not error.kept:
                        raise
                    return json_answer(error.status, error.body())
                return json_answer(200, expand(self.account, doc, wanted))
        except ApiError as error:
            return json_answer(error.status, error.body())

    # --- Keys ---

    def _check_key(self, header: str) -> None:
        kind, _, given = header.partition(" ")
        if kind.lower() == "basic":
            given = b64decode(given).decode(errors="replace").rstrip(":")
        if not given:
            raise ApiError(
                "You did not provide an API key. You need to provide your API key in the Authorization header, using "
                "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
                status=401,
            )
        if not hmac.compare_digest(given.encode(), self._key.encode()):
            raise ApiError(f"Invalid API Key provided: {given[:8]}****{given[-4:]}", status=401)

    def _claim(self, key: str | None) -> None:
        """Raises ApiError (409) while another call with this key is under way."""
        if key is None:
            return
        with self._lock:
            if key in self._under_way:
                raise ApiError(
                    f"There is currently another in-progress request using this Idempotent Key: {key}. Please try "
                    "again later.",
                    status=409,
                    type="idempotency_error",
                    code="idempotency_key_in_use",
                )
            self._under_way.add(key)

    def _kept(self, key: str, digest: str) -> Answer | None:
        """The answer that this key got in the last 24 hours. Raises ApiError if it was another request's."""
        row = self.account.store.sql.execute(
            "SELECT request, status, body FROM answers WHERE key = ? AND created > ?", [key, self.account.now() - DAY]
        ).fetchone()
        if row is None:
            return None
        if row[0] != digest:
            raise ApiError(
                "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                f"Try using a key other than '{key}' if you meant to execute a different request.",
                type="idempotency_error",
            )
        return json_answer(row[1], json.loads(row[2]), **{"Idempotent-Replayed": "true"})

    # --- Faults ---

    def _strike(self, fault: Fault) -> None:
        """Let a fault happen. Raises ApiError or HangUp, or comes back late, or not at all."""
        if fault.kind == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if fault.kind in ("slow", "timeout"):
            self._stopping.wait(fault.seconds)
        if fault.kind in ("timeout", "close"):
            raise HangUp
        if fault.kind.isdigit():
            raise _error(int(fault.kind))

    # --- What came ---

    def _remember(self, request: Request, identifier: str, answer: Answer) -> None:
        try:
            params = parse(request.encoded)
        except ApiError:
            params = {"unreadable": request.encoded}
        record = {
            "id": identifier,
            "at": time.time(),
            "method": request.method,
            "path": request.path,
            "params": params,
            "idempotency_key": request.headers.get("idempotency-key"),
            "stripe_version": request.headers.get("stripe-version"),
            "status": answer.status,
            "replayed": "Idempotent-Replayed" in answer.headers,
            "answer": json.loads(answer.body) if answer.body else None,
        }
        store = self.account.store
        with store.transaction():
            row = store.sql.execute("INSERT INTO requests (body) VALUES (?)", [json.dumps(record)])
            store.sql.execute("DELETE FROM requests WHERE seq <= ?", [(row.lastrowid or 0) - REMEMBERED])

    def requests(self) -> list[Doc]:
        """Every call that came, oldest first. Status 0: it was hung up on."""
        store = self.account.store
        with store.transaction():
            return [json.loads(body) for (body,) in store.sql.execute("SELECT body FROM requests ORDER BY seq")]


def _check_version(headers: dict[str, str]) -> None:
    asked = headers.get("stripe-version", API_VERSION)
    if asked != API_VERSION:
        raise invalid(
            f"The sandbox speaks API version {API_VERSION} only, and this request asks for {asked}. Set "
            f'stripe_version="{API_VERSION}" on the client.'
        )
    if "stripe-account" in headers:
        raise invalid("The sandbox knows no connected accounts.", "Stripe-Account")


def _route(request: Request) -> tuple[Route, list[str]]:
    for route in ROUTES:
        ids = route.match(request.method, request.path)
        if ids is not None:
            return route, ids
    raise ApiError(
        f"Unrecognized request URL ({request.method}: {request.path}). The sandbox speaks the part of the API that "
        "this site uses; psg/stripe_sandbox/resources/ is the list.",
        status=404,
    )


def _digest(request: Request) -> str:
    parts = json.dumps([request.method, request.path, sorted(request.encoded.split("&"))])
    return hashlib.sha256(parts.encode()).hexdigest()


def _error(status: int) -> ApiError:
    code, message = MESSAGES.get(status, (None, "Something went wrong on the sandbox's end, as it was told to."))
    kind = "api_error" if status >= 500 else "card_error" if status == 402 else "invalid_request_error"
    return ApiError(message, status=status, type=kind, code=code)


def _broken(fault: Fault) -> Answer:
    error = _error(int(fault.kind))
    return json_answer(error.status, error.body())
