"""The sandbox as a process: HTTP on this machine only, with a thread for each connection."""

import ipaddress
import logging
import signal
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .account import Account
from .api import Api
from .clock import Clock
from .control import Control
from .engine import Engine
from .errors import ApiError
from .faults import Faults
from .http_types import Answer, HangUp, Request, json_answer
from .pages import checkout, developer, layout, portal
from .store import Store
from .webhooks import Webhooks

logger = logging.getLogger("psg.stripe_sandbox")
LARGEST_BODY = 2 * 1024 * 1024
Page = Callable[[Account, Request, str], Answer]
PAGES: dict[str, Page] = {
    "checkout": checkout.show,
    "authenticate": checkout.authenticate,
    "portal": portal.show,
    "invoice": portal.show_invoice,
    "receipt": portal.show_receipt,
}


class Sandbox:
    """Everything put together. `key` is the API key it accepts, `secret` what it signs webhooks with."""

    def __init__(self, *, state: Path, public_url: str, key: str, secret: str, webhook_url: str) -> None:
        self.stopping = threading.Event()
        self.store = Store(state)
        with self.store.transaction():
            self.account = Account(self.store, Clock(self.store), public_url, webhook_url)
        faults = Faults()
        self.engine = Engine(self.account)
        self.api = Api(self.account, key, faults, self.stopping)
        self.webhooks = Webhooks(self.account, secret, self.stopping)
        self.control = Control(self.account, self.api, self.engine, faults, self.webhooks)

    def answer(self, request: Request) -> Answer:
        """The answer to any request. Raises HangUp."""
        try:
            return self._answer(request)
        except ApiError as error:
            return layout.document("Not here", str(error), status=error.status)

    def _answer(self, request: Request) -> Answer:
        path = request.path
        if path.startswith("/v1/"):
            return self.api.answer(request)
        if path.startswith("/_sandbox/"):
            return self.control.answer(request)
        if path == "/":
            return developer.show(self.account, self.engine, self.webhooks, request)
        if path == "/sandbox.css":
            return layout.stylesheet()
        name, _, identifier = path.strip("/").partition("/")
        if name in PAGES and identifier:
            with self.store.transaction():
                return PAGES[name](self.account, request, identifier)
        return layout.document("Not here", "The sandbox has no such page.", status=404)

    def again_and_again(self, work: Callable[[], object], pause: float) -> None:
        """Do a work every `pause` seconds until the end, in a thread of its own. A bug is logged, and tried again."""

        def run() -> None:
            while not self.stopping.wait(pause):
                try:
                    work()
                except Exception:
                    logger.exception("%s", work)

        threading.Thread(target=run, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 120
    sandbox: Sandbox

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > LARGEST_BODY:
            self.close_connection = True
            self._write(json_answer(413, {"error": {"message": "The body is too large."}}))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self.rfile.read(length))
        if not _from_here(self.client_address[0], headers.get("host", ""), headers.get("origin")):
            self._write(json_answer(403, {"error": {"message": "The sandbox answers to this machine only."}}))
            return
        try:
            answer = self.sandbox.answer(request)
        except HangUp:
            self.close_connection = True
            return
        except Exception:
            logger.exception("%s %s", request.method, request.path)
            answer = json_answer(
                500, {"error": {"type": "api_error", "message": "The sandbox has a bug; see its log."}}
            )
        self._write(answer)

    do_GET = do_POST = do_DELETE = _serve

    def _write(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in (answer.headers | {"Content-Length": str(len(answer.body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        logger.debug(format, *args)


def _from_here(address: str, host: str, origin: str | None) -> bool:
    """Whether this machine asks, by a name of its own, and not for a page that came from elsewhere."""
    by_name = urlsplit(f"//{host}").hostname in ("127.0.0.1", "localhost")
    return ipaddress.ip_address(address).is_loopback and by_name and origin in (None, f"http://{host}")


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def serve(*, port: int, state: Path, key: str, secret: str, webhook_url: str) -> None:
    """Run until a signal comes. Raises OSError if the port is taken."""
    with Server(("127.0.0.1", port), Handler) as server:
        address = f"http://127.0.0.1:{server.server_port}"
        sandbox = Sandbox(state=state, public_url=address, key=key, secret=secret, webhook_url=webhook_url)
        Handler.sandbox = sandbox

        def stop(number: int, frame: object) -> None:
            sandbox.stopping.set()
            threading.Thread(target=server.shutdown, daemon=True).start()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, stop)
        sandbox.again_and_again(sandbox.engine.catch_up, 0.5)
        sandbox.again_and_again(sandbox.webhooks.run, 0.05)
        server.serve_forever(poll_interval=0.1)
        with sandbox.store.transaction():
            pass  # whoever is in the middle of something ends it first
        sandbox.store.close()
