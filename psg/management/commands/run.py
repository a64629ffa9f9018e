"""`make run`: the whole site on this machine, until Ctrl-C."""

import os
import signal
import socket
import subprocess
import sys
import time
from types import FrameType

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from psg import database, demo
from psg.models import User

STOP_SECONDS = 8
SANDBOX_DISTANCE = 100  # from the site's port to the Stripe sandbox's; settings.STRIPE_API_BASE counts the same
PAYMENTS = "  Stripe       {sandbox}/ (a sandbox: no real money; docs/stripe-sandbox.md)\n"
WELCOME = """
  The site     {site}/
  Back office  {site}/admin/
  Sent mail    {site}/dev/mail/
{payments}
  Sign in to the back office with one of these (e-mail, password):
  {logins}

  Ctrl-C stops everything.
"""


class Command(BaseCommand):
    """Migrate, load the demo once, then serve the site with its worker beside it. For development only."""

    help = __doc__

    def add_arguments(self, parser) -> None:
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *, port: int, **options) -> None:
        if not settings.DEBUG:
            raise CommandError("`run` is for development. In production see docs/operations.md.")
        refuse_taken_port(port)
        if settings.STRIPE_SANDBOX:
            refuse_taken_port(port, beside=SANDBOX_DISTANCE)
        call_command("migrate", verbosity=0)
        if not User.objects.exists():
            self.stdout.write("Loading the demo …")
            call_command("load_demo", verbosity=0)
        site, sandbox = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + SANDBOX_DISTANCE}"
        payments = PAYMENTS.format(sandbox=sandbox) if settings.STRIPE_SANDBOX else ""
        self.stdout.write(WELCOME.format(site=site, payments=payments, logins="\n  ".join(demo.staff_logins())))
        self.stdout.flush()
        commands = [["qcluster"], ["runserver", f"127.0.0.1:{port}", "--skip-checks"]]
        if settings.STRIPE_SANDBOX:
            webhook = f"--webhook-url={site}/membership/stripe/webhook/"
            commands.append(["stripe_sandbox", f"--port={port + SANDBOX_DISTANCE}", webhook])
        os.environ["PORT"] = str(port)  # so that all of them look for each other in the same places
        supervise(commands)


def refuse_taken_port(port: int, beside: int = 0) -> None:
    """Raises CommandError if somebody else listens on 127.0.0.1:`port`, or `beside` it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port + beside))
        except OSError as error:
            raise CommandError(
                f"Port {port + beside} is taken ({error.strerror}). Choose another: make run PORT={port + 1}"
            ) from error


class Stop(Exception):
    """Somebody asked us to stop."""


def _on_signal(number: int, frame: FrameType | None) -> None:
    raise Stop


def supervise(commands: list[list[str]]) -> None:
    """Run manage.py commands side by side until one of them ends or a signal comes; then stop them all.

    Each has a process group of its own, so that Ctrl-C reaches this process alone and the stop is orderly.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _on_signal)
    children: list[subprocess.Popen] = []
    try:
        for command in commands:
            arguments = [sys.executable, "manage.py", *command]
            environment = os.environ | {"DJANGO_RUNSERVER_HIDE_WARNING": "true"}
            children.append(
                subprocess.Popen(arguments, cwd=settings.BASE_DIR, env=environment, start_new_session=True)  # noqa: S603
            )
        while all(child.poll() is None for child in children):
            time.sleep(0.2)
    except Stop:
        pass
    else:
        raise CommandError("One of the processes ended; its own message is above.")
    finally:
        _stop(children)
        connections.close_all()
        database.stop_embedded(patience=STOP_SECONDS)


def _signal_group(child: subprocess.Popen, number: int) -> None:
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        return  # the whole group is gone already


def _stop(children: list[subprocess.Popen]) -> None:
    """Ask every process to end, wait up to `STOP_SECONDS`, and kill what is left."""
    for child in children:
        child.terminate()  # the leader alone: the worker's own processes are its to stop
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        try:
            child.wait(timeout=max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            _signal_group(child, signal.SIGKILL)
    for child in children:
        _signal_group(child, signal.SIGKILL)
