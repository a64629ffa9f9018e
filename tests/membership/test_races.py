"""Several at once, on real Postgres: clicks, tabs, staff, jobs. Each race is first shown to be one."""

import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from django.utils import timezone

from membership.actions import joining, memberships, merging, notices
from membership.models import Application, ApplicationState, Cover, Membership, Notice, Payment, Person, Term
from tests.at_once import at_once
from tests.factories import PersonFactory
from tests.membership.conftest import pay, price_of, typed

pytestmark = pytest.mark.django_db(transaction=True)


def post(plan, data) -> Callable[[], Any]:
    # Raised, an error of one request would come out of every client that is busy at that moment.
    return lambda: Client(raise_request_exception=False).post(plan.get_absolute_url(), data)


def test_ten_clicks_at_once_are_one_application(individual, mailoutbox):
    data = typed(individual)
    responses = at_once(*[post(individual, data)] * 10)
    assert len({response["Location"] for response in responses}) == 1
    assert Application.objects.count() == Person.objects.count() == len(mailoutbox) == 1


def test_two_tabs_at_once_are_one_application(individual, mailoutbox):
    responses = at_once(*[post(individual, typed(individual)) for _ in range(6)])
    assert {response.status_code for response in responses} == {302}
    assert Application.objects.open().count() == 1
    assert Person.objects.count() == 1


def test_two_plans_in_two_tabs_at_once_leave_one_that_waits(individual, household):
    tabs = [post(plan, typed(plan)) for plan in (individual, household) * 3]
    assert {response.status_code for response in at_once(*tabs)} == {302}
    assert Application.objects.open().count() == 1


def test_without_waiting_for_each_other_two_tabs_meet_and_the_table_refuses_one(individual, monkeypatch):
    """The race is real, and there is a second guard behind the first."""
    meet, attach = threading.Barrier(2), joining._attach_person

    def slow(application, earlier):
        meet.wait(timeout=20)
        attach(application, earlier)

    monkeypatch.setattr(joining, "_one_at_a_time", lambda *numbers: None)
    monkeypatch.setattr(joining, "_attach_person", slow)
    results = at_once(*[post(individual, typed(individual)) for _ in range(2)])
    assert sorted(result.status_code for result in results) == [302, 500]
    assert Application.objects.open().count() == 1


class TestRecording:
    @pytest.fixture
    def desks(self, staff) -> Callable[[], Client]:
        user = staff("Membership")

        def desk() -> Client:
            client = Client()
            client.force_login(user)
            return client

        return desk

    def sent(self, desk: Client, person: Person, plan, **changes: Any) -> Callable[[], Any]:
        data = {
            "token": uuid.uuid4(),
            "last_seen": max([0, *person.payments.values_list("pk", flat=True)]),
            "price": price_of(plan).pk,
            "amount": "25",
            "method": "cheque",
            "received_on": timezone.localdate().isoformat(),
        } | changes
        path = f"/admin/membership/person/{person.pk}/record/"
        return lambda: desk.post(path, data)

    def test_ten_clicks_at_once_are_one_payment(self, desks, individual, mailoutbox):
        person, token = PersonFactory(), uuid.uuid4()
        responses = at_once(*[self.sent(desks(), person, individual, token=token) for _ in range(10)])
        assert {response.status_code for response in responses} == {302}
        assert Payment.objects.count() == Term.objects.count() == len(mailoutbox) == 1

    def test_two_staff_at_once_with_one_cheque_record_it_once(self, desks, individual):
        person = PersonFactory()
        responses = at_once(*[self.sent(desks(), person, individual) for _ in range(2)])
        assert sorted(response.status_code for response in responses) == [200, 302]
        assert Payment.objects.count() == 1

    def test_two_staff_at_once_with_one_form_record_it_once(self, desks, join, individual):
        application = join(individual)
        person = application.person
        calls = [self.sent(desks(), person, individual, application=application.pk) for _ in range(4)]
        at_once(*calls)
        assert Payment.objects.count() == Membership.objects.count() == 1
        assert Application.objects.get().state == ApplicationState.ACCEPTED

    def test_without_the_lock_two_recordings_meet(self, individual, monkeypatch):
        """The race is real: without the person's lock both see no membership, and there would be two."""
        person, meet = PersonFactory(), threading.Barrier(2)
        lock = memberships.lock_last_membership

        def unlocked(person):
            found = lock(person)
            meet.wait(timeout=20)
            return found

        monkeypatch.setattr(memberships, "lock_last_membership", unlocked)
        monkeypatch.setattr(type(Person.objects.all()), "select_for_update", lambda self, **options: self)
        at_once(*[lambda: pay(person, individual)] * 2)
        assert Membership.objects.count() == 2

    def test_a_merge_and_a_payment_at_once_lose_nothing(self, individual):
        for _ in range(5):
            keep, drop = PersonFactory(), PersonFactory()
            pay(drop, individual)
            results = at_once(
                lambda keep=keep, drop=drop: merging.merge(keep=keep, drop=drop, chosen={}, by=None),
                lambda drop=drop: pay(drop, individual),
            )
            assert not isinstance(results[0], Exception), results
            number = 2 if isinstance(results[1], Payment) else 1
            assert keep.payments.count() == number
            assert not Person.objects.filter(pk=drop.pk).exists()

    def test_two_merges_of_one_pair_in_both_directions_do_not_lock_each_other_out(self, individual):
        first, second = PersonFactory(), PersonFactory()
        results = at_once(
            lambda: merging.merge(keep=first, drop=second, chosen={}, by=None),
            lambda: merging.merge(keep=second, drop=first, chosen={}, by=None),
        )
        assert sorted(type(result).__name__ for result in results) == ["MergeRecord", "MergeRefused"]
        assert Person.objects.count() == 1


def test_the_last_place_of_a_household_goes_to_one(household):
    membership = pay(PersonFactory(), household).term.membership
    for name in ("One Quispe", "Two Quispe"):
        memberships.cover_by_name(membership, name=name)
    results = at_once(*[lambda n=n: memberships.cover_by_name(membership, name=f"Last {n}") for n in range(5)])
    assert sum(isinstance(result, memberships.HouseholdFull) for result in results) == 4
    assert Cover.objects.count() == 3


def test_a_job_that_runs_twice_at_once_sends_one_reminder(individual, mailoutbox):
    with time_machine.travel("2026-01-10T12:00:00Z", tick=False):
        pay(PersonFactory(), individual)
    mailoutbox.clear()
    with time_machine.travel("2027-01-05T12:00:00Z"):
        at_once(*[notices.send_reminders] * 5)
        notices.send_reminders()
    assert len(mailoutbox) == Notice.objects.count() == 1


def test_one_address_is_verified_for_one_of_two_who_press_the_button_at_once(client, individual, join):
    secrets = [join(individual, first_name=name).confirm_secret for name in ("Ana", "Luis", "Rosa")]
    results = at_once(*[lambda secret=secret: joining.confirm_email(secret=secret) for secret in secrets])
    assert not [result for result in results if isinstance(result, Exception)]
    assert Person.objects.filter(email_verified_at__isnull=False).count() == 1


def test_a_payment_is_rolled_back_with_everything_if_its_receipt_cannot_be_made(individual, monkeypatch):
    def broken(payment):
        raise RuntimeError("no template")

    monkeypatch.setattr("membership.mails.receipt", broken)
    person = PersonFactory()
    with pytest.raises(RuntimeError), transaction.atomic():
        pay(person, individual)
    assert (Payment.objects.count(), Term.objects.count(), Membership.objects.count()) == (0, 0, 0)
