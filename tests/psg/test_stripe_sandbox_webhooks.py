"""Events on their way to the site: signed, kept, tried again, and spoilt on purpose."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import stripe

from tests.psg import shop

DAY = 86400


class Listener(ThreadingHTTPServer):
    """Takes twenty callers at once, however busy the machine."""

    request_queue_size = 128


class Site:
    """A site that listens to webhooks, and answers with `status`."""

    def __init__(self) -> None:
        self.status, self.bodies, self.signatures = 200, list[bytes](), list[str]()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                site.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                site.signatures.append(self.headers.get("Stripe-Signature", ""))
                self.send_response(site.status)
                self.end_headers()

            def log_message(self, *args) -> None:
                pass

        self.server = Listener(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def types(self) -> list[str]:
        return [json.loads(body)["type"] for body in self.bodies]


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def sandbox(stripe_sandbox, site):
    """A sandbox that sends to the site when it is told to."""
    stripe_sandbox.send_to(site.url)
    return stripe_sandbox


def customers(sandbox, count: int = 3) -> list[str]:
    """Make customers, so that events happen; the ids of the events."""
    for number in range(count):
        sandbox.client.v1.customers.create({"name": f"{number}"})
    return [event["id"] for event in sandbox.events()]


def test_every_event_comes_signed_in_the_pinned_version(sandbox, site):
    shop.subscribed(sandbox)
    assert site.bodies == []
    counts = sandbox.deliver()
    assert counts["delivered"] == len(site.bodies) == len(sandbox.events())
    assert site.types == shop.kinds(sandbox)
    for body, signature in zip(site.bodies, site.signatures, strict=True):
        event = stripe.Webhook.construct_event(body, signature, sandbox.secret)
        assert event.api_version == "2026-05-27.dahlia"
    assert sandbox.deliver()["delivered"] == 0


def test_they_come_by_themselves_too(stripe_sandbox, site):
    stripe_sandbox.set(webhook_url=site.url)
    customers(stripe_sandbox, 1)
    deadline = time.monotonic() + 5
    while not site.bodies and time.monotonic() < deadline:
        time.sleep(0.02)
    assert site.types == ["customer.created"]


def test_what_the_site_refuses_is_tried_again_later_and_given_up_in_the_end(sandbox, site):
    site.status = 500
    (event,) = customers(sandbox, 1)
    v1 = sandbox.client.v1
    assert sandbox.deliver()["failed"] == 1
    assert sandbox.deliver()["failed"] == 0, "not at once"
    assert [e.id for e in v1.events.list({"delivery_success": False}).data] == [event]
    assert v1.events.retrieve(event).pending_webhooks == 1
    sandbox.advance("61s")
    assert sandbox.deliver()["failed"] == 1
    site.status = 200
    assert sandbox.deliver(everything=True)["delivered"] == 1
    assert v1.events.list({"delivery_success": False}).data == []
    assert v1.events.retrieve(event).pending_webhooks == 0
    site.status = 404
    customers(sandbox, 1)
    for _ in range(8):
        sandbox.deliver(everything=True)
    assert sandbox.deliveries()[-1]["state"] == "failed"
    assert (sandbox.deliveries()[-1]["attempts"], sandbox.deliveries()[-1]["answer"]) == (6, "404")


def test_a_site_that_is_down_loses_nothing(stripe_sandbox, site):
    site.server.server_close()
    stripe_sandbox.send_to(site.url)
    customers(stripe_sandbox, 1)
    assert stripe_sandbox.deliver()["failed"] == 1
    assert stripe_sandbox.deliveries()[0]["answer"] == "0"


def test_only_subscribed_events_are_sent(sandbox, site):
    sandbox.set(enabled_events=["invoice.*", "checkout.session.completed"])
    shop.subscribed(sandbox)
    sandbox.deliver()
    assert set(site.types) == {
        *("invoice.created", "invoice.finalized", "invoice.paid", "invoice.payment_succeeded"),
        "checkout.session.completed",
    }
    listed = sandbox.client.v1.events.list({"types": ["invoice.paid", "charge.succeeded"]}).data
    assert {event.type for event in listed} == {"invoice.paid", "charge.succeeded"}
    assert {e.type for e in sandbox.client.v1.events.list({"type": "checkout.*"}).data} == {
        "checkout.session.completed"
    }


def test_events_can_be_dropped_duplicated_delayed_and_badly_signed(sandbox, site):
    sandbox.spoil("customer.created", "drop")
    sandbox.spoil("customer.created", "duplicate", times=3)
    sandbox.spoil("customer.created", "delay", seconds=3600)
    dropped, tripled, delayed, normal = customers(sandbox, 4)
    assert sandbox.deliver() == {"delivered": 2, "failed": 0, "dropped": 1, "delayed": 1}
    assert [json.loads(body)["id"] for body in site.bodies] == [tripled] * 3 + [normal]
    sandbox.advance("2h")
    sandbox.deliver()
    assert json.loads(site.bodies[-1])["id"] == delayed
    assert [e.id for e in sandbox.client.v1.events.list({"delivery_success": False}).data] == [dropped]
    site.bodies.clear()
    site.signatures.clear()
    sandbox.spoil("*", "wrong_signature")
    sandbox.spoil("*", "old_signature")
    customers(sandbox, 2)
    sandbox.deliver()
    for body, signature in zip(site.bodies, site.signatures, strict=True):
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(body, signature, sandbox.secret)


def test_everything_can_be_held_and_let_go_in_any_order(sandbox, site):
    sandbox.hold()
    shop.subscribed(sandbox)
    assert sandbox.deliver()["delivered"] == 0
    happened = shop.kinds(sandbox)
    sandbox.release("reversed")
    sandbox.deliver()
    assert site.types == happened[::-1]
    site.bodies.clear()
    sandbox.hold()
    shop.subscribed(sandbox)
    first = ["checkout.session.completed", "invoice.paid", "customer.subscription.created"]
    sandbox.release(first)
    sandbox.deliver()
    assert site.types[:3] == first
    assert sorted(site.types) == sorted(happened)
    orders = []
    for seed in (1, 2):
        site.bodies.clear()
        sandbox.hold()
        shop.subscribed(sandbox)
        sandbox.release("shuffled", seed=seed)
        sandbox.deliver()
        orders.append(site.types)
    assert orders[0] != orders[1]


def test_an_event_can_be_sent_again_many_times_at_once_and_foreign_ones_too(sandbox, site):
    (event,) = customers(sandbox, 1)
    assert sandbox.resend(event, times=20, at_once=True) == [200] * 20
    assert len(set(site.bodies)) == 1
    assert sandbox.client.v1.events.list({"delivery_success": False}).data == []
    assert sandbox.deliver()["delivered"] == 0, "it was delivered by hand"
    sandbox.resend(event, signature="none")
    assert site.signatures[-1] == ""
    sandbox.send_foreign(event, livemode=True, api_version="2019-02-19", id="evt_foreign")
    foreign = json.loads(site.bodies[-1])
    assert (foreign["livemode"], foreign["api_version"], foreign["id"]) == (True, "2019-02-19", "evt_foreign")
    stripe.Webhook.construct_event(site.bodies[-1], site.signatures[-1], sandbox.secret)


def test_a_signature_can_tell_the_sandboxs_time(sandbox, site):
    sandbox.advance("1y")
    customers(sandbox, 1)
    sandbox.deliver()
    assert abs(int(site.signatures[-1][2:12]) - time.time()) < 60
    sandbox.set(signature_clock="sandbox")
    customers(sandbox, 1)
    sandbox.deliver()
    assert abs(int(site.signatures[-1][2:12]) - time.time()) > 300 * DAY


def test_events_are_there_for_thirty_days(sandbox, site):
    (event,) = customers(sandbox, 1)
    v1 = sandbox.client.v1
    sandbox.advance("29d")
    assert v1.events.retrieve(event).id == v1.events.list().data[0].id
    sandbox.advance("2d")
    assert v1.events.list().data == []
    with pytest.raises(stripe.InvalidRequestError, match="No such event"):
        v1.events.retrieve(event)
    assert sandbox.deliver()["delivered"] == 1, "late as it is"


def test_webhooks_can_be_sent_on_the_way_through_the_years(sandbox, site):
    shop.subscribed(sandbox)
    sandbox.advance("1y", wait=True)
    sandbox.advance("2h", wait=True)
    assert sandbox.deliver()["delivered"] == 0
    assert site.types.count("invoice.paid") == 2


def test_the_developers_page_shows_what_happened_lets_time_pass_and_sends_again(sandbox, site):
    made = shop.subscribed(sandbox)
    site.status = 500
    sandbox.deliver()
    page = shop.visit(sandbox.url + "/").text
    for said in (made.id, "ana@example.org", "invoice.paid", "last answer: 500", site.url):
        assert said in page
    site.status = 200
    (event,) = (event["id"] for event in sandbox.events("invoice.paid"))
    shop.visit(sandbox.url + "/", resend=event)
    assert json.loads(site.bodies[-1])["id"] == event
    before = sandbox.now
    for step in ("1d", "1m", "1y", "nonsense"):
        assert shop.visit(sandbox.url + "/", advance=step).location == "/"
    assert 396 * DAY - 5 < sandbox.now - before < 400 * DAY
