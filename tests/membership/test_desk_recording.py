"""The membership desk: money that came by post, bank or hand."""

from datetime import timedelta

import pytest
from django.utils import timezone

from membership.models import (
    Application,
    ApplicationState,
    Payment,
    Person,
    Plan,
)
from tests.factories import PersonFactory
from tests.membership.conftest import pay, price_of
from tests.membership.desk_pages import LIST, opened, record, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client_as):
    return client_as("Membership")


class TestRecording:
    def test_three_clicks_make_a_member_with_a_receipt(self, desk, join, individual, mailoutbox):
        application = join(individual, amount="30")
        found = desk.get(LIST, {"q": application.reference}).content.decode()
        link = f"{LIST}{application.person_id}/record/?application={application.pk}"
        assert link in found
        data = opened(desk, application.person, application)
        assert (data["amount"], data["method"], data["received_on"]) == ("30.00", "cheque", timezone.localdate())
        response = record(desk, application.person, data)
        person = Person.objects.get()
        assert person.is_member()
        assert "£30.00 recorded. Ana Quispe is a member until" in said(response)
        receipt = mailoutbox[-1]
        assert receipt.to == ["ana@people.example"]
        until = person.memberships.get().paid_until
        for text in (receipt.body, receipt.alternatives[0].content):
            assert "£30.00" in text
            assert f"{until.day} {until:%B %Y}" in text
            assert application.reference in text
        payment = Payment.objects.get()
        assert payment.recorded_by.email == "membership@staff.example"
        application.refresh_from_db()
        assert (application.state, application.payment) == (ApplicationState.ACCEPTED, payment)
        assert person.memberships.get().reference == application.reference

    def test_a_renewal_by_the_same_button_is_prefilled_with_what_they_paid(self, desk, individual):
        person = PersonFactory()
        pay(person, individual, gross_pence=4000, method="standing_order")
        data = opened(desk, person)
        assert (data["amount"], data["method"], data["price"]) == ("40.00", "standing_order", price_of(individual).pk)
        record(desk, person, data)
        assert person.memberships.get().terms.count() == 2

    def test_a_renewal_at_a_higher_price_asks_for_the_new_one(self, desk, individual):
        from membership.actions.plans import set_price

        person = PersonFactory()
        pay(person, individual)
        set_price(plan=individual, interval="year", amount_pence=3000)
        assert opened(desk, person)["amount"] == "30.00"

    def test_whoever_was_promised_a_price_pays_it_though_plan_and_price_are_gone(self, desk, join, individual):
        from membership.actions.plans import set_price

        application = join(individual)
        set_price(plan=individual, interval="year", amount_pence=3000)
        Plan.objects.update(is_offered=False)
        record(desk, application.person, opened(desk, application.person, application))
        assert application.person.is_member()
        assert Payment.objects.get().term.price.amount_pence == 2500

    def test_a_double_click_records_once(self, desk, individual):
        person = PersonFactory()
        data = opened(desk, person) | {"price": price_of(individual).pk, "amount": "25", "method": "cash"}
        for _ in range(2):
            assert "recorded" in said(record(desk, person, data))
        assert Payment.objects.count() == 1
        assert person.memberships.get().terms.count() == 1

    def test_two_staff_with_one_cheque_are_told_of_each_other(self, desk, client_as, individual):
        person = PersonFactory()
        pay(person, individual)
        mine, theirs = opened(desk, person), opened(client_as("Superuser"), person)
        record(client_as("Superuser"), person, theirs)
        response = record(desk, person, mine)
        assert "Test Superuser recorded £25.00" in response.content.decode()
        assert Payment.objects.count() == 2
        again = {**mine, "last_seen": response.context["form"]["last_seen"].value()}
        record(desk, person, again)
        assert Payment.objects.count() == 3, "pressed again it is another payment"

    def test_two_staff_with_one_form_record_one_payment(self, desk, client_as, join, individual):
        application = join(individual)
        mine = opened(desk, application.person, application)
        theirs = opened(client_as("Superuser"), application.person, application)
        record(client_as("Superuser"), application.person, theirs)
        assert "recorded for this form already" in said(record(desk, application.person, mine))
        assert Payment.objects.count() == 1
        page = desk.get(f"{LIST}{application.person_id}/record/?application={application.pk}", follow=True)
        assert "recorded for this form already" in said(page)

    @pytest.mark.parametrize(("amount", "asks"), [("24.99", "£0.01 less"), ("1,000,000", "very"), ("5000.01", "very")])
    def test_an_odd_amount_is_asked_about_once(self, desk, individual, amount, asks):
        person = PersonFactory()
        pay(person, individual)
        data = opened(desk, person)
        response = record(desk, person, data, amount=amount)
        assert asks in response.content.decode()
        assert Payment.objects.count() == 1
        record(desk, person, data, amount=amount, unusual="on")
        assert Payment.objects.count() == 2

    @pytest.mark.parametrize("amount", ["0", "-25", "-0.01", "", "lots", "25.001"])
    def test_nothing_or_less_is_refused_whatever_is_ticked(self, desk, individual, amount):
        person = PersonFactory()
        pay(person, individual)
        response = record(desk, person, opened(desk, person), amount=amount, unusual="on")
        assert response.context["form"].errors["amount"]
        assert Payment.objects.count() == 1

    @pytest.mark.parametrize(
        "changes",
        [
            {"received_on": (timezone.localdate() + timedelta(days=1)).isoformat()},
            {"received_on": "yesterday"},
            {"method": "card"},
            {"price": "999999"},
            {"token": "x"},
            {"last_seen": "x"},
            {"bank_reference": "x" * 101},
        ],
    )
    def test_what_cannot_be_is_refused(self, desk, individual, changes):
        person = PersonFactory()
        pay(person, individual)
        response = record(desk, person, opened(desk, person), **changes)
        assert response.status_code == 200
        assert response.context["form"].errors
        assert Payment.objects.count() == 1

    def test_a_life_member_has_nothing_to_renew(self, desk, life):
        person = PersonFactory()
        pay(person, life)
        assert "member for life" in record(desk, person, opened(desk, person)).content.decode()

    def test_somebody_without_email_or_who_died_gets_no_mail(self, desk, individual, mailoutbox):
        for person in (PersonFactory(email=""), PersonFactory(do_not_contact=True)):
            data = opened(desk, person) | {"price": price_of(individual).pk, "amount": "25", "method": "cash"}
            assert "No receipt was mailed" in said(record(desk, person, data))
        assert mailoutbox == []

    def test_staff_say_whose_payment_it_is_where_records_look_alike(self, desk, join, individual):
        known = PersonFactory(
            first_name="Ana", last_name="Quispe", email="ana@people.example", address_line1="Old Road"
        )
        pay(known, individual)
        application = join(individual)
        assert application.person != known, "an address that nobody verified proves nothing"
        data = opened(desk, application.person, application)
        assert (
            f"(record {known.pk})"
            in desk.get(f"{LIST}{application.person_id}/record/?application={application.pk}").content.decode()
        )
        record(desk, application.person, data, whose=known.pk, take_details="on")
        known.refresh_from_db()
        assert known.address_line1 == "1 Test Street"
        assert known.memberships.get().terms.count() == 2
        assert list(Person.objects.all()) == [known], "the record that only the form had made is gone"
        assert Application.objects.get().person == known

    def test_details_stay_as_they_are_unless_ticked(self, desk, join, individual):
        known = PersonFactory(email="ana@people.example", email_verified_at=timezone.now(), address_line1="Old Road")
        application = join(individual)
        data = opened(desk, known, application)
        assert "take_details" not in data, "another name: not taken over unasked"
        record(desk, known, data)
        known.refresh_from_db()
        assert known.address_line1 == "Old Road"

    def test_a_form_of_somebody_else_is_not_found(self, desk, join, individual):
        application, other = join(individual), PersonFactory()
        for number in (application.pk, "x", "-1"):
            assert desk.get(f"{LIST}{other.pk}/record/?application={number}").status_code == 404
