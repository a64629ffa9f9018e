"""Events at once, from several processes, and killed between any two steps. Each race is first shown to be one."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from django.db import IntegrityError, connection
from django_q.models import OrmQ

from membership import gateway
from membership.actions import collected, events, memberships, payments
from membership.actions.reflecting import customers, subscriptions
from membership.facts import EventFacts
from membership.models import (
    Application,
    Checkout,
    EventState,
    Membership,
    Payment,
    StripeEvent,
    Subscription,
    Term,
)
from tests.at_once import at_once
from tests.membership.stripe_site import WEBHOOK, apply
from tests.membership.webhook_process import site_process

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def queued_mail(settings) -> None:
    """Mails as in production: rows, in the same transaction as what they tell of."""
    settings.EMAIL_BACKEND = "psg.mail.QueueBackend"


@pytest.fixture
def paid(stripe_site, individual) -> Checkout:
    """Somebody paid by card; nobody told us."""
    checkout = stripe_site.open_checkout(apply(individual))
    stripe_site.sandbox.pay(checkout.stripe_id)
    return checkout


def event(site, kind: str) -> dict:
    return site.sandbox.events(kind)[-1]


def counts() -> dict[str, int]:
    return {model.__name__: model.objects.count() for model in (Payment, Term, Membership, Subscription)}


def assert_one_of_each() -> None:
    assert counts() == {"Payment": 1, "Term": 1, "Membership": 1, "Subscription": 1}
    assert (Checkout.objects.get().state, Application.objects.get().state) == ("paid", "accepted")


class TestAtOnce:
    @pytest.fixture(autouse=True)
    def _to_the_live_server(self, live_server, stripe_site):
        stripe_site.sandbox.send_to(live_server.url + WEBHOOK)

    def test_one_event_twenty_times_has_one_effect_and_one_mail(self, stripe_site, paid, mailoutbox):
        told = event(stripe_site, "invoice.paid")
        assert stripe_site.sandbox.resend(told["id"], times=20, at_once=True) == [200] * 20
        assert_one_of_each()
        assert (StripeEvent.objects.get().tries, len(mailoutbox)) == (1, 1)

    def test_all_events_of_joining_at_once(self, stripe_site, paid, mailoutbox):
        ids = [each["id"] for each in stripe_site.sandbox.events()] * 2
        with ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(lambda each: stripe_site.sandbox.resend(each)[0], ids))
        assert set(statuses) == {200}
        assert_one_of_each()
        assert len(mailoutbox) == 1

    def race_an_old_answer(self, site) -> None:
        """Stripe answers slowly, with what was true when it was asked; meanwhile that changed and was told."""
        subscription = Subscription.objects.get().stripe_id
        update = site.sandbox.client.v1.subscriptions.update
        update(subscription, {"cancel_at_period_end": True})
        first = event(site, "customer.subscription.updated")["id"]
        site.sandbox.fault(f"GET /v1/subscriptions/{subscription}", "slow", when="after", seconds=1.5)
        with ThreadPoolExecutor(2) as pool:
            old = pool.submit(site.sandbox.resend, first)
            time.sleep(0.5)  # by now it was asked
            update(subscription, {"cancel_at_period_end": False})
            new = pool.submit(site.sandbox.resend, event(site, "customer.subscription.updated")["id"])
            assert (old.result(), new.result()) == ([200], [200])

    def test_an_old_answer_that_comes_late_does_not_undo_a_newer_one(self, stripe_site, paid):
        stripe_site.tell()
        self.race_an_old_answer(stripe_site)
        assert Subscription.objects.get().cancel_at is None
        assert Membership.objects.get().cancelled_on is None

    def test_without_taking_turns_it_does(self, stripe_site, paid, monkeypatch):
        stripe_site.tell()
        monkeypatch.setattr(subscriptions, "take_turn", lambda identifier: None)
        self.race_an_old_answer(stripe_site)
        assert Subscription.objects.get().cancel_at is not None

    def test_a_mandate_and_a_subscription_at_once_do_not_lock_each_other_out(self, stripe_site, individual):
        stripe_site.member(individual, method="debit", number="90000018")
        stripe_site.sandbox.advance("1h")
        stripe_site.tell()
        stripe_site.sandbox.revoke(stripe_site.sandbox.objects("mandate")[0]["id"])
        stripe_site.sandbox.client.v1.subscriptions.update(
            Subscription.objects.get().stripe_id, {"cancel_at_period_end": True}
        )
        ids = [event(stripe_site, kind)["id"] for kind in ("mandate.updated", "customer.subscription.updated")]
        with ThreadPoolExecutor(2) as pool:
            assert list(pool.map(stripe_site.sandbox.resend, ids)) == [[200], [200]]
        row = Subscription.objects.get()
        assert (row.needs_new_method, row.is_ending) == (True, True)


def locked_first(monkeypatch, module, name: str) -> tuple[threading.Event, threading.Event]:
    """Stop whoever reaches this function, until told to go on."""
    reached, go_on, original = threading.Event(), threading.Event(), getattr(module, name)

    def stopped(*args, **kwargs):
        reached.set()
        go_on.wait(10)
        return original(*args, **kwargs)

    monkeypatch.setattr(module, name, stopped)
    return reached, go_on


def test_a_mandate_waits_for_the_person_before_it_holds_what_is_theirs(stripe_site, individual, monkeypatch):
    """One order of locks for all: held the other way round, each would wait for the other."""
    stripe_site.member(individual, method="debit", number="90000018")
    stripe_site.sandbox.advance("1h")
    stripe_site.tell()
    mandate = stripe_site.sandbox.objects("mandate")[0]["id"]
    stripe_site.sandbox.revoke(mandate)
    stripe_site.sandbox.client.v1.subscriptions.update(Subscription.objects.get().stripe_id, {"description": "x"})
    reached, go_on = locked_first(monkeypatch, subscriptions, "_write")  # the person is locked by then
    monkeypatch.setattr(subscriptions, "_report_doubles", lambda row: row.save())

    def mandate_later():
        reached.wait(10)
        threading.Timer(0.5, go_on.set).start()
        return customers.mandate(mandate)

    results = at_once(lambda: subscriptions.subscription(Subscription.objects.get().stripe_id), mandate_later)
    assert not [result for result in results if isinstance(result, Exception)], results
    assert Subscription.objects.get().needs_new_method


def test_without_any_guard_the_same_event_meets_itself_and_the_tables_refuse(stripe_site, paid, monkeypatch):
    """The race is real: all see that nothing was recorded yet. The table of payments stands behind the guards."""
    told = EventFacts.read(event(stripe_site, "invoice.paid"))
    meet, new = threading.Barrier(3), subscriptions._new

    def together(invoices):
        found = new(invoices)
        meet.wait(timeout=20)
        return found

    monkeypatch.setattr(events, "_claim", lambda event: StripeEvent(state=EventState.FAILED))
    monkeypatch.setattr(StripeEvent, "save", lambda self: None)
    monkeypatch.setattr(events, "_keep_failure", lambda event, error: None)
    monkeypatch.setattr(subscriptions, "take_turn", lambda identifier: None)
    monkeypatch.setattr(subscriptions, "_new", together)
    results = at_once(*[lambda: events.receive(told)] * 3)
    assert [isinstance(result, IntegrityError) for result in results].count(True) == 2, results
    assert counts()["Payment"] == 1


class Killed(BaseException):
    """As if the process had ended here."""


STEPS = [
    (events, "_claim"),
    (subscriptions, "take_turn"),
    (gateway, "subscription"),
    (gateway, "paid_invoices"),
    (gateway, "intent"),
    (subscriptions, "lock_application"),
    (subscriptions, "_write"),
    (payments, "own_membership"),
    (payments, "buy_time"),
    (payments, "accept"),
    (collected, "record"),
    (subscriptions, "_settle_checkout"),
    (subscriptions, "_report_doubles"),
    (memberships, "trim_covers"),
    (subscriptions, "_settle_membership"),
    (events.reflecting, "subscription"),
    (StripeEvent, "save"),
]


@pytest.mark.usefixtures("queued_mail")
class TestKilled:
    @pytest.mark.parametrize(("where", "step"), STEPS, ids=[name for _, name in STEPS])
    def test_after_any_step_nothing_is_left_and_the_next_time_it_is_done_once(
        self, stripe_site, paid, where, step, monkeypatch
    ):
        original = getattr(where, step)

        def done_and_killed(*args, **kwargs):
            original(*args, **kwargs)
            raise Killed

        told = event(stripe_site, "invoice.paid")
        with monkeypatch.context() as patched:
            patched.setattr(where, step, done_and_killed)
            with pytest.raises(Killed):
                stripe_site.post(told)
        connection.close()
        assert set(counts().values()) == {0}
        assert (StripeEvent.objects.count(), OrmQ.objects.count()) == (0, 0)
        assert [stripe_site.post(told).status_code for _ in range(2)] == [200, 200]
        stripe_site.tell()
        assert_one_of_each()
        assert OrmQ.objects.count() == 1

    def test_stripe_itself_dies_while_it_is_asked(self, stripe_site, paid):
        told = event(stripe_site, "invoice.paid")
        stripe_site.sandbox.fault("GET /v1/payment_intents/*", "die")
        assert stripe_site.post(told).status_code == 503
        stripe_site.sandbox.process.wait()
        stripe_site.sandbox.start()
        assert (StripeEvent.objects.get().state, counts()["Payment"]) == (EventState.FAILED, 0)
        assert stripe_site.post(told).status_code == 200
        assert_one_of_each()

    def test_two_processes_get_it_at_once_and_one_is_killed_on_the_way(self, stripe_site, paid):
        told = event(stripe_site, "invoice.paid")["id"]
        sandbox = stripe_site.sandbox
        with ExitStack() as running:
            first, first_url = running.enter_context(site_process(sandbox))
            _, second_url = running.enter_context(site_process(sandbox))
            sandbox.send_to(first_url + WEBHOOK)
            sandbox.fault("GET /v1/payment_intents/*", "slow", seconds=3)
            with ThreadPoolExecutor(1) as pool:
                lost = pool.submit(sandbox.resend, told)
                wait_for(lambda: sandbox.requests("GET /v1/payment_intents/"), or_after=2)
                first.kill()
                assert lost.result() == [0]
            assert set(counts().values()) == {0}
            sandbox.send_to(second_url + WEBHOOK)
            with ThreadPoolExecutor(1) as pool:
                others = pool.submit(sandbox.resend, told, times=10, at_once=True)
                here = at_once(*[lambda: stripe_site.post(event(stripe_site, "invoice.paid")).status_code] * 5)
                assert others.result() + here == [200] * 15
        assert_one_of_each()
        assert (StripeEvent.objects.get().tries, OrmQ.objects.count()) == (1, 1)


def wait_for(condition, *, or_after: float) -> None:
    """Until it holds, or so many seconds."""
    deadline = time.monotonic() + or_after
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
