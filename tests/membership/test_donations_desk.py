"""The desk for donations: what was given and promised, and recording what came by post, bank or hand."""

import uuid
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from membership.actions import ledger, merging, recording_gifts
from membership.actions.claims import preview
from membership.actions.people import declare_gift_aid
from membership.models import Donation, DonationCheckout, GiftAidDeclaration, Payment, Person, RegularGift
from tests.at_once import at_once
from tests.factories import AppealFactory, DonationFactory, PersonFactory, StripeCustomerFactory
from tests.membership.conftest import pay
from tests.membership.desk_pages import LIST as PEOPLE
from tests.membership.desk_pages import said
from tests.membership.gifts import RECORD, back, given, opened, record

pytestmark = pytest.mark.django_db
LIST = "/admin/membership/donation/"
NEW = {"first_name": "Ana", "last_name": "Quispe", "address_line1": "1 Test Street", "postcode": "n19gu"}


@pytest.fixture
def desk(client_as):
    return client_as("Treasurer")


def page(donation: Donation) -> str:
    return f"{LIST}{donation.pk}/change/"


def listed(desk, **query) -> list[str]:
    response = desk.get(LIST, query)
    assert response.status_code == 200
    return [donation.reference for donation in response.context["cl"].result_list]


def errors(response) -> dict[str, list[str]]:
    assert response.status_code == 200
    return response.context["form"].errors


def regular(donation: Donation, **columns) -> RegularGift:
    """A gift of every month."""
    usual = {
        "stripe_id": f"sub_{uuid.uuid4().hex}",
        "customer": StripeCustomerFactory(person=donation.person),
        "amount_pence": donation.amount_pence,
        "item_id": "si_1",
        "status": "active",
        "started_at": timezone.now(),
        "period_ends_at": timezone.now() + timedelta(days=30),
        "method": "card",
        "card_brand": "visa",
        "last4": "4242",
    }
    return RegularGift.objects.create(donation=donation, **usual | columns)


class TestRecording:
    def test_a_cheque_of_somebody_known_is_found_chosen_and_recorded(self, desk):
        person = PersonFactory(first_name="Ana", last_name="Quispe")
        appeal = AppealFactory(title="Water")
        found = desk.get(RECORD, {"q": "quispe"}).content.decode()
        assert f'href="?person={person.pk}"' in found
        query = f"?person={person.pk}"
        response = record(desk, opened(desk, person=person.pk), query=query, amount="50", appeal=appeal.pk)
        assert "£50.00 of Ana Quispe recorded for “Water”." in said(response)
        payment = Payment.objects.get()
        assert (payment.purpose, payment.method, payment.person) == ("donation", "cheque", person)
        assert payment.recorded_by.email == "treasurer@staff.example"
        donation = payment.donation
        assert (donation.state, donation.appeal, donation.email) == ("given", appeal, person.email)
        assert donation.is_anonymous
        assert donation.recorded_by == payment.recorded_by

    def test_somebody_new_gets_a_record(self, desk):
        response = record(
            desk, opened(desk, new=1), amount="1,250.50", method="cash", email="Ana@People.Example", **NEW
        )
        assert "£1,250.50 of Ana Quispe recorded." in said(response)
        person = Person.objects.get()
        assert (person.name, person.postcode, person.email) == ("Ana Quispe", "N1 9GU", "ana@people.example")
        assert person.email_verified_at is None
        assert person.history.get().history_user.email == "treasurer@staff.example"

    def test_an_organisation_and_a_dedication_and_a_name_in_public(self, desk):
        record(
            desk,
            opened(desk, new=1),
            amount="100",
            is_organisation="on",
            organisation_name="Test Friends",
            dedication="memory",
            dedicated_to="Luz",
            is_anonymous=None,
        )
        donation = Donation.objects.get()
        assert donation.person.is_organisation
        assert (donation.organisation_name, donation.dedication, donation.dedicated_to) == (
            "Test Friends",
            "memory",
            "Luz",
        )
        assert not donation.is_anonymous

    def test_a_double_click_is_one_donation(self, desk):
        data = opened(desk, new=1)
        for _ in range(2):
            assert "recorded" in said(record(desk, data, amount="25", **NEW, somebody_else="on"))
        assert (Donation.objects.count(), Payment.objects.count(), Person.objects.count()) == (1, 1, 1)

    def test_who_looks_like_somebody_we_know_is_asked_about(self, desk):
        known = PersonFactory(first_name="Ana", last_name="Quispe", postcode="N1 9GU")
        response = record(desk, opened(desk, new=1), amount="25", **NEW)
        assert errors(response)["somebody_else"]
        assert f'href="?person={known.pk}"' in response.content.decode()
        assert 'value="1 Test Street"' in response.content.decode()
        assert not Donation.objects.exists()
        record(desk, opened(desk, new=1), amount="25", somebody_else="on", **NEW)
        assert Person.objects.count() == 2

    def test_two_staff_with_one_cheque_are_told_of_each_other(self, desk, client_as):
        person = PersonFactory()
        query = f"?person={person.pk}"
        mine, other = opened(desk, person=person.pk), client_as("Superuser")
        record(other, opened(other, person=person.pk), query=query, amount="25")
        response = record(desk, mine, query=query, amount="25")
        assert "Test Superuser recorded £25.00" in response.content.decode()
        assert Donation.objects.count() == 1
        again = mine | {"last_seen": response.context["form"]["last_seen"].value()}
        record(desk, again, query=query, amount="25")
        assert Donation.objects.count() == 2

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"amount": "0"}, "amount"),
            ({"amount": "-5"}, "amount"),
            ({"amount": "lots"}, "amount"),
            ({"amount": ""}, "amount"),
            ({"amount": "999999999999"}, "amount"),
            ({"amount": "5000.01"}, "unusual"),
            ({"received_on": (timezone.localdate() + timedelta(days=1)).isoformat()}, "received_on"),
            ({"received_on": "yesterday"}, "received_on"),
            ({"method": "card"}, "method"),
            ({"appeal": "999999"}, "appeal"),
            ({"appeal": "x"}, "appeal"),
            ({"dedication": "memory"}, "dedicated_to"),
            ({"dedicated_to": "Luz"}, "dedication"),
            ({"dedicated_to": "x" * 101, "dedication": "memory"}, "dedicated_to"),
            ({"bank_reference": "x" * 101}, "bank_reference"),
            ({"last_name": ""}, "last_name"),
            ({"last_name": "x" * 101}, "last_name"),
            ({"email": "ana"}, "email"),
            ({"postcode": "nowhere"}, "postcode"),
            ({"is_organisation": "on"}, "organisation_name"),
            ({"organisation_name": "Friends"}, "is_organisation"),
            ({"gift_aid": "always"}, "gift_aid"),
            ({"gift_aid": "all", "channel": "web"}, "channel"),
            ({"gift_aid": "all", "address_line1": ""}, "address_line1"),
            ({"gift_aid": "all", "postcode": ""}, "postcode"),
            ({"gift_aid": "all", "is_organisation": "on", "organisation_name": "Friends"}, "gift_aid"),
            ({"token": "x"}, "token"),
            ({"token": None}, "token"),
        ],
    )
    def test_bad_input_is_said_beside_the_field_and_what_was_typed_stays(self, desk, changes, field):
        response = record(desk, opened(desk, new=1), **{"amount": "25", **NEW, **changes})
        assert field in errors(response)
        assert 'value="Ana"' in response.content.decode()
        assert (Donation.objects.count(), Person.objects.count()) == (0, 0)

    def test_very_much_is_asked_about_once(self, desk):
        response = record(desk, opened(desk, new=1), amount="10,000", unusual="on", **NEW)
        assert "£10,000.00 of Ana Quispe recorded." in said(response)

    def test_a_closed_month_is_refused_politely(self, desk, client_as, time_machine):
        time_machine.move_to("2026-11-20 12:00+00:00")
        ledger.close_month(date(2026, 10, 1), by=None)
        response = record(desk, opened(desk, new=1), amount="25", received_on="2026-10-31", **NEW)
        assert "October 2026 is closed" in errors(response)["received_on"][0]
        assert not Person.objects.exists()

    def test_a_month_that_is_closed_while_the_form_is_sent_is_refused_too(self, desk, monkeypatch):
        def closed(*args, **kwargs):
            raise ledger.MonthClosed(date(2026, 10, 1))

        monkeypatch.setattr("membership.actions.donating.ledger.keep_open", closed)
        response = record(desk, opened(desk, new=1), amount="25", **NEW)
        assert "October 2026 is closed" in errors(response)["received_on"][0]
        assert (Person.objects.count(), Donation.objects.count()) == (0, 0)

    def test_whose_record_was_merged_meanwhile_is_not_found(self, desk):
        keep, drop = PersonFactory(), PersonFactory()
        data, query = opened(desk, person=drop.pk), f"?person={drop.pk}"
        merging.merge(keep=keep, drop=drop, chosen={}, by=None)
        assert record(desk, data, query=query, amount="25").status_code == 404
        assert not Donation.objects.exists()

    @pytest.mark.parametrize("query", ["?person=0", "?person=x", "?person=" + "9" * 30, "?donation=0", "?donation="])
    def test_an_address_of_nobody_is_not_found(self, desk, query):
        assert desk.get(RECORD + query).status_code == 404

    @pytest.mark.parametrize("asked", ["zzz", "x" * 500, "%_\\", "'; drop"])
    def test_a_search_that_finds_nobody_says_so(self, desk, asked):
        assert "Nobody is found" in desk.get(RECORD, {"q": asked}).content.decode()

    def test_a_search_that_finds_many_shows_some(self, desk):
        for _ in range(22):
            PersonFactory(last_name="Quispe")
        html = desk.get(RECORD, {"q": "quispe"}).content.decode()
        assert html.count("?person=") == 20
        assert "There are more." in html

    def test_a_gift_taken_back_on_the_persons_page_is_taken_from_the_appeal(self, client_as):
        desk, appeal = client_as("Membership"), AppealFactory(target_pence=10_000)
        payment = given(5000, appeal=appeal)
        path = f"{PEOPLE}payments/{payment.pk}/reverse/"
        form = desk.get(path).context["form"]
        desk.post(path, {"reason": "bounced", "token": form["token"].value()})
        assert "£0" in client_as("Editor").get("/admin/membership/appeal/").content.decode()
        assert "£0.00 in all" in desk.get(page(payment.donation)).content.decode()


class TestGiftAid:
    def test_a_declaration_on_paper_covers_the_gift(self, desk):
        day = timezone.localdate() - timedelta(days=2)
        record(
            desk,
            opened(desk, new=1),
            amount="100",
            gift_aid="all",
            channel="post",
            received_on=day.isoformat(),
            **NEW,
        )
        declaration = GiftAidDeclaration.objects.get()
        assert (declaration.scope, declaration.channel, declaration.made_on) == ("all", "post", day)
        assert declaration.declared_name == "Ana Quispe"
        assert "1 Test Street" in declaration.declared_address
        assert preview(day, day).gifts_pence == 10_000

    def test_for_this_gift_only(self, desk):
        record(desk, opened(desk, new=1), amount="100", gift_aid="this", channel="in_person", **NEW)
        given(5000, person=Person.objects.get())
        today = timezone.localdate()
        assert preview(today, today).gifts_pence == 10_000

    def test_one_that_stands_already_is_not_doubled(self, desk):
        person = PersonFactory()
        declare_gift_aid(person, declared=person)
        query = f"?person={person.pk}"
        record(desk, opened(desk, person=person.pk), query=query, amount="25", gift_aid="all", channel="post")
        assert GiftAidDeclaration.objects.count() == 1

    def test_a_record_without_an_address_declares_nothing(self, desk):
        person = PersonFactory(address_line1="", postcode="")
        response = record(
            desk,
            opened(desk, person=person.pk),
            query=f"?person={person.pk}",
            amount="25",
            gift_aid="all",
            channel="post",
        )
        assert "no address line, postcode" in errors(response)["gift_aid"][0]

    def test_nor_does_an_organisation(self, desk):
        person = PersonFactory(kind="organisation", organisation_name="Test Friends")
        data = opened(desk, person=person.pk)
        response = record(desk, data, query=f"?person={person.pk}", amount="25", gift_aid="all", channel="post")
        assert "organisation" in errors(response)["gift_aid"][0]


class TestPromised:
    """Donations that somebody filled in on the site, and whose money comes by transfer or cheque."""

    def test_its_money_is_recorded_from_its_page(self, desk):
        donation = DonationFactory(appeal=AppealFactory(title="Water"))
        html = desk.get(page(donation)).content.decode()
        assert f'href="{RECORD}?donation={donation.pk}"' in html
        data = opened(desk, donation=donation.pk)
        assert (data["amount"], data["method"], data["bank_reference"]) == ("25.00", "transfer", donation.reference)
        query = f"?donation={donation.pk}"
        for _ in range(2):
            assert "£25.00 of" in said(record(desk, data, query=query))
        donation.refresh_from_db()
        assert donation.state == "given"
        assert donation.payments.get().bank_reference == donation.reference

    def test_two_staff_with_one_transfer_record_one_payment(self, desk, client_as):
        donation = DonationFactory()
        query = f"?donation={donation.pk}"
        mine, other = opened(desk, donation=donation.pk), client_as("Superuser")
        record(other, opened(other, donation=donation.pk), query=query)
        assert "recorded for this donation already" in said(record(desk, mine, query=query))
        assert Payment.objects.count() == 1
        assert "does not wait for money any more: given" in said(desk.get(RECORD + query, follow=True))

    def test_another_amount_than_was_promised_is_taken_as_it_came(self, desk):
        donation = DonationFactory()
        record(desk, opened(desk, donation=donation.pk), query=f"?donation={donation.pk}", amount="20")
        assert donation.payments.get().gross_pence == 2000

    def test_what_is_on_its_way_at_stripe_is_asked_about_and_not_discarded(self, desk):
        donation = DonationFactory(method="debit")
        DonationCheckout.objects.create(
            donation=donation,
            customer=StripeCustomerFactory(person=donation.person),
            state="pending",
            expires_at=timezone.now(),
        )
        query = f"?donation={donation.pk}"
        data = opened(desk, donation=donation.pk)
        assert errors(record(desk, data, query=query))["twice"]
        assert "on its way" in said(desk.post(f"{LIST}{donation.pk}/discard/", follow=True))
        donation.refresh_from_db()
        assert donation.is_open
        assert "£25.00 of" in said(record(desk, data, query=query, twice="on"))

    def test_nobody_waits_for_what_is_discarded_and_it_can_be_found(self, desk):
        donation = DonationFactory()
        for _ in range(2):
            assert "Nobody waits" in said(desk.post(f"{LIST}{donation.pk}/discard/", follow=True))
        assert listed(desk, q=donation.reference) == [donation.reference]
        assert listed(desk, state__exact="discarded") == [donation.reference]
        assert "Wait no longer" not in desk.get(page(donation)).content.decode()

    def test_what_was_given_is_not_discarded(self, desk):
        payment = given()
        response = desk.post(f"{LIST}{payment.donation.pk}/discard/", follow=True)
        assert "given meanwhile" in said(response)
        payment.donation.refresh_from_db()
        assert payment.donation.state == "given"

    def test_money_that_comes_after_all_is_given(self, desk):
        donation = DonationFactory()
        recording_gifts.discard(donation)
        given(donation=donation)
        donation.refresh_from_db()
        assert donation.state == "given"


class TestReading:
    def test_a_donation_is_found_by_reference_name_and_address_however_written(self, desk):
        donation = DonationFactory(
            person=PersonFactory(first_name="José", last_name="Quispe", email="jq@people.example"),
            email="other@people.example",
        )
        DonationFactory()
        reference = donation.reference
        spaced = f"{reference[:3]} {reference[3:6].lower()}-{reference[6:]}"
        for asked in (reference, spaced, "jose quispe", "jq@people.example", "Other@people.example"):
            assert listed(desk, q=asked) == [reference], asked
        assert f"?person={donation.person_id}" in desk.get(RECORD, {"q": reference}).content.decode()
        assert listed(desk, q="zzz") == []
        assert len(listed(desk, q=" ")) == 2

    def test_filters_answer_the_treasurers_questions(self, desk):
        appeal = AppealFactory()
        open_one, monthly = DonationFactory(appeal=appeal), DonationFactory(frequency="month", method="card")
        failing = DonationFactory(frequency="month", method="card")
        regular(monthly), regular(failing, status="past_due")
        ended = DonationFactory(frequency="month", method="card")
        regular(ended, status="canceled", ended_at=timezone.now())
        paid = given().donation
        assert set(listed(desk, state__exact="open")) == {
            each.reference for each in (open_one, monthly, failing, ended)
        }
        assert listed(desk, state__exact="given") == [paid.reference]
        assert listed(desk, appeal__id__exact=appeal.pk) == [open_one.reference]
        assert listed(desk, regular="failing") == [failing.reference]
        assert listed(desk, regular="ended") == [ended.reference]
        assert set(listed(desk, regular="running")) == {monthly.reference, failing.reference}
        assert len(listed(desk, regular="nonsense")) == 5

    def test_the_page_says_everything_about_a_monthly_gift(self, desk):
        donation = DonationFactory(
            frequency="month",
            method="card",
            dedication="honour",
            dedicated_to="Luz",
            message="Keep going",
            gift_aid_version="2026-11",
            consents=[{"purpose": "post", "wording": "Send me news by post."}],
        )
        gift = regular(donation)
        payment = given(donation=donation, method="card")
        html = desk.get(page(donation)).content.decode()
        for words in (
            "every month",
            "In honour of Luz",
            "Keep going",
            "Ticked on the form",
            "Send me news by post.",
            "Visa card ending in 4242",
            f"{timezone.localdate(gift.period_ends_at):%-d %b %Y}",
            "£25.00 in all",
            f"/admin/membership/payment/{payment.pk}/change/",
        ):
            assert words in html

    def test_the_list_says_how_monthly_gifts_fare(self, desk):
        now = timezone.now()
        for columns in (
            {"status": "past_due"},
            {"status": "canceled", "ended_at": now},
            {"status": "canceled"},
            {"cancel_at": now},
        ):
            regular(DonationFactory(frequency="month", method="card"), **columns)
        html = desk.get(LIST).content.decode()
        for words in ("payment failed", "ended on", ">ended<", "ends on"):
            assert words in html

    def test_the_list_costs_the_same_for_many(self, desk):
        def cost() -> int:
            with CaptureQueriesContext(connection) as captured:
                assert desk.get(LIST).status_code == 200
            return len(captured)

        regular(DonationFactory(frequency="month", method="card", appeal=AppealFactory()))
        few = cost()
        for _ in range(12):
            regular(DonationFactory(frequency="month", method="card", appeal=AppealFactory()))
        assert cost() == few

    def test_the_persons_page_shows_their_donations(self, client_as):
        desk = client_as("Membership")
        appeal = AppealFactory(title="Water")
        monthly = DonationFactory(frequency="month", method="card", appeal=appeal)
        regular(monthly)
        for _ in range(2):
            given(donation=monthly, method="card")
        html = desk.get(f"{PEOPLE}{monthly.person_id}/change/").content.decode()
        for words in ("£25.00 every month", "£50.00 given in all", "Water", "Next on", f"{RECORD}?person="):
            assert words in html

    def test_a_names_markup_is_shown_as_words(self, desk):
        donation = DonationFactory(first_name="<b>x</b>", dedication="memory", dedicated_to="<i>y</i>")
        for path in (LIST, page(donation), f"{RECORD}?donation={donation.pk}"):
            html = desk.get(path).content.decode()
            assert "<b>x</b>" not in html
            assert "<i>y</i>" not in html


class TestWhoMay:
    @pytest.mark.parametrize(
        ("role", "may"),
        [
            ("Treasurer", True),
            ("Membership", True),
            ("Administrator", True),
            ("Editor", False),
            ("Writer", False),
            ("Events", False),
        ],
    )
    def test_each_role(self, client_as, role, may):
        client, donation = client_as(role), DonationFactory()
        paths = [LIST, page(donation), RECORD, f"{RECORD}?new=1", f"{RECORD}?donation={donation.pk}"]
        paths.append(f"{RECORD}?person={donation.person_id}")
        assert {client.get(path).status_code for path in paths} == {200 if may else 403}
        if not may:
            data = {"amount": "25", "token": uuid.uuid4()}
            assert client.post(f"{RECORD}?donation={donation.pk}", data).status_code == 403
            assert client.post(f"{LIST}{donation.pk}/discard/").status_code == 403
            donation.refresh_from_db()
            assert donation.is_open
        assert client.post(page(donation), {"amount_pence": 1}).status_code == 403
        assert client.get(f"{LIST}add/").status_code == 403

    def test_a_visitor_is_asked_to_sign_in(self, client):
        assert {client.get(path).status_code for path in (LIST, RECORD)} == {302}

    def test_discarding_takes_a_button(self, desk):
        assert desk.get(f"{LIST}{DonationFactory().pk}/discard/").status_code == 405

    def test_the_treasurer_gets_no_way_to_people(self, desk):
        donation = given().donation
        assert "/admin/membership/person/" not in desk.get(page(donation)).content.decode()

    def test_pages_that_are_ours_allow_no_inline_script_or_style(self, desk):
        person = PersonFactory()
        for path in (RECORD, f"{RECORD}?q=test", f"{RECORD}?new=1", f"{RECORD}?person={person.pk}"):
            response = desk.get(path)
            assert "unsafe" not in response["Content-Security-Policy"]
            assert " style=" not in response.content.decode()


class TestAtOnce:
    @pytest.mark.django_db(transaction=True)
    def test_ten_clicks_at_once_are_one_donation_of_one_person(self, desk, client_as):
        data = {**opened(desk, new=1), "amount": "25", **NEW, "somebody_else": "on"}
        clients = [client_as("Treasurer") for _ in range(10)]
        at_once(*[lambda client=client: client.post(f"{RECORD}?new=1", data) for client in clients])
        assert (Donation.objects.count(), Payment.objects.count(), Person.objects.count()) == (1, 1, 1)

    @pytest.mark.django_db(transaction=True)
    def test_two_staff_at_once_record_one_promised_donation_once(self, client_as):
        donation = DonationFactory()
        clients = [client_as("Treasurer"), client_as("Superuser")]
        forms = [opened(client, donation=donation.pk) for client in clients]
        acts = [
            lambda client=client, form=form: client.post(f"{RECORD}?donation={donation.pk}", form)
            for client, form in zip(clients, forms, strict=True)
        ]
        assert {response.status_code for response in at_once(*acts)} == {302}
        assert Payment.objects.count() == 1

    @pytest.mark.django_db(transaction=True)
    def test_discarding_and_money_at_once_end_as_given(self, desk):
        donation = DonationFactory()
        form = opened(desk, donation=donation.pk)
        at_once(
            lambda: desk.post(f"{RECORD}?donation={donation.pk}", form),
            lambda: recording_gifts.discard(donation),
        )
        donation.refresh_from_db()
        assert (donation.state, Payment.objects.count()) == ("given", 1)


def test_a_merge_moves_donations_and_the_appeal_counts_one_donor(individual):
    from membership import appeals

    appeal, keep, drop = AppealFactory(), PersonFactory(), PersonFactory()
    given(1000, appeal=appeal, person=keep)
    given(2000, appeal=appeal, person=drop)
    assert appeals.raised(appeal).donors == 2
    merging.merge(keep=keep, drop=drop, chosen={}, by=None)
    assert appeals.raised(appeal) == appeals.Raised(3000, 1)
    assert keep.donations.count() == 2


def test_a_payment_of_a_membership_is_no_donation(individual):
    from membership import appeals

    appeal = AppealFactory()
    back(pay(PersonFactory(), individual))
    assert appeals.raised(appeal) == appeals.Raised(0, 0)
