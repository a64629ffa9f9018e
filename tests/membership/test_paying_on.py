"""Going on after Stripe's page: the other way to pay there, and who learns what became of a payment."""

from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from membership.actions import dunning
from membership.models import Application, Interval, Person
from tests.factories import PersonFactory, PriceFactory
from tests.membership.conftest import typed

pytestmark = pytest.mark.django_db


def send(client: Client, plan, **changes) -> Application:
    client.post(plan.get_absolute_url(), typed(plan, **{"method": "card"} | changes))
    return Application.objects.latest("pk")


def press(client: Client, application: Application, method: str):
    return client.post(f"/membership/pay/{application.secret}/", {"method": method})


def words(client: Client, application: Application) -> str:
    return client.get(application.get_absolute_url()).content.decode()


def open_pages(site) -> list[str]:
    return [each["url"] for each in site.sandbox.objects("checkout.session") if each["status"] == "open"]


@pytest.mark.parametrize(("first", "then"), [("debit", "card"), ("card", "debit")])
def test_card_and_debit_lead_on_to_each_other_and_go_on_renewing(
    client, individual, stripe_site, mailoutbox, first, then
):
    application = send(client, individual, method=first)
    answer = press(client, application, then)
    assert [answer["Location"]] == open_pages(stripe_site)
    application.refresh_from_db()
    assert (application.method, application.renews) == (then, True)
    assert len(mailoutbox) == 1


def test_who_wished_to_pay_once_pays_once_by_debit_too(client, individual, stripe_site):
    application = send(client, individual, method="card_once")
    press(client, application, "debit")
    application.refresh_from_db()
    assert (application.method, application.renews) == ("debit", False)


def test_a_month_can_change_between_card_and_debit_and_says_what_a_month_costs(client, individual, stripe_site):
    monthly = PriceFactory(plan=individual, amount_pence=250, interval=Interval.MONTH)
    application = send(client, individual, price=monthly.pk)
    assert "£2.50 a month" in words(client, application)
    press(client, application, "debit")
    application.refresh_from_db()
    assert application.method == "debit"


def test_the_other_way_is_no_way_around_asking_the_owner(client, individual, stripe_site):
    PersonFactory(email="ana@people.example", email_verified_at=timezone.now())
    application = send(client, individual)
    assert press(client, application, "debit")["Location"] == application.get_absolute_url()
    assert stripe_site.sandbox.requests() == []


def test_the_browser_that_paid_learns_what_became_of_it_when_the_address_is_verified_since(
    client, individual, stripe_site
):
    application = send(client, individual)
    checkout = application.checkouts.get()
    Person.objects.update(email_verified_at=timezone.now())
    assert "Please look at your email" in words(client, application)  # it may not pay for a known person
    stripe_site.sandbox.pay(checkout.stripe_id)
    stripe_site.tell()
    assert "You are a member until" in words(client, application)
    assert "Please look at your email" in words(Client(), application)


def test_the_mail_of_a_first_payment_that_failed_leads_whoever_signed_in_meanwhile_to_pay(
    client, individual, stripe_site, mailoutbox
):
    application = send(client, individual, method="debit")
    Person.objects.update(email_verified_at=timezone.now())
    dunning.first_payment_failed(application.checkouts.get())
    link = next(word for word in mailoutbox[-1].body.split() if "/membership/confirm/" in word)
    elsewhere = Client()
    path = urlsplit(link).path
    assert "Yes: go on to pay" in elsewhere.get(path).content.decode()
    assert elsewhere.post(path)["Location"] in open_pages(stripe_site)


class TestWhoPaidWithoutConfirmingTheAddress:
    """Then fills in the form again, and confirms the address from that mail."""

    @pytest.fixture
    def member(self, client, individual, stripe_site) -> Person:
        application = send(client, individual)
        stripe_site.sandbox.pay(application.checkouts.get().stripe_id)
        stripe_site.tell()
        return Person.objects.get()

    def test_stays_one_record_which_gets_the_verified_address(self, client, individual, member):
        again = send(Client(), individual)
        assert again.person != member  # typing alone touches nobody's record
        page = client.post(f"/membership/confirm/{again.confirm_secret}/").content.decode()
        assert "There is nothing to pay" in page
        member.refresh_from_db()
        assert member.email_verified_at
        assert Person.objects.get() == member
        again.refresh_from_db()
        assert again.person == member

    def test_is_not_mistaken_for_somebody_else_of_that_address(self, client, individual, member):
        other = send(Client(), individual, first_name="Luis")
        client.post(f"/membership/confirm/{other.confirm_secret}/")
        member.refresh_from_db()
        assert member.email_verified_at is None
        other.refresh_from_db()
        assert other.person != member
