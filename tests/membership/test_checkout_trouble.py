"""Stripe is slow, busy, down or has lost something: what the visitor is told, and that nothing is doubled."""

import time
import uuid

import pytest
import stripe
from django.test import Client

from membership import gateway
from membership.models import (
    Application,
    Checkout,
    Interval,
    StripeCustomer,
    StripePrice,
)
from tests.factories import PriceFactory
from tests.membership.checkout_pages import ONE_EACH, counts, only, press_pay, send, sessions

pytestmark = pytest.mark.django_db


# A 409 after the effect is no trouble: the library asks again under the same key, and gets what was made.
TROUBLE = [("409", "before"), ("429", "before"), ("429", "after"), ("500", "before"), ("500", "after")]


class TestStripeInTrouble:
    @pytest.mark.parametrize("path", ["products", "prices", "customers", "checkout/sessions"])
    @pytest.mark.parametrize(("kind", "when"), TROUBLE)
    def test_a_polite_page_then_the_same_button_goes_on(
        self, client, individual, stripe_site, settings, path, kind, when
    ):
        stripe_site.sandbox.fault(f"POST /v1/{path}", kind, when=when, times=3)
        response = send(client, individual)
        page = response.content.decode()
        assert response.status_code == 503
        assert int(response["Retry-After"]) > 0
        assert response["X-Robots-Tag"] == "noindex"
        assert "Nothing was charged" in page
        assert f'action="/membership/pay/{only().secret}/"' in page
        stripe_site.sandbox.clear_faults()
        again = press_pay(client, only())
        assert again.status_code == 303
        assert Checkout.objects.get().url == again["Location"]
        assert counts(stripe_site)["price"] <= 2
        assert Application.objects.count() == 1

    @pytest.fixture
    def impatient(self, monkeypatch):
        """Nobody waits for more than a second for one answer; the library asks again after its usual pause."""
        monkeypatch.setattr(gateway, "WAIT", 1)
        monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.5)
        monkeypatch.setattr(stripe.HTTPClient, "MAX_DELAY", 5)
        gateway._client.cache_clear()
        yield
        gateway._client.cache_clear()

    @pytest.mark.parametrize("path", ["prices", "customers", "checkout/sessions"])
    @pytest.mark.parametrize("kind", ["timeout", "close"])
    def test_an_answer_that_is_lost_is_asked_for_again_under_the_same_key(
        self, client, individual, stripe_site, impatient, path, kind
    ):
        stripe_site.sandbox.fault(f"POST /v1/{path}", kind, when="after", seconds=2)
        assert send(client, individual).status_code == 303
        assert counts(stripe_site) == ONE_EACH

    @pytest.mark.parametrize("path", ["products", "prices", "customers", "checkout/sessions"])
    def test_no_answer_at_all_keeps_nobody_waiting_and_the_next_click_goes_on(
        self, client, individual, stripe_site, impatient, path
    ):
        stripe_site.sandbox.fault(f"POST /v1/{path}", "timeout", times=3, seconds=2)
        started = time.monotonic()
        assert send(client, individual).status_code == 503
        assert time.monotonic() - started < 10
        stripe_site.sandbox.clear_faults()
        assert press_pay(client, only()).status_code == 303
        assert counts(stripe_site) == ONE_EACH

    def test_what_stripe_refuses_is_said_as_politely_and_logged(self, client, individual, stripe_site, caplog):
        stripe_site.sandbox.fault("POST /v1/checkout/*", "400", times=1)
        assert send(client, individual).status_code == 503
        assert "Stripe makes no page" in caplog.text
        assert "ana@people.example" not in caplog.text

    def test_they_may_pay_otherwise_instead(self, client, individual, stripe_site, mailoutbox):
        stripe_site.sandbox.fault("POST /v1/checkout/*", "429", times=3)
        assert "Pay by bank transfer" in send(client, individual).content.decode()
        response = press_pay(client, only(), method="transfer")
        page = client.get(response["Location"]).content.decode()
        assert "00000000" in page
        assert only().reference in page
        assert (only().method, only().renews) == ("transfer", False)
        assert "00000000" in mailoutbox[-1].body
        assert sessions(stripe_site) == []

    def test_paying_otherwise_closes_stripes_page_and_is_refused_once_it_is_paid(self, client, individual, stripe_site):
        send(client, individual)
        press_pay(client, only(), method="cheque")
        assert sessions(stripe_site) == []
        assert only().method == "cheque"
        send(Client(), individual, last_name="Other")
        other = Application.objects.get(last_name="Other")
        stripe_site.sandbox.pay(other.checkouts.get().stripe_id)
        press_pay(client, other, method="cheque")
        other.refresh_from_db()
        assert (other.method, other.state) == ("card", "accepted")

    def test_paying_otherwise_works_while_stripe_is_down(self, client, individual, stripe_site):
        send(client, individual)
        stripe_site.sandbox.fault("POST /v1/checkout/*", "429", times=3)
        press_pay(client, only(), method="cheque")
        assert only().method == "cheque"

    @pytest.mark.parametrize("method", ["", "card", "cash", "standing_order", "x\0"])
    def test_no_other_way_can_be_asked_for(self, client, individual, stripe_site, method):
        send(client, individual)
        assert press_pay(client, only(), method=method).status_code == 303
        assert only().method == "card"

    def test_a_month_is_not_paid_by_cheque(self, client, individual, stripe_site):
        monthly = PriceFactory(plan=individual, amount_pence=250, interval=Interval.MONTH)
        send(client, individual, price=monthly.pk)
        assert press_pay(client, only(), method="cheque").status_code == 303
        assert only().method == "card"
        press_pay(client, only(), method="transfer")
        assert only().method == "transfer"

    def test_a_customer_that_is_gone_at_stripe_is_followed_by_another(self, client, individual, stripe_site):
        token = uuid.uuid4()
        send(client, individual, token=token)
        gone = StripeCustomer.objects.get()
        stripe_site.sandbox.client.v1.customers.delete(gone.stripe_id)
        assert send(client, individual, token=token, amount="30").status_code == 303
        gone.refresh_from_db()
        assert gone.deleted_at
        assert Checkout.objects.get(state="open").customer != gone

    def test_an_emptied_account_is_filled_again(self, client, individual, stripe_site):
        token = uuid.uuid4()
        send(client, individual, token=token)
        stripe_site.sandbox.reset()
        press_pay(client, only(), method="cheque")
        assert send(client, individual, token=token, last_name="Quispe Huamán").status_code == 303
        assert counts(stripe_site) == ONE_EACH
        assert StripePrice.objects.get().stripe_id == stripe_site.sandbox.objects("price")[0]["id"]
