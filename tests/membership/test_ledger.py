"""The treasurer's ledger: sums that equal their rows, a month on one page, a person's statement."""

import uuid
from collections import Counter
from datetime import date, timedelta
from html import unescape

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from membership import ledger
from membership.actions.ledger import close_month
from membership.dates import months_later
from membership.models import Method, Payment
from tests.factories import PersonFactory, PlanFactory, PriceFactory
from tests.membership.conftest import pay

LEDGER = "/admin/membership/payment/ledger/"
OCTOBER = date(2019, 10, 1)


@pytest.fixture
def _in_november(db):
    with time_machine.travel("2019-11-16 12:00+00:00"):
        yield


def row(person, pence=2500, day=date(2019, 10, 20), **changes) -> Payment:
    columns = {"method": "card", "token": uuid.uuid4().hex} | changes
    return Payment.objects.create(person=person, gross_pence=pence, received_on=day, **columns)


def sums(found) -> dict[str, tuple[int, int, int]]:
    return {each.label: (each.number, each.gross_pence, each.net_pence) for each in found}


# --- Any history ---

DAYS = st.dates(date(2018, 1, 1), date(2019, 12, 31))
# A payment, and what became of it: (days later, share of it, fee) of each refund or dispute; whether that came back.
BACK = st.tuples(st.integers(0, 400), st.integers(1, 100), st.integers(0, 2000), st.booleans())
PAID = st.tuples(
    DAYS,
    st.integers(1, 500_000),
    st.integers(0, 900),
    st.sampled_from(list(Method)),
    st.sampled_from(["Individual", "Household", ""]),
    st.lists(BACK, max_size=3),
)


class TestAnyHistory(TestCase):
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(PAID, max_size=8), st.dates(date(2018, 1, 1), date(2019, 12, 1)), st.booleans())
    def test_sums_by_month_method_purpose_and_plan_equal_the_sum_of_rows(self, history, closing, closes):
        """Computed here from what was generated, row by row, with payments, refunds, disputes, and what came back."""
        if closes:
            with time_machine.travel("2020-02-01 12:00+00:00"):
                close_month(closing.replace(day=1), by=None)
        written = _write(history, closed=closing.replace(day=1) if closes else None)
        for month in {booked.replace(day=1) for booked, *_ in written} | {closing.replace(day=1)}:
            rows = Payment.objects.booked_in(month)
            inside = [each for each in written if each[0].replace(day=1) == month]
            total = ledger.total(rows)
            assert (total.number, total.gross_pence, total.fee_pence) == _added(inside)
            assert sums(ledger.by_method(rows)) == _expected(inside, 3)
            assert sums(ledger.by_plan(rows)) == _expected(inside, 4)
            assert sums(ledger.by_purpose(rows)) == ({"Membership": _net(inside)} if inside else {})
        until = date(2021, 12, 1)
        months = {each.key: each for each in ledger.by_month(Payment.objects.all(), until=date(2019, 12, 1))}
        months |= {each.key: each for each in ledger.by_month(Payment.objects.all(), until=until)}
        assert sum(each.gross_pence for each in months.values()) == sum(each[1] for each in written)
        assert sum(each.net_pence for each in months.values()) == sum(each[1] - each[2] for each in written)


def _write(history, *, closed) -> list[tuple]:
    """Make it so; (day in the ledger, gross, fee, method, plan) of each row that there should be."""
    person, plans = PersonFactory(), {}
    written: list[tuple] = []

    def write(day, pence, fee, method, plan, **more):
        booked = day
        if closed and day.replace(day=1) == closed:
            if method not in (Method.CARD, Method.DEBIT):
                return None  # refused, as test_ledger_closing shows
            booked = months_later(closed, 1)
        payment = row(person, pence, day, method=method, fee_pence=fee, **more)
        written.append((booked, pence, fee, method.label, plan or "No plan"))
        return payment

    for day, pence, fee, method, plan, backs in history:
        payment = write(day, pence, fee, method, plan)
        if payment is None:
            continue
        if plan:
            price = plans.setdefault(plan, None) or PriceFactory(plan=PlanFactory(name=plan))
            plans[plan] = price
            membership = person.memberships.create(plan=price.plan, method=method, reference=uuid.uuid4().hex[:12])
            membership.terms.create(price=price, payment=payment, starts_on=day, ends_on=day, grace_until=day)
        for later, share, dispute_fee, came_back in backs:
            gone = max(1, pence * share // 100)
            back = write(day + timedelta(later), -gone, dispute_fee, method, plan, reverses=payment)
            if came_back and back:
                write(day + timedelta(later + 3), gone, 0, method, plan, reverses=back)
    return written


def _added(rows) -> tuple[int, int, int]:
    return len(rows), sum(each[1] for each in rows), sum(each[2] for each in rows)


def _net(rows) -> tuple[int, int, int]:
    number, gross, fee = _added(rows)
    return number, gross, gross - fee


def _expected(rows, column: int) -> dict[str, tuple[int, int, int]]:
    return {key: _net([each for each in rows if each[column] == key]) for key in {each[column] for each in rows}}


# --- The page ---


@pytest.mark.usefixtures("_in_november")
class TestThePage:
    def test_it_opens_with_the_last_month_that_has_rows(self, client_as):
        row(PersonFactory(), 4000, fee_pence=80, method="debit")
        row(PersonFactory(), day=date(2019, 9, 30))
        response = client_as("Treasurer").get(LEDGER)
        assert response.context["month"] == OCTOBER
        assert sums([response.context["total"]]) == {"Together": (1, 4000, 3920)}
        html = response.content.decode()
        for said in ("Ledger: October 2019", "£40.00", "£0.80", "£39.20", "Direct Debit", "Close this month"):
            assert said in html
        assert [bar.height for bar in response.context["plot"].bars][-2:] != [0, 0]

    def test_its_rows_are_a_click_away(self, client_as):
        found = row(PersonFactory(), method="debit")
        row(PersonFactory(), method="card")
        row(PersonFactory(), day=date(2019, 11, 1), method="debit")
        client = client_as("Treasurer")
        html = unescape(client.get(LEDGER, {"month": "2019-10"}).content.decode())
        path = "/admin/membership/payment/?booked_on__gte=2019-10-01&booked_on__lt=2019-11-01&method__exact=debit"
        assert f'href="{path}"' in html
        assert list(client.get(path).context["cl"].result_list) == [found]

    def test_money_that_went_back_takes_the_plan_that_it_had_paid_for(self, client_as, individual):
        payment = pay(PersonFactory(), individual)
        back = row(payment.person, -2500, date(2019, 11, 16), reverses=payment)
        row(payment.person, 2500, date(2019, 11, 16), reverses=back)
        row(payment.person, -900, date(2019, 11, 16), reverses=payment)
        tables = client_as("Treasurer").get(LEDGER).context["tables"]
        assert sums(tables[2][2]) == {"Individual": (4, 1600, 1600)}

    def test_a_month_with_more_out_than_in_hangs_below(self, client_as):
        payment = row(PersonFactory(), 90_000, date(2019, 9, 1))
        row(payment.person, -70_000, reverses=payment)
        plot = client_as("Treasurer").get(LEDGER).context["plot"]
        september, october = plot.bars[-2:]
        assert (september.y + september.height, october.y) == (plot.zero, plot.zero)
        assert october.height > 0
        assert october.y + october.height <= plot.letters_y

    def test_an_empty_ledger_is_a_page(self, client_as):
        html = client_as("Treasurer").get(LEDGER).content.decode()
        assert "No money moved in this month." in html

    @pytest.mark.parametrize("month", ["2019-13", "x", "0001-01", "9999-12", "2019-10-01", "-1", "٢٠١٩-١٠"])
    def test_a_month_that_is_none_is_the_usual_one(self, client_as, month):
        row(PersonFactory())
        assert client_as("Treasurer").get(LEDGER, {"month": month}).context["month"] == OCTOBER

    def test_an_old_month_is_shown_within_its_own_two_years(self, client_as):
        row(PersonFactory())
        row(PersonFactory(), day=date(2012, 3, 5))
        response = client_as("Treasurer").get(LEDGER, {"month": "2012-03"})
        assert response.context["total"].number == 1
        assert next(each.key for each, _ in response.context["months"]) == date(2012, 3, 1)

    def test_its_number_of_queries_is_the_same_for_few_and_many(self, client_as):
        client = client_as("Treasurer")
        client.get(LEDGER)
        counted = []
        for number in (1, 60):
            for each in range(number):
                row(PersonFactory(), day=date(2019, 10, 20) - timedelta(days=10 * each), method=list(Method)[each % 6])
            with CaptureQueriesContext(connection) as queries:
                client.get(LEDGER, {"month": "2019-10"})
            counted.append(len(queries))
        assert counted[0] == counted[1] <= 16

    @pytest.mark.parametrize(
        ("role", "status"),
        [("Treasurer", 200), ("Membership", 200), ("Administrator", 200), ("Editor", 403), ("Writer", 403)],
    )
    def test_who_may_look(self, client_as, role, status):
        person = row(PersonFactory()).person
        client = client_as(role)
        pages = [LEDGER, f"{LEDGER}rows.csv", f"{LEDGER}rows.xlsx", "/admin/membership/payment/"]
        pages += [f"/admin/membership/payment/statement/{person.pk}{end}" for end in ("/", ".csv")]
        assert {client.get(page).status_code for page in pages} == {status}
        if status == 200:
            may_close = role != "Membership"
            assert ("Close this month" in client.get(LEDGER).content.decode()) == may_close

    def test_the_treasurer_sees_money_and_no_articles(self, client_as):
        client = client_as("Treasurer")
        assert client.get("/admin/news/article/").status_code == 403
        assert client.get("/admin/membership/person/").status_code == 403

    def test_a_visitor_is_asked_to_sign_in(self, client):
        assert client.get(LEDGER).status_code == 302

    def test_no_inline_script_or_style(self, client_as):
        row(PersonFactory())
        response = client_as("Treasurer").get(LEDGER)
        assert "unsafe" not in response["Content-Security-Policy"]
        assert " style=" not in response.content.decode()


# --- A person's statement ---


def test_a_statement_adds_up_row_by_row_and_carries_forward(client_as, individual):
    person = PersonFactory(first_name="Ana", last_name="Quispe")
    first = row(person, 2500, date(2018, 11, 16))
    row(person, 3000, date(2019, 11, 16), method="cheque", bank_reference="000123")
    row(person, -2500, date(2019, 11, 20), reverses=first, reason="paid twice")
    row(PersonFactory(), 9900, date(2019, 11, 17))
    client = client_as("Treasurer")
    path = f"/admin/membership/payment/statement/{person.pk}/"
    found = client.get(path).context["statement"]
    assert [each.running_pence for each in found.rows] == [2500, 5500, 3000]
    response = client.get(path, {"first": "2019-01-01", "last": "2019-11-16"})
    found = response.context["statement"]
    assert (found.before_pence, [each.running_pence for each in found.rows], found.after_pence) == (2500, [5500], 5500)
    html = response.content.decode()
    assert "Payments from 1 January 2019 to 16 November 2019" in html
    assert "000123" in html
    assert "/admin/membership/person/" not in html  # the Treasurer may not open it
    assert f"/admin/membership/person/{person.pk}/change/" in client_as("Membership").get(path).content.decode()


def test_days_in_the_wrong_order_are_said_beside_the_field(client_as):
    person = row(PersonFactory()).person
    path = f"/admin/membership/payment/statement/{person.pk}"
    response = client_as("Treasurer").get(f"{path}/", {"first": "2019-12-01", "last": "2019-11-01"})
    assert response.context["form"].errors["last"] == ["This day is before the first."]
    response = client_as("Treasurer").get(f"{path}.csv", {"first": "yesterday"}, follow=True)
    assert "No file was made" in response.content.decode()


def test_the_statement_is_linked_from_the_person_and_from_a_payment(client_as):
    payment = row(PersonFactory())
    link = f"/admin/membership/payment/statement/{payment.person_id}/"
    assert link in client_as("Membership").get(f"/admin/membership/person/{payment.person_id}/change/").content.decode()
    assert link in client_as("Treasurer").get(f"/admin/membership/payment/{payment.pk}/change/").content.decode()


def test_rows_by_method_are_as_many_as_there_are(db):
    for method in Method:
        row(PersonFactory(), method=method)
    assert Counter(each.label for each in ledger.by_method(Payment.objects.all())) == Counter(Method.labels)
