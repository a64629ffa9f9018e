"""Declarations as staff enter them and members make them: none from the future, none backwards, no two at one time."""

from datetime import date

import pytest
from django.test import Client

from membership.actions.people import declare_gift_aid
from membership.models import GiftAidDeclaration, Person
from psg.models import User
from tests.factories import PersonFactory
from tests.membership.desk_pages import LIST

pytestmark = pytest.mark.django_db
NAME = "gift_aid_declarations"
OVERLAPS = "It overlaps with the one made on 5 January 2026"


@pytest.fixture(autouse=True)
def _today(time_machine) -> None:
    time_machine.move_to("2026-11-20 12:00+00:00")


@pytest.fixture
def ana() -> Person:
    return PersonFactory(first_name="Ana", last_name="Quispe")


@pytest.fixture
def old(ana) -> GiftAidDeclaration:
    return declare_gift_aid(ana, declared=ana, made_on=date(2026, 1, 5))


@pytest.fixture
def enter(client_as, ana):
    """Save the record with these rows: scope, made on, cancelled on, and the row that it changes, if any."""

    def save(*rows) -> str:
        sent = {
            "kind": "person",
            "language": "en",
            "country": "UK",
            "last_name": "Quispe",
            "consents-TOTAL_FORMS": 0,
            "consents-INITIAL_FORMS": 0,
            f"{NAME}-TOTAL_FORMS": len(rows),
            f"{NAME}-INITIAL_FORMS": sum(len(row) > 3 for row in rows),
        }
        for number, (scope, made_on, cancelled_on, *before) in enumerate(rows):
            row = {"scope": scope, "made_on": made_on, "cancelled_on": cancelled_on, "channel": "post"}
            row |= {"id": before[0].pk, "person": ana.pk, "channel": before[0].channel} if before else {}
            sent |= {f"{NAME}-{number}-{name}": value for name, value in row.items()}
        response = client_as("Membership").post(f"{LIST}{ana.pk}/change/", sent)
        return "" if response.status_code == 302 else response.text

    return save


@pytest.mark.parametrize("scope", ["all", "future"])
def test_a_second_one_at_the_same_time_is_refused_and_names_the_other(enter, old, scope):
    assert OVERLAPS in enter(("all", "2026-01-05", "", old), (scope, "2026-03-01", ""))
    assert GiftAidDeclaration.objects.count() == 1


def test_it_may_follow_one_that_is_cancelled_with_the_same_form(enter, old):
    assert enter(("all", "2026-01-05", "2026-03-01", old), ("future", "2026-03-01", "")) == ""
    assert GiftAidDeclaration.objects.count() == 2


def test_two_new_ones_at_the_same_time_are_refused(enter):
    assert "overlaps" in enter(("all", "2026-01-05", ""), ("all", "2026-03-01", ""))
    assert not GiftAidDeclaration.objects.exists()


def test_one_for_a_single_gift_stands_beside_any_other(enter, old):
    assert enter(("all", "2026-01-05", "", old), ("this", "2026-03-01", "")) == ""


def test_one_that_ends_before_it_starts_is_refused(enter):
    assert "It cannot be cancelled before it was made." in enter(("all", "2026-03-01", "2026-02-01"))
    assert not GiftAidDeclaration.objects.exists()


def test_one_from_the_future_is_refused(enter):
    assert "This day has not come yet." in enter(("all", "2026-11-21", ""))
    assert enter(("all", "2026-11-20", "")) == ""


class TestWhereTwoAreThereAlready:
    """Who joins again ticks the box again."""

    @pytest.fixture
    def two(self, ana, old) -> tuple[GiftAidDeclaration, GiftAidDeclaration]:
        return old, declare_gift_aid(ana, declared=ana, made_on=date(2026, 6, 1))

    def test_the_record_can_be_saved_and_one_be_cancelled(self, enter, two):
        old, new = two
        assert enter(("all", "2026-06-01", "", new), ("all", "2026-01-05", "", old)) == ""
        assert enter(("all", "2026-06-01", "2026-08-01", new), ("all", "2026-01-05", "", old)) == ""
        new.refresh_from_db()
        assert new.cancelled_on == date(2026, 8, 1)
        assert enter(("all", "2026-06-01", "2026-07-01", new), ("all", "2026-01-05", "", old)) == ""

    def test_but_none_reaches_further_than_before(self, enter, two):
        old, new = two
        enter(("all", "2026-06-01", "2026-08-01", new), ("all", "2026-01-05", "", old))
        assert OVERLAPS in enter(("all", "2026-06-01", "2026-09-01", new), ("all", "2026-01-05", "", old))
        assert OVERLAPS in enter(("all", "2026-06-01", "", new), ("all", "2026-01-05", "", old))
        assert OVERLAPS in enter(("all", "2026-05-01", "2026-08-01", new), ("all", "2026-01-05", "", old))


def test_a_member_whose_declaration_was_for_one_gift_can_declare_for_all(ana):
    declare_gift_aid(ana, declared=ana, scope="this", made_on=date(2026, 1, 5))
    ana.user = User.objects.create_user("ana@people.example", name="Ana Quispe")
    ana.save()
    hers = Client()
    hers.force_login(ana.user)
    path = "/membership/me/gift-aid/"
    assert "six years" in hers.get(path).text
    for _ in range(2):
        assert hers.post(path, {"declare": "on"}).status_code == 302
    assert sorted(GiftAidDeclaration.objects.values_list("scope", flat=True)) == ["all", "this"]


def test_a_row_of_somebody_else_cannot_be_changed(enter, old):
    other = PersonFactory()
    theirs = declare_gift_aid(other, declared=other, made_on=date(2026, 1, 5))
    assert enter(("all", "2026-01-05", "2026-02-01", theirs)) != ""
    theirs.refresh_from_db()
    assert theirs.cancelled_on is None
