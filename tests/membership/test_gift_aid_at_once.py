"""Several treasurers, or one with several tabs, in the same moment."""

import uuid
from datetime import date

import pytest
from django.utils import timezone

from membership.actions.claims import ChangedMeanwhile, make_claim, preview
from membership.actions.people import declare_gift_aid
from membership.dates import ONE_DAY
from membership.models import Claim, ClaimLine
from tests.at_once import at_once
from tests.factories import PersonFactory
from tests.membership.conftest import pay

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def form(individual, staff) -> dict[str, object]:
    """What somebody sees who opens the page of a new claim, with ten gifts on it."""
    last = timezone.localdate() - ONE_DAY
    for _ in range(10):
        person = PersonFactory()
        declare_gift_aid(person, declared=person)
        pay(person, individual, received_on=last)
    first = date(last.year - 1, 1, 1)
    return {"first": first, "last": last, "shown": preview(first, last).fingerprint, "by": staff("Treasurer")}


def test_one_form_sent_eight_times_is_one_claim(form):
    token = uuid.uuid4()
    made = at_once(*[lambda: make_claim(**form, token=token)] * 8)
    assert {claim.pk for claim in made} == {Claim.objects.get().pk}
    assert ClaimLine.objects.count() == 10


def test_of_eight_forms_one_claims_and_the_others_are_told_that_things_changed(form):
    made = at_once(*[lambda: make_claim(**form, token=uuid.uuid4())] * 8)
    assert sorted(type(each).__name__ for each in made) == ["ChangedMeanwhile"] * 7 + ["Claim"]
    assert ClaimLine.objects.count() == 10


def test_without_waiting_for_each_other_the_table_refuses_the_second(form, monkeypatch):
    """The race is real, and there is a second guard behind the first."""
    monkeypatch.setattr("membership.actions.claims.take_turn", lambda name: None)
    made = at_once(*[lambda: make_claim(**form, token=uuid.uuid4())] * 8)
    assert sum(isinstance(each, Claim) for each in made) == 1
    assert {type(each).__name__ for each in made} <= {"Claim", "IntegrityError", ChangedMeanwhile.__name__}
    assert ClaimLine.objects.count() == 10
