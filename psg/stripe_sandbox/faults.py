"""Faults on purpose: the Nth call of a kind goes wrong, before or after it has had its effect."""

import fnmatch
import threading
from dataclasses import asdict, dataclass
from typing import Any

KINDS = ("400", "401", "402", "404", "409", "429", "500", "502", "503", "slow", "timeout", "close", "die")


@dataclass
class Fault:
    """`match`: a pattern over "METHOD /path", like "POST /v1/checkout/*". Strikes at the `nth` call that matches, and
    at the `times - 1` after it.

    `kind`: a status to answer; slow (answers after `seconds`), timeout (never answers, hangs up after `seconds`), close
    (hangs up at once), die (the whole sandbox is killed). `recorded`: whether an idempotency key remembers the status.
    """

    match: str
    kind: str
    when: str = "before"
    nth: int = 1
    times: int = 1
    seconds: float = 5
    recorded: bool | None = None
    seen: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.when not in ("before", "after"):
            raise ValueError(f"A fault's kind is one of {', '.join(KINDS)}; it comes before or after the effect.")
        if self.recorded is None:
            self.recorded = self.kind == "500"

    def strikes(self) -> bool:
        """Count one more matching call; whether it goes wrong."""
        self.seen += 1
        return self.nth <= self.seen < self.nth + self.times


class Faults:
    """All faults that wait to strike. They do not survive a restart."""

    def __init__(self) -> None:
        self._lock, self._faults = threading.Lock(), list[Fault]()

    def add(self, **fields: Any) -> None:
        """Raises TypeError or ValueError if this is no fault."""
        fault = Fault(**fields)
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def listed(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that this call meets, if any."""
        with self._lock:
            struck = [f for f in self._faults if fnmatch.fnmatch(f"{method} {path}", f.match) and f.strikes()]
        return struck[0] if struck else None
