"""`sync_stripe` and the nightly job: what Stripe told us and nobody heard is found and healed."""

import uuid
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_q.models import OrmQ

from membership import gateway, jobs
from membership.actions import syncing
from membership.models import Checkout, Dispute, EventState, Payment, StripeEvent, Subscription, Term
from tests.membership.stripe_site import apply

WRITES = ("INSERT", "UPDATE", "DELETE")


def sync(*arguments: str) -> str:
    """What the command says."""
    out = StringIO()
    call_command("sync_stripe", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def writes(*arguments: str) -> list[str]:
    """The statements with which the command writes."""
    with CaptureQueriesContext(
        connection,
    ) as queries:
        sync(*arguments)
    return [each["sql"] for each in queries if each["sql"].lstrip().startswith(WRITES)]


def pictures() -> list:
    return [
        list(Payment.objects.order_by("token").values_list("token", "gross_pence", "fee_pence", "received_on")),
        list(Term.objects.order_by("starts_on", "pk").values_list("starts_on", "ends_on", "cut_on", "invoice_id")),
        list(Subscription.objects.order_by("stripe_id").values_list("stripe_id", "status", "cancel_at", "last4")),
        list(Checkout.objects.order_by("pk").values_list("state", flat=True)),
    ]


@pytest.fixture
def unheard(stripe_site, individual, life):
    """Nobody told us: joined by card, by debit, for life; two refunds; a dispute; a page that was not used."""
    box = stripe_site.sandbox
    for _ in range(2):
        stripe_site.member(individual, tell=False)
    stripe_site.member(individual, method="debit", number="00012345", tell=False)
    stripe_site.member(life, renews=False, tell=False)
    stripe_site.member(individual, number="4000000000000259", tell=False)
    stripe_site.open_checkout(apply(individual))
    charges = box.objects("charge")
    box.client.v1.refunds.create({"charge": charges[0]["id"], "amount": 1000})
    box.client.v1.refunds.create({"charge": charges[1]["id"]})
    box.advance("10d")
    return stripe_site


class TestHealing:
    def test_everything_missed_is_repaired_and_a_second_run_writes_nothing(self, unheard, mailoutbox):
        said = sync()
        assert Payment.objects.filter(reverses__isnull=True).count() == 5
        assert sorted(Payment.objects.filter(reverses__isnull=False).values_list("gross_pence", flat=True)) == [
            -2500,
            -2500,
            -1000,
        ]
        assert Dispute.objects.count() == 1
        assert sorted(Checkout.objects.values_list("state", flat=True)) == ["expired"] + ["paid"] * 5
        assert "recorded £25.00" in said
        assert "given back" in said
        seen, mails = pictures(), len(mailoutbox)
        assert writes() == []
        assert "Everything agrees with Stripe. Nothing was changed." in sync()
        assert pictures() == seen
        assert len(mailoutbox) == mails

    def test_it_ends_where_the_webhooks_would_have_ended(self, unheard):
        sync()
        healed = pictures()
        assert set(unheard.tell()) == {200}
        assert pictures() == healed

    def test_a_dry_run_says_the_same_and_does_nothing(self, unheard, settings):
        settings.EMAIL_BACKEND = "psg.mail.QueueBackend"
        before = pictures()
        said = sync("--dry-run")
        assert pictures() == before
        assert not OrmQ.objects.exists()
        done = sync()
        assert [line for line in said.splitlines() if line.startswith("  ")] == [
            line for line in done.splitlines() if line.startswith("  ")
        ]
        assert "would be made" in said

    def test_a_page_whose_id_we_never_kept_is_found_by_its_key(self, stripe_site, individual):
        checkout = stripe_site.open_checkout(apply(individual))
        stripe_site.sandbox.pay(checkout.stripe_id)
        Checkout.objects.update(stripe_id=None, state="new", url="")
        sync()
        checkout.refresh_from_db()
        assert checkout.state == "paid"
        assert checkout.application.person.is_member()

    def test_a_failed_refund_is_found(self, stripe_site, individual):
        stripe_site.member(individual, number="4000000000005126")
        intent = Payment.objects.get().stripe_payment_intent_id
        stripe_site.sandbox.client.v1.refunds.create({"payment_intent": intent})
        sync()
        assert not Payment.objects.first().person.is_member()
        stripe_site.sandbox.advance("5d")
        sync()
        assert sum(Payment.objects.values_list("gross_pence", flat=True)) == 2500
        assert Payment.objects.first().person.is_member()
        assert writes() == []

    def test_events_that_failed_are_applied(self, stripe_site, individual):
        stripe_site.member(individual, tell=False)
        stripe_site.sandbox.fault("GET /v1/payment_intents/*", 500, times=99)
        assert 503 in stripe_site.tell()
        stripe_site.sandbox.clear_faults()
        jobs.retry_stripe_events()
        assert not StripeEvent.objects.filter(state=EventState.FAILED).exists()
        assert Payment.objects.count() == 1

    def test_the_nightly_job_heals_too(self, unheard):
        jobs.sync_with_stripe()
        assert Payment.objects.filter(reverses__isnull=True).count() == 5


class TestWhatIsLeftAlone:
    def test_strangers_on_the_same_account(self, stripe_site):
        stripe_site.sandbox.seed(members=3)
        said = sync()
        assert not Subscription.objects.exists()
        assert "Nothing was changed" in said
        assert "not of this site" in said

    def test_strangers_who_write_into_our_metadata(self, stripe_site, individual):
        client = stripe_site.sandbox.client
        stripe_site.sandbox.seed(members=2)
        first, second = stripe_site.sandbox.objects("subscription")[:2]
        client.v1.subscriptions.update(first["id"], {"metadata": {"psg_checkout": "' OR 1=1"}})
        client.v1.subscriptions.update(second["id"], {"metadata": {"psg_checkout": str(uuid.uuid4())}})
        assert "Nothing was changed" in sync()
        assert set(stripe_site.tell()) == {200}
        assert not Subscription.objects.exists()


class TestTrouble:
    def test_one_that_goes_wrong_does_not_keep_the_others_and_is_named(self, unheard, monkeypatch):
        broken = unheard.sandbox.objects("subscription")[0]["id"]
        ask = gateway.paid_invoices

        def breaks(identifier):
            if identifier == broken:
                raise ZeroDivisionError("broken")
            return ask(identifier)

        monkeypatch.setattr(gateway, "paid_invoices", breaks)
        with pytest.raises(CommandError, match="could not be made to agree"):
            sync()
        assert Payment.objects.filter(reverses__isnull=True).count() == 4
        with pytest.raises(syncing.NotAllHealed, match=broken):
            jobs.sync_with_stripe()

    def test_stripe_away_is_said_politely(self, unheard):
        unheard.sandbox.fault("GET /v1/invoices*", 500, times=99)
        with pytest.raises(CommandError, match="Stripe does not answer"):
            sync()

    @pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "01/11/2026"])
    def test_a_day_that_is_none(self, db, day):
        with pytest.raises(CommandError, match="is a day like"):
            sync("--since", day)

    def test_without_stripe(self, db, settings):
        settings.STRIPE_SECRET_KEY = ""
        with pytest.raises(CommandError, match="no Stripe to ask"):
            sync()
        jobs.sync_with_stripe()

    def test_since_bounds_what_is_looked_at(self, unheard):
        assert "Nothing was changed" not in sync("--since", "2020-01-01")


def test_reading_costs_the_same_for_many(stripe_site, individual, django_assert_max_num_queries):
    stripe_site.sandbox.seed(members=60)
    with django_assert_max_num_queries(25):
        sync()
