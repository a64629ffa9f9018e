"""The address that Stripe calls: who is believed, what is applied, how often."""

import itertools
import json
import time

import pytest

from membership.actions import events, reflecting
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
from tests.membership.stripe_site import WEBHOOK, apply, signed

FOUR = ["checkout.session.completed", "customer.subscription.created", "customer.subscription.updated", "invoice.paid"]


def paid_page(site, plan, **typed) -> Checkout:
    """Somebody paid by card; nobody told us."""
    checkout = site.open_checkout(apply(plan, **typed))
    site.sandbox.pay(checkout.stripe_id)
    return checkout


def picture() -> list:
    """Everything that payments decide, without numbers of rows."""
    return [
        list(Payment.objects.order_by("token").values_list("token", "gross_pence", "fee_pence", "received_on")),
        list(Term.objects.order_by("starts_on").values_list("starts_on", "ends_on", "grace_until", "invoice_id")),
        list(Subscription.objects.values_list("stripe_id", "status", "amount_pence", "last4", "cancel_at")),
        list(Checkout.objects.values_list("stripe_id", "state", "subscription_id")),
        list(Application.objects.values_list("state", flat=True)),
        list(Membership.objects.values_list("plan", "method", "cancelled_on")),
    ]


class TestWhoIsBelieved:
    def test_an_event_with_a_good_signature_is_applied(self, stripe_site, individual, mailoutbox):
        paid_page(stripe_site, individual)
        assert set(stripe_site.tell()) == {200}
        payment = Payment.objects.get()
        assert (payment.gross_pence, payment.fee_pence, payment.method) == (2500, 58, "card")
        assert payment.person.is_member()
        assert len(mailoutbox) == 1
        assert "£25.00" in mailoutbox[0].body

    def test_bad_old_and_foreign_signatures_are_refused_and_nothing_is_stored_or_asked(
        self, stripe_site, individual, django_assert_num_queries
    ):
        paid_page(stripe_site, individual)
        event = stripe_site.sandbox.events("invoice.paid")[0]
        body, secret = json.dumps(event), stripe_site.sandbox.secret
        good = signed(body, secret)
        tampered = body.replace("2500", "1")
        attempts = [
            (body, ""),
            (body, "nonsense"),
            (body, "t=1,v1="),
            (body, signed(body, "whsec_of_somebody_else")),
            (body, signed(body, secret, at=int(time.time()) - 301)),
            (body, good.replace("v1=", "v0=")),
            (body, good + "é"),
            (tampered, good),
            (body + " ", good),
        ]
        for sent, header in attempts:
            with django_assert_num_queries(0):
                response = stripe_site.client.post(
                    WEBHOOK, sent, content_type="application/json", headers={"Stripe-Signature": header}
                )
            assert (response.status_code, header) == (400, header)
        assert not StripeEvent.objects.exists()
        assert not Payment.objects.exists()

    @pytest.mark.parametrize("body", ["[]", "{}", "null", '"x"', "1", '{"id": "evt_1"}', "not json", "\ufeff{}"])
    def test_a_signed_body_that_is_no_event_is_refused(self, stripe_site, body):
        assert stripe_site.post(body).status_code == 400
        assert not StripeEvent.objects.exists()

    def test_what_is_not_text_is_refused(self, stripe_site):
        response = stripe_site.client.post(
            WEBHOOK, b"\xff\xfe\x00", content_type="application/json", headers={"Stripe-Signature": "t=1,v1=x"}
        )
        assert response.status_code == 400

    def test_a_body_of_a_megabyte_is_refused_unread(self, stripe_site, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert stripe_site.post("x" * 1_000_000).status_code == 413

    def test_without_a_secret_nobody_is_believed(self, stripe_site, settings):
        settings.STRIPE_WEBHOOK_SECRET = ""
        assert stripe_site.post("{}", secret="x").status_code == 400
        body = "{}"
        response = stripe_site.client.post(
            WEBHOOK, body, content_type="application/json", headers={"Stripe-Signature": signed(body, "")}
        )
        assert response.status_code == 400

    def test_other_methods_are_refused(self, stripe_site, client):
        assert client.get(WEBHOOK).status_code == 405

    def test_live_events_on_a_test_site_test_events_on_a_live_site_and_other_versions_are_refused_loudly(
        self, stripe_site, individual, settings, caplog
    ):
        paid_page(stripe_site, individual)
        event = stripe_site.sandbox.events("invoice.paid")[0]
        assert stripe_site.post(event | {"livemode": True}).status_code == 400
        assert stripe_site.post(event | {"api_version": "2020-08-27"}).status_code == 400
        settings.STRIPE_SECRET_KEY = "sk_live_x"
        assert stripe_site.post(event).status_code == 400
        assert not StripeEvent.objects.exists()
        said = " ".join(record.getMessage() for record in caplog.records)
        assert "not live" in said
        assert "API version 2020-08-27" in said
        assert "test mode" in said


class TestEachOnce:
    def test_the_same_event_twenty_times_has_one_effect_and_one_mail(self, stripe_site, individual, mailoutbox):
        paid_page(stripe_site, individual)
        event = stripe_site.sandbox.events("invoice.paid")[0]
        assert [stripe_site.post(event).status_code for _ in range(20)] == [200] * 20
        assert Payment.objects.count() == Term.objects.count() == StripeEvent.objects.count() == 1
        assert len(mailoutbox) == 1

    @pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
    def test_every_order_of_the_four_events_of_joining_ends_the_same(self, stripe_site, individual, order, mailoutbox):
        paid_page(stripe_site, individual)
        subscription = stripe_site.sandbox.objects("subscription")[0]["id"]
        stripe_site.sandbox.client.v1.subscriptions.update(subscription, {"description": "Updated"})
        four = [stripe_site.sandbox.events(kind)[0] for kind in FOUR]
        pictures = []
        for event in [four[place] for place in order]:
            assert stripe_site.post(event).status_code == 200
            pictures.append(picture())
        stripe_site.tell()
        assert pictures[-1] == picture()
        assert Payment.objects.count() == Term.objects.count() == 1
        assert Checkout.objects.get().state == "paid"
        assert Application.objects.get().state == "accepted"
        assert len(mailoutbox) == 1

    def test_unknown_kinds_are_answered_well_and_change_nothing(self, stripe_site, individual):
        paid_page(stripe_site, individual)
        event = stripe_site.sandbox.events("invoice.paid")[0] | {"id": "evt_x", "type": "terminal.reader.new_thing"}
        assert stripe_site.post(event).status_code == 200
        assert StripeEvent.objects.get().state == EventState.IGNORED
        assert not Payment.objects.exists()


class TestWhatIsNotOurs:
    def test_another_product_on_the_same_account_makes_nobody_a_member(self, stripe_site, individual):
        stranger = stripe_site.sandbox.seed(members=1)
        assert stranger
        assert set(stripe_site.tell()) == {200}
        assert not Payment.objects.exists()
        assert not Subscription.objects.exists()
        assert set(StripeEvent.objects.values_list("state", flat=True)) == {EventState.IGNORED}

    def test_what_is_not_at_stripe_at_all_is_answered_well(self, stripe_site, individual):
        paid_page(stripe_site, individual)
        event = stripe_site.sandbox.events("customer.subscription.created")[0]
        event["data"]["object"]["id"] = "sub_of_nobody"
        assert stripe_site.post(event).status_code == 200
        kept = StripeEvent.objects.get()
        assert (kept.state, kept.error) == (EventState.IGNORED, "sub_of_nobody is not at Stripe")

    def test_pages_customers_and_mandates_of_another_product(self, stripe_site, individual):
        client = stripe_site.sandbox.client.v1
        customer = client.customers.create({"email": "stranger@people.example"}).id
        client.customers.update(customer, {"name": "A stranger"})
        price = client.prices.create(
            {
                "currency": "gbp",
                "unit_amount": 900,
                "product_data": {"name": "A mug"},
                "recurring": {"interval": "year"},
            }
        )
        page = client.checkout.sessions.create(
            {
                "mode": "subscription",
                "customer": customer,
                "line_items": [{"price": price.id, "quantity": 1}],
                "payment_method_types": ["bacs_debit"],
                "success_url": "http://testserver/",
            }
        )
        stripe_site.sandbox.pay(page.id, type="bacs_debit", account_number="93333335")
        stripe_site.sandbox.advance("1h")
        told = {event["type"] for event in stripe_site.untold()}
        assert {"checkout.session.completed", "customer.updated", "mandate.updated", "invoice.payment_failed"} <= told
        assert set(stripe_site.tell()) == {200}
        assert set(StripeEvent.objects.values_list("state", flat=True)) == {EventState.IGNORED}
        assert not Subscription.objects.exists()


class TestFaults:
    @pytest.mark.parametrize("status", [409, 429, 500])
    def test_what_fails_leaves_nothing_is_kept_with_its_error_and_works_the_next_time(
        self, stripe_site, individual, status
    ):
        paid_page(stripe_site, individual)
        event = stripe_site.sandbox.events("invoice.paid")[0]
        stripe_site.sandbox.fault("GET /v1/payment_intents/*", status, times=9)
        assert stripe_site.post(event).status_code == 503
        kept = StripeEvent.objects.get()
        assert (kept.state, kept.tries) == (EventState.FAILED, 1)
        assert str(status) in kept.error
        assert not Payment.objects.exists()
        assert not Subscription.objects.exists()
        stripe_site.sandbox.clear_faults()
        assert stripe_site.post(event).status_code == 200
        assert Payment.objects.get().person.is_member()
        kept.refresh_from_db()
        assert (kept.state, kept.error) == (EventState.APPLIED, "")

    def test_a_page_is_known_by_its_key_even_if_we_were_killed_before_its_id_was_kept(self, stripe_site, individual):
        checkout = paid_page(stripe_site, individual)
        Checkout.objects.update(stripe_id=None, url="", state="new")
        stripe_site.tell(stripe_site.sandbox.events("checkout.session.completed"))
        kept = Checkout.objects.get()
        assert (kept.stripe_id, kept.state) == (checkout.stripe_id, "paid")
        assert Payment.objects.get().person.is_member()

    def test_a_page_that_is_still_open_is_known_again_by_its_key(self, stripe_site, individual):
        page = stripe_site.open_checkout(apply(individual)).stripe_id
        Checkout.objects.update(stripe_id=None, url="", state="new")
        assert reflecting.session(page)
        kept = Checkout.objects.get()
        assert (kept.stripe_id, kept.state, bool(kept.url)) == (page, "open", True)
        assert reflecting.session(page) == []

    def test_what_failed_is_tried_again_by_itself_until_it_works(self, stripe_site, individual, mailoutbox):
        paid_page(stripe_site, individual)
        stripe_site.sandbox.fault("GET /v1/*", 500, times=999)
        assert stripe_site.tell(stripe_site.sandbox.events("invoice.paid")) == [503]
        assert events.retry_failed() == 0
        assert set(StripeEvent.objects.values_list("tries", flat=True)) == {2}
        stripe_site.sandbox.clear_faults()
        assert events.retry_failed() == 1
        assert events.retry_failed() == 0
        assert Payment.objects.count() == len(mailoutbox) == 1

    def test_what_goes_on_failing_is_left_after_a_day_of_tries(self, stripe_site, individual):
        paid_page(stripe_site, individual)
        stripe_site.sandbox.fault("GET /v1/*", 500, times=999)
        stripe_site.tell(stripe_site.sandbox.events("invoice.paid"))
        StripeEvent.objects.update(tries=events.MOST_TRIES)
        stripe_site.sandbox.clear_faults()
        assert events.retry_failed() == 0

    def test_a_mistake_of_our_own_is_kept_as_well_and_said_aloud(self, stripe_site, individual, monkeypatch):
        paid_page(stripe_site, individual)
        monkeypatch.setattr("membership.mails.receipt", lambda payment: 1 / 0)
        event = stripe_site.sandbox.events("invoice.paid")[0]
        assert stripe_site.post(event).status_code == 500
        assert StripeEvent.objects.get().error == "ZeroDivisionError: division by zero"
        assert not Payment.objects.exists()
