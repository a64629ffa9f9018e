"""`manage.py run`, as `make run` calls it: in a checkout of its own, as a newcomer would."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil
import pytest
from django.conf import settings

# Without these, every setting is at its default, as on a newcomer's machine.
UNSET = ("STRIPE_SECRET_KEY", "STRIPE_API_BASE", "DATABASE_URL", "DEBUG", "PORT", "SITE_URL", "DJANGO_SETTINGS_MODULE")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port: int, path: str = "/") -> str | None:
    try:
        return urlopen(f"http://127.0.0.1:{port}{path}", timeout=5).read().decode()
    except (URLError, ConnectionError, TimeoutError):
        return None


def wait_for(condition: Callable[[], object], seconds: float) -> float:
    """Wait until the condition holds; the seconds it took."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds, "it took too long"
        time.sleep(0.1)
    return time.monotonic() - start


class Checkout:
    """A copy of this checkout's files, without its database."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.process = folder, free_port(), None
        left_out = shutil.ignore_patterns(".*", "var", "tests", "docs", "__pycache__")
        shutil.copytree(settings.BASE_DIR, folder, ignore=left_out)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "manage.py", *arguments]

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in UNSET}
        return kept | {"PORT": str(self.port), "PYTHONUNBUFFERED": "1"}

    def manage(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            self.command(*arguments), cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=90
        )

    def start(self) -> float:
        """Start the site; the seconds until its first page."""
        self.log = (self.folder / "log.txt").open("w")
        self.process = subprocess.Popen(
            self.command("run", "--port", str(self.port)),
            cwd=self.folder,
            env=self.environment,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        return wait_for(lambda: answers(self.port), 120)

    @property
    def printed(self) -> str:
        return (self.folder / "log.txt").read_text()

    def processes(self) -> list[psutil.Process]:
        """Everything that runs out of this folder, the database included."""
        found = []
        for process in psutil.process_iter(["cwd", "cmdline"]):
            here = [process.info["cwd"] or "", *(process.info["cmdline"] or [])]
            if any(part.startswith(str(self.folder)) for part in here):
                found.append(process)
        return found

    def stop(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=30)


@pytest.fixture
def checkout(tmp_path) -> Iterator[Checkout]:
    made = Checkout(tmp_path / "checkout")
    yield made
    for process in made.processes():
        process.kill()


@pytest.mark.long
def test_a_newcomer_runs_the_site_stops_it_and_finds_everything_again(checkout):
    assert checkout.start() < 60
    assert "Unrest in the mining corridor" in answers(checkout.port)
    for said in (f"http://127.0.0.1:{checkout.port}/", "editor@demo.example", "demo-editor-2019", "/dev/mail/"):
        assert said in checkout.printed

    # The worker beside it sends the mail that any process queues.
    code = "from django.core.mail import send_mail; send_mail('Hello there', 'x', None, ['ana@example.org'])"
    assert checkout.manage("shell", "-c", code).returncode == 0
    wait_for(lambda: "Hello there" in answers(checkout.port, "/dev/mail/"), 20)
    wait_for(lambda: "Mail to ana@example.org: “Hello there”" in checkout.printed, 5)

    # Stripe's stand-in runs beside it, and says what it is.
    sandbox = checkout.port + 100
    assert f"http://127.0.0.1:{sandbox}/" in checkout.printed
    assert "no real money" in answers(sandbox)
    assert f"http://127.0.0.1:{checkout.port}/membership/stripe/webhook/" in answers(sandbox)

    # A second one on the same port says so in one line, and harms nothing.
    second = subprocess.run(
        checkout.command("run", "--port", str(checkout.port)),
        cwd=settings.BASE_DIR,
        env=checkout.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert second.returncode == 1
    (line,) = second.stderr.strip().splitlines()
    assert f"Port {checkout.port} is taken" in line
    assert f"make run PORT={checkout.port + 1}" in line

    assert len(checkout.processes()) >= 4
    assert checkout.stop() == 0
    wait_for(lambda: not checkout.processes(), 15)
    assert answers(checkout.port) is answers(sandbox) is None

    # The second run is quick, keeps what was entered, and does not load the demo again.
    assert checkout.start() < 15
    assert "Loading the demo" not in checkout.printed
    assert "Hello there" in answers(checkout.port, "/dev/mail/")
    assert checkout.stop(signal.SIGTERM) == 0
    wait_for(lambda: not checkout.processes(), 15)


@pytest.mark.long
def test_a_run_that_was_killed_leaves_nothing_that_the_next_one_trips_over(checkout):
    checkout.start()
    for process in checkout.processes():
        if "postgres" not in process.name():
            process.kill()
    checkout.process.wait(timeout=10)
    assert checkout.processes(), "the database is still there, as nobody was left to stop it"
    checkout.start()
    assert "Unrest in the mining corridor" in answers(checkout.port)
    checkout.stop()
    wait_for(lambda: not checkout.processes(), 15)
