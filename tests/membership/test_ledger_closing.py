"""Months of the ledger: closed, refused, opened again."""

import uuid
from datetime import date, timedelta
from html import unescape

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from membership.actions import ledger
from membership.actions.payments import Money, record
from membership.dates import months_later
from membership.facts import known
from membership.models import ClosedMonth, Payment, Term
from tests.at_once import at_once
from tests.factories import PersonFactory
from tests.membership.conftest import pay, price_of
from tests.membership.desk_pages import opened, said
from tests.membership.desk_pages import record as record_page

LEDGER = "/admin/membership/payment/ledger/"
OCTOBER, NOVEMBER = date(2019, 10, 1), date(2019, 11, 1)


@pytest.fixture(autouse=True)
def _in_november(db):
    with time_machine.travel("2019-11-16 12:00+00:00"):
        yield


def row(person, **changes) -> Payment:
    """A row of money as Stripe's news or a later import would write it."""
    columns = {"method": "card", "gross_pence": 2500, "received_on": date(2019, 10, 20), "token": uuid.uuid4().hex}
    payment = Payment.objects.create(person=person, **columns | changes)
    payment.refresh_from_db()
    return payment


def close_page(client, month="2019-10", **data):
    path = f"{LEDGER}{month}/close/"
    if not data:
        data = {"seen": client.get(path).context["total"].number}
    return client.post(path, data, follow=True)


class TestClosing:
    def test_the_treasurer_closes_a_month_with_its_totals(self, client_as, individual):
        pay(PersonFactory(), individual, received_on=date(2019, 10, 31))
        row(PersonFactory(), gross_pence=4000, fee_pence=80, received_on=date(2019, 10, 1))
        row(PersonFactory(), received_on=date(2019, 11, 1))
        response = close_page(client_as("Treasurer"))
        assert said(response) == "October 2019 is closed. Further rows of that month are refused."
        closed = ClosedMonth.objects.get()
        assert (closed.month, closed.number, closed.gross_pence, closed.net_pence) == (OCTOBER, 2, 6500, 6420)
        assert closed.closed_by.email == "treasurer@staff.example"
        html = response.content.decode()
        assert "by Test Treasurer, with 2 rows, £65.00 gross, £64.20 net" in html
        assert "Close this month" not in html

    def test_a_month_that_is_not_over_cannot_be_closed(self, client_as):
        client = client_as("Treasurer")
        assert "Close this month" not in client.get(LEDGER, {"month": "2019-11"}).content.decode()
        assert said(close_page(client, "2019-11")) == "November 2019 is not over."
        assert not ClosedMonth.objects.exists()

    def test_a_row_that_came_after_the_page_was_opened_is_looked_at_first(self, client_as):
        client = client_as("Treasurer")
        row(PersonFactory())
        response = close_page(client, seen=0)
        assert "has 1 rows by now. Look at the totals again; nothing was closed" in said(response)
        assert response.context["total"].number == 1
        assert not ClosedMonth.objects.exists()

    @pytest.mark.parametrize("seen", ["", "x", "-1", "9" * 30])
    def test_a_forged_number_of_rows_closes_nothing(self, client_as, seen):
        assert "nothing was closed" in said(close_page(client_as("Treasurer"), seen=seen))
        assert not ClosedMonth.objects.exists()

    @pytest.mark.parametrize("month", ["2019-13", "2019-00", "0000-01", "9999-12", "2019", "2019-1", "x" * 300])
    def test_what_is_no_month_is_not_found(self, client_as, month):
        assert client_as("Treasurer").get(f"{LEDGER}{month}/close/").status_code == 404

    def test_two_clicks_close_once(self, client_as):
        client = client_as("Treasurer")
        close_page(client)
        first = ClosedMonth.objects.get()
        close_page(client, seen=0)
        assert ClosedMonth.objects.get().closed_at == first.closed_at
        assert ClosedMonth.history.count() == 1

    def test_an_administrator_opens_it_again_with_a_reason(self, client_as, staff):
        ledger.close_month(OCTOBER, by=staff("Treasurer"))
        client = client_as("Administrator")
        path = f"{LEDGER}2019-10/reopen/"
        assert client.post(path, {"reason": "", "token": uuid.uuid4()}).context["form"].errors
        assert ClosedMonth.objects.exists()
        reason = "A cheque of 30 October was found. " + "x" * 120
        response = client.post(path, {"reason": reason, "token": uuid.uuid4()}, follow=True)
        assert "October 2019 is open again" in said(response)
        assert not ClosedMonth.objects.exists()
        reopened = ClosedMonth.history.filter(history_type="-").get()
        assert (reopened.history_change_reason, reopened.history_user) == (reason, staff("Administrator"))
        assert f"by Test Administrator: {reason}" in unescape(response.content.decode())
        again = client.post(path, {"reason": reason, "token": uuid.uuid4()}, follow=True)
        assert said(again) == "October 2019 is open. Nothing was changed."

    @pytest.mark.parametrize(
        ("role", "may"), [("Treasurer", {"close"}), ("Membership", set()), ("Administrator", {"close", "reopen"})]
    )
    def test_who_may(self, client_as, role, may):
        client = client_as(role)
        answers = {name: client.get(f"{LEDGER}2019-10/{name}/").status_code for name in ("close", "reopen")}
        assert answers == {name: 200 if name in may else 403 for name in ("close", "reopen")}
        posted = client.post(f"{LEDGER}2019-10/close/", {"seen": 0}).status_code
        assert posted == (302 if "close" in may else 403)
        assert ClosedMonth.objects.exists() == ("close" in may)


class TestRefusing:
    @pytest.fixture(autouse=True)
    def _closed(self, staff):
        ledger.close_month(OCTOBER, by=staff("Treasurer"))

    @pytest.mark.parametrize("method", ["transfer", "cheque", "cash", "standing_order"])
    def test_the_database_refuses_a_row_by_hand_by_name(self, method):
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            row(PersonFactory(), method=method)
        assert refused.value.__cause__.diag.constraint_name == "payment_month_is_closed"
        assert row(PersonFactory(), method=method, received_on=NOVEMBER).booked_on == NOVEMBER

    def test_the_desk_says_so_beside_the_day(self, client_as, individual):
        desk, person = client_as("Membership"), PersonFactory()
        typed = opened(desk, person) | {"price": price_of(individual).pk, "amount": "25", "method": "cheque"}
        response = record_page(desk, person, typed, received_on="2019-10-31")
        assert response.context["form"].errors["received_on"].as_text() == (
            "* October 2019 is closed. Give the day on which you record it, and the true day as the reference; or ask "
            "an Administrator to open the month again."
        )
        assert not Payment.objects.exists()
        assert "£25.00 recorded" in said(record_page(desk, person, typed, received_on="2019-11-01"))

    def test_the_action_says_which_month(self, individual):
        money = Money(gross_pence=2500, method="cheque", received_on=date(2019, 10, 31), token="x")
        with pytest.raises(ledger.MonthClosed, match="October 2019 is closed"):
            record(person=PersonFactory(), price=price_of(individual), money=money)

    def test_money_from_stripe_is_booked_in_the_first_open_month_and_keeps_its_day(self, staff):
        with time_machine.travel("2019-12-16 12:00+00:00"):
            ledger.close_month(NOVEMBER, by=staff("Treasurer"))
        late = row(PersonFactory())
        assert (late.received_on, late.booked_on) == (date(2019, 10, 20), date(2019, 12, 1))
        back = row(late.person, gross_pence=-2500, reverses=late, method="debit", received_on=date(2019, 10, 31))
        assert back.booked_on == date(2019, 12, 1)
        assert row(late.person, received_on=date(2019, 9, 30)).booked_on == date(2019, 9, 30)
        assert Payment.objects.booked_in(OCTOBER).count() == 0

    def test_the_day_in_the_ledger_cannot_be_chosen_nor_changed(self):
        chosen = row(PersonFactory(), booked_on=date(2019, 1, 1), received_on=date(2019, 11, 2))
        assert chosen.booked_on == date(2019, 11, 2)
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            Payment.objects.update(booked_on=NOVEMBER)


def test_a_payment_found_late_at_stripe_still_buys_the_time_from_its_own_day(stripe_site, individual, staff):
    """The news was lost, the month was closed, and then it was found."""
    now = known(stripe_site.sandbox.now)
    with time_machine.travel(now):
        stripe_site.member(individual, tell=False)
    month = timezone.localdate(now).replace(day=1)
    after = months_later(month, 1)
    with time_machine.travel(now + timedelta(days=32)):
        ledger.close_month(month, by=staff("Treasurer"))
        assert set(stripe_site.tell()) == {200}
    payment, term = Payment.objects.get(), Term.objects.get()
    assert (payment.received_on, payment.booked_on) == (timezone.localdate(now), after)
    assert term.starts_on == payment.received_on


@pytest.mark.django_db(transaction=True)
def test_closing_waits_for_a_row_that_is_being_recorded_and_counts_it(staff, individual):
    people, treasurer = [PersonFactory() for _ in range(6)], staff("Treasurer")
    first = date(2019, 10, 9)

    def recording(person):
        return lambda: pay(person, individual, received_on=first)

    def closing():
        return ledger.close_month(OCTOBER, by=treasurer)

    results = at_once(*[recording(person) for person in people], closing)
    closed = results.pop()
    refused = [each for each in results if isinstance(each, ledger.MonthClosed)]
    assert closed.number == len(people) - len(refused) == Payment.objects.booked_in(OCTOBER).count()
    assert all(isinstance(each, Payment | ledger.MonthClosed) for each in results)


@pytest.mark.django_db(transaction=True)
def test_a_row_under_way_holds_the_closing_up(staff):
    """The race is real: without the lock the totals would miss the row."""
    treasurer = staff("Treasurer")
    with transaction.atomic():
        row(PersonFactory())

        def impatient():
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL lock_timeout = '300ms'")
                return ledger.close_month(OCTOBER, by=treasurer)

        (result,) = at_once(impatient)
        assert "lock timeout" in str(result)
    assert ledger.close_month(OCTOBER, by=treasurer).number == 1
