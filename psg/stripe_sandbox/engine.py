"""What time does: everything that has fallen due, in the order in which it fell due."""

import logging
import threading
import time
from collections.abc import Callable

from . import charging, checkout
from .account import Account
from .billing import collecting, invoices, standing, subscriptions
from .clock import DAY
from .errors import ApiError
from .resources import checkout_sessions, disputes, events, refunds
from .store import Doc, Due

logger = logging.getLogger("psg.stripe_sandbox")
Handler = Callable[[Account, Doc], object]
AT_A_TIME = 0.05  # seconds of real time in one transaction, so that calls get in between


def _finalize(account: Account, invoice: Doc) -> None:
    if invoice["status"] == "draft" and invoice["auto_advance"]:
        invoices.finalize(account, invoice)
        if invoice["status"] == "open":
            collecting.collect(account, invoice)
        else:
            standing.money_came(account, invoice)


def _collect(account: Account, invoice: Doc) -> None:
    if invoice["status"] == "open" and invoice["auto_advance"]:
        collecting.collect(account, invoice)


def _settle(account: Account, charge: Doc) -> None:
    intent = charging.settle(account, charge)
    if "invoice" in intent["_sandbox"]:
        collecting.payment_ended(account, intent)
    checkout.payment_ended(account, intent)


def _cancel(account: Account, subscription: Doc) -> None:
    if subscription["status"] not in standing.ENDED:
        standing.end(account, subscription, reason="cancellation_requested")


def _expire_session(account: Account, session: Doc) -> None:
    if session["status"] == "open":
        checkout_sessions.expire(account, session)


HANDLERS: dict[str, Handler] = {
    "renew": subscriptions.renew,
    "announce": subscriptions.announce,
    "cancel": _cancel,
    "expire_incomplete": subscriptions.expire_incomplete,
    "expire_pending_update": subscriptions.expire_pending_update,
    "finalize": _finalize,
    "collect": _collect,
    "retry": _collect,
    "settle": _settle,
    "expire_session": _expire_session,
    "refund_arrives": refunds.arrive,
    "refund_fails": refunds.fail,
    "dispute": disputes.open_dispute,
}


class Engine:
    """Moves the clock of an account and does what falls due on the way. One at a time."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.one_at_a_time = threading.Lock()
        self._tidied = 0

    def catch_up(self) -> int:
        """Do what has fallen due by now; how many things."""
        with self.one_at_a_time:
            return self._run(self.account.now(), moving=False)

    def advance(self, target: int, between: Callable[[], object] | None = None) -> int:
        """Move the clock to `target`, stopping at each thing that falls due; how many things.

        Killed on the way, the clock stands where it had come to. `between` is called whenever time has moved on.
        Raises ValueError if `target` is in the past.
        """
        with self.one_at_a_time:
            if target < self.account.now():
                raise ValueError("The clock cannot be turned back.")
            done = self._run(target, moving=True, between=between)
            with self.account.store.transaction():
                self.account.clock.set(target)
                self._tidy()
            return done

    def _run(self, until: int, *, moving: bool, between: Callable[[], object] | None = None) -> int:
        done, last = 0, 0
        while True:
            with self.account.store.transaction():
                coming = self.account.store.next_due(until)
            if between and done and (coming is None or coming.at > last):
                between()
            if coming is None:
                return done
            last = coming.at
            done += self._run_some(last if between else until, moving=moving)

    def _run_some(self, until: int, *, moving: bool) -> int:
        """Do what falls due for a moment of real time, in one transaction; how many things."""
        done, deadline = 0, time.monotonic() + AT_A_TIME
        with self.account.store.transaction():
            while (due := self.account.store.next_due(until)) and (not done or time.monotonic() < deadline):
                self._do(due, moving=moving)
                done += 1
            self._tidy()
        return done

    def _do(self, due: Due, *, moving: bool) -> None:
        account = self.account
        if moving and due.at > account.now():
            account.clock.set(due.at)
        account.store.done(due)
        doc = account.store.find(due.subject)
        if doc is not None:
            try:
                with account.store.transaction(), account.clock.at(due.at):
                    HANDLERS[due.what](account, doc)
            except ApiError as error:  # it has become pointless, as a dispute of what was refunded meanwhile
                logger.info("%s of %s: %s", due.what, due.subject, error)

    def _tidy(self) -> None:
        """Drop what is too old to be asked for; not each time, as little of it is."""
        if abs(self.account.now() - self._tidied) < 5 * DAY:
            return
        self._tidied = self.account.now()
        events.forget_old(self.account)
        yesterday = self.account.now() - DAY
        self.account.store.sql.execute("DELETE FROM answers WHERE created < ?", [yesterday])
