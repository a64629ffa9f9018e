"""Reminders and goodbyes: each once, to those who should get them, however late or often the job runs."""

from datetime import date, timedelta
from threading import Event

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from membership import jobs
from membership.actions import memberships, notices, payments
from membership.models import Interval, Membership, Notice, NoticeKind, Person, Subscription
from tests.at_once import WAIT, at_once
from tests.factories import PersonFactory, PriceFactory
from tests.membership.conftest import pay
from tests.membership.stripe_rows import announce, application_of, checkout_of, subscription_of

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


ALL = [jobs.send_reminders, jobs.send_lapsed, jobs.send_renewals_coming, jobs.send_card_expiries]


def live(first: str, last: str, mailoutbox, every: int = 1, run=ALL) -> list[tuple[str, str]]:
    """Run the jobs each day (or every so many); the day and subject of each mail."""
    day, sent = date.fromisoformat(first), []
    while day <= date.fromisoformat(last):
        with on(day):
            for job in run:
                job()
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


def test_the_way_to_pay_online_is_named_where_there_is_one(member, individual, settings, mailoutbox):
    settings.STRIPE_SECRET_KEY = "sk_test_1"
    with on(date(2026, 12, 10)):
        jobs.send_reminders()
    for text in (mailoutbox[0].body, mailoutbox[0].alternatives[0].content):
        assert settings.SITE_URL + individual.get_absolute_url() in text


def test_a_year_that_ends_on_29_february(individual, mailoutbox):
    with on(date(2027, 3, 1)):
        pay(PersonFactory(), individual)
    mailoutbox.clear()
    assert live("2028-01-25", "2028-04-10", mailoutbox) == [
        ("2028-01-30", "Your membership runs until 29 February 2028"),
        ("2028-02-22", "Your membership runs until 29 February 2028"),
        ("2028-03-31", "Your membership has ended"),
    ]


# --- Who renews by themselves, or is about to ---


def test_who_renews_by_themselves_is_told_two_weeks_before_and_not_reminded(member, individual, mailoutbox):
    subscription_of(member, individual, renews="2027-01-10T09:00")
    assert live("2026-11-20", "2027-01-09", mailoutbox) == [
        ("2026-12-27", "Your membership renews on 10 January 2027"),
    ]
    assert Notice.objects.get().kind == NoticeKind.RENEWAL_COMING


def test_the_word_before_a_renewal_says_how_much_by_what_and_how_to_stop_it(member, individual, mailoutbox):
    subscription_of(member, individual, renews="2027-01-10T09:00")
    with on(date(2026, 12, 30)):
        jobs.send_renewals_coming()
    for text in (mailoutbox[0].body, mailoutbox[0].alternatives[0].content):
        for fact in (
            "Individual",
            "£25.00",
            "Visa card ending in 4242",
            "/membership/me/",
            "cancel before 10 January 2027",
        ):
            assert fact in text


def test_it_names_the_price_that_was_announced_for_that_day_and_no_later_one(member, individual, mailoutbox):
    subscription = subscription_of(member, individual, renews="2027-01-10T09:00")
    announce(subscription, pence=3000, on="2027-01-10")
    announce(subscription, pence=9900, on="2028-01-10")
    with on(date(2026, 12, 30)):
        jobs.send_renewals_coming()
    assert "We then take £30.00" in mailoutbox[0].body
    assert "until now it was £25.00" in mailoutbox[0].body


def test_it_asks_for_another_way_to_pay_where_the_one_there_was_does_not_work(member, individual, mailoutbox):
    subscription_of(member, individual, renews="2027-01-10T09:00", needs_new_method=True)
    with on(date(2026, 12, 30)):
        jobs.send_renewals_coming()
    assert "needs another card or account" in mailoutbox[0].body


@pytest.mark.parametrize(
    ("day", "number"), [("2026-12-26", 0), ("2026-12-27", 1), ("2027-01-10", 1), ("2027-01-11", 0)]
)
def test_late_it_is_sent_until_the_payment_is_taken(member, individual, mailoutbox, day, number):
    subscription_of(member, individual, renews="2027-01-10T09:00")
    with on(date.fromisoformat(day)):
        assert notices.send_renewals_coming() == number
        assert notices.send_renewals_coming() == 0


def test_each_year_has_its_own(member, individual, mailoutbox):
    subscription = subscription_of(member, individual, renews="2027-01-10T09:00")
    with on(date(2026, 12, 30)):
        jobs.send_renewals_coming()
    Subscription.objects.filter(pk=subscription.pk).update(period_ends_at="2028-01-10T09:00Z")
    with on(date(2027, 12, 30)):
        jobs.send_renewals_coming()
    assert [message.subject for message in mailoutbox] == [
        "Your membership renews on 10 January 2027",
        "Your membership renews on 10 January 2028",
    ]


def test_fourteen_days_are_london_days_across_the_change_of_the_clocks(member, individual, mailoutbox):
    """Half past midnight of the 11th in summer time is still the 10th in UTC."""
    subscription_of(member, individual, renews="2027-04-10T23:30")
    Membership.objects.get().terms.update(ends_on="2027-04-10", grace_until="2027-05-10")
    assert live("2027-03-20", "2027-04-09", mailoutbox) == [("2027-03-28", "Your membership renews on 11 April 2027")]


def test_a_renewal_on_29_february(member, individual, mailoutbox):
    subscription_of(member, individual, renews="2028-02-29T09:00")
    Membership.objects.get().terms.update(ends_on="2028-02-28", grace_until="2028-03-29")
    assert live("2028-02-01", "2028-02-28", mailoutbox) == [
        ("2028-02-15", "Your membership renews on 29 February 2028")
    ]


@pytest.mark.parametrize(
    "why", ["by the month", "leaves", "fails", "unpaid", "cancelled here", "no address", "do not contact"]
)
def test_no_word_before_a_renewal_that_is_monthly_or_does_not_come(member, individual, mailoutbox, why):
    changes = {
        "by the month": {"price": PriceFactory(plan=individual, amount_pence=250, interval=Interval.MONTH)},
        "leaves": {"cancel_at": "2027-01-10T09:00Z"},
        "fails": {"status": "past_due"},
        "unpaid": {"status": "unpaid"},
    }
    subscription_of(member, individual, renews="2027-01-10T09:00", **changes.get(why, {}))
    Membership.objects.filter(person=member).update(cancelled_on=START if why == "cancelled here" else None)
    Person.objects.update(do_not_contact=why == "do not contact", email="" if why == "no address" else "a@b.example")
    with on(date(2026, 12, 30)):
        assert notices.send_renewals_coming() == 0
    assert not mailoutbox


def test_who_stripe_has_given_up_on_is_reminded_and_told_of_the_end(member, individual, mailoutbox):
    subscription_of(member, individual, renews="2028-01-10T09:00", status="unpaid")
    assert live("2026-11-20", "2027-02-09", mailoutbox)[-1] == ("2027-02-09", "Your membership has ended")


def test_while_stripe_still_tries_nobody_is_told_of_the_end(member, individual, mailoutbox):
    subscription = subscription_of(member, individual, renews="2028-01-10T09:00", status="past_due")
    assert live("2027-02-01", "2027-02-12", mailoutbox) == []
    Subscription.objects.filter(pk=subscription.pk).update(status="canceled")
    assert live("2027-02-13", "2027-02-20", mailoutbox) == [("2027-02-13", "Your membership has ended")]


def test_while_a_debit_is_under_way_nobody_is_reminded_or_told_of_the_end(member, individual, mailoutbox):
    checkout = checkout_of(application_of(member, individual), "pending")
    assert live("2026-11-20", "2027-02-12", mailoutbox) == []
    checkout.state = "failed"
    checkout.save()
    assert live("2027-02-13", "2027-02-20", mailoutbox) == [("2027-02-13", "Your membership has ended")]


# --- Cards that run out ---


@pytest.mark.parametrize(
    ("expires", "renews", "first_told"),
    [
        ("2026-08-31", "2027-01-10T09:00", "2026-08-01"),  # a month before it runs out, however far the payment is
        ("2027-01-31", "2027-01-10T09:00", None),  # good for the payment
        ("2027-01-10", "2027-01-10T09:00", None),  # its last day is the day of the payment
        ("2027-01-09", "2027-01-10T09:00", "2026-12-10"),
    ],
)
def test_a_card_that_does_not_last_to_the_next_payment(member, individual, mailoutbox, expires, renews, first_told):
    subscription_of(member, individual, renews=renews, card_expires_on=expires)
    sent = live("2026-07-20", "2027-01-09", mailoutbox, run=[jobs.send_card_expiries])
    assert sent == ([(first_told, "Your card for your membership runs out soon")] if first_told else [])


def test_a_card_that_ran_out_long_ago_is_told_as_past_once_for_each_card(member, individual, mailoutbox):
    subscription = subscription_of(member, individual, renews="2027-01-10T09:00", card_expires_on="2026-03-31")
    with on(date(2026, 12, 1)):
        assert [notices.send_card_expiries() for _ in range(2)] == [1, 0]
        Subscription.objects.filter(pk=subscription.pk).update(payment_method_id="pm_2")
        assert notices.send_card_expiries() == 1
    assert mailoutbox[0].subject == "Your card for your membership has run out"
    for text in (mailoutbox[0].body, mailoutbox[0].alternatives[0].content):
        for fact in ("Visa card ending in 4242", "31 March 2026", "£25.00", "10 January 2027", "/membership/me/"):
            assert fact in text


@pytest.mark.parametrize("changes", [{"method": "debit"}, {"cancel_at": "2027-01-10T09:00Z"}, {"status": "past_due"}])
def test_no_word_of_a_card_by_which_nothing_is_taken(member, individual, mailoutbox, changes):
    subscription_of(member, individual, renews="2027-01-10T09:00", card_expires_on="2026-12-31", **changes)
    with on(date(2026, 12, 30)):
        assert notices.send_card_expiries() == 0


# --- Two at once, and many ---


@pytest.mark.django_db(transaction=True)
def test_jobs_that_run_twice_at_once_send_each_mail_once(member, individual, mailoutbox):
    for number in range(3):
        person = PersonFactory()
        with on(START):
            pay(person, individual)
        subscription_of(
            person, individual, renews="2027-01-10T09:00", card_expires_on="2026-12-31", item_id=f"si_{number}"
        )
    mailoutbox.clear()
    with time_machine.travel("2026-12-30T06:00:00Z"):
        at_once(*[jobs.send_renewals_coming, jobs.send_card_expiries, jobs.send_reminders] * 3)
        for job in (jobs.send_renewals_coming, jobs.send_card_expiries, jobs.send_reminders):
            job()
    told = [(message.to[0], message.subject) for message in mailoutbox]
    assert len(told) == len(set(told)) == Notice.objects.count() == 7


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("row", ["person", "membership"])
def test_a_job_waits_for_nobody_who_works_on_the_same_and_blocks_nobody(member, individual, mailoutbox, row):
    """Whoever records a payment locks the person, then the membership: a job that went the other way would deadlock."""
    locked, done = Event(), Event()

    def work_on_it() -> bool:
        with transaction.atomic():
            if row == "person":
                Person.objects.select_for_update().get(pk=member.pk)
            else:
                Membership.objects.select_for_update().get(person=member)
            locked.set()
            in_time = done.wait(WAIT)
            memberships.lock_last_membership(member)
        return in_time

    def remind() -> int:
        locked.wait(WAIT)
        try:
            return notices.send_reminders()
        finally:
            done.set()

    with time_machine.travel("2026-12-10T06:00:00Z"):
        assert at_once(work_on_it, remind) == [True, 0]
        assert notices.send_reminders() == 1


@pytest.mark.django_db(transaction=True)
def test_who_is_worked_on_just_now_hears_of_their_renewal_tomorrow(member, individual, mailoutbox):
    subscription_of(member, individual, renews="2027-01-10T09:00")
    locked, done = Event(), Event()

    def work_on_them() -> bool:
        with transaction.atomic():
            Person.objects.select_for_update().get(pk=member.pk)
            locked.set()
            return done.wait(WAIT)

    def tell() -> int:
        locked.wait(WAIT)
        try:
            return notices.send_renewals_coming()
        finally:
            done.set()

    with time_machine.travel("2026-12-30T06:00:00Z"):
        assert at_once(work_on_them, tell) == [True, 0]
        assert notices.send_renewals_coming() == 1


def test_who_pays_between_the_list_and_the_mail_is_not_reminded(member, individual, monkeypatch, mailoutbox):
    listed = notices._untold

    def list_and_pay(*args):
        found = listed(*args)
        if found:
            pay(member, individual)
        return found

    monkeypatch.setattr(notices, "_untold", list_and_pay)
    with on(date(2026, 12, 10)):
        assert notices.send_reminders() == 0
    assert [message.subject for message in mailoutbox] == ["Receipt: £25.00 to the Peru Support Group"]


def test_who_was_told_before_costs_no_further_query(individual, mailoutbox):
    def queries() -> int:
        with on(date(2026, 12, 30)), CaptureQueriesContext(connection) as context:
            for job in (jobs.send_renewals_coming, jobs.send_card_expiries, jobs.send_reminders, jobs.send_lapsed):
                job()
        return len(context)

    for number in range(12):
        person = PersonFactory()
        with on(START):
            pay(person, individual)
        if number % 2:
            subscription_of(person, individual, renews="2027-01-10T09:00", card_expires_on="2026-12-31")
    queries()
    assert Notice.objects.count() == 18
    assert queries() <= 9
