"""The sandbox's own time, in whole seconds since 1970 (UTC). It runs with the machine's or ahead of it, or stands."""

import calendar
import contextlib
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from .store import Store

MINUTE, HOUR, DAY = 60, 3600, 86400


class Clock:
    """Now, and how to move it. What it was moved to is kept in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._moment: int | None = None
        self.load()

    def load(self) -> None:
        """Take up the time that the store keeps."""
        kept = self._store.setting("clock", {"ahead": 0, "frozen_at": None})
        self._ahead, self.frozen_at = kept["ahead"], kept["frozen_at"]

    def now(self) -> int:
        if self._moment is not None:
            return self._moment
        return self.frozen_at if self.frozen_at is not None else int(time.time() + self._ahead)

    @contextlib.contextmanager
    def at(self, moment: int) -> Iterator[None]:
        """Inside, it is that moment. Only inside a transaction."""
        before, self._moment = self._moment, moment
        try:
            yield
        finally:
            self._moment = before

    def set(self, moment: int) -> None:
        """It is that moment from now on."""
        if self.frozen_at is None:
            self._ahead = moment - int(time.time())
        else:
            self.frozen_at = moment
        self._keep()

    def freeze(self, frozen: bool) -> None:
        """Stand still at the present moment, or run on from it."""
        now = self.now()
        self.frozen_at = now if frozen else None
        self._ahead = now - int(time.time())
        self._keep()

    def _keep(self) -> None:
        self._store.set("clock", {"ahead": self._ahead, "frozen_at": self.frozen_at})


def moment(text: str | int, now: int) -> int:
    """The moment that a text means: "30d", "2w", "1m" (months), "1y", "4h", "90s" from now, seconds, or an ISO date.

    Raises ValueError for anything else.
    """
    if isinstance(text, int) or text.isdigit():
        return int(text)
    step = re.fullmatch(r"(\d+)\s*(s|h|d|w|m|y)", text.strip())
    if step is None:
        read = datetime.fromisoformat(text)
        return int((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp())
    count, unit = int(step[1]), step[2]
    if unit in "my":
        return add_interval(now, {"m": "month", "y": "year"}[unit], count)
    return now + count * {"s": 1, "h": HOUR, "d": DAY, "w": 7 * DAY}[unit]


def add_interval(anchor: int, interval: str, count: int) -> int:
    """The anchor moved by days, weeks, months or years, in UTC.

    Counted from the anchor, so that the 31st comes back after February, and 29 February in each leap year.
    """
    if interval in ("day", "week"):
        return anchor + count * DAY * (7 if interval == "week" else 1)
    start = datetime.fromtimestamp(anchor, UTC)
    months = start.year * 12 + start.month - 1 + count * (12 if interval == "year" else 1)
    year, month = months // 12, months % 12 + 1
    day = min(start.day, calendar.monthrange(year, month)[1])
    return int(start.replace(year=year, month=month, day=day).timestamp())


def working_days_later(start: int, days: int) -> int:
    """The same hour so many working days (Monday to Friday; bank holidays are not known here) later."""
    at = datetime.fromtimestamp(start, UTC)
    while days:
        at += timedelta(days=1)
        days -= at.weekday() < 5
    return int(at.timestamp())
