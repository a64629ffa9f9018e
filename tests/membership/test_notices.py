"""Reminders and goodbyes: each once, to those who should get them, however late or often the job runs."""

from datetime import date, timedelta

import pytest
import time_machine

from membership import jobs
from membership.actions import memberships, notices, payments
from membership.models import Interval, Notice, NoticeKind
from tests.factories import PersonFactory, PriceFactory
from tests.membership.conftest import pay

pytestmark = pytest.mark.django_db
START = date(2026, 1, 10)  # paid until 9 January 2027; grace until 8 February


def on(day: date):
    return time_machine.travel(f"{day.isoformat()}T06:00:00Z", tick=False)


@pytest.fixture
def member(individual, mailoutbox):
    with on(START):
        person = PersonFactory(first_name="Ana", last_name="Quispe")
        pay(person, individual)
    mailoutbox.clear()
    return person


def live(first: str, last: str, mailoutbox, every: int = 1) -> list[tuple[str, str]]:
    """Run the jobs each day (or every so many); the day and subject of each mail."""
    day, sent = date.fromisoformat(first), []
    while day <= date.fromisoformat(last):
        with on(day):
            jobs.send_reminders()
            jobs.send_lapsed()
        sent += [(day.isoformat(), message.subject) for message in mailoutbox]
        mailoutbox.clear()
        day += timedelta(days=every)
    return sent


def test_a_month_and_a_week_before_and_after_grace_each_once(member, mailoutbox):
    assert live("2026-11-20", "2027-05-01", mailoutbox) == [
        ("2026-12-10", "Your membership runs until 9 January 2027"),
        ("2027-01-02", "Your membership runs until 9 January 2027"),
        ("2027-02-09", "Your membership has ended"),
    ]
    assert set(Notice.objects.values_list("kind", flat=True)) == {
        NoticeKind.REMINDER_30,
        NoticeKind.REMINDER_7,
        NoticeKind.LAPSED,
    }


def test_jobs_that_run_twice_a_day_send_once(member, mailoutbox):
    with on(date(2026, 12, 10)):
        assert [notices.send_reminders() for _ in range(3)] == [1, 0, 0]
    assert len(mailoutbox) == 1


def test_late_by_weeks_only_the_nearer_reminder_is_sent(member, mailoutbox):
    assert live("2027-01-05", "2027-01-05", mailoutbox) == [("2027-01-05", "Your membership runs until 9 January 2027")]
    assert Notice.objects.get().kind == NoticeKind.REMINDER_7


def test_a_goodbye_that_is_a_month_late_is_not_sent(member, mailoutbox):
    assert live("2027-03-20", "2027-03-20", mailoutbox) == []


def test_the_reminder_says_how_to_renew_with_the_reference(member, mailoutbox):
    with on(date(2026, 12, 10)):
        jobs.send_reminders()
    reference = member.memberships.get().reference
    for text in (mailoutbox[0].body, mailoutbox[0].alternatives[0].content):
        for fact in ("Dear Ana Quispe", reference, "£25.00", "00-00-00", "Demo address"):
            assert fact in text


def test_where_the_plan_is_not_offered_any_more_another_can_be_chosen(member, individual, mailoutbox):
    from membership.actions.plans import retire_price

    retire_price(individual.prices.get())
    with on(date(2026, 12, 10)):
        jobs.send_reminders()
    assert "/membership/" in mailoutbox[0].body
    assert "£" not in mailoutbox[0].body


def test_who_renewed_is_not_reminded_until_the_next_year_ends(member, individual, mailoutbox):
    with on(date(2026, 12, 1)):
        pay(member, individual)
    mailoutbox.clear()
    assert live("2026-12-01", "2027-12-05", mailoutbox, every=2) == []
    assert len(live("2027-12-06", "2028-01-09", mailoutbox)) == 2


@pytest.mark.parametrize("why", ["cancelled", "do not contact", "no address", "taken back", "life", "by the month"])
def test_others_get_nothing(individual, life, mailoutbox, why):
    person = PersonFactory(do_not_contact=why == "do not contact", email="" if why == "no address" else "a@b.example")
    with on(START):
        if why == "by the month":
            monthly = PriceFactory(plan=individual, amount_pence=250, interval=Interval.MONTH)
            payments.record(person=person, price=monthly, money=payments.Money(250, "cash", START, "m"))
        else:
            pay(person, life if why == "life" else individual)
        if why == "cancelled":
            memberships.cancel(person.memberships.get(), reason="x")
        if why == "taken back":
            payments.reverse(person.payments.get(), reason="x", token="t")
    mailoutbox.clear()
    sent = live("2026-01-11", "2026-02-08", mailoutbox) + live("2026-12-01", "2027-03-10", mailoutbox)
    assert [subject for _, subject in sent if "runs until" in subject] == []
    if why != "by the month":
        assert sent == []


def test_a_mail_that_cannot_be_made_leaves_no_note_that_it_was_sent(member, monkeypatch):
    def broken(*args):
        raise RuntimeError("no template")

    monkeypatch.setattr("membership.mails.notice", broken)
    with on(date(2026, 12, 10)), pytest.raises(RuntimeError):
        jobs.send_reminders()
    assert not Notice.objects.exists()
