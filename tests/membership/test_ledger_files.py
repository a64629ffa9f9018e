"""Rows of the ledger as files, read back by readers that are not ours."""

import csv
import uuid
from datetime import date, datetime
from io import BytesIO, StringIO

import openpyxl
import pytest

from membership.models import Payment
from tests.factories import PersonFactory
from tests.membership.conftest import pay

pytestmark = pytest.mark.django_db
FILES = "/admin/membership/payment/ledger/rows"
BAD = [
    "=1+1",
    "+44 20",
    "-5",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    '=HYPERLINK("http://x.example","y")',
    "=cmd|' /C calc'!A0",
]


def row(person, **changes) -> Payment:
    columns = {"method": "card", "gross_pence": 2500, "received_on": date(2019, 10, 20), "token": uuid.uuid4().hex}
    return Payment.objects.create(person=person, **columns | changes)


@pytest.fixture
def treasurer(client_as):
    return client_as("Treasurer")


def as_csv(client, **query) -> list[dict[str, str]]:
    response = client.get(f"{FILES}.csv", query)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "no-store" in response["Cache-Control"]
    text = response.content.decode("utf-8-sig")
    return list(csv.DictReader(StringIO(text, newline="")))


def as_xlsx(client, **query) -> list[dict[str, object]]:
    response = client.get(f"{FILES}.xlsx", query)
    book = openpyxl.load_workbook(BytesIO(response.content))
    headings, *rows = list(book["Ledger"].iter_rows())
    return [dict(zip([each.value for each in headings], cells, strict=True)) for cells in rows]


def test_amounts_are_numbers_with_two_decimals_and_days_are_days(treasurer, individual):
    payment = pay(PersonFactory(), individual, gross_pence=123_450, method="debit", received_on=date(2019, 10, 31))
    row(payment.person, gross_pence=-5, fee_pence=2000, reverses=payment, received_on=date(2019, 11, 1))
    cells = as_xlsx(treasurer)
    assert [(each["Gross"].value, each["Fee"].value, each["Net"].value) for each in cells] == [
        (1234.5, 0, 1234.5),
        (-0.05, 20, -20.05),
    ]
    assert {each["Gross"].number_format for each in cells} == {"#,##0.00"}
    assert {each["Gross"].data_type for each in cells} == {"n"}
    assert [each["Day it moved"].value for each in cells] == [datetime(2019, 10, 31), datetime(2019, 11, 1)]
    assert all(each["Day it moved"].is_date for each in cells)
    assert [each["Takes back row"].value for each in cells] == [None, payment.pk]
    lines = as_csv(treasurer)
    assert [(each["Gross"], each["Fee"], each["Net"]) for each in lines] == [
        ("1234.50", "0.00", "1234.50"),
        ("-0.05", "20.00", "-20.05"),
    ]
    assert [each["Day it moved"] for each in lines] == ["2019-10-31", "2019-11-01"]
    assert [each["Plan"] for each in lines] == ["Individual", "Individual"]


@pytest.mark.parametrize("bad", BAD)
def test_no_word_is_taken_for_a_formula(treasurer, bad):
    person = PersonFactory(first_name=bad, last_name="Quispe")
    first = row(person, bank_reference=bad)
    row(person, gross_pence=-2500, reverses=first, reason=bad)
    harmless = bad if bad.startswith("#") else f"'{bad}"
    assert [each["Bank reference"] for each in as_csv(treasurer)] == [harmless, ""]
    assert [each["Reason"] for each in as_csv(treasurer)] == ["", harmless]
    cells = as_xlsx(treasurer)
    assert {cell.data_type for each in cells for cell in each.values()} <= {"s", "n", "d"}  # "f" is a formula
    assert cells[1]["Reason"].value == cells[0]["Bank reference"].value == harmless
    assert cells[0]["Person"].value == as_csv(treasurer)[0]["Person"]


def test_words_in_every_script_come_through_and_what_a_spreadsheet_cannot_hold_is_left_out(treasurer):
    row(PersonFactory(first_name="Ñusta", last_name="Ch’aska 🦙"), bank_reference='a\x07b, "c"\nd')
    (line,), (cells,) = as_csv(treasurer), as_xlsx(treasurer)
    assert line["Person"] == cells["Person"].value == "Ñusta Ch’aska 🦙"
    assert line["Bank reference"] == 'a\x07b, "c"\nd'
    assert cells["Bank reference"].value == 'ab, "c"\nd'


def test_a_span_of_days_holds_both_its_ends(treasurer):
    for day in (date(2019, 9, 30), date(2019, 10, 1), date(2019, 10, 31), date(2019, 11, 1)):
        row(PersonFactory(), received_on=day)
    inside = as_csv(treasurer, first="2019-10-01", last="2019-10-31")
    assert [each["Day in the ledger"] for each in inside] == ["2019-10-01", "2019-10-31"]
    assert len(as_csv(treasurer, first="2019-10-31")) == 2
    assert len(as_xlsx(treasurer, last="2019-10-01")) == 2
    assert len(as_csv(treasurer)) == 4


@pytest.mark.parametrize(
    "query", [{"first": "2019-10-02", "last": "2019-10-01"}, {"first": "x"}, {"last": "31/02/2019"}]
)
def test_without_two_days_in_order_no_file_is_made(treasurer, query):
    response = treasurer.get(f"{FILES}.xlsx", query, follow=True)
    assert "No file was made" in response.content.decode()


def test_a_statement_as_a_file(treasurer):
    person = PersonFactory()
    first = row(person, gross_pence=2550, received_on=date(2018, 1, 2))
    row(person, gross_pence=-2550, reverses=first, reason="=1+1", received_on=date(2019, 1, 2))
    path = f"/admin/membership/payment/statement/{person.pk}.csv"
    text = treasurer.get(path, {"first": "2019-01-01"}).content.decode("utf-8-sig")
    _, carried, out = csv.reader(StringIO(text, newline=""))
    assert carried == ["2019-01-01", "Carried forward", "", "", "", "", "", "25.50"]
    assert out == ["2019-01-02", "Membership", "No plan", "Card", "'=1+1", "", "25.50", "0.00"]
