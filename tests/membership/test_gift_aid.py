"""Which gifts qualify for Gift Aid, and what is said of those that do not."""

import uuid
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from membership.actions import payments
from membership.actions.claims import ChangedMeanwhile, NothingToClaim, make_claim, preview
from membership.actions.people import declare_gift_aid
from membership.gift_aid import claimable_until, donor_of
from membership.gift_aid.judging import earliest_claimable, tax_year_end
from membership.models import Claim, ClaimLine, Dispute, Payment, Person
from tests.factories import PersonFactory, PlanFactory, PriceFactory
from tests.membership.conftest import pay

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 20)
FIRST, LAST = date(2022, 4, 6), date(2026, 11, 19)


@pytest.fixture(autouse=True)
def _today(time_machine) -> None:
    time_machine.move_to("2026-11-20 12:00+00:00")


@pytest.fixture
def ana() -> Person:
    return PersonFactory(first_name="Ana", last_name="Quispe", address_line1="12a Test Street", postcode="n19gu")


def declare(person, made_on=date(2026, 1, 1), scope="all", cancelled_on=None):
    return declare_gift_aid(person, declared=person, scope=scope, made_on=made_on, cancelled_on=cancelled_on)


def gave(person, plan, on=date(2026, 3, 1), pence=None):
    return pay(person, plan, received_on=on, **({"gross_pence": pence} if pence else {}))


def back(payment, pence, reason="asked for it", of=None):
    """Money of a payment that goes back (above zero: comes again), as Stripe's refunds are kept."""
    return Payment.objects.create(
        person=payment.person,
        method=payment.method,
        gross_pence=-pence,
        reverses=of or payment,
        reason=reason,
        token=str(uuid.uuid4()),
    )


def why() -> list[str]:
    """The reasons of today's preview for what is not in it."""
    return [each.verdict.reason for each in preview(FIRST, LAST).refused]


def amounts() -> list[int]:
    return [line.amount_pence for line in preview(FIRST, LAST).lines]


def claim(staff, first=FIRST, last=LAST) -> Claim:
    shown = preview(first, last).fingerprint
    return make_claim(first=first, last=last, shown=shown, token=uuid.uuid4(), by=staff("Treasurer"))


class TestWhatQualifies:
    def test_a_membership_for_one_person_with_a_declaration(self, ana, individual):
        declare(ana)
        gave(ana, individual, pence=3000)
        found = preview(FIRST, LAST)
        line = found.lines[0]
        assert (line.title, line.first_name, line.last_name, line.house, line.postcode) == (
            "", "Ana", "Quispe", "12a", "N1 9GU",
        )  # fmt: skip
        assert (line.amount_pence, line.given_on) == (3000, date(2026, 3, 1))
        assert (found.gifts_pence, found.adjustments_pence, found.tax_pence) == (3000, 0, 750)
        assert found.refused == []

    def test_none_without_a_declaration(self, ana, individual):
        gave(ana, individual)
        assert why() == ["No declaration for that day: none was ever made"]

    @pytest.mark.parametrize(
        ("scope", "given_on", "counts"),
        [
            ("future", date(2026, 2, 28), False),
            ("future", date(2026, 3, 1), True),
            ("all", date(2026, 2, 28), True),
            ("all", date(2022, 4, 6), True),
            ("this", date(2026, 2, 28), False),
            ("this", date(2026, 3, 1), True),
            ("this", date(2026, 4, 1), True),
        ],
    )
    def test_a_declaration_reaches_as_far_as_it_says(self, ana, individual, scope, given_on, counts):
        declare(ana, made_on=date(2026, 3, 1), scope=scope)
        gave(ana, individual, on=given_on)
        assert (len(amounts()) == 1) is counts

    def test_one_for_all_gifts_reaches_four_years_back_and_no_day_further(self, ana, individual, time_machine):
        time_machine.move_to("2026-04-05 12:00+00:00")
        declare(ana, made_on=date(2026, 4, 1))
        gave(ana, individual, on=date(2022, 4, 1), pence=2500)
        gave(ana, individual, on=date(2022, 3, 31), pence=2600)
        assert [line.amount_pence for line in preview(date(2021, 1, 1), LAST).lines] == [2500]

    def test_one_for_one_gift_is_about_the_first_from_its_day_and_no_other(self, ana, individual):
        declare(ana, made_on=date(2026, 3, 1), scope="this")
        gave(ana, individual, on=date(2026, 3, 5), pence=2500)
        gave(ana, individual, on=date(2026, 4, 5), pence=2600)
        assert amounts() == [2500]

    def test_two_for_one_gift_each_are_about_two_gifts(self, ana, individual):
        declare(ana, made_on=date(2026, 3, 1), scope="this")
        declare(ana, made_on=date(2026, 3, 2), scope="this")
        for day, pence in ((5, 2500), (6, 2600), (7, 2700)):
            gave(ana, individual, on=date(2026, 3, day), pence=pence)
        assert amounts() == [2500, 2600]

    def test_one_for_one_gift_does_not_go_over_to_the_next_if_the_money_went_back(self, ana, individual):
        declare(ana, made_on=date(2026, 3, 1), scope="this")
        back(gave(ana, individual, on=date(2026, 3, 5)), 2500)
        gave(ana, individual, on=date(2026, 4, 5), pence=2600)
        assert amounts() == []

    def test_one_for_one_gift_is_about_what_its_own_form_was_paid_with(self, individual, join, time_machine):
        time_machine.move_to("2026-03-01 12:00+00:00")
        application = join(individual, gift_aid="on")
        person = application.person
        gave(person, individual, on=date(2026, 3, 2), pence=2600)
        pay(person, individual, received_on=date(2026, 3, 3), application=application)
        person.gift_aid_declarations.update(scope="this")
        time_machine.move_to("2026-11-20 12:00+00:00")
        assert amounts() == [2500]

    def test_a_cancelled_one_counts_until_the_day_before(self, ana, individual):
        declare(ana, cancelled_on=date(2026, 3, 10))
        gave(ana, individual, on=date(2026, 3, 9), pence=2500)
        gave(ana, individual, on=date(2026, 3, 10), pence=2600)
        assert amounts() == [2500]
        assert why() == [
            "No declaration for that day: past four years, this and future gifts, made 01/01/2026, cancelled 10/03/2026"
        ]

    def test_one_that_was_cancelled_on_its_own_day_says_nothing(self, ana, individual):
        declare(ana, made_on=date(2026, 3, 10), cancelled_on=date(2026, 3, 10))
        gave(ana, individual, on=date(2026, 3, 9))
        assert amounts() == []

    def test_one_dated_in_the_future_does_not_count_yet(self, ana, individual):
        declare(ana, made_on=TODAY + timedelta(days=1))
        gave(ana, individual)
        assert amounts() == []

    def test_no_organisation(self, individual):
        library = PersonFactory(kind="organisation", organisation_name="Test Library")
        declare(library)
        gave(library, individual)
        assert why() == ["Given by an organisation"]

    def test_a_household_only_if_staff_say_so(self, ana, household):
        declare(ana)
        gave(ana, household)
        assert why() == ["The plan does not count: for the treasurer to decide: Household"]
        household.gift_aid_eligible = True
        household.save()
        assert amounts() == [3500]

    @pytest.mark.parametrize(
        ("about", "counts"),
        [
            ({}, True),
            ({"is_concession": True, "concession_wording": "Unwaged."}, True),
            ({"is_life": True}, True),
            ({"max_people": 2}, False),
            ({"kind": "organisation"}, False),
            ({"gift_aid_eligible": False}, False),
        ],
    )
    def test_plans_count_by_their_kind(self, about, counts):
        assert PlanFactory(**about).counts_for_gift_aid is counts

    def test_money_that_bought_no_membership_is_to_be_looked_at(self, ana):
        declare(ana)
        Payment.objects.create(person=ana, method="card", gross_pence=2500, token="x", received_on=date(2026, 3, 1))
        assert why() == ["Bought no membership: find out what it was for"]

    @pytest.mark.parametrize(("purpose", "counts"), [("donation", True), ("ticket", False)])
    def test_a_donation_counts_without_any_plan_and_a_ticket_never(self, ana, purpose, counts):
        declare(ana)
        Payment.objects.create(
            person=ana, method="card", purpose=purpose, gross_pence=2500, token="x", received_on=date(2026, 3, 1)
        )
        assert (amounts() == [2500]) is counts
        assert (why() == ["Neither a membership nor a donation: ticket"]) is not counts

    def test_not_what_went_back_and_the_reason_is_said(self, ana, individual):
        declare(ana)
        payments.reverse(gave(ana, individual), reason="the cheque bounced", token="bounced")
        assert why() == ["Given back, or never arrived: the cheque bounced"]

    def test_of_what_went_back_in_part_only_the_rest(self, ana, individual):
        declare(ana)
        payment = gave(ana, individual)
        back(payment, 1000)
        found = preview(FIRST, LAST)
        assert [line.amount_pence for line in found.lines] == [1500]
        assert found.remarks[payment.pk] == "£10.00 of it was given back"

    def test_a_refund_that_failed_leaves_the_gift_whole(self, ana, individual):
        declare(ana)
        payment = gave(ana, individual)
        back(payment, -1000, of=back(payment, 1000))
        assert amounts() == [2500]

    @pytest.mark.parametrize(("status", "counts"), [("needs_response", False), ("won", True)])
    def test_not_while_the_bank_decides_about_it(self, ana, individual, status, counts):
        declare(ana)
        payment = gave(ana, individual)
        Dispute.objects.create(
            payment=payment, stripe_id="dp_1", amount_pence=2500, status=status, opened_at="2026-11-01T12:00Z"
        )
        assert (why() == ["Disputed: wait for the bank's decision"]) is not counts
        assert (amounts() == [2500]) is counts

    def test_not_after_four_years_from_the_end_of_the_tax_year(self, ana, individual, time_machine):
        declare(ana)
        gave(ana, individual, on=date(2022, 4, 5))
        time_machine.move_to("2026-04-05 12:00+00:00")
        assert len(preview(date(2022, 1, 1), LAST).lines) == 1
        time_machine.move_to("2026-04-06 12:00+00:00")
        refused = preview(date(2022, 1, 1), LAST).refused
        assert [each.verdict.reason for each in refused] == [
            "Too late to claim: it could be claimed until 5 April 2026"
        ]

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"first_name": ""}, "no first name"),
            ({"last_name": " "}, "no last name"),
            ({"last_name": "-"}, "no last name"),
            ({"address_line1": ""}, "no address"),
            ({"postcode": ""}, "no postcode"),
            ({"postcode": "N1"}, "not a UK postcode: N1"),
        ],
    )
    def test_not_without_a_name_and_address_that_hmrc_takes(self, ana, individual, changes, reason):
        Person.objects.filter(pk=ana.pk).update(**changes)
        declare(ana)
        gave(ana, individual)
        assert why() == [f"Name or address missing: HMRC would refuse the line: {reason}"]


class TestNameAndAddress:
    @pytest.mark.parametrize(
        ("typed", "house"),
        [
            ("12 Test Street", "12"),
            ("12a, Test Street", "12a"),
            ("12 - 14 Test Street", "12 - 14"),
            ("Flat 3, 12 Test Street", "Flat 3, 12"),
            ("Rose Cottage, Mill Lane", "Rose Cottage"),
            ("1st Floor, 3 Test Street", "1st Floor"),
            ("The House at the End of an Exceedingly Long Lane", "The House at the End of an Exceedingly L"),
        ],
    )
    def test_the_house_is_found_in_the_first_line(self, typed, house):
        assert donor_of(PersonFactory(address_line1=typed)).house == house

    def test_or_flat_and_number_in_the_first_two(self):
        assert donor_of(PersonFactory(address_line1="Flat B", address_line2="7 Test Street")).house == "Flat B, 7"

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"first_name": "J. M."}, "initials only: the full first name is better"),
            ({"first_name": "Wolfeschlegelsteinhausenbergerdorffwelche"}, "first name longer than 35 letters: cut"),
            ({"address_line1": "High Street"}, "no house name or number seen"),
            ({"address_line1": "PO Box 12"}, "this does not look like a home address"),
            ({}, None),
        ],
    )
    def test_what_hmrc_may_ask_about_is_a_warning(self, changes, said):
        donor = donor_of(PersonFactory(**changes))
        assert donor.warnings == ((said,) if said else ())
        assert donor.blocks == ()
        assert len(donor.first_name) <= 35

    @pytest.mark.parametrize(("typed", "title"), [("Dr.", "Dr"), ("Professor", "Prof"), ("Baroness", ""), ("", "")])
    def test_a_title_has_four_letters_or_is_left_out(self, typed, title):
        assert donor_of(PersonFactory(title=typed)).title == title

    def test_names_are_plain_letters_and_double_barrelled_ones_have_a_space(self):
        donor = donor_of(PersonFactory(first_name="José  María", last_name="Núñez-O’Brien"))
        assert (donor.first_name, donor.last_name) == ("Jose Maria", "Nunez O'Brien")

    def test_an_address_abroad_has_x_for_a_postcode(self):
        assert donor_of(PersonFactory(country="Peru", postcode="15074")).postcode == "X"


class TestTaxYears:
    @pytest.mark.parametrize(
        ("day", "end", "until"),
        [
            (date(2022, 4, 5), date(2022, 4, 5), date(2026, 4, 5)),
            (date(2022, 4, 6), date(2023, 4, 5), date(2027, 4, 5)),
            (date(2024, 2, 29), date(2024, 4, 5), date(2028, 4, 5)),
        ],
    )
    def test_end_on_5_april_and_gifts_can_be_claimed_four_years_longer(self, day, end, until):
        assert (tax_year_end(day), claimable_until(day)) == (end, until)

    @pytest.mark.parametrize("on", [date(2026, 4, 5), date(2026, 4, 6), date(2026, 11, 20)])
    def test_the_first_day_that_can_be_claimed_is_the_first_that_is_not_too_late(self, on):
        first = earliest_claimable(on)
        assert claimable_until(first) >= on > claimable_until(first - timedelta(days=1))


class TestClaims:
    @pytest.fixture
    def payment(self, ana, individual) -> Payment:
        declare(ana)
        return gave(ana, individual)

    def test_a_claim_holds_what_was_shown_and_no_later_one_holds_it_again(self, payment, staff):
        made = claim(staff)
        assert (made.reference, made.gifts_pence, made.tax_pence, made.lines_count) == ("GA0001", 2500, 625, 1)
        assert made.lines.get().payment == payment
        assert why() == ["Claimed before"]
        with pytest.raises(NothingToClaim):
            claim(staff)

    def test_the_same_form_twice_is_one_claim(self, payment, staff):
        form = {"first": FIRST, "last": LAST, "shown": preview(FIRST, LAST).fingerprint, "token": uuid.uuid4()}
        by = staff("Treasurer")
        assert make_claim(**form, by=by) == make_claim(**form, by=by)
        assert ClaimLine.objects.count() == 1

    @pytest.mark.parametrize("change", ["refund", "name", "another"])
    def test_nothing_is_claimed_if_it_is_not_any_more_what_was_shown(self, payment, individual, staff, change):
        shown = preview(FIRST, LAST).fingerprint
        if change == "refund":
            back(payment, 100)
        elif change == "name":
            Person.objects.filter(pk=payment.person_id).update(first_name="Anna")
        else:
            gave(payment.person, individual, on=date(2026, 4, 1))
        with pytest.raises(ChangedMeanwhile):
            make_claim(first=FIRST, last=LAST, shown=shown, token=uuid.uuid4(), by=staff("Treasurer"))
        assert Claim.objects.count() == 0

    def test_what_goes_back_after_the_claim_is_taken_off_the_next(self, payment, individual, staff):
        claim(staff)
        reversal = back(payment, 1000)
        gave(payment.person, individual, on=date(2026, 4, 1))
        made = claim(staff)
        assert (made.gifts_pence, made.adjustments_pence, made.tax_pence) == (2500, -1000, 375)
        line = made.lines.get(kind="adjustment")
        assert (line.payment, line.reversal, line.amount_pence) == (payment, reversal, -1000)
        assert amounts() == []

    def test_and_only_what_went_back_since(self, payment, staff):
        back(payment, 500)
        claim(staff)
        back(payment, 1000)
        claim(staff)
        back(payment, 1000)
        assert claim(staff).adjustments_pence == -1000
        assert sum(ClaimLine.objects.values_list("amount_pence", flat=True)) == 0

    def test_what_comes_again_after_that_is_in_the_schedule_once_more(self, payment, staff):
        claim(staff)
        reversal = back(payment, 1000)
        claim(staff)
        back(payment, -1000, of=reversal)
        made = claim(staff)
        assert (made.gifts_pence, made.adjustments_pence) == (1000, 0)

    def test_what_went_and_came_between_two_claims_is_in_neither(self, payment, staff):
        claim(staff)
        back(payment, -1000, of=back(payment, 1000))
        assert amounts() == []

    def test_no_later_cancellation_takes_back_what_was_claimed(self, payment, staff):
        claim(staff)
        payment.person.gift_aid_declarations.update(cancelled_on=TODAY)
        assert amounts() == []

    def test_the_database_refuses_to_claim_a_payment_twice(self, payment, staff):
        line = claim(staff).lines.get()
        other = Claim.objects.create(
            reference="GA9", token=uuid.uuid4(), first_day=FIRST, last_day=LAST, lines_count=1, gifts_pence=1,
            adjustments_pence=0, made_by=staff("Treasurer"),
        )  # fmt: skip
        line.pk, line.claim = None, other
        with pytest.raises(IntegrityError, match="gift_claimed_once"):
            line.save()

    @pytest.mark.parametrize("what", ["claim", "line"])
    def test_the_database_refuses_to_change_or_delete_what_was_claimed(self, payment, staff, what):
        made = claim(staff)
        rows = Claim.objects.filter(pk=made.pk) if what == "claim" else made.lines.all()
        change = {"gifts_pence": 1} if what == "claim" else {"first_name": "Other"}
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            rows.update(**change)
        with pytest.raises(IntegrityError, match="never deleted"), transaction.atomic():
            rows._raw_delete("default")


def test_two_plans_count_each_by_its_own_setting(ana, individual):
    declare(ana)
    price = PriceFactory(plan=PlanFactory(gift_aid_eligible=False), amount_pence=900)
    gave(ana, individual, on=date(2026, 3, 1))
    gave(ana, price.plan, on=date(2026, 4, 1))
    assert amounts() == [2500]
    assert len(why()) == 1
