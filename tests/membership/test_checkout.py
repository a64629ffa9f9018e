"""Going to Stripe's page: the ways to pay, once each, whatever is clicked or killed."""

import uuid
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from membership import gateway
from membership.actions import checkout, joining
from membership.models import (
    Application,
    Checkout,
    CheckoutState,
    Interval,
    Person,
)
from tests.at_once import at_once
from tests.factories import PriceFactory
from tests.membership.checkout_pages import ONE_EACH, counts, only, press_pay, send, sessions
from tests.membership.conftest import price_of, typed

pytestmark = pytest.mark.django_db


class TestWaysToPay:
    def values(self, client, plan) -> list[str]:
        form = client.get(plan.get_absolute_url()).context["form"]
        return [value for value, _label in form.fields["method"].choices]

    def test_card_and_debit_come_first_and_only_where_stripe_is_set_up(self, client, individual, life, settings):
        assert self.values(client, individual) == ["debit", "card", "card_once", "transfer", "cheque"]
        assert self.values(client, life) == ["card", "debit", "transfer", "cheque"]
        settings.STRIPE_SECRET_KEY = ""
        assert self.values(client, individual) == ["transfer", "cheque"]
        html = client.get(individual.get_absolute_url()).content.decode()
        assert "You pay by bank transfer or cheque." in html
        assert "Stripe" not in html.partition("<main")[2]

    @pytest.mark.parametrize(
        ("choice", "method", "renews", "mode"),
        [
            ("debit", "debit", True, "subscription"),
            ("card", "card", True, "subscription"),
            ("card_once", "card", False, "payment"),
        ],
    )
    def test_each_choice_opens_its_page(self, client, individual, stripe_site, choice, method, renews, mode):
        response = send(client, individual, method=choice, amount="30")
        assert response.status_code == 303
        (session,) = sessions(stripe_site)
        assert response["Location"] == session["url"]
        assert (only().method, only().renews) == (method, renews)
        assert (session["mode"], session["amount_total"]) == (mode, 3000)
        assert session["payment_method_types"] == ["bacs_debit" if method == "debit" else "card"]
        assert session["client_reference_id"] == only().reference
        assert session["metadata"]["psg_checkout"] == str(Checkout.objects.get().key)
        assert session["metadata"]["psg_price"] == str(price_of(individual).pk)
        assert (
            urlsplit(session["success_url"]).path == urlsplit(session["cancel_url"]).path == only().get_absolute_url()
        )

    @pytest.mark.parametrize("choice", ["card", "debit"])
    def test_life_is_paid_once(self, client, life, stripe_site, choice):
        assert send(client, life, method=choice).status_code == 303
        (session,) = sessions(stripe_site)
        assert (session["mode"], session["amount_total"], only().renews) == ("payment", 40_000, False)

    def test_by_the_month_a_card_renews_and_this_year_only_is_refused(self, client, individual, stripe_site):
        monthly = PriceFactory(plan=individual, amount_pence=250, interval=Interval.MONTH)
        response = send(client, individual, price=monthly.pk, method="card_once")
        assert "goes with the yearly price" in response.context["form"].errors["method"][0]
        assert send(client, individual, price=monthly.pk).status_code == 303
        (price,) = stripe_site.sandbox.objects("price")
        assert (price["recurring"]["interval"], price["unit_amount"]) == ("month", 250)

    @pytest.mark.parametrize(
        ("amount", "says"), [("0", "The least"), ("-5", "The least"), ("24.99", "The least"), ("1000000", "at most")]
    )
    def test_a_wrong_amount_never_reaches_stripe(self, client, individual, stripe_site, amount, says):
        response = send(client, individual, amount=amount, town="Cusco")
        assert says in response.context["form"].errors["amount"][0]
        assert 'value="Cusco"' in response.content.decode()
        assert stripe_site.sandbox.requests() == []

    def test_the_most_and_odd_names_are_taken(self, client, individual, stripe_site):
        response = send(client, individual, amount="5000", first_name="🦙" * 100, last_name="ﷺ" * 100)
        assert response.status_code == 303
        assert stripe_site.sandbox.objects("customer")[0]["name"].startswith("🦙")

    def test_a_name_of_300_characters_is_refused_before_stripe(self, client, individual, stripe_site):
        assert set(send(client, individual, first_name="x" * 300).context["form"].errors) == {"first_name"}
        assert stripe_site.sandbox.requests() == []

    def test_every_page_says_that_no_real_money_moves(self, client, individual, settings):
        assert "no real money moves" in client.get("/").content.decode()
        settings.STRIPE_SANDBOX = False
        assert "no real money moves" not in client.get(individual.get_absolute_url()).content.decode()

    def test_forms_may_lead_to_stripe(self, client, individual, settings):
        settings.STRIPE_API_BASE = ""
        policy = client.get(individual.get_absolute_url())["Content-Security-Policy"]
        assert "https://checkout.stripe.com https://billing.stripe.com" in policy.partition("form-action")[2]
        elsewhere = client.get("/")["Content-Security-Policy"]
        assert "form-action 'self';" in elsewhere + ";"


class TestOnce:
    def test_clicking_again_and_the_same_words_in_another_tab_lead_to_the_same_page(
        self, client, individual, stripe_site, mailoutbox
    ):
        sent = typed(individual, method="card")
        places = [client.post(individual.get_absolute_url(), sent)["Location"] for _ in range(3)]
        places.append(send(Client(), individual, email="ANA@people.example")["Location"])
        places.append(press_pay(client, only())["Location"])
        assert len(set(places)) == 1
        assert counts(stripe_site) == ONE_EACH
        assert len(mailoutbox) == 1

    @pytest.mark.django_db(transaction=True)
    def test_ten_clicks_at_once_are_one_of_each(self, individual, stripe_site):
        sent = typed(individual, method="card")
        clicks = [lambda: Client(raise_request_exception=False).post(individual.get_absolute_url(), sent)] * 10
        responses = at_once(*clicks)
        assert {response.status_code for response in responses} == {303}
        assert len({response["Location"] for response in responses}) == 1
        assert counts(stripe_site) == ONE_EACH

    @pytest.mark.django_db(transaction=True)
    def test_two_tabs_with_two_plans_at_once_leave_one_page_that_can_be_paid(self, individual, household, stripe_site):
        tabs = [
            lambda plan=plan: Client(raise_request_exception=False).post(
                plan.get_absolute_url(), typed(plan, method="card")
            )
            for plan in (individual, household) * 2
        ]
        assert {response.status_code for response in at_once(*tabs)} == {303}
        waiting = Application.objects.open().get()
        url = press_pay(Client(), waiting)["Location"]
        assert [each["url"] for each in sessions(stripe_site)] == [url]
        assert counts(stripe_site)["customer"] == 1

    def test_another_amount_closes_the_first_page_before_another_opens(self, client, individual, stripe_site):
        token = uuid.uuid4()
        first = send(client, individual, token=token)["Location"]
        second = send(client, individual, token=token, amount="30")["Location"]
        assert first != second
        assert [each["url"] for each in sessions(stripe_site)] == [second]
        assert len(sessions(stripe_site, "expired")) == 1
        assert sorted(Checkout.objects.values_list("state", flat=True)) == ["expired", "open"]
        assert counts(stripe_site)["customer"] == 1

    def test_somebody_who_joins_twice_has_one_customer_and_one_page(self, client, individual, household, stripe_site):
        send(client, individual)
        response = send(Client(), household)
        assert [each["url"] for each in sessions(stripe_site)] == [response["Location"]]
        replaced = Application.objects.get(plan=individual)
        assert press_pay(client, replaced)["Location"] == replaced.get_absolute_url()
        page = client.get(replaced.get_absolute_url()).content.decode()
        assert "This form is not used any more" in page
        assert "Fill in the form again" in page

    def test_a_discarded_application_is_not_paid(self, client, individual, stripe_site):
        send(client, individual)
        joining.discard(only())
        with pytest.raises(checkout.NotOpen):
            checkout.begin(only())
        assert "not used any more" in client.get(only().get_absolute_url()).content.decode()

    def test_a_page_that_ran_out_is_followed_by_another(self, client, individual, stripe_site):
        first = send(client, individual)["Location"]
        with time_machine.travel(timezone.now() + timedelta(hours=23, minutes=30)):
            stripe_site.sandbox.advance("84600s")
            second = press_pay(client, only())["Location"]
        assert first != second
        assert [each["url"] for each in sessions(stripe_site)] == [second]

    def test_paid_meanwhile_in_another_tab_is_noticed_before_a_second_page_opens(self, client, individual, stripe_site):
        """The webhook is lost: only closing the first page tells."""
        token = uuid.uuid4()
        send(client, individual, token=token)
        stripe_site.sandbox.pay(Checkout.objects.get().stripe_id)
        response = send(client, individual, token=token, amount="30")
        assert response["Location"] == only().get_absolute_url()
        assert only().person.is_member()
        assert "You are a member until" in client.get(response["Location"]).content.decode()
        assert counts(stripe_site) == ONE_EACH
        with pytest.raises(checkout.AlreadyPaid):
            checkout.begin(only())

    def test_paid_meanwhile_for_another_plan_stands(self, client, individual, household, stripe_site):
        send(client, individual)
        stripe_site.sandbox.pay(Checkout.objects.get().stripe_id)
        send(Client(), household)
        assert counts(stripe_site) == ONE_EACH
        assert Person.objects.get().payments.get().gross_pence == 2500


STEPS = ["ensure_product", "create_price", "create_customer", "create_session"]


class Killed(BaseException):
    """The process ends here."""


class TestKilled:
    @pytest.mark.parametrize("step", STEPS)
    @pytest.mark.parametrize("when", ["before", "after"])
    def test_between_any_two_steps_nothing_is_doubled(self, client, individual, stripe_site, monkeypatch, step, when):
        real = getattr(gateway, step)

        def killed(*args, **kwargs):
            if when == "after":
                real(*args, **kwargs)
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(gateway, step, killed)
            with pytest.raises(Killed):
                send(client, individual)
        response = press_pay(client, only())
        assert response.status_code == 303
        assert [each["url"] for each in sessions(stripe_site)] == [response["Location"]]
        assert counts(stripe_site) == ONE_EACH
        assert Checkout.objects.get().state == CheckoutState.OPEN

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_while_the_first_page_is_closed_no_two_can_be_paid(
        self, client, individual, stripe_site, monkeypatch, when
    ):
        token = uuid.uuid4()
        send(client, individual, token=token)
        real = gateway.expire_session

        def killed(identifier: str) -> None:
            if when == "after":
                real(identifier)
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(gateway, "expire_session", killed)
            with pytest.raises(Killed):
                send(client, individual, token=token, amount="30")
        assert len(sessions(stripe_site)) == (when == "before")
        url = press_pay(client, only())["Location"]
        assert [each["url"] for each in sessions(stripe_site)] == [url]

    def test_renamed_meanwhile_the_customer_is_asked_for_anew(self, client, individual, stripe_site, monkeypatch):
        """The same key with other words is refused by Stripe; the next try has another key."""
        real = gateway.create_customer

        def killed(**given):
            real(**given)
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(gateway, "create_customer", killed)
            with pytest.raises(Killed):
                send(client, individual)
        Person.objects.update(first_name="Anna")
        assert press_pay(client, only()).status_code == 503
        assert press_pay(client, only()).status_code == 303
        assert len(sessions(stripe_site)) == 1

    def test_a_page_that_is_not_wanted_any_more_when_it_is_made_is_closed(
        self, client, individual, stripe_site, monkeypatch
    ):
        """Another tab changes the amount while the first waits for Stripe."""
        token, real = uuid.uuid4(), gateway.create_session
        tabs: list[str] = []

        def slow(**given):
            if not tabs:
                tabs.append("")
                tabs[0] = send(client, individual, token=token, amount="30")["Location"]
            return real(**given)

        monkeypatch.setattr(gateway, "create_session", slow)
        first = send(client, individual, token=token)["Location"]
        assert first == tabs[0]
        assert [each["url"] for each in sessions(stripe_site)] == [first]
        assert len(sessions(stripe_site, "expired")) == 1
