"""Back from Stripe's page: what is true is shown; and whose address somebody typed stays nobody else's business."""

import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from membership.actions import checkout, joining
from membership.models import (
    Application,
    Checkout,
    Person,
    StripeCustomer,
    Subscription,
)
from psg.models import User
from tests.factories import PersonFactory, PlanFactory, PriceFactory
from tests.membership.checkout_pages import ONE_EACH, counts, only, press_pay, send, sessions, wish
from tests.membership.conftest import pay

pytestmark = pytest.mark.django_db


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

    def test_a_year_by_debit_is_on_its_way_until_the_bank_has_paid(self, client, individual, stripe_site):
        send(client, individual, method="debit")
        stripe_site.sandbox.pay(Checkout.objects.get().stripe_id, type="bacs_debit", account_number="00012345")
        place = only().get_absolute_url()
        assert "on its way" in client.get(place + "?paid=1").content.decode()
        stripe_site.sandbox.advance("14d")
        stripe_site.tell()
        assert "You are a member until" in client.get(place).content.decode()

    def test_after_a_debit_that_bounced_another_way_can_be_paid_and_the_first_is_ended(
        self, client, individual, stripe_site
    ):
        send(client, individual, method="debit")
        stripe_site.sandbox.pay(Checkout.objects.get().stripe_id, type="bacs_debit", account_number="22222227")
        stripe_site.sandbox.advance("10d")
        stripe_site.tell()
        assert "did not succeed" in client.get(only().get_absolute_url()).content.decode()
        send(client, individual, method="card")
        (open_page,) = sessions(stripe_site)
        stripe_site.sandbox.pay(open_page["id"])
        stripe_site.tell()
        stripe_site.sandbox.advance("29d")
        stripe_site.tell()
        assert sorted(each["status"] for each in stripe_site.sandbox.objects("subscription")) == ["active", "canceled"]
        assert sorted(each["status"] for each in stripe_site.sandbox.objects("invoice")) == ["paid", "void"]
        person = Person.objects.get()
        assert [payment.gross_pence for payment in person.payments.all()] == [2500]
        assert person.is_member(person.payments.get().received_on)

    def test_a_bounced_debit_that_a_retry_paid_meanwhile_is_not_paid_again(self, client, individual, stripe_site):
        send(client, individual, method="debit")
        stripe_site.sandbox.pay(Checkout.objects.get().stripe_id, type="bacs_debit", account_number="22222227")
        stripe_site.sandbox.advance("10d")
        stripe_site.tell()
        invoice = stripe_site.sandbox.objects("invoice")[0]["id"]
        stripe_site.sandbox.client.v1.invoices.pay(invoice, {"payment_method": "pm_card_visa"})  # nobody told us
        send(client, individual, method="card")
        assert sessions(stripe_site) == []
        assert [each["status"] for each in stripe_site.sandbox.objects("subscription")] == ["active"]
        assert len(Person.objects.get().payments.all()) == 1

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
