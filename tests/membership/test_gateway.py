"""The one place that talks to Stripe: what it asks, and what it makes of refusals, silence and a wrong key."""

from datetime import UTC, datetime, timedelta

import pytest

from membership import gateway
from membership.models import Subscription
from tests.membership.stripe_site import apply, stripe_price

YESTERDAY = datetime.now(UTC) - timedelta(days=1)


class TestWhenStripeSaysNo:
    def test_what_is_not_there_is_missing(self, stripe_site):
        for ask in (gateway.subscription, gateway.session, gateway.intent, gateway.dispute, gateway.invoice):
            with pytest.raises(gateway.Missing):
                ask("xx_nothing")

    def test_a_declined_card_is_told_in_words_for_its_owner(self, stripe_site, individual):
        person = stripe_site.member(individual)
        stripe_site.sandbox.decline(person.stripe_customers.get().stripe_id, "insufficient_funds")
        stripe_site.sandbox.advance("1y")
        stripe_site.sandbox.advance("2h")
        stripe_site.tell()
        with pytest.raises(gateway.Declined) as refusal:
            gateway.pay_invoice(Subscription.objects.get().unpaid_invoice_id)
        assert str(refusal.value) == "Your card has insufficient funds."
        assert refusal.value.code == "card_declined"

    def test_a_wrong_key_is_no_fault_of_the_visitor_and_said_in_the_log(self, stripe_site, settings, caplog):
        settings.STRIPE_SECRET_KEY = "sk_test_wrong"
        with pytest.raises(gateway.Unavailable):
            gateway.customer("cus_x")
        assert "STRIPE_SECRET_KEY" in caplog.text
        assert "sk_test_wrong" not in caplog.text

    @pytest.mark.parametrize("kind", ["409", "429", "500", "close"])
    def test_busy_or_silent_is_unavailable_after_three_tries(self, stripe_site, kind):
        stripe_site.sandbox.fault("GET /v1/customers/*", kind, times=9)
        with pytest.raises(gateway.Unavailable) as problem:
            gateway.customer("cus_x")
        assert not problem.value.is_replayed

    def test_one_bad_moment_is_not_noticed(self, stripe_site):
        stripe_site.sandbox.fault("POST /v1/customers", "close")
        assert gateway.create_customer(key="one", email="", name="Ana", metadata={}).startswith("cus_")
        assert len(stripe_site.sandbox.objects("customer")) == 1

    def test_an_answer_that_stripe_only_repeats_is_told_as_such(self, stripe_site):
        stripe_site.sandbox.fault("POST /v1/customers", 500, when="after", times=1)
        with pytest.raises(gateway.Unavailable) as problem:
            gateway.create_customer(key="two", email="", name="Ana", metadata={})
        assert problem.value.is_replayed


class TestWhatIsAsked:
    def test_everything_since_a_moment_page_by_page(self, stripe_site, individual, monkeypatch):
        monkeypatch.setattr(gateway, "PAGE", 1)
        for _ in range(3):
            stripe_site.member(individual)
        intent = stripe_site.sandbox.objects("payment_intent")[0]
        stripe_site.sandbox.client.v1.refunds.create({"payment_intent": intent["id"], "amount": 100})
        stripe_site.sandbox.dispute(stripe_site.sandbox.objects("charge")[1]["id"])
        assert {each.id for each in gateway.all_subscriptions()} == set(
            Subscription.objects.values_list("stripe_id", flat=True)
        )
        assert len(list(gateway.invoices_since(YESTERDAY))) == 3
        assert len(list(gateway.sessions_since(YESTERDAY))) == 3
        assert [each.amount_pence for each in gateway.refunds_since(YESTERDAY)] == [100]
        assert len(list(gateway.disputes_since(YESTERDAY))) == 1
        stripe_site.sandbox.fault("GET /v1/refunds", 500, nth=1, times=9)
        with pytest.raises(gateway.Unavailable):
            list(gateway.refunds_since(YESTERDAY))

    def test_the_usual_card_of_a_customer_counts_where_the_subscription_has_none(self, stripe_site, individual):
        person = stripe_site.member(individual)
        row, client = Subscription.objects.get(), stripe_site.sandbox.client.v1
        usual = {"invoice_settings": {"default_payment_method": row.payment_method_id}}
        client.customers.update(person.stripe_customers.get().stripe_id, usual)
        client.subscriptions.update(row.stripe_id, {"default_payment_method": ""})
        assert gateway.subscription(row.stripe_id).method.last4 == "4242"

    def test_a_product_is_made_once(self, stripe_site):
        for _ in range(2):
            gateway.ensure_product("psg-plan-7", name="Seven")
        assert [each["id"] for each in stripe_site.sandbox.objects("product")] == ["psg-plan-7"]
        with pytest.raises(gateway.Refused):
            gateway.ensure_product("psg-plan-8", name="")

    def test_a_page_that_was_closed_takes_no_money(self, stripe_site, individual):
        checkout = stripe_site.open_checkout(apply(individual))
        gateway.expire_session(checkout.stripe_id)
        assert gateway.session(checkout.stripe_id).status == "expired"
        with pytest.raises(gateway.Refused):
            gateway.expire_session(checkout.stripe_id)

    def test_a_subscription_is_ended_resumed_changed_and_ended_now(self, stripe_site, individual, household):
        person = stripe_site.member(individual)
        row = Subscription.objects.get()
        gateway.set_ending(row.stripe_id, ends=True, comment="Moving")
        assert gateway.subscription(row.stripe_id).end_comment == "Moving"
        gateway.set_ending(row.stripe_id, ends=False)
        assert gateway.subscription(row.stripe_id).cancel_at is None
        dear = stripe_price(apply(household))
        for at_once in (False, True):
            gateway.change_price(row.stripe_id, item_id=row.item_id, price=dear, at_once=at_once)
        assert gateway.subscription(row.stripe_id).price_id == dear
        gateway.update_customer(row.customer.stripe_id, email="new@people.example", name="Ana Q")
        gateway.update_customer(row.customer.stripe_id, email="", name="Ana Q")
        assert gateway.customer(row.customer.stripe_id).email == "new@people.example"
        for change_method in (True, False):
            url = gateway.portal_url(
                row.customer.stripe_id, return_url="http://t.example/", change_method=change_method
            )
            assert url.startswith(stripe_site.sandbox.url)
        gateway.end_now(row.stripe_id)
        with pytest.raises(gateway.Refused):
            gateway.end_now(row.stripe_id)
        assert person.is_member()

    def test_without_a_key_there_is_no_stripe_to_pay_by(self, stripe_site, settings):
        assert gateway.is_ready()
        settings.STRIPE_SECRET_KEY = ""
        assert not gateway.is_ready()
