"""The membership desk: find people, correct, keep their records."""

import uuid
from html import unescape

import pytest
from django.utils import timezone

from membership.actions import memberships
from membership.models import (
    Consent,
    Cover,
    GiftAidDeclaration,
    Membership,
    Payment,
    Person,
)
from tests.factories import PersonFactory
from tests.membership.conftest import pay
from tests.membership.desk_pages import LIST, listed, opened, record, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client_as):
    return client_as("Membership")


class TestFinding:
    @pytest.fixture
    def people(self, individual):
        ana = PersonFactory(first_name="Ana María", last_name="Muñoz", email="Ana@people.example", postcode="SW1A 1AA")
        body = PersonFactory(
            kind="organisation", organisation_name="Library of Testing", first_name="Luis", last_name="Quispe", email=""
        )
        pay(ana, individual)
        return ana, body

    @pytest.mark.parametrize(
        ("words", "found"),
        [
            ("muñoz", "Ana María Muñoz"),
            ("MUNOZ ana", "Ana María Muñoz"),
            ("ana@people", "Ana María Muñoz"),
            ("sw1a1aa", "Ana María Muñoz"),
            ("SW1A 1AA", "Ana María Muñoz"),
            ("library", "Library of Testing"),
            ("quispe", "Library of Testing"),
        ],
    )
    def test_by_name_email_postcode_contact(self, desk, people, words, found):
        assert listed(desk, q=words) == [found]

    def test_by_reference_however_written_also_before_the_payment(self, desk, people, join, individual):
        reference = people[0].memberships.get().reference
        for written in (reference, reference.lower(), reference[3:], f"PSG {reference[3:6]} {reference[6:]}"):
            assert listed(desk, q=written) == ["Ana María Muñoz"]
        waiting = join(individual, first_name="New", email="new@people.example")
        assert listed(desk, q=waiting.reference) == ["New Quispe"]

    @pytest.mark.parametrize("words", ["%", "'; DROP TABLE x;--", "zzz", "\\", "a" * 5000, "🦙", "_"])
    def test_anything_may_be_searched(self, desk, people, words):
        assert listed(desk, q=words) == []

    def test_the_list_says_who_has_paid(self, desk, people):
        html = desk.get(LIST).content.decode()
        assert "£25.00" in html
        assert "paid nothing" in html
        assert "Record payment" in html

    def test_filters_ask_the_questions_of_the_week(self, desk, individual, join):
        member, leaving = PersonFactory(last_name="Member"), PersonFactory(last_name="Leaving")
        pay(member, individual), pay(leaving, individual)
        memberships.cancel(leaving.memberships.get(), reason="x")
        join(individual, last_name="Waiting")
        names = {"members": {"Test Member", "Test Leaving"}, "pending": {"Ana Waiting"}, "cancelled": {"Test Leaving"}}
        names |= {"joined": {"Test Member", "Test Leaving"}, "lapsing": set(), "lapsed": set(), "past_due": set()}
        assert {question: set(listed(desk, standing=question)) for question in names} == names
        assert len(listed(desk, standing="nonsense")) == 3

    def test_the_page_of_a_person_shows_everything_at_once(self, desk, household, join, staff):
        application = join(household, household_2="Luis Quispe", gift_aid="on", consent_phone="on")
        pay(application.person, household, application=application, bank_reference="CHQ 4711")
        join(household, first_name="Ana", amount="40")
        html = unescape(desk.get(f"{LIST}{application.person_id}/change/").content.decode())
        for fact in [
            application.reference, "Household", "CHQ 4711", "£35.00", "Luis Quispe", "Past four years", "Telephone",
            "paid until", "Record", "record made", "Possible duplicates",
        ]:  # fmt: skip
            assert fact in html, fact


class TestCorrecting:
    def test_taking_a_payment_back(self, desk, individual):
        person = PersonFactory()
        payment = pay(person, individual)
        path = f"{LIST}payments/{payment.pk}/reverse/"
        token = desk.get(path).context["form"]["token"].value()
        for _ in range(2):
            response = desk.post(path, {"reason": "Bounced", "token": token}, follow=True)
        assert not person.is_member()
        assert Payment.objects.count() == 2
        assert "is taken back" in said(response)
        assert "taken back before" in said(desk.post(path, {"reason": "Again", "token": uuid.uuid4()}, follow=True))
        assert desk.post(path, {"reason": ""}).context["form"].errors

    def test_cancelling_with_a_reason_and_undoing_it(self, desk, individual):
        person = PersonFactory()
        pay(person, individual)
        membership = person.memberships.get()
        path = f"{LIST}memberships/{membership.pk}/"
        assert desk.post(f"{path}cancel/", {"reason": ""}).context["form"].errors
        page = desk.get(f"{path}cancel/").context["form"]
        response = desk.post(f"{path}cancel/", {"reason": "Moved abroad", "token": page["token"].value()}, follow=True)
        assert "It runs until" in said(response)
        assert "Moved abroad" in response.content.decode()
        assert "was cancelled on" in said(desk.post(f"{path}cancel/", {"reason": "Again"}, follow=True))
        assert desk.get(f"{path}resume/").status_code == 200
        assert Membership.objects.get().cancelled_on, "looking changes nothing"
        assert "goes on" in said(desk.post(f"{path}resume/", follow=True))
        assert Membership.objects.get().cancelled_on is None
        assert "is not cancelled" in said(desk.post(f"{path}resume/", follow=True))

    def test_who_is_not_coming_is_waited_for_no_more_and_still_found(self, desk, join, individual):
        application = join(individual)
        desk.post(f"{LIST}applications/{application.pk}/discard/")
        assert listed(desk, standing="pending") == []
        assert listed(desk, q=application.reference) == ["Ana Quispe"]
        record(desk, application.person, opened(desk, application.person, application))
        assert application.person.is_member(), "the cheque came after all"

    def test_the_household_is_kept_by_staff(self, desk, household):
        person = PersonFactory()
        pay(person, household)
        path = f"{LIST}{person.pk}/household/"
        for number in range(4):
            response = desk.post(path, {"name": f"Other Person {number}", "_add": "1"})
        assert "covers 4 people" in response.content.decode()
        cover = Cover.objects.first()
        desk.post(path, {"_end": cover.pk})
        cover.refresh_from_db()
        assert cover.until == timezone.localdate()
        assert desk.post(path, {"_end": "x"}).status_code == 404
        nobody = PersonFactory()
        assert "no membership yet" in said(desk.get(f"{LIST}{nobody.pk}/household/", follow=True))


class TestTheRecord:
    FIELDS = {
        "kind": "person",
        "language": "en",
        "country": "UK",
        "gift_aid_declarations-TOTAL_FORMS": 0,
        "gift_aid_declarations-INITIAL_FORMS": 0,
        "consents-TOTAL_FORMS": 0,
        "consents-INITIAL_FORMS": 0,
    }

    def test_somebody_who_writes_by_post_needs_no_email(self, desk):
        desk.post(f"{LIST}add/", self.FIELDS | {"first_name": "Rosa", "last_name": "Flores", "postcode": "n19gu"})
        person = Person.objects.get()
        assert (person.name, person.email, person.postcode) == ("Rosa Flores", "", "N1 9GU")
        assert person.history.get().history_user.email == "membership@staff.example"

    def test_a_record_without_any_name_is_refused(self, desk):
        response = desk.post(f"{LIST}add/", self.FIELDS)
        assert "at least a name" in response.content.decode()

    def test_staff_vouch_for_an_address_and_one_address_belongs_to_one_record(self, desk):
        first, second = PersonFactory(email="ana@people.example"), PersonFactory(email="ana@people.example")
        sent = self.FIELDS | {"last_name": "Q", "email": "ANA@people.example", "email_is_theirs": "on"}
        assert desk.post(f"{LIST}{first.pk}/change/", sent).status_code == 302
        first.refresh_from_db()
        assert first.email_verified_at
        assert first.email == "ana@people.example"
        response = desk.post(f"{LIST}{second.pk}/change/", sent)
        assert "belongs to the record of" in response.content.decode()
        sent.pop("email_is_theirs")
        desk.post(f"{LIST}{first.pk}/change/", sent)
        first.refresh_from_db()
        assert first.email_verified_at is None

    def test_a_paper_declaration_is_kept_with_words_name_and_address_of_that_day(self, desk):
        person = PersonFactory(first_name="Rosa", last_name="Flores")
        sent = self.FIELDS | {"first_name": "Rosa", "last_name": "Flores", "address_line1": "1 Test Street"}
        sent |= {
            "gift_aid_declarations-TOTAL_FORMS": 1,
            "gift_aid_declarations-0-scope": "all",
            "gift_aid_declarations-0-made_on": "2026-01-05",
            "gift_aid_declarations-0-channel": "post",
            "consents-TOTAL_FORMS": 1,
            "consents-0-purpose": "post",
            "consents-0-given": "on",
            "consents-0-wording": "Write to me.",
            "consents-0-source": "post",
        }
        assert desk.post(f"{LIST}{person.pk}/change/", sent).status_code == 302
        declaration = GiftAidDeclaration.objects.get()
        assert (declaration.declared_name, str(declaration.made_on)) == ("Rosa Flores", "2026-01-05")
        assert "1 Test Street" in declaration.declared_address
        assert "responsibility" in declaration.wording
        consent = Consent.objects.get()
        assert (consent.given, consent.recorded_by.email) == (True, "membership@staff.example")

    def test_nobody_is_deleted_by_a_click(self, client_as):
        person = PersonFactory()
        assert client_as("Superuser").post(f"{LIST}{person.pk}/delete/", {"post": "yes"}).status_code == 403


def test_lists_cost_the_same_number_of_queries_whatever_the_number_of_people(desk, join, individual, household):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert desk.get(LIST).status_code == 200
        return len(captured)

    def add(name: str) -> None:
        membership = pay(PersonFactory(), household).term.membership
        memberships.cover_by_name(membership, name=name)
        join(individual, last_name=name)

    add("One")
    few = cost()
    for name in ("Two", "Three", "Four", "Five", "Six"):
        add(name)
    assert cost() == few
