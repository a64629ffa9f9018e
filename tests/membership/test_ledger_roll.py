"""The roll of a general meeting: the same on the next morning and in two years."""

import csv
import uuid
from collections.abc import Callable
from datetime import date
from io import StringIO

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from membership.actions import memberships, merging, payments
from membership.dates import ONE_DAY
from membership.facts import known
from membership.models import Cover, Payment, Person
from membership.roll import roll
from tests.factories import PersonFactory, PlanFactory, PriceFactory
from tests.membership.conftest import pay

pytestmark = pytest.mark.django_db
ROLL = "/admin/membership/payment/roll"
AGM = date(2019, 11, 16)


@pytest.fixture
def at():
    """Let it be noon of that day in London."""
    return lambda day: time_machine.travel(f"{day} 12:00+00:00")


@pytest.fixture
def organisation(db):
    plan = PlanFactory(name="Organisation", slug="organisation", kind="organisation", max_people=3)
    PriceFactory(plan=plan, amount_pence=5000)
    return plan


def named(name: str, **more) -> Person:
    return PersonFactory(first_name=name, last_name="Quispe", **more)


def names(on: date = AGM) -> list[str]:
    return [voter.person.name for voter in roll(on)]


def back(payment: Payment) -> None:
    payments.reverse(payment, reason="bounced", token=uuid.uuid4().hex)


class TestWhoHasAVote:
    def test_members_in_time_and_in_grace_and_nobody_else(self, individual, life, at):
        with at("2018-10-25"):
            pay(named("Grace"), individual)
        with at("2018-09-01"):
            pay(named("Lapsed"), individual)
        with at("2019-11-01"):
            pay(named("Ana"), individual)
            pay(named("Life"), life)
            named("Nobody")
        with at("2019-11-17"):
            pay(named("Later"), individual)
        assert names() == ["Ana Quispe", "Grace Quispe", "Life Quispe"]

    def test_each_person_of_a_household_and_an_organisation_once(self, household, organisation, at):
        with at("2019-11-01"):
            home = pay(named("Ana"), household).term.membership
            memberships.cover_by_name(home, name="Luis Quispe")
            left = memberships.cover_by_name(home, name="Gone Quispe")
            Cover.objects.filter(pk=left.pk).update(until=date(2019, 11, 15))
            body = PersonFactory(kind="organisation", organisation_name="Amigos", first_name="Eva", last_name="Contact")
            memberships.cover_by_name(pay(body, organisation).term.membership, name="Second Contact")
        with at("2019-11-17"):
            memberships.cover_by_name(home, name="Late Quispe")
        found = {voter.person.name: (voter.plan, voter.through, voter.contact) for voter in roll(AGM)}
        assert found == {
            "Ana Quispe": ("Household", "", ""),
            "Luis Quispe": ("Household", "Ana Quispe", ""),
            "Amigos": ("Organisation", "", "Eva Contact"),
        }

    def test_a_member_who_is_covered_as_well_has_one_vote(self, individual, household, at):
        with at("2019-11-01"):
            ana = named("Ana")
            pay(ana, individual)
            memberships.cover(pay(named("Luis"), household).term.membership, person=ana)
        assert names() == ["Ana Quispe", "Luis Quispe"]

    def test_money_taken_back_cuts_from_its_day_on(self, individual, at):
        with at("2019-11-01"):
            payment = pay(named("Ana"), individual)
        with at("2019-11-16"):
            back(payment)
        assert names(date(2019, 11, 15)) == ["Ana Quispe"]
        assert names(AGM) == []

    def test_the_day_ends_at_midnight_in_london(self, individual):
        with time_machine.travel("2019-07-16 22:59+00:00"):
            pay(named("Before"), individual)
        with time_machine.travel("2019-07-16 23:01+00:00"):
            pay(named("After"), individual)
        assert names(date(2019, 7, 16)) == ["Before Quispe"]
        assert names(date(2019, 7, 17)) == ["After Quispe", "Before Quispe"]


class TestTheSameInTwoYears:
    @pytest.fixture
    def before(self, individual, household, at) -> dict[str, Person]:
        """Members of every kind on the day of the meeting."""
        people = {name: named(name) for name in ("Ana", "Bea", "Carla", "Dora", "Elsa", "Gina")}
        with at("2019-02-01"):
            for name in ("Ana", "Bea", "Carla"):
                pay(people[name], individual)
            home = pay(people["Dora"], household).term.membership
            memberships.cover_by_name(home, name="Luis Quispe")
        with at("2018-10-25"):
            pay(people["Elsa"], individual)  # in grace until 24 November
            pay(people["Gina"], individual)
        with at("2018-09-20"):
            pay(named("Hope"), individual)  # grace was over on 19 October
        return people

    EXPECTED = [f"{name} Quispe" for name in ("Ana", "Bea", "Carla", "Dora", "Elsa", "Gina", "Luis")]

    def test_nothing_that_happens_later_changes_it(self, before, individual, at, staff):
        with at("2019-11-17"):
            assert names() == self.EXPECTED
            memberships.cancel(before["Ana"].memberships.get(), reason="moved")
            memberships.cancel(before["Elsa"].memberships.get(), reason="moved")
            back(before["Bea"].payments.get())
            back(before["Carla"].payments.get())
            pay(before["Gina"], individual)
            # A letter that came while she was in grace, opened a month after the meeting, pays for the day as well.
            pay(Person.objects.get(first_name="Hope"), individual, received_on=date(2019, 10, 10))
        with at("2019-11-20"):
            pay(before["Dora"], individual)  # a smaller plan
            memberships.resume(before["Elsa"].memberships.get())
            other = PersonFactory(first_name="A.", last_name="Quispe")
            merging.merge(keep=other, drop=before["Ana"], chosen={"first_name": "drop"}, by=staff("Membership"))
            Person.objects.filter(first_name="Luis").update(notes="x")
        with at("2021-11-16"):
            assert names() == self.EXPECTED

    def test_a_household_that_is_given_up_late_counts_as_it_stood(self, household, individual, at):
        """Paid in grace for a smaller plan, after the meeting: the new term begins before it."""
        with at("2018-11-10"):
            home = pay(named("Ana"), household).term.membership
            memberships.cover_by_name(home, name="Luis Quispe")
        with at("2019-11-18"):
            assert names() == ["Ana Quispe", "Luis Quispe"]
            pay(Person.objects.get(first_name="Ana"), individual)
        assert names() == ["Ana Quispe", "Luis Quispe"]
        assert names(date(2019, 11, 18)) == ["Ana Quispe"]

    def test_two_records_that_are_one_human_have_one_vote(self, individual, at, staff):
        with at("2019-11-01"):
            ana, again = named("Ana"), named("Ana María")
            pay(ana, individual)
            pay(again, individual)
        assert len(names()) == 2
        merging.merge(keep=ana, drop=again, chosen={}, by=staff("Membership"))
        assert names() == ["Ana Quispe"]


class TestRefundsAtStripe:
    @pytest.fixture
    def later(self, stripe_site) -> Callable[..., date]:
        """Let time pass, there and here, and hear what happened; the day that it is then."""

        def go(by: str, refund: dict | None = None) -> date:
            stripe_site.sandbox.advance(by)
            now = known(stripe_site.sandbox.now)
            with time_machine.travel(now):
                if refund:
                    stripe_site.sandbox.client.v1.refunds.create(refund)
                stripe_site.tell()
            return timezone.localdate(now)

        return go

    def test_one_in_part_takes_no_vote_and_the_whole_does_from_its_day_on(self, stripe_site, individual, later):
        intent = stripe_site.member(individual).payments.get().stripe_payment_intent_id
        first = later("2d", {"payment_intent": intent, "amount": 1000})
        second = later("2d", {"payment_intent": intent, "amount": 1500})
        assert [len(roll(day)) for day in (first, second - ONE_DAY, second)] == [1, 1, 0]

    def test_one_that_fails_later_gives_no_vote_on_a_day_that_is_over(self, stripe_site, individual, later):
        person = stripe_site.member(individual, number="4000000000005126")
        refunded = later("2d", {"payment_intent": person.payments.get().stripe_payment_intent_id})
        assert roll(refunded) == []
        came_back = later("5d")
        assert [len(roll(day)) for day in (refunded - ONE_DAY, refunded, came_back)] == [1, 0, 1]


class TestThePage:
    def test_it_can_be_printed_and_kept_as_a_file(self, client_as, household, at):
        with at("2019-11-01"):
            home = pay(named("=Ana"), household).term.membership
            memberships.cover_by_name(home, name="Luis Quispe")
        client = client_as("Treasurer")
        html = client.get(f"{ROLL}/", {"on": "2019-11-16"}).content.decode()
        for said in ("Who could vote on 16 November 2019", "2 votes.", "through =Ana Quispe", "Signature"):
            assert said in html
        assert "/admin/membership/person/" not in html
        text = client.get(f"{ROLL}.csv", {"on": "2019-11-16"}).content.decode("utf-8-sig")
        rows = list(csv.DictReader(StringIO(text, newline="")))
        assert [(row["Name"], row["Membership"], row["Through"]) for row in rows] == [
            ("'=Ana Quispe", "Household", ""),
            ("Luis Quispe", "Household", "'=Ana Quispe"),
        ]

    @pytest.mark.parametrize("day", ["", "x", "31/02/2019", "0001-01-01", "9999-12-31"])
    def test_what_is_no_day_of_a_meeting_is_said_beside_the_field(self, client_as, day):
        client = client_as("Treasurer")
        assert client.get(f"{ROLL}/", {"on": day}).context["form"].errors["on"]
        assert "No file was made" in client.get(f"{ROLL}.csv", {"on": day}, follow=True).content.decode()

    def test_without_a_day_it_is_today_and_a_day_to_come_says_that_it_may_change(self, client_as, individual, at):
        with at("2019-11-01"):
            pay(named("Ana"), individual)
            client = client_as("Membership")
            assert [each.person.name for each in client.get(f"{ROLL}/").context["voters"]] == ["Ana Quispe"]
            html = client.get(f"{ROLL}/", {"on": "2019-11-16"}).content.decode()
            assert "As it looks now" in html
            assert "Ana Quispe" in html

    @pytest.mark.parametrize(
        ("role", "status"), [("Treasurer", 200), ("Membership", 200), ("Administrator", 200), ("Editor", 403)]
    )
    def test_who_may_look(self, client_as, role, status):
        client = client_as(role)
        assert {client.get(f"{ROLL}{end}").status_code for end in ("/", ".csv")} == {status}

    def test_its_queries_do_not_grow_with_its_members(self, household):
        counted = []
        for number in (1, 8):
            for each in range(number):
                home = pay(named(f"N{number}{each}"), household).term.membership
                memberships.cover_by_name(home, name=f"Other{each} Quispe")
            with CaptureQueriesContext(connection) as queries:
                roll(date.today())
            counted.append(len(queries))
        assert counted == [3, 3]
