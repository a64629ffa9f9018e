"""The membership desk: find people, record what came, cancel, correct; and who may."""

import uuid
from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone

from membership.actions import memberships
from membership.models import (
    Application,
    ApplicationState,
    Consent,
    Cover,
    GiftAidDeclaration,
    Membership,
    Payment,
    Person,
    Plan,
    Price,
)
from tests.factories import PersonFactory, PlanFactory
from tests.membership.conftest import pay, price_of

pytestmark = pytest.mark.django_db
LIST = "/admin/membership/person/"
# Lists of the stock admin have an inline style, which our policy does not let through.
STOCK = {"list", "applications", "payments", "plans", "history"}


@pytest.fixture
def desk(client_as):
    return client_as("Membership")


def listed(desk, **query) -> list[str]:
    response = desk.get(LIST, query)
    assert response.status_code == 200
    return [person.name for person in response.context["cl"].result_list]


def opened(desk, person, application=None) -> dict[str, object]:
    """What the page for recording a payment is filled with, as a browser would send it."""
    path = f"{LIST}{person.pk}/record/"
    form = desk.get(path, {"application": application.pk} if application else {}).context["form"]
    data = {name: form[name].value() for name in form.fields}
    if application:
        data["application"] = application.pk
    return {name: value for name, value in data.items() if value is not None and value is not False}


def record(desk, person, data, **changes):
    return desk.post(f"{LIST}{person.pk}/record/", {**data, **changes}, follow=True)


def said(response) -> str:
    return unescape(" ".join(str(message) for message in response.context["messages"]))


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
        assert desk.get(f"{path}resume/").status_code == 405
        assert "goes on" in said(desk.post(f"{path}resume/", follow=True))
        assert Membership.objects.get().cancelled_on is None

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


class TestPlans:
    def sent(self, plan, **changes):
        return {
            "name": plan.name, "slug": plan.slug, "kind": "person", "max_people": 1, "position": 1, "is_offered": "on",
            "prices-TOTAL_FORMS": 1, "prices-INITIAL_FORMS": 0, "prices-0-interval": "year", "prices-0-amount": "£30",
            "prices-2-TOTAL_FORMS": 0, "prices-2-INITIAL_FORMS": 0,
        } | changes  # fmt: skip

    @pytest.mark.parametrize("role", ["Membership", "Treasurer"])
    def test_a_new_price_takes_the_place_of_the_old_which_stays_in_sight(self, client_as, individual, role):
        path = f"/admin/membership/plan/{individual.pk}/change/"
        assert client_as(role).post(path, self.sent(individual)).status_code == 302
        assert price_of(individual).amount_pence == 3000
        html = client_as(role).get(path).content.decode()
        assert "£25.00 a year" in html
        assert "£30.00 a year" in html

    @pytest.mark.parametrize(
        "changes",
        [
            {"prices-0-amount": "0"},
            {"prices-0-amount": "-1"},
            {"prices-0-amount": "1,000,000"},
            {"prices-0-amount": "x"},
            {"prices-0-interval": "once"},
            {"is_concession": "on"},
            {"max_people": 0},
            {"max_people": 100},
        ],
    )
    def test_what_cannot_be_is_refused_in_words(self, desk, individual, changes):
        response = desk.post(f"/admin/membership/plan/{individual.pk}/change/", self.sent(individual, **changes))
        assert response.status_code == 200
        assert Price.objects.count() == 1

    def test_a_plan_is_made_with_its_price(self, desk):
        plan = PlanFactory.build(name="New", slug="new")
        assert desk.post("/admin/membership/plan/add/", self.sent(plan)).status_code == 302
        assert price_of(Plan.objects.get()).amount_pence == 3000

    def test_a_plan_that_somebody_has_is_withdrawn_not_deleted(self, client_as, individual):
        response = client_as("Superuser").post(f"/admin/membership/plan/{individual.pk}/delete/", {"post": "yes"})
        assert response.status_code == 403


class TestWhoMay:
    @pytest.fixture
    def paths(self, individual, join) -> dict[str, str]:
        person = PersonFactory()
        payment = pay(person, individual)
        application = join(individual)
        other = PersonFactory()
        return {
            "list": LIST,
            "person": f"{LIST}{person.pk}/change/",
            "history": f"{LIST}{person.pk}/history/",
            "record": f"{LIST}{person.pk}/record/",
            "household": f"{LIST}{person.pk}/household/",
            "duplicates": f"{LIST}duplicates/",
            "merge": f"{LIST}{person.pk}/merge/{other.pk}/",
            "cancel": f"{LIST}memberships/{person.memberships.get().pk}/cancel/",
            "reverse": f"{LIST}payments/{payment.pk}/reverse/",
            "application": f"/admin/membership/application/{application.pk}/change/",
            "applications": "/admin/membership/application/",
            "payments": "/admin/membership/payment/",
            "payment": f"/admin/membership/payment/{payment.pk}/change/",
            "plans": "/admin/membership/plan/",
            "plan": f"/admin/membership/plan/{individual.pk}/change/",
        }

    @pytest.mark.parametrize(
        ("role", "may"),
        [
            ("Membership", None),
            ("Administrator", None),
            ("Treasurer", {"payments", "payment", "plans", "plan"}),
            ("Editor", set()),
            ("Writer", set()),
            ("Events", set()),
        ],
    )
    def test_each_role_opens_its_own_pages_and_no_others(self, client_as, paths, role, may):
        client = client_as(role)
        statuses = {name: client.get(path).status_code for name, path in paths.items()}
        expected = set(paths) if may is None else may
        assert {name for name, status in statuses.items() if status == 200} == expected
        assert {status for name, status in statuses.items() if name not in expected} <= {403}

    @pytest.mark.parametrize("role", ["Treasurer", "Editor", "Writer", "Events"])
    def test_nor_act_by_a_forged_request(self, client_as, paths, role):
        client = client_as(role)
        before = (Payment.objects.count(), Person.objects.count(), Membership.objects.filter(cancelled_on=None).count())
        for name in ("record", "household", "merge", "cancel", "reverse"):
            assert client.post(paths[name], {"reason": "x", "token": uuid.uuid4()}).status_code == 403
        application = Application.objects.get()
        assert client.post(f"{LIST}applications/{application.pk}/discard/").status_code == 403
        assert client.post(f"{LIST}memberships/{Membership.objects.get().pk}/resume/").status_code == 403
        after = (Payment.objects.count(), Person.objects.count(), Membership.objects.filter(cancelled_on=None).count())
        assert before == after

    def test_a_visitor_is_asked_to_sign_in(self, client, paths):
        assert {client.get(path).status_code for path in paths.values()} == {302}

    def test_the_treasurer_sees_names_without_links_to_people(self, client_as, paths):
        html = client_as("Treasurer").get(paths["payments"]).content.decode()
        assert "Test Person" in html
        assert "/admin/membership/person/" not in html

    def test_nobody_adds_changes_or_deletes_a_payment_by_the_stock_forms(self, client_as, paths):
        client = client_as("Superuser")
        assert client.get("/admin/membership/payment/add/").status_code == 403
        assert client.post(paths["payment"], {"gross_pence": 1}).status_code == 403
        assert client.post(paths["payment"].replace("change", "delete"), {"post": "yes"}).status_code == 403

    def test_the_pages_of_the_desk_allow_no_inline_script_or_style(self, client_as, paths):
        client = client_as("Membership")
        for name, path in paths.items():
            response = client.get(path)
            assert "unsafe" not in response["Content-Security-Policy"]
            assert name in STOCK or " style=" not in response.content.decode()


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
