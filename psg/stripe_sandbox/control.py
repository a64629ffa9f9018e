"""/_sandbox/: what tests and developers can make happen. JSON in, JSON out; only from this machine."""

import json
from collections.abc import Callable
from typing import Any

from . import checkout, entry, portal
from .account import SETTINGS, Account, presented
from .api import Api
from .checkout import Outcome, Payer
from .clock import moment
from .engine import Engine
from .errors import ApiError
from .faults import Faults
from .http_types import Answer, Request, json_answer
from .resources import disputes, payments, refunds
from .seed import seed
from .store import Doc
from .webhooks import Webhooks

Handler = Callable[[dict[str, Any]], Any]


class Control:
    """Everything under /_sandbox/."""

    def __init__(self, account: Account, api: Api, engine: Engine, faults: Faults, webhooks: Webhooks) -> None:
        self.account, self.api, self.engine, self.faults, self.webhooks = account, api, engine, faults, webhooks
        self._routes: dict[tuple[str, str], Handler] = {
            ("GET", "state"): lambda body: self.state(),
            ("POST", "reset"): self.reset,
            ("POST", "clock"): self.clock,
            ("POST", "settings"): self.settings,
            ("GET", "faults"): lambda body: faults.listed(),
            ("POST", "faults"): self.add_fault,
            ("DELETE", "faults"): lambda body: faults.clear(),
            ("GET", "requests"): lambda body: api.requests(),
            ("GET", "objects"): self.objects,
            ("GET", "deliveries"): lambda body: webhooks.listed(),
            ("POST", "webhooks/hold"): lambda body: webhooks.hold(),
            ("POST", "webhooks/release"): lambda body: webhooks.release(**body),
            ("POST", "webhooks/plan"): lambda body: webhooks.plan(**body),
            ("POST", "webhooks/deliver"): lambda body: webhooks.deliver(**body),
            ("POST", "webhooks/resend"): self.resend,
            ("POST", "webhooks/foreign"): self.foreign,
            ("POST", "methods/behave"): self.behave,
            ("POST", "mandates/revoke"): self.revoke_mandate,
            ("POST", "disputes"): self.dispute,
            ("POST", "disputes/decide"): self.decide,
            ("POST", "refunds/fail"): self.fail_refund,
            ("POST", "payouts"): self.pay_out,
            ("POST", "checkout/pay"): self.pay,
            ("POST", "portal/change"): self.change_method,
            ("POST", "seed"): self.seed,
        }

    def answer(self, request: Request) -> Answer:
        """The answer to a call: what its handler returns, or 400 with a message."""
        handler = self._routes.get((request.method, request.path.removeprefix("/_sandbox/").strip("/")))
        if handler is None:
            known = sorted(f"{method} /_sandbox/{path}" for method, path in self._routes)
            return json_answer(404, {"error": {"message": "No such control.", "known": known}})
        try:
            body = json.loads(request.body) if request.body else dict(request.form)
            return json_answer(200, handler(body))
        except (ValueError, KeyError, TypeError) as error:
            return json_answer(400, {"error": {"message": f"{type(error).__name__}: {error}"}})
        except ApiError as error:
            return json_answer(error.status, error.body())

    # --- The whole ---

    def state(self) -> Doc:
        account = self.account
        with account.store.transaction():
            counts = dict(account.store.sql.execute("SELECT kind, count(*) FROM objects GROUP BY kind"))
            states = dict(account.store.sql.execute("SELECT state, count(*) FROM deliveries GROUP BY state"))
            settings = {name: account.setting(name) for name in SETTINGS}
        frozen = account.clock.frozen_at is not None
        return {
            "now": account.now(),
            "frozen": frozen,
            "settings": settings,
            "objects": counts,
            "deliveries": states,
        }

    def reset(self, body: dict[str, Any]) -> Doc:
        """Forget everything; the settings given hold from now on."""
        self.faults.clear()
        with self.engine.one_at_a_time, self.webhooks.one_at_a_time, self.account.store.transaction():
            self.account.store.empty()
            self.account.load()
            self.account.set(**body)
        return self.state()

    def clock(self, body: dict[str, Any]) -> Doc:
        """`freeze`: true or false. `advance` by "30d", "1y", or `to` a moment. `wait`: send webhooks on the way."""
        account = self.account
        if "freeze" in body:
            with account.store.transaction():
                account.clock.freeze(bool(body["freeze"]))
        done, target = 0, body.get("to", body.get("advance"))
        if target is not None:
            between = self.webhooks.deliver if body.get("wait") else None
            done = self.engine.advance(moment(target, account.now()), between)
        return {"now": account.now(), "done": done}

    def settings(self, body: dict[str, Any]) -> Doc:
        with self.account.store.transaction():
            self.account.set(**body)
        return self.state()["settings"]

    def add_fault(self, body: dict[str, Any]) -> list[Doc]:
        self.faults.add(**body)
        return self.faults.listed()

    def objects(self, body: dict[str, Any]) -> list[Doc]:
        """Every object of a `kind`, oldest first."""
        with self.account.store.transaction():
            return [presented(doc) for doc in self.account.store.all(body["kind"])]

    def seed(self, body: dict[str, Any]) -> Doc:
        with self.account.store.transaction():
            return seed(self.account, **{name: int(value) for name, value in body.items()})

    # --- Webhooks ---

    def resend(self, body: dict[str, Any]) -> list[int]:
        """`event`, and how: `signature` good, wrong, old or none; `times`; `at_once`."""
        return self.webhooks.resend(body.pop("event"), **body)

    def foreign(self, body: dict[str, Any]) -> Doc:
        """Send an event that is none of the site's business: `event` to copy, and `changes` to it (livemode, …)."""
        event = presented(self.account.get("event", body["event"])) | body.get("changes", {})
        return {"statuses": self.webhooks.send(event), "event": event["id"]}

    # --- People and banks ---

    def behave(self, body: dict[str, Any]) -> list[str]:
        """Let a `method`, or all of a `customer`, be declined with a `decline` code; null: as their number says."""
        account = self.account
        with account.store.transaction():
            if "method" in body:
                found = [account.get("payment_method", body["method"])]
            else:
                found = account.store.all("payment_method", customer=body["customer"])
            for method in found:
                method["_sandbox"]["decline"] = body["decline"]
                account.save(method)
        return [method["id"] for method in found]

    def revoke_mandate(self, body: dict[str, Any]) -> Doc:
        """The customer tells their bank to end a `mandate`."""
        account = self.account
        with account.store.transaction():
            mandate = account.get("mandate", body["mandate"])
            mandate["status"] = "inactive"
            mandate["payment_method_details"]["bacs_debit"]["network_status"] = "revoked"
            return presented(account.save(mandate, "mandate.updated"))

    def dispute(self, body: dict[str, Any]) -> Doc:
        """Dispute a `charge` for a `reason`."""
        with self.account.store.transaction():
            charge = self.account.get("charge", body["charge"])
            return presented(disputes.open_dispute(self.account, charge, body.get("reason", "fraudulent")))

    def decide(self, body: dict[str, Any]) -> Doc:
        """Decide a `dispute`: `won` or not."""
        with self.account.store.transaction():
            dispute = self.account.get("dispute", body["dispute"])
            return presented(disputes.decide(self.account, dispute, won=bool(body["won"])))

    def fail_refund(self, body: dict[str, Any]) -> Doc:
        """The bank sends a `refund` back."""
        with self.account.store.transaction():
            return presented(refunds.fail(self.account, self.account.get("refund", body["refund"])))

    def pay_out(self, body: dict[str, Any]) -> Doc:
        with self.account.store.transaction():
            return presented(payments.pay_out(self.account))

    def pay(self, body: dict[str, Any]) -> Doc:
        """Pay a checkout `session` without a browser: fields as on the page, and `authenticate` for 3-D Secure."""
        account = self.account
        with account.store.transaction():
            session = account.get("checkout.session", body["session"])
            entered = _entered(body, account.now())
            payer = Payer(entered.email, entered.name)
            outcome = checkout.pay(account, session, entry.make_method(account, entered), payer)
            if outcome.answer == "ask" and body.get("authenticate", True):
                outcome = checkout.pay_authenticated(account, account.store.get(session["id"]))
            return _said(outcome)

    def change_method(self, body: dict[str, Any]) -> Doc:
        """Let a `customer` enter another card in the portal, without a browser."""
        account = self.account
        with account.store.transaction():
            customer = account.get_living("customer", body["customer"])
            method = entry.make_method(account, _entered(body, account.now()))
            return _said(portal.change_method(account, customer, method, authenticated=True))


def _entered(body: dict[str, Any], now: int) -> entry.Entry:
    known = {"email": "ana@example.org", "name": "Ana Example", "expiry": "12 / 60", "cvc": "123"}
    known |= {"number": "4242424242424242", "sort_code": "108800"}
    entered, errors = entry.read(known | {name: str(value) for name, value in body.items()}, now)
    if entered is None:
        raise ValueError(str(errors))
    return entered


def _said(outcome: Outcome) -> Doc:
    return {"answer": outcome.answer, "message": outcome.message}
