"""The local Stripe sandbox for tests: a process of its own, and a client with all its controls."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import stripe
from django.conf import settings

KEY, SECRET = "sk_test_for_tests", "whsec_for_tests"
API_VERSION = "2026-05-27.dahlia"


class Refused(Exception):
    """The sandbox's control said no."""


class StripeSandbox:
    """A running sandbox. `client` is the real stripe library's; the methods are the controls under /_sandbox/."""

    def __init__(self, state: Path) -> None:
        self.state_file = state
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.key, self.secret = KEY, SECRET
        self.process: subprocess.Popen | None = None
        self.client = self.new_client()

    def new_client(self, key: str = KEY, retries: int = 0, **options: Any) -> stripe.StripeClient:
        options = {"stripe_version": API_VERSION, "base_addresses": {"api": self.url}} | options
        return stripe.StripeClient(key, max_network_retries=retries, **options)

    # --- The process ---

    def start(self) -> None:
        arguments = [sys.executable, "manage.py", "stripe_sandbox", "--port", str(self.port), "--key", self.key]
        arguments += ["--secret", self.secret, "--state", str(self.state_file)]
        environment = os.environ | {"DEBUG": "1"}
        self.process = subprocess.Popen(arguments, cwd=settings.BASE_DIR, env=environment)
        deadline = time.monotonic() + 30
        while True:
            assert self.process.poll() is None, "the sandbox ended; its message is above"
            try:
                self.state()
                return
            except (URLError, ConnectionError):
                assert time.monotonic() < deadline, "the sandbox does not answer"
                time.sleep(0.05)

    def kill(self) -> None:
        """kill -9"""
        assert self.process
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=10)

    # --- Controls ---

    def call(self, method: str, path: str, body: Any = None) -> Any:
        data = json.dumps(body).encode() if body is not None else None
        request = Request(f"{self.url}/_sandbox/{path}", data, {"Content-Type": "application/json"}, method=method)
        try:
            with urlopen(request, timeout=300) as answer:
                return json.loads(answer.read())
        except HTTPError as error:
            raise Refused(error.read().decode()) from error

    def state(self) -> dict:
        return self.call("GET", "state")

    def reset(self, **with_settings: Any) -> None:
        """Forget everything; the settings given hold, all others are as at the start."""
        self.call("POST", "reset", with_settings)

    def set(self, **to: Any) -> None:
        self.call("POST", "settings", to)

    @property
    def now(self) -> int:
        return self.state()["now"]

    def freeze(self, at: int | str | None = None) -> None:
        """Let the sandbox's time stand still, at a moment not before now if one is given."""
        self.call("POST", "clock", {"freeze": True} | ({"to": at} if at is not None else {}))

    def advance(self, by: int | str, *, wait: bool = False) -> int:
        """Move on by "30d", "1m", "1y", or to a moment; how many things fell due. `wait`: send webhooks on the way."""
        return self.call("POST", "clock", {"advance": by, "wait": wait})["done"]

    def fault(self, match: str, kind: str | int, **how: Any) -> None:
        self.call("POST", "faults", {"match": match, "kind": str(kind)} | how)

    def clear_faults(self) -> None:
        self.call("DELETE", "faults")

    def requests(self, match: str = "") -> list[dict]:
        """The API calls that came, as they came; `match`: part of "METHOD /path"."""
        return [one for one in self.call("GET", "requests") if match in f"{one['method']} {one['path']}"]

    def objects(self, kind: str) -> list[dict]:
        return self.call("GET", f"objects?kind={kind}")

    def events(self, *types: str) -> list[dict]:
        """What happened, oldest first."""
        return [event for event in self.objects("event") if not types or event["type"] in types]

    def deliveries(self) -> list[dict]:
        return self.call("GET", "deliveries")

    def send_to(self, url: str, **with_settings: Any) -> None:
        """Send events to this address, when `deliver` is called and only then."""
        self.set(webhook_url=url, webhooks_automatic=False, **with_settings)

    def deliver(self, *, everything: bool = False) -> dict[str, int]:
        return self.call("POST", "webhooks/deliver", {"everything": everything})

    def hold(self) -> None:
        self.call("POST", "webhooks/hold")

    def release(self, order: list[str] | str = "as_happened", seed: int = 0) -> None:
        self.call("POST", "webhooks/release", {"order": order, "seed": seed})

    def spoil(self, type: str, do: str, **how: Any) -> None:
        """Spoil coming deliveries: drop, delay, duplicate, wrong_signature, old_signature."""
        self.call("POST", "webhooks/plan", {"type": type, "do": do} | how)

    def resend(self, event: str, **how: Any) -> list[int]:
        return self.call("POST", "webhooks/resend", {"event": event} | how)

    def send_foreign(self, event: str, **changes: Any) -> list[int]:
        return self.call("POST", "webhooks/foreign", {"event": event, "changes": changes})["statuses"]

    def decline(self, customer: str, code: str | None = "generic_decline") -> None:
        """Let all payment methods of a customer be declined from now on; None: as their numbers say."""
        self.call("POST", "methods/behave", {"customer": customer, "decline": code})

    def revoke(self, mandate: str) -> None:
        self.call("POST", "mandates/revoke", {"mandate": mandate})

    def dispute(self, charge: str, reason: str = "fraudulent") -> dict:
        return self.call("POST", "disputes", {"charge": charge, "reason": reason})

    def decide(self, dispute: str, *, won: bool) -> dict:
        return self.call("POST", "disputes/decide", {"dispute": dispute, "won": won})

    def fail_refund(self, refund: str) -> dict:
        return self.call("POST", "refunds/fail", {"refund": refund})

    def pay_out(self) -> dict:
        return self.call("POST", "payouts")

    def pay(self, session: str, number: str = "4242424242424242", **typed: Any) -> dict:
        """Pay a checkout session as its page would: with a card, or with type="bacs_debit" and an account_number."""
        return self.call("POST", "checkout/pay", {"session": session, "number": number} | typed)

    def change_card(self, customer: str, number: str = "4242424242424242", **typed: Any) -> dict:
        return self.call("POST", "portal/change", {"customer": customer, "number": number} | typed)

    def seed(self, **how_many: int) -> dict:
        return self.call("POST", "seed", how_many)
