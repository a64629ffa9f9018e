"""Who is a member on a date: by what was paid until when, the same today as in two years."""

from datetime import date, timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from membership import dates
from membership.actions import memberships, payments
from membership.models import Cover, Interval, Membership, Person, Status, Term
from membership.standing import RUNNING, standing
from tests.factories import PersonFactory, PriceFactory
from tests.membership.conftest import pay, price_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def at():
    """Live on a London date, at noon."""
    travels = []

    def go(day: str) -> None:
        while travels:
            travels.pop().stop()
        travel = time_machine.travel(f"{day}T12:00:00Z", tick=False)
        travel.start()
        travels.append(travel)

    yield go
    while travels:
        travels.pop().stop()


def is_member(person: Person, day: str) -> bool:
    return person.is_member(date.fromisoformat(day))


class TestTerms:
    @pytest.mark.parametrize(
        ("start", "months", "last"),
        [
            ("2026-11-24", 12, "2027-11-23"),
            ("2024-02-29", 12, "2025-02-28"),
            ("2027-02-28", 12, "2028-02-27"),
            ("2027-03-01", 12, "2028-02-29"),
            ("2026-01-31", 1, "2026-02-28"),
            ("2026-12-31", 1, "2027-01-30"),
            ("2026-10-31", 1, "2026-11-30"),
            ("2026-01-01", 12, "2026-12-31"),
        ],
    )
    def test_a_year_and_a_month_end_the_day_before_they_come_round(self, start, months, last):
        assert dates.last_day(date.fromisoformat(start), months) == date.fromisoformat(last)

    def test_nobody_is_ever_short_of_a_day(self):
        for number in range(3 * 366):
            start = date(2023, 1, 1) + timedelta(days=number)
            assert (dates.last_day(start, 12) - start).days in (364, 365)
            assert (dates.last_day(start, 1) - start).days >= 27

    def test_a_leap_day_member_goes_on_without_a_gap(self, individual, at):
        at("2024-02-29")
        person = PersonFactory()
        pay(person, individual)
        at("2025-02-20")
        second = pay(person, individual).term
        assert (second.starts_on, second.ends_on) == (date(2025, 3, 1), date(2026, 2, 28))

    @pytest.mark.parametrize(("moment", "day"), [("2027-03-28T00:59:59Z", 28), ("2027-03-27T23:59:59Z", 27)])
    def test_the_hour_that_summer_time_skips_changes_no_day(self, individual, moment, day):
        with time_machine.travel(moment, tick=False):
            term = pay(PersonFactory(), individual).term
        assert (term.starts_on, term.ends_on) == (date(2027, 3, day), date(2028, 3, day - 1))

    def test_the_first_hour_of_a_summer_day_is_that_day_in_london(self, individual):
        with time_machine.travel("2027-07-31T23:30:00Z", tick=False):
            person = PersonFactory()
            pay(person, individual)
            assert person.is_member()
            assert not is_member(person, "2027-07-31")
            assert is_member(person, "2027-08-01")

    def test_two_terms_of_a_membership_never_overlap_in_the_database(self, individual):
        term = pay(PersonFactory(), individual).term
        with pytest.raises(IntegrityError, match="terms_do_not_overlap"), transaction.atomic():
            Term.objects.create(
                membership=term.membership,
                price=term.price,
                starts_on=term.ends_on,
                ends_on=term.ends_on,
                grace_until=term.ends_on,
            )


class TestMembers:
    def test_from_the_first_day_to_the_last_and_through_grace(self, individual, at, settings):
        at("2026-01-10")
        person = PersonFactory()
        pay(person, individual)
        expected = {
            "2026-01-09": False,
            "2026-01-10": True,
            "2027-01-09": True,
            "2027-01-10": True,
            "2027-02-08": True,
            "2027-02-09": False,
        }
        assert {day: is_member(person, day) for day in expected} == expected
        membership = person.memberships.get()
        assert membership.status_on(date(2027, 1, 9)) == Status.ACTIVE
        assert membership.status_on(date(2027, 1, 10)) == Status.PAST_DUE
        assert membership.status_on(date(2027, 2, 9)) == Status.LAPSED

    def test_an_answer_about_the_past_does_not_change_with_the_setting(self, individual, at, settings):
        at("2026-01-10")
        person = PersonFactory()
        pay(person, individual)
        settings.MEMBERSHIP_GRACE_DAYS = 0
        assert is_member(person, "2027-02-08")
        settings.MEMBERSHIP_GRACE_DAYS = 90
        assert not is_member(person, "2027-02-09")
        at("2029-01-01")
        assert is_member(person, "2027-02-08")
        assert not is_member(person, "2027-02-09")

    def test_nobody_lapses_by_a_job(self, individual, at):
        at("2026-01-10")
        person = PersonFactory()
        pay(person, individual)
        at("2027-06-01")
        assert not person.is_member()
        assert list(Person.objects.lapsed()) == [person]

    def test_for_life(self, life, at):
        at("2026-01-10")
        person = PersonFactory()
        term = pay(person, life).term
        assert term.ends_on is None
        assert is_member(person, "2126-01-10")
        assert not is_member(person, "2026-01-09")
        with pytest.raises(memberships.AlreadyForLife):
            pay(person, life)

    def test_by_the_month(self, individual, at):
        monthly = PriceFactory(plan=individual, amount_pence=250, interval=Interval.MONTH)
        at("2026-01-31")
        person = PersonFactory()
        money = payments.Money(250, "standing_order", timezone.localdate(), "a")
        assert payments.record(person=person, price=monthly, money=money).term.ends_on == date(2026, 2, 28)

    def test_renewing_in_time_goes_on_the_day_after(self, individual, at):
        at("2026-01-10")
        person = PersonFactory()
        pay(person, individual)
        at("2026-12-20")
        early = pay(person, individual).term
        assert (early.starts_on, early.ends_on) == (date(2027, 1, 10), date(2028, 1, 9))
        at("2028-02-01")  # in grace
        late = pay(person, individual).term
        assert late.starts_on == date(2028, 1, 10)

    def test_money_that_came_in_grace_and_is_recorded_late_leaves_no_gap(self, individual, at):
        at("2026-01-10")
        person = PersonFactory()
        pay(person, individual)
        at("2027-03-15")
        term = pay(person, individual, received_on=date(2027, 2, 1)).term
        assert term.starts_on == date(2027, 1, 10)

    def test_rejoining_after_a_gap_continues_the_same_membership_and_shows_the_gap(self, individual, at):
        at("2024-01-10")
        person = PersonFactory()
        first = pay(person, individual).term
        at("2026-05-05")
        assert not person.is_member()
        second = pay(person, individual).term
        assert second.membership == first.membership
        assert second.starts_on == date(2026, 5, 5)
        assert [is_member(person, day) for day in ("2024-06-01", "2025-06-01", "2026-06-01")] == [True, False, True]

    def test_a_change_of_plan_keeps_the_reference_and_what_was_paid_before(self, individual, household, at):
        at("2026-01-10")
        person = PersonFactory()
        first = pay(person, individual).term
        at("2027-01-05")
        second = pay(person, household).term
        membership = Membership.objects.get()
        assert membership.plan == household
        assert first.membership.reference == membership.reference
        assert [term.price.plan for term in membership.terms.all()] == [individual, household]
        assert second.starts_on == date(2027, 1, 10)


class TestHousehold:
    def test_the_others_are_members_as_long_as_it_is_paid_and_they_are_covered(self, household, at):
        at("2026-01-10")
        person = PersonFactory()
        membership = pay(person, household).term.membership
        at("2026-03-01")
        cover = memberships.cover_by_name(membership, name="Luis Quispe")
        other = cover.person
        assert not is_member(other, "2026-02-28")
        assert is_member(other, "2026-03-01")
        assert is_member(other, "2027-02-08")
        assert not is_member(other, "2027-02-09")
        at("2026-07-01")
        memberships.uncover(cover)
        assert is_member(other, "2026-07-01")
        assert not is_member(other, "2026-07-02")
        assert is_member(other, "2026-06-01"), "what was true stays true"

    def test_only_as_many_as_the_plan_says(self, household):
        membership = pay(PersonFactory(), household).term.membership
        for number in range(3):
            memberships.cover_by_name(membership, name=f"Person {number}")
        with pytest.raises(memberships.HouseholdFull):
            memberships.cover_by_name(membership, name="One More")
        assert Cover.objects.count() == 3

    def test_the_same_name_twice_is_one_person(self, household):
        membership = pay(PersonFactory(), household).term.membership
        assert memberships.cover_by_name(membership, name="Luis Quispe") == memberships.cover_by_name(
            membership, name="Luis Quispe"
        )

    def test_a_smaller_plan_covers_them_until_the_old_one_ends(self, individual, household, at):
        at("2026-01-10")
        person = PersonFactory()
        membership = pay(person, household).term.membership
        other = memberships.cover_by_name(membership, name="Luis Quispe").person
        at("2026-12-01")
        pay(person, individual)
        assert is_member(other, "2027-01-09")
        assert not is_member(other, "2027-01-10")
        assert is_member(person, "2027-01-10")


class TestCancelling:
    def test_runs_to_the_end_of_what_was_paid_without_grace(self, individual, at, mailoutbox):
        at("2026-01-10")
        person = PersonFactory()
        pay(person, individual)
        at("2026-06-01")
        membership = memberships.cancel(person.memberships.get(), reason="Moved abroad")
        assert membership.status == Status.LEAVING
        assert is_member(person, "2027-01-09")
        assert not is_member(person, "2027-01-10")
        assert "9 January 2027" in mailoutbox[-1].body
        memberships.cancel(membership, reason="again")
        assert len(mailoutbox) == 2, "one receipt, one confirmation"

    def test_undone_it_has_its_grace_back(self, individual, at):
        at("2026-01-10")
        person = PersonFactory()
        pay(person, individual)
        memberships.resume(memberships.cancel(person.memberships.get(), reason="By mistake"))
        assert is_member(person, "2027-02-08")
        assert person.memberships.get().status == Status.ACTIVE

    def test_in_grace_it_ends_with_that_day(self, individual, at):
        at("2026-01-10")
        person = PersonFactory()
        pay(person, individual)
        at("2027-01-20")
        memberships.cancel(person.memberships.get(), reason="")
        assert is_member(person, "2027-01-20")
        assert not is_member(person, "2027-01-21")

    def test_paying_again_takes_the_cancellation_back(self, individual, at):
        at("2026-01-10")
        person = PersonFactory()
        pay(person, individual)
        memberships.cancel(person.memberships.get(), reason="x")
        term = pay(person, individual).term
        assert term.starts_on == date(2027, 1, 10)
        assert person.memberships.get().cancelled_on is None


class TestTakingBack:
    def test_they_were_a_member_until_the_cheque_bounced(self, individual, at):
        at("2026-01-10")
        person = PersonFactory()
        payment = pay(person, individual)
        at("2026-01-20")
        payments.reverse(payment, reason="Bounced", token="t")
        assert is_member(person, "2026-01-19")
        assert not is_member(person, "2026-01-20")
        again = pay(person, individual).term
        assert again.starts_on == date(2026, 1, 20)

    def test_of_two_years_only_the_one_that_was_not_paid(self, individual, at):
        at("2026-01-10")
        person = PersonFactory()
        pay(person, individual)
        second = pay(person, individual)
        payments.reverse(second, reason="Paid twice", token="t")
        assert is_member(person, "2027-02-08")
        assert not is_member(person, "2027-02-09")
        assert person.memberships.get().paid_until == date(2027, 1, 9)


def test_lists_and_single_answers_agree_on_every_day(individual, household, life, at):
    """Every way to ask gives the same answer: the queryset, the membership in memory, the word for staff."""
    at("2026-01-10")
    people = [PersonFactory() for _ in range(6)]
    for person, plan in zip(people, [individual, household, life, individual, individual, individual], strict=True):
        pay(person, plan)
    covered = memberships.cover_by_name(people[1].memberships.get(), name="Luis Quispe").person
    memberships.cancel(people[3].memberships.get(), reason="x")
    at("2026-04-01")
    payments.reverse(people[4].payments.get(), reason="Bounced", token="t")
    at("2027-01-20")
    pay(people[5], household)
    for number in range(0, 900, 3):
        day = date(2026, 1, 1) + timedelta(days=number)
        members = set(Person.objects.members(day))
        for person in Person.objects.with_standing():
            found = standing(person, day)
            assert (found.code in {*RUNNING, "covered", "renewing"}) == (person in members), (person, day, found)
        assert set(Person.objects.past_due(day)) <= members
        assert not set(Person.objects.lapsed(day)) & members
    assert covered in Person.objects.members(date(2026, 5, 1))


def test_the_questions_of_the_week(individual, at):
    at("2026-01-10")
    old, ending, gone = (PersonFactory() for _ in range(3))
    for person in (old, ending, gone):
        pay(person, individual)
    at("2026-12-20")
    new = PersonFactory()
    pay(new, individual)
    pay(old, individual)
    memberships.cancel(gone.memberships.get(), reason="x")
    assert list(Person.objects.joined(date(2026, 12, 1), date(2026, 12, 31))) == [new]
    assert list(Person.objects.lapsing(30)) == [ending]
    assert list(Person.objects.cancelled()) == [gone]
    at("2027-01-15")
    assert list(Person.objects.past_due()) == [ending]
    at("2027-03-01")
    assert list(Person.objects.lapsed()) == [ending]
    assert set(Person.objects.members()) == {old, new}


def test_a_price_that_a_term_was_sold_at_stays_with_it(individual):
    from membership.actions.plans import set_price

    payment = pay(PersonFactory(), individual)
    set_price(plan=individual, interval="year", amount_pence=3000)
    payment.term.refresh_from_db()
    assert payment.term.price.amount_pence == 2500
    assert price_of(individual).amount_pence == 3000
