"""What goes wrong between the site and Stripe: repeated calls, faults at each call, a process killed in the middle."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe
from django.conf import settings

from tests import stripe_description
from tests.psg import shop
from tests.stripe_sandbox import StripeSandbox


@pytest.fixture
def v1(stripe_sandbox):
    return stripe_sandbox.client.v1


def create(client, key: str | None = None, **given):
    return client.v1.customers.create(given or {"name": "Ana"}, {"idempotency_key": key} if key else None)


# --- Idempotency ---


def test_the_same_key_gets_the_same_answer_and_one_effect(stripe_sandbox):
    first, second = (create(stripe_sandbox.client, "k1") for _ in range(2))
    assert first.id == second.id
    assert "Idempotent-Replayed" not in first.last_response.headers
    assert second.last_response.headers["Idempotent-Replayed"] == "true"
    assert second.last_response.headers["Idempotency-Key"] == "k1"
    assert first.last_response.headers["Request-Id"] != second.last_response.headers["Request-Id"]
    assert len(stripe_sandbox.objects("customer")) == len(stripe_sandbox.events()) == 1
    assert stripe_sandbox.events()[0]["request"]["idempotency_key"] == "k1"


def test_the_same_key_with_something_else_is_refused(stripe_sandbox, v1):
    ana = create(stripe_sandbox.client, "k1")
    for attempt in (
        lambda: create(stripe_sandbox.client, "k1", name="Ben"),
        lambda: v1.customers.update(ana.id, {"name": "Ana"}, {"idempotency_key": "k1"}),
    ):
        with pytest.raises(stripe.IdempotencyError) as error:
            attempt()
        assert error.value.http_status == 400
    assert len(stripe_sandbox.objects("customer")) == 1


def test_a_refusal_before_anything_happened_does_not_use_a_key_up(stripe_sandbox):
    with pytest.raises(stripe.InvalidRequestError):
        create(stripe_sandbox.client, "k1", nonsense="x")
    assert create(stripe_sandbox.client, "k1").name == "Ana"


def test_a_declined_card_is_declined_again_by_the_same_key(stripe_sandbox, v1):
    ana = create(stripe_sandbox.client)
    given, key = {"customer": ana.id}, {"idempotency_key": "k1"}
    for _ in range(2):
        with pytest.raises(stripe.CardError) as error:
            v1.payment_methods.attach("pm_card_chargeDeclined", given, key)
    assert error.value.headers["Idempotent-Replayed"] == "true"


def test_a_key_is_forgotten_after_a_day(stripe_sandbox):
    first = create(stripe_sandbox.client, "k1")
    stripe_sandbox.advance("25h")
    assert create(stripe_sandbox.client, "k1").id != first.id


def test_ten_calls_at_once_with_one_key_have_one_effect(stripe_sandbox):
    def attempt(_: int) -> str:
        try:
            return create(stripe_sandbox.new_client(), "k1").id
        except stripe.StripeError as error:
            return error.json_body["error"]["code"]

    stripe_sandbox.fault("POST /v1/customers", "slow", seconds=0.5)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(attempt, range(10)))
    assert len(stripe_sandbox.objects("customer")) == 1
    assert len(set(answers) - {"idempotency_key_in_use"}) == 1
    assert "idempotency_key_in_use" in answers, "the race did not happen"


def test_the_library_gets_through_by_itself_when_a_key_is_in_use(stripe_sandbox, monkeypatch):
    # With its usual pauses: five calls one after the other would all find the first still under way.
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.5)
    monkeypatch.setattr(stripe.HTTPClient, "MAX_DELAY", 5)
    stripe_sandbox.fault("POST /v1/customers", "slow", seconds=0.3)
    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(create, stripe_sandbox.new_client(retries=5), "k1") for _ in range(2)]
    assert calls[0].result().id == calls[1].result().id
    assert len(stripe_sandbox.objects("customer")) == 1


# --- Faults ---


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_500_is_remembered_by_the_key_with_or_without_its_effect(stripe_sandbox, when):
    stripe_sandbox.fault("POST /v1/customers", 500, when=when)
    client = stripe_sandbox.new_client(retries=2)
    with pytest.raises(stripe.APIError) as error:
        create(client, "k1")
    assert error.value.http_status == 500
    assert [r["status"] for r in stripe_sandbox.requests("POST")] == [500, 500, 500]
    assert [r["replayed"] for r in stripe_sandbox.requests("POST")] == [False, True, True]
    assert len(stripe_sandbox.objects("customer")) == (1 if when == "after" else 0)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", [409, 503, "close", "timeout"])
def test_the_library_gets_over_a_passing_fault_with_one_effect(stripe_sandbox, kind, when):
    stripe_sandbox.fault("POST /v1/customers", kind, when=when, seconds=0.1)
    made = create(stripe_sandbox.new_client(retries=2))
    assert [one["id"] for one in stripe_sandbox.objects("customer")] == [made.id]
    keys = {request["idempotency_key"] for request in stripe_sandbox.requests("POST")}
    assert (len(stripe_sandbox.requests("POST")), len(keys)) == (2, 1)


def test_too_many_requests_is_said_and_not_retried_by_the_library(stripe_sandbox):
    stripe_sandbox.fault("POST /v1/customers", 429)
    with pytest.raises(stripe.RateLimitError):
        create(stripe_sandbox.new_client(retries=2))
    assert stripe_sandbox.objects("customer") == []


def test_a_slow_answer_meets_the_clients_patience(stripe_sandbox):
    impatient = stripe_sandbox.new_client(http_client=stripe.RequestsClient(timeout=0.2))
    stripe_sandbox.fault("GET /v1/customers", "slow", seconds=1)
    start = time.monotonic()
    with pytest.raises(stripe.APIConnectionError):
        impatient.v1.customers.list()
    assert time.monotonic() - start < 1
    stripe_sandbox.fault("GET /v1/customers", "timeout", seconds=0.1, nth=1)
    with pytest.raises(stripe.APIConnectionError):
        stripe_sandbox.client.v1.customers.list()


def test_a_fault_strikes_the_nth_call_so_many_times(stripe_sandbox, v1):
    stripe_sandbox.fault("GET /v1/c*", 503, nth=2, times=2)
    statuses = []
    for _ in range(5):
        try:
            v1.customers.list()
            statuses.append(200)
        except stripe.APIError as error:
            statuses.append(error.http_status)
    assert statuses == [200, 503, 503, 200, 200]
    stripe_sandbox.fault("GET /v1/customers", 503, times=9)
    stripe_sandbox.clear_faults()
    v1.customers.list()
    with pytest.raises(Exception, match="kind is one of"):
        stripe_sandbox.fault("GET /v1/customers", "flood")


def test_requests_can_be_looked_at(stripe_sandbox, v1):
    v1.customers.create({"name": "Ana", "metadata": {"a": "b"}}, {"idempotency_key": "k1"})
    (request,) = stripe_sandbox.requests("POST /v1/customers")
    assert request["params"] == {"name": "Ana", "metadata": {"a": "b"}}
    assert (request["idempotency_key"], request["status"]) == ("k1", 200)
    assert request["stripe_version"] == "2026-05-27.dahlia"


# --- The process ---


@pytest.fixture
def own(tmp_path):
    """A sandbox of the test's own, to be killed."""
    made = StripeSandbox(tmp_path / "state.sqlite3")
    made.start()
    yield made
    made.kill()


def test_the_state_survives_kill_9_between_effect_and_answer(own):
    own.freeze()
    own.advance("40d")
    kept = own.state()
    made = shop.subscribed(own)
    own.fault("POST /v1/customers", "die", when="after")
    with pytest.raises(stripe.APIConnectionError):
        create(own.client, "k1", name="Kept")
    own.process.wait(timeout=10)
    own.start()
    assert (own.state()["now"], own.state()["frozen"]) == (kept["now"], True)
    assert shop.refresh(own, made).status == "active"
    again = create(own.client, "k1", name="Kept")
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert [one["name"] for one in own.objects("customer")].count("Kept") == 1
    own.advance("1y")
    own.advance("2h")
    assert len(own.client.v1.invoices.list({"subscription": made.id, "status": "paid"}).data) == 2
    stripe_description.check_everything(own)


def test_killed_before_the_effect_nothing_happened(own):
    own.fault("POST /v1/customers", "die", when="before")
    with pytest.raises(stripe.APIConnectionError):
        create(own.client, "k1")
    own.process.wait(timeout=10)
    own.start()
    assert own.objects("customer") == []
    assert create(own.client, "k1").name == "Ana"


def test_killed_while_years_pass_it_goes_on_where_it_was(own):
    own.freeze()
    own.seed(members=60, monthly=1)
    before = own.now
    with ThreadPoolExecutor(1) as pool:
        passing = pool.submit(own.advance, "2y")
        time.sleep(0.8)
        own.kill()
        with pytest.raises(Exception, match=r"closed|reset|Refused|refused"):
            passing.result()
    own.start()
    between = own.now
    own.advance(before + 400 * 86400)
    assert before < between < before + 731 * 86400, "the kill came too early or too late to prove anything"
    paid = {}
    for invoice in own.objects("invoice"):
        subscription = invoice["parent"]["subscription_details"]["subscription"]
        paid.setdefault(subscription, []).append((invoice["period_start"], invoice["status"]))
    assert len(paid) == 60
    assert {len(invoices) for invoices in paid.values()} == {14}
    assert all(len(set(invoices)) == len(invoices) for invoices in paid.values()), "a period was billed twice"


def test_events_that_were_not_sent_yet_are_sent_after_a_restart(own):
    own.set(webhook_url="http://127.0.0.1:9/", webhooks_automatic=False)
    create(own.client)
    own.kill()
    own.start()
    assert own.deliver()["failed"] == 1


def test_a_stop_is_quick_even_with_a_call_under_way(own):
    own.fault("GET /v1/customers", "timeout", seconds=60)
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(own.client.v1.customers.list)
        while not own.call("GET", "faults")[0]["seen"]:
            time.sleep(0.01)
        start = time.monotonic()
        own.stop()
        assert time.monotonic() - start < 3
        with pytest.raises(stripe.APIConnectionError):
            hanging.result()


# --- Production ---


def manage(*command: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=settings.BASE_DIR,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


PRODUCTION = {
    "DEBUG": "0",
    "SECRET_KEY": "correct horse battery staple " * 2,
    "SITE_URL": "https://psg.example",
    "DATABASE_URL": "postgres://nobody:nothing@127.0.0.1:1/none",
    "EMAIL_URL": "smtp+tls://user:password@mail.example:587",
    "STRIPE_SECRET_KEY": "",
    "STRIPE_API_BASE": "",
}


def test_it_does_not_start_with_debug_off():
    result = manage("stripe_sandbox", "--port", "0", **PRODUCTION)
    assert result.returncode == 1
    assert "does not start with DEBUG off" in result.stderr


def test_production_never_loads_it_and_never_talks_to_it():
    code = (
        "import sys, psg.wsgi, psg.urls; from django.conf import settings;"
        "print([m for m in sys.modules if 'stripe_sandbox' in m], settings.STRIPE_SANDBOX, settings.STRIPE_API_BASE)"
    )
    result = manage("shell", "--no-imports", "-c", code, **PRODUCTION)
    assert result.stdout.strip() == "[] False"
    stopped = manage("check", **PRODUCTION | {"STRIPE_API_BASE": "http://127.0.0.1:8100"})
    assert stopped.returncode == 1
    (line,) = stopped.stderr.strip().splitlines()
    assert line.startswith("STRIPE_API_BASE: is for development only")


def test_a_taken_port_is_said_in_one_line(stripe_sandbox):
    result = manage("stripe_sandbox", "--port", str(stripe_sandbox.port))
    assert result.returncode == 1
    assert f"port {stripe_sandbox.port}" in result.stderr
