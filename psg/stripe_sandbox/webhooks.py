"""Events on their way to the site: signed, tried again, and spoilt on purpose where a test says so.

One thread sends, one after the other in the order in which things happened. A delivery is pending, sending, delivered,
failed (given up), held (until released) or dropped.
"""

import hashlib
import hmac
import http.client
import json
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from .account import Account, presented, wants
from .clock import DAY, HOUR, MINUTE
from .store import Doc

BACK_OFF = [MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, DAY]
TIMEOUT = 20  # seconds


class Webhooks:
    """Sends an account's events. `secret` is the endpoint's signing secret."""

    def __init__(self, account: Account, secret: str, stopping: threading.Event) -> None:
        self.account, self.secret, self._stopping = account, secret, stopping
        self.one_at_a_time = threading.Lock()
        with account.store.transaction():  # what was being sent when the process was killed
            account.store.sql.execute("UPDATE deliveries SET state = 'pending' WHERE state = 'sending'")

    # --- Sending ---

    def run(self) -> None:
        """Send what is due, unless that is done by hand."""
        if self.account.setting("webhooks_automatic"):
            self.deliver()

    def deliver(self, *, everything: bool = False) -> dict[str, int]:
        """Send what is due now; with `everything`, also what waits to be tried again. How many came to what."""
        counts = {"delivered": 0, "failed": 0, "dropped": 0, "delayed": 0}
        with self.one_at_a_time:
            tried: set[int] = set()
            while (claimed := self._claim(tried, everything=everything)) and not self._stopping.is_set():
                tried.add(claimed[0])
                counts[self._send_one(*claimed)] += 1
        return counts

    def _claim(self, tried: set[int], *, everything: bool) -> tuple[int, Doc, int] | None:
        store = self.account.store
        with store.transaction():
            until = 2**40 if everything else self.account.now()
            rows = store.sql.execute(
                "SELECT seq, event, attempts FROM deliveries WHERE state = 'pending' AND next_at <= ? "
                "ORDER BY next_at, seq LIMIT ?",
                [until, len(tried) + 1 if everything else 1],
            ).fetchall()
            for seq, event, attempts in rows:
                if seq not in tried:
                    store.sql.execute("UPDATE deliveries SET state = 'sending' WHERE seq = ?", [seq])
                    return seq, store.get(event), attempts
        return None

    def _send_one(self, seq: int, event: Doc, attempts: int) -> str:
        spoilt = self._spoil(event)
        if spoilt.get("do") == "drop":
            self._note(seq, event, "dropped", attempts, "dropped on purpose")
            return "dropped"
        if spoilt.get("do") == "delay":
            with self.account.store.transaction():
                later = self.account.now() + int(spoilt.get("seconds", HOUR))
                self._note(seq, event, "pending", attempts, "delayed on purpose", later)
            return "delayed"
        times = int(spoilt.get("times", 2)) if spoilt.get("do") == "duplicate" else 1
        signature = spoilt["do"].removesuffix("_signature") if str(spoilt.get("do")).endswith("_signature") else "good"
        statuses = self.send(presented(event), signature=signature, times=times)
        good = all(status // 100 == 2 for status in statuses)
        said = " ".join(str(status) for status in statuses)
        with self.account.store.transaction():
            attempts += 1
            if good:
                state, later = "delivered", 0
            elif attempts >= self.account.setting("webhook_attempts"):
                state, later = "failed", 0
            else:
                state, later = "pending", self.account.now() + BACK_OFF[min(attempts, len(BACK_OFF)) - 1]
            self._note(seq, event, state, attempts, said, later)
        return "delivered" if good else "failed"

    def _note(self, seq: int, event: Doc, state: str, attempts: int, said: str, next_at: int = 0) -> None:
        store = self.account.store
        with store.transaction():
            store.sql.execute(
                "UPDATE deliveries SET state = ?, attempts = ?, answer = ?, next_at = ? WHERE seq = ?",
                [state, attempts, said, next_at, seq],
            )
            if state == "delivered":
                event["_sandbox"]["delivery_success"] = True
                event["pending_webhooks"] = 0
                store.save(event)

    def send(self, event: Doc | bytes, *, signature: str = "good", times: int = 1, at_once: bool = False) -> list[int]:
        """Send a body so many times, one after the other or all at once; the statuses. 0: no answer."""
        body = event if isinstance(event, bytes) else json.dumps(event, indent=2, ensure_ascii=False).encode()
        url = urlsplit(self.account.setting("webhook_url"))

        def post(_: int) -> int:
            connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=TIMEOUT)
            headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Stripe/1.0 (sandbox)"}
            header = self.sign(body, signature)
            headers |= {"Stripe-Signature": header} if header else {}
            try:
                connection.request("POST", url.path, body, headers)
                return connection.getresponse().status
            except (OSError, http.client.HTTPException):
                return 0
            finally:
                connection.close()

        if not at_once:
            return [post(number) for number in range(times)]
        with ThreadPoolExecutor(times) as pool:
            return list(pool.map(post, range(times)))

    def sign(self, body: bytes, signature: str = "good") -> str:
        """The Stripe-Signature header: good, wrong (another secret), old (an hour ago), or none."""
        if signature == "none":
            return ""
        at = int(time.time()) if self.account.setting("signature_clock") == "machine" else self.account.now()
        at -= HOUR if signature == "old" else 0
        secret = self.secret if signature != "wrong" else "whsec_of_somebody_else"
        digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        return f"t={at},v1={digest}"

    # --- Spoiling ---

    def plan(self, **spoil: Any) -> None:
        """Spoil coming deliveries. `do`: drop, delay (`seconds`), duplicate (`times`), wrong_signature, old_signature;
        `type`: a pattern; `count`: how many of them."""
        with self.account.store.transaction():
            plans = self.account.store.setting("webhook_plans", [])
            self.account.store.set("webhook_plans", [*plans, {"type": "*", "count": 1} | spoil])

    def _spoil(self, event: Doc) -> Doc:
        store = self.account.store
        with store.transaction():
            plans = store.setting("webhook_plans", [])
            for plan in plans:
                if plan["count"] > 0 and wants([plan["type"]], event["type"]):
                    plan["count"] -= 1
                    store.set("webhook_plans", [one for one in plans if one["count"] > 0])
                    return plan
        return {}

    def hold(self) -> None:
        """Keep everything back from now on."""
        with self.account.store.transaction():
            self.account.store.set("webhooks_held", True)
            self.account.store.sql.execute("UPDATE deliveries SET state = 'held' WHERE state = 'pending'")

    def release(self, order: list[str] | str = "as_happened", seed: int = 0) -> None:
        """Let go what was held: as_happened, reversed, shuffled, or first these events (ids or types) in this order."""
        store = self.account.store
        with store.transaction():
            store.set("webhooks_held", False)
            held = store.sql.execute("SELECT seq, event, type FROM deliveries WHERE state = 'held' ORDER BY seq")
            rows = held.fetchall()
            if order == "reversed":
                rows.reverse()
            elif order == "shuffled":
                random.Random(seed).shuffle(rows)  # noqa: S311
            elif isinstance(order, list):
                rank = {name: position for position, name in enumerate(order)}
                rows.sort(key=lambda row: min(rank.get(row[1], 10**6), rank.get(row[2], 10**6)))
            for position, (seq, _, _) in enumerate(rows):
                # Before anything that is due anyway, in this order.
                moment = position - 10**6
                store.sql.execute("UPDATE deliveries SET state = 'pending', next_at = ? WHERE seq = ?", [moment, seq])

    def resend(self, event_id: str, **how: Any) -> list[int]:
        """Send an event again at once; the statuses. Raises KeyError if there is none."""
        event = self.account.store.get(event_id)
        statuses = self.send(presented(event), **how)
        if all(status // 100 == 2 for status in statuses) and how.get("signature", "good") == "good":
            with self.account.store.transaction():
                self.account.store.sql.execute(
                    "UPDATE deliveries SET state = 'delivered', answer = ? WHERE event = ?",
                    [" ".join(map(str, statuses)), event_id],
                )
                event["_sandbox"]["delivery_success"], event["pending_webhooks"] = True, 0
                self.account.store.save(event)
        return statuses

    def listed(self) -> list[Doc]:
        """Every delivery: event, type, state, attempts, answer."""
        names = ("event", "type", "state", "next_at", "attempts", "answer")
        query = f"SELECT {', '.join(names)} FROM deliveries ORDER BY seq"  # noqa: S608
        with self.account.store.transaction():
            return [dict(zip(names, row, strict=True)) for row in self.account.store.sql.execute(query)]
