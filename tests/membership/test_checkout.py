"""Going to Stripe's page: once each, whatever is clicked, killed, or down; and what the visitor is told."""

import time
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
    StripeCustomer,
    StripePrice,
    Subscription,
)
from membership.models.details import DETAIL_FIELDS
from psg.models import User
from tests.at_once import at_once
from tests.factories import PersonFactory, PlanFactory, PriceFactory
from tests.membership.conftest import pay, price_of, typed
from tests.membership.stripe_site import StripeSite

pytestmark = pytest.mark.django_db


def send(client: Client, plan, **changes):
    return client.post(plan.get_absolute_url(), typed(plan, **{"method": "card"} | changes))


def only() -> Application:
    return Application.objects.get()


def counts(site: StripeSite) -> dict[str, int]:
    return {kind: len(site.sandbox.objects(kind)) for kind in ("customer", "price", "checkout.session")}


ONE_EACH = {"customer": 1, "price": 1, "checkout.session": 1}


def sessions(site: StripeSite, status: str = "open") -> list[dict]:
    return [each for each in site.sandbox.objects("checkout.session") if each["status"] == status]


def press_pay(client: Client, application: Application, **data):
    return client.post(f"/membership/pay/{application.secret}/", data)


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
        """Nobody waits for more than a second for one answer."""
        monkeypatch.setattr(gateway, "WAIT", 1)
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


class TestComingBack:
    @pytest.mark.parametrize("choice", ["card", "card_once"])
    def test_paid_is_shown_before_stripe_has_told_us(self, client, individual, stripe_site, choice):
        send(client, individual, method=choice)
        stripe_site.sandbox.pay(Checkout.objects.get().stripe_id)
        page = client.get(only().get_absolute_url() + "?paid=1").content.decode()
        until = timezone.localdate() + timedelta(days=364)
        assert f"You are a member until {until.day} {until:%B %Y}" in page
        assert 'href="/membership/me/"' in page
        assert "Quispe" not in page
        assert only().person.payments.count() == 1
        # Reload, the back button, a late webhook: nothing more happens.
        client.get(only().get_absolute_url() + "?paid=1")
        assert press_pay(client, only())["Location"] == only().get_absolute_url()
        stripe_site.tell()
        assert only().person.payments.count() == 1
        assert counts(stripe_site) == ONE_EACH

    def test_a_browser_that_was_closed_after_paying_is_no_harm(self, client, individual, stripe_site):
        send(client, individual)
        stripe_site.sandbox.pay(Checkout.objects.get().stripe_id)
        stripe_site.tell()
        assert only().person.is_member()
        assert send(Client(), individual).status_code == 303  # the same words: somebody who reads the mail is asked
        again = Application.objects.open().get()
        assert "look at your email" in client.get(again.get_absolute_url()).content.decode()
        assert counts(stripe_site) == ONE_EACH

    def test_for_life_is_said(self, client, life, stripe_site):
        send(client, life)
        stripe_site.sandbox.pay(Checkout.objects.get().stripe_id)
        assert "for life" in client.get(only().get_absolute_url() + "?paid=1").content.decode()

    def test_a_debit_is_on_its_way_and_nothing_changes_meanwhile(self, client, life, stripe_site):
        token = uuid.uuid4()
        send(client, life, token=token, method="debit")
        paid = {"type": "bacs_debit", "account_number": "00012345"}
        stripe_site.sandbox.pay(Checkout.objects.get().stripe_id, **paid)
        place = only().get_absolute_url()
        assert "on its way" in client.get(place + "?paid=1").content.decode()
        assert send(client, life, token=token, amount="500")["Location"] == place
        assert send(Client(), life, amount="600")["Location"] == place
        assert press_pay(client, only())["Location"] == place
        press_pay(client, only(), method="cheque")
        assert (only().method, only().amount_pence) == ("debit", 40_000)
        assert len(stripe_site.sandbox.objects("checkout.session")) == 1
        with pytest.raises(checkout.OnItsWay):
            checkout.begin(only())

    def test_a_debit_that_fails_can_be_paid_again(self, client, individual, stripe_site):
        life = PlanFactory(is_life=True)
        PriceFactory(plan=life, interval="once")
        send(client, life, method="debit")
        stripe_site.sandbox.pay(Checkout.objects.get().stripe_id, type="bacs_debit", account_number="22222227")
        stripe_site.sandbox.advance("14d")
        stripe_site.tell()
        assert "did not succeed" in client.get(only().get_absolute_url()).content.decode()

    def test_not_paid_yet_offers_every_way(self, client, individual, stripe_site):
        send(client, individual)
        page = client.get(only().get_absolute_url() + "?back=1").content.decode()
        for words in ("Not paid yet", "Pay now", "Pay by bank transfer", "Pay by cheque"):
            assert words in page
        assert "Quispe" not in page

    def test_while_stripe_is_down_we_are_checking(self, client, individual, stripe_site):
        send(client, individual)
        stripe_site.sandbox.pay(Checkout.objects.get().stripe_id)
        stripe_site.sandbox.fault("GET /v1/checkout/*", "429", times=3)
        page = client.get(only().get_absolute_url() + "?paid=1").content.decode()
        assert "We are checking your payment" in page
        assert "Pay now" not in page

    def test_asking_again_without_coming_back_asks_stripe_nothing(self, client, individual, stripe_site):
        send(client, individual)
        before = len(stripe_site.sandbox.requests())
        client.get(only().get_absolute_url())
        assert len(stripe_site.sandbox.requests()) == before

    def test_the_page_of_the_button_leads_back(self, client, individual, stripe_site):
        send(client, individual)
        place = f"/membership/pay/{only().secret}/"
        assert client.get(place)["Location"] == only().get_absolute_url()
        assert client.get("/membership/pay/guessed/").status_code == 404
        assert client.put(place).status_code == 405

    def test_few_queries(self, client, individual, stripe_site, django_assert_max_num_queries):
        send(client, individual)
        with django_assert_max_num_queries(8):
            client.get(only().get_absolute_url())


class TestAddressesOfOthers:
    @pytest.fixture
    def owner(self, db) -> Person:
        return PersonFactory(
            first_name="Ana", last_name="Quispe", email="ana@people.example", email_verified_at=timezone.now()
        )

    def test_a_stranger_gets_no_page_and_no_word_and_the_owner_a_mail(
        self, client, individual, stripe_site, owner, mailoutbox
    ):
        response = send(client, individual)
        assert response["Location"] == only().get_absolute_url()
        page = client.get(response["Location"]).content.decode()
        assert "We have sent an email to the address that you gave" in page
        assert press_pay(client, only())["Location"] == response["Location"]
        assert stripe_site.sandbox.requests() == []
        (message,) = mailoutbox
        for text in (message.body, message.alternatives[0].content):
            assert f"/membership/confirm/{only().confirm_secret}/" in text
            assert "00000000" not in text

    def test_the_owner_goes_on_from_the_mail(self, client, individual, stripe_site, owner):
        send(Client(), individual)
        path = f"/membership/confirm/{only().confirm_secret}/"
        assert "go on to pay" in client.get(path).content.decode()
        assert sessions(stripe_site) == []
        response = client.post(path)
        assert response["Location"] == sessions(stripe_site)[0]["url"]
        assert "Pay now" in client.get(only().get_absolute_url() + "?back=1").content.decode()
        assert press_pay(client, only())["Location"] == response["Location"]
        assert counts(stripe_site) == ONE_EACH
        assert StripeCustomer.objects.get().person == owner

    def test_who_is_signed_in_as_the_owner_goes_straight_on_with_a_filled_in_form(
        self, client, individual, stripe_site, owner
    ):
        owner.user = User.objects.create_user("ana@people.example", "a-long-password")
        owner.save()
        client.force_login(owner.user)
        page = client.get(individual.get_absolute_url()).content.decode()
        assert 'value="Quispe"' in page
        assert 'value="ana@people.example"' in page
        assert send(client, individual)["Location"] == sessions(stripe_site)[0]["url"]

    def test_an_address_that_is_not_proven_is_not_filled_in(self, client, individual, owner):
        Person.objects.filter(pk=owner.pk).update(email_verified_at=None)
        owner.refresh_from_db()
        owner.user = User.objects.create_user("ana@people.example", "a-long-password")
        owner.save()
        client.force_login(owner.user)
        page = client.get(individual.get_absolute_url()).content.decode()
        assert 'value="Quispe"' in page
        assert 'value="ana@people.example"' not in page

    def test_who_renews_already_is_told_only_after_the_button_in_the_mail(self, client, individual, stripe_site):
        send(client, individual)
        first = only()
        stripe_site.sandbox.pay(Checkout.objects.get().stripe_id)
        stripe_site.tell()
        client.post(f"/membership/confirm/{first.confirm_secret}/")
        stranger = Client()
        for choice in ("card", "card_once", "debit"):
            place = send(stranger, individual, method=choice, last_name="Mallory")["Location"]
            assert "renews" not in stranger.get(place).content.decode()
            again = Application.objects.open().get()
            page = client.post(f"/membership/confirm/{again.confirm_secret}/").content.decode()
            day = Subscription.objects.get().renews_on
            assert f"renews by itself on {day.day} {day:%B %Y}" in page
            assert 'href="/membership/me/"' in page
            with pytest.raises(checkout.RenewsAlready):
                checkout.begin(again)
        assert "renews" not in stranger.get(again.get_absolute_url()).content.decode()
        assert counts(stripe_site) == ONE_EACH

    def test_who_has_cancelled_may_join_again(self, client, individual, stripe_site, owner):
        person = stripe_site.member(individual)
        Person.objects.filter(pk=person.pk).update(email_verified_at=timezone.now())
        Subscription.objects.update(cancel_at=timezone.now() + timedelta(days=100))
        application = Application.objects.get(person=person)
        again = joining.apply(token=uuid.uuid4(), wish=wish(individual, email=application.email))
        assert again.person == person
        assert checkout.begin(again).startswith(stripe_site.sandbox.url)

    def test_a_life_member_has_nothing_to_pay(self, client, individual, life, stripe_site, owner):
        pay(owner, life)
        send(client, individual)
        page = client.post(f"/membership/confirm/{only().confirm_secret}/").content.decode()
        assert "You are a member for life" in page
        assert stripe_site.sandbox.requests() == []

    def test_an_address_nobody_has_verified_goes_straight_on_and_again_after_its_button(
        self, client, individual, stripe_site, mailoutbox
    ):
        place = send(client, individual)["Location"]
        assert f"/membership/thanks/{only().secret}/" in mailoutbox[0].body
        elsewhere = Client()
        path = f"/membership/confirm/{only().confirm_secret}/"
        assert elsewhere.post(path)["Location"] == path
        assert "Pay now" in elsewhere.get(path).content.decode()
        assert press_pay(client, only())["Location"] == place
        assert press_pay(elsewhere, only())["Location"] == place

    def test_a_link_sent_to_one_address_does_not_confirm_another(self, client, individual, stripe_site):
        """The form is changed to somebody else's address after its mail came."""
        token = uuid.uuid4()
        send(client, individual, token=token, email="mallory@people.example")
        secret = only().confirm_secret
        send(client, individual, token=token, email="ana@people.example")
        assert client.post(f"/membership/confirm/{secret}/").status_code == 404
        assert not Person.objects.filter(email_verified_at__isnull=False).exists()


def wish(plan, **details: str) -> joining.Wish:
    """What somebody asks for who pays by card."""
    columns = dict.fromkeys(DETAIL_FIELDS, "") | {"first_name": "Ana", "last_name": "Quispe"} | details
    price = price_of(plan)
    return joining.Wish(plan, price, price.amount_pence, "card", columns, renews=True)
