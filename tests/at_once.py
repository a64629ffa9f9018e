"""Several at the same moment, for tests of races."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection

WAIT = 20  # seconds after which whoever has not begun has failed


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do all of these in the same moment, each on a connection of its own; what each returned or raised."""
    start = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        start.wait(WAIT)
        try:
            return act()
        except Exception as error:  # noqa: BLE001  # the test asks what was raised; nothing else can hand it over
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))
