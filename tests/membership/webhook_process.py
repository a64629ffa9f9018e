"""The site as a process of its own on the tests' database: two of them, and one can be killed. Run with -m."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.stripe_sandbox import StripeSandbox

ROOT = Path(__file__).parents[2]


@contextmanager
def site_process(sandbox: StripeSandbox) -> Iterator[tuple[subprocess.Popen, str]]:
    """A running process, and its address."""
    from django.db import connection

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    database = {name: connection.settings_dict[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
    keys = {"STRIPE_SECRET_KEY": sandbox.key, "STRIPE_WEBHOOK_SECRET": sandbox.secret, "STRIPE_API_BASE": sandbox.url}
    arguments = [sys.executable, "-m", "tests.membership.webhook_process", str(port), json.dumps(database)]
    process = subprocess.Popen(arguments, cwd=ROOT, env=os.environ | keys | {"DEBUG": "1"})
    try:
        deadline = time.monotonic() + 30
        while True:
            assert process.poll() is None, "the process ended; its message is above"
            assert time.monotonic() < deadline, "the process does not answer"
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.05)
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def serve(port: int, database: dict[str, str]) -> None:
    """Answer requests, each in a thread, until killed."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "psg.settings")
    from django.conf import settings

    settings.DATABASES["default"] |= database
    from django.core.servers.basehttp import run
    from django.core.wsgi import get_wsgi_application

    run("127.0.0.1", port, get_wsgi_application(), threading=True)


if __name__ == "__main__":
    serve(int(sys.argv[1]), json.loads(sys.argv[2]))
