"""Giving: the form, Stripe's page, every month, thanks; whoever gives, nobody else's record is touched."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from membership.actions import giving, syncing
from membership.models import (
    Donation,
    DonationCheckout,
    GiftAidDeclaration,
    Membership,
    Payment,
    Person,
    RegularGift,
    StripeCustomer,
)
from psg.accounts import vouch_for_address
from psg.models import User
from tests.at_once import at_once
from tests.factories import PersonFactory

pytestmark = pytest.mark.django_db

FORM = {
    "frequency": "once",
    "choice": "2500",
    "amount": "",
    "first_name": "Ana",
    "last_name": "Quispe",
    "email": "Ana@People.example",
    "country": "United Kingdom",
    "method": "card",
}
HOME = {"gift_aid": "on", "address_line1": "1 Test Street", "town": "London", "postcode": "n19gu"}


def give(client: Client | None = None, path: str = "/donate/", **typed: str):
    return (client or Client()).post(path, FORM | typed)


def given(site, number: str = "4242424242424242", **typed: str) -> Donation:
    """Somebody gave on Stripe's page, and Stripe told of it."""
    assert give(**typed).status_code == 303
    page = DonationCheckout.objects.latest("pk")
    how = {"type": "bacs_debit", "account_number": number} if typed.get("method") == "debit" else {}
    site.sandbox.pay(page.stripe_id, number, **how)
    assert set(site.tell()) <= {200}
    page.donation.refresh_from_db()
    return page.donation


def pass_time(site, by: str) -> None:
    site.sandbox.advance(by)
    site.sandbox.advance("2h")


class TestTheForm:
    @pytest.mark.parametrize(
        ("typed", "field", "words"),
        [
            ({"choice": "other"}, "amount", "Please write how much"),
            ({"amount": "0.50"}, "amount", "The least is £1.00"),
            ({"amount": "20000"}, "amount", "at most £10,000.00"),
            ({"amount": "ten"}, "amount", "an amount in pounds"),
            ({"amount": "-5"}, "amount", "The least is"),
            ({"choice": "1"}, "choice", "not one of the available choices"),
            ({"gift_aid": "on"}, "address_line1", "Gift Aid needs your home address"),
            (HOME | {"postcode": "1"}, "postcode", "does not look like a UK postcode"),
            ({"dedication": "memory"}, "dedicated_to", "Please write the name"),
            ({"dedicated_to": "Rosa"}, "dedication", "in their memory or in their honour"),
            ({"frequency": "month", "method": "cheque"}, "method", "by card or Direct Debit"),
            ({"email": "ana"}, "email", "valid email"),
            ({"last_name": ""}, "last_name", "Please fill this in"),
        ],
    )
    def test_says_beside_the_field_what_is_wrong_and_keeps_what_was_typed(self, stripe_site, typed, field, words):
        answer = give(**typed | {"message": "For the children"})
        assert answer.status_code == 200
        form = answer.context["form"]
        assert any(words in each for each in form.errors[field])
        assert "For the children" in answer.content.decode()
        assert not Donation.objects.exists()

    def test_what_is_written_counts_more_than_what_was_chosen(self, stripe_site):
        give(amount="£7.50")
        assert Donation.objects.get().amount_pence == 750

    def test_the_same_form_sent_ten_times_at_once_is_one_donation(self, db, settings):
        settings.STRIPE_SECRET_KEY = ""
        form = FORM | {"method": "cheque", "token": "6f0d9d3e-6c38-4b6a-8f4a-6b7f0a6f7f01"}
        for _ in range(10):
            assert Client().post("/donate/", form).status_code == 302
        assert Donation.objects.count() == 1
        assert Person.objects.count() == 1

    def test_without_stripe_one_gives_by_transfer_or_cheque_once(self, settings, mailoutbox):
        settings.STRIPE_SECRET_KEY = ""
        page = Client().get("/donate/").content.decode()
        assert "Every month" not in page
        answer = give(method="cheque")
        donation = Donation.objects.get()
        assert answer["Location"] == donation.get_absolute_url()
        shown = Client().get(donation.get_absolute_url()).content.decode()
        assert donation.reference in shown
        assert donation.reference in mailoutbox[0].body
        assert mailoutbox[0].to == ["ana@people.example"]

    def test_an_address_gets_no_flood_of_mail(self, settings, mailoutbox):
        settings.STRIPE_SECRET_KEY = ""
        for _ in range(8):
            give(method="cheque")
        assert len(mailoutbox) == giving.MAILS_A_DAY


class TestOnce:
    def test_by_card_with_gift_aid_and_a_dedication(self, stripe_site, mailoutbox):
        donation = given(stripe_site, **HOME, dedication="memory", dedicated_to="Rosa <b>", consent_email_news="on")
        payment = Payment.objects.get()
        assert (payment.purpose, payment.gross_pence, payment.donation) == ("donation", 2500, donation)
        assert payment.fee_pence > 0
        person = payment.person
        assert (person.email, person.postcode) == ("ana@people.example", "N1 9GU")
        declaration = GiftAidDeclaration.objects.get(person=person)
        assert "1 Test Street" in declaration.declared_address
        assert [each.purpose for each in person.consents.all()] == ["email_news"]
        assert not Membership.objects.exists()
        (mail,) = mailoutbox
        assert mail.subject == "Thank you for your gift of £25.00"
        for text in (mail.body, mail.alternatives[0].content):
            assert "£31.25" in text
            assert donation.reference in text
        assert "in memory of Rosa <b>" in mail.body
        assert "Rosa &lt;b&gt;" in mail.alternatives[0].content

    def test_the_page_that_follows_asks_stripe_if_it_was_not_told(self, stripe_site):
        give()
        page = DonationCheckout.objects.get()
        thanks = page.donation.get_absolute_url()
        assert "Not given yet" in Client().get(thanks).content.decode()
        stripe_site.sandbox.pay(page.stripe_id)
        assert "Your gift of £25.00 has come." in Client().get(f"{thanks}?paid=1").content.decode()
        assert Payment.objects.count() == 1

    def test_told_twice_late_and_in_any_order_it_counts_once(self, stripe_site, mailoutbox):
        give()
        stripe_site.sandbox.pay(DonationCheckout.objects.get().stripe_id)
        events = stripe_site.untold()
        assert set(stripe_site.tell([*reversed(events), *events, *events])) == {200}
        assert Payment.objects.count() == len(mailoutbox) == 1

    def test_never_told_it_is_healed_and_a_second_look_writes_nothing(self, stripe_site, mailoutbox):
        give()
        give(frequency="month", email="ben@people.example", first_name="Ben")
        for page in DonationCheckout.objects.all():
            stripe_site.sandbox.pay(page.stripe_id)
        stripe_site.forget()
        since = Donation.objects.earliest("created_at").created_at.replace(year=2000)
        assert len(syncing.sync(since=since, dry_run=True).changes) == 4
        assert not Payment.objects.exists()
        mailoutbox.clear()
        report = syncing.sync(since=since)
        assert report.problems == []
        assert Payment.objects.count() == len(mailoutbox) == 2
        again = syncing.sync(since=since)
        assert (again.changes, again.problems) == ([], [])

    def test_a_double_click_and_two_tabs_make_one_page(self, stripe_site):
        form = FORM | {"token": "6f0d9d3e-6c38-4b6a-8f4a-6b7f0a6f7f02"}
        addresses = {Client().post("/donate/", form)["Location"] for _ in range(3)}
        donation = Donation.objects.get()
        addresses |= {Client().post(f"/donate/pay/{donation.secret}/")["Location"] for _ in range(3)}
        assert len(addresses) == 1
        assert len(stripe_site.sandbox.objects("checkout.session")) == len(stripe_site.sandbox.objects("customer")) == 1

    def test_back_from_stripe_with_another_amount_the_first_page_takes_no_money(self, stripe_site):
        form = FORM | {"token": "6f0d9d3e-6c38-4b6a-8f4a-6b7f0a6f7f04"}
        for amount in ("25", "50", "50", "25"):
            assert Client().post("/donate/", form | {"amount": amount}).status_code == 303
        pages = stripe_site.sandbox.objects("checkout.session")
        assert sorted((each["amount_total"], each["status"]) for each in pages if each["amount_total"] == 2500) == [
            (2500, "expired"),
            (2500, "open"),
        ]
        assert Person.objects.count() == 1

    def test_back_from_stripe_after_paying_the_first_gift_stands(self, stripe_site):
        form = FORM | {"token": "6f0d9d3e-6c38-4b6a-8f4a-6b7f0a6f7f05"}
        Client().post("/donate/", form)
        stripe_site.sandbox.pay(DonationCheckout.objects.get().stripe_id)
        answer = Client().post("/donate/", form | {"amount": "50"})
        donation = Donation.objects.get()
        assert answer["Location"] == donation.get_absolute_url()
        assert Payment.objects.get().gross_pence == 2500

    def test_a_page_that_ran_out_is_followed_by_another(self, stripe_site):
        give()
        donation = Donation.objects.get()
        first = donation.checkouts.get()
        stripe_site.sandbox.client.v1.checkout.sessions.expire(first.stripe_id)
        stripe_site.tell()
        answer = Client().post(f"/donate/pay/{donation.secret}/")
        assert answer.status_code == 303
        assert answer["Location"] != first.url

    def test_paid_already_the_button_leads_to_the_thanks(self, stripe_site):
        donation = given(stripe_site)
        answer = Client().post(f"/donate/pay/{donation.secret}/")
        assert answer["Location"] == donation.get_absolute_url()
        assert donation.checkouts.count() == 1

    def test_with_stripe_away_nothing_is_lost_and_the_next_click_goes_on(self, stripe_site):
        stripe_site.sandbox.fault("POST /v1/checkout/*", 500, times=9)
        answer = give()
        assert answer.status_code == 503
        assert answer["Retry-After"]
        assert "Nothing was charged" in answer.content.decode()
        stripe_site.sandbox.clear_faults()
        donation = Donation.objects.get()
        assert Client().post(f"/donate/pay/{donation.secret}/").status_code == 303

    def test_a_debit_is_on_its_way_for_days_and_one_that_bounces_is_told(self, stripe_site, mailoutbox):
        donation = given(stripe_site, "00012345", method="debit")
        thanks = donation.get_absolute_url()
        assert not Payment.objects.exists()
        assert "on its way" in Client().get(thanks).content.decode()
        pass_time(stripe_site, "10d")
        stripe_site.tell()
        assert Payment.objects.get().method == "debit"
        mailoutbox.clear()
        bounced = given(stripe_site, "22222227", method="debit", email="ben@people.example")
        pass_time(stripe_site, "10d")
        stripe_site.tell()
        assert [mail.subject for mail in mailoutbox] == ["Your gift did not come"]
        assert bounced.get_absolute_url() in mailoutbox[0].body
        assert Payment.objects.count() == 1

    def test_given_back_at_stripe_the_row_that_goes_back_belongs_to_the_donation(self, stripe_site, mailoutbox):
        donation = given(stripe_site)
        intent = Payment.objects.get().stripe_payment_intent_id
        stripe_site.sandbox.client.v1.refunds.create({"payment_intent": intent, "amount": 1000})
        stripe_site.tell()
        assert [each.gross_pence for each in donation.payments.order_by("pk")] == [2500, -1000]
        assert "membership" not in mailoutbox[-1].body.split("--")[0].lower().replace("because you are a member", "")


class TestEveryMonth:
    def test_each_month_is_a_payment_of_the_donation_with_thanks_and_no_membership(self, stripe_site, mailoutbox):
        donation = given(stripe_site, frequency="month", amount="10")
        gift = RegularGift.objects.get()
        assert (gift.donation, gift.amount_pence, gift.status) == (donation, 1000, "active")
        for _ in range(2):
            pass_time(stripe_site, "31d")
            stripe_site.tell()
        assert [each.gross_pence for each in donation.payments.all()] == [1000, 1000, 1000]
        assert [mail.subject for mail in mailoutbox] == ["Thank you for your gift of £10.00"] * 3
        assert "From now on it comes every month" in mailoutbox[0].body
        assert "your monthly gift of £10.00 has come" in mailoutbox[1].body
        assert not Membership.objects.exists()

    def test_a_month_that_fails_is_told_once_and_its_end_once(self, stripe_site, mailoutbox):
        given(stripe_site, frequency="month")
        gift, v1 = RegularGift.objects.get(), stripe_site.sandbox.client.v1
        failing = v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": gift.customer.stripe_id})
        v1.subscriptions.update(gift.stripe_id, {"default_payment_method": failing.id})
        mailoutbox.clear()
        for by in ("31d", "7d", "7d", "7d", "30d"):
            pass_time(stripe_site, by)
            stripe_site.tell()
        assert [mail.subject for mail in mailoutbox] == ["Your gift did not come", "Your monthly gift has ended"]
        assert Payment.objects.count() == 1

    def test_the_giver_signs_in_sees_it_and_stops_it(self, stripe_site, mailoutbox):
        donation = given(stripe_site, frequency="month")
        client = signed_in(donation.person)
        page = client.get("/membership/me/").content.decode()
        assert "Your monthly gifts" in page
        gift = RegularGift.objects.get()
        stop = f"/membership/me/gifts/{gift.pk}/stop/"
        assert client.get(stop).status_code == 200
        gift.refresh_from_db()
        assert gift.is_live, "opening the page stops nothing"
        assert "nothing more is taken" in client.post(stop, follow=True).content.decode()
        stripe_site.tell()
        pass_time(stripe_site, "62d")
        stripe_site.tell()
        assert Payment.objects.count() == 1
        assert [mail.subject for mail in mailoutbox][-1] == "Your monthly gift has ended"
        assert "has ended already" in client.post(stop, follow=True).content.decode()

    def test_somebody_elses_gift_is_a_404(self, stripe_site):
        given(stripe_site, frequency="month")
        other = signed_in(PersonFactory(email="eve@people.example"))
        for address in ("stop", "method"):
            assert other.post(f"/membership/me/gifts/{RegularGift.objects.get().pk}/{address}/").status_code == 404

    def test_a_member_who_gives_every_month_is_no_double_payer(self, stripe_site, individual):
        person = stripe_site.member(individual, email="ana@people.example")
        given(
            stripe_site, frequency="month", email=person.email, first_name=person.first_name, last_name=person.last_name
        )
        assert not person.concerns.exists()
        assert Payment.objects.filter(person=person).count() == 2


def signed_in(person: Person) -> Client:
    user = User.objects.create_user(person.email, "a-long-password")
    vouch_for_address(user)
    client = Client()
    client.force_login(user)
    person.refresh_from_db()
    if person.user_id is None:
        person.user = user
        person.save()
    return client


class TestSomebodyKnown:
    """Anybody can type anybody's address."""

    @pytest.fixture
    def known(self) -> Person:
        return PersonFactory(
            first_name="Ana",
            last_name="Real",
            email="ana@people.example",
            address_line1="9 Own Road",
            email_verified_at=timezone.now(),
        )

    def test_a_gift_in_their_name_changes_nothing_of_theirs(self, stripe_site, known, mailoutbox):
        before = known.details()
        given(stripe_site, **HOME, consent_post="on", first_name="Eve")
        known.refresh_from_db()
        assert known.details() == before
        assert Payment.objects.get().person == known
        assert not known.gift_aid_declarations.exists()
        assert not known.consents.exists()
        assert "please confirm it yourself" in mailoutbox[0].body
        (customer,) = stripe_site.sandbox.objects("customer")
        assert customer["name"] == "Eve Quispe", "the page at Stripe shows nothing of theirs"

    def test_signed_in_what_they_typed_comes_true(self, stripe_site, known):
        client = signed_in(known)
        give(client, **HOME, email=known.email)
        stripe_site.sandbox.pay(DonationCheckout.objects.get().stripe_id)
        stripe_site.tell()
        assert known.gift_aid_declarations.count() == 1

    def test_their_customer_at_stripe_is_not_used_by_a_stranger(self, stripe_site, known):
        theirs = StripeCustomer.objects.create(person=known, stripe_id="cus_theirs")
        give()
        assert DonationCheckout.objects.get().customer != theirs

    def test_the_form_is_filled_in_for_who_is_signed_in_only(self, stripe_site, known):
        assert "9 Own Road" in signed_in(known).get("/donate/").content.decode()
        assert "9 Own Road" not in Client().get("/donate/").content.decode()

    def test_two_gifts_of_one_human_are_one_record(self, stripe_site):
        given(stripe_site)
        given(stripe_site, amount="5")
        assert Person.objects.count() == 1
        assert StripeCustomer.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_ten_clicks_at_once_make_one_donation_one_customer_and_one_page(stripe_site):
    form = FORM | {"token": "6f0d9d3e-6c38-4b6a-8f4a-6b7f0a6f7f03"}
    answers = at_once(*[lambda: Client().post("/donate/", form).status_code] * 10)
    assert set(answers) <= {303, 503}
    assert 303 in answers
    assert Donation.objects.count() == 1
    assert DonationCheckout.objects.count() == 1
    assert len(stripe_site.sandbox.objects("checkout.session")) == 1


def test_the_page_costs_few_queries(stripe_site, django_assert_max_num_queries):
    Client().get("/donate/")
    with django_assert_max_num_queries(6):
        page = Client().get("/donate/").content.decode()
    assert not re.search(r"<script|style=", page)
