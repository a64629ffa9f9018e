"""Rows of money as files: amounts in pounds as numbers, days as days, words so that no spreadsheet runs them."""

import csv
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

from django.db.models import F, QuerySet
from django.http import HttpResponse
from django.utils.timezone import localtime
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font

from membership.ledger import PLAN
from membership.models import Payment
from psg.backoffice.exports import defused

HEADINGS = [
    "Row",
    "Day in the ledger",
    "Day it moved",
    "Person",
    "Person number",
    "Purpose",
    "Plan",
    "Appeal",
    "Method",
    "Gross",
    "Fee",
    "Net",
    "Takes back row",
    "Reason",
    "Bank reference",
    "Stripe invoice",
    "Stripe payment",
    "Stripe charge",
    "Recorded by",
    "Recorded on",
]
WIDTHS = {"A": 8, "B": 12, "C": 12, "D": 30, "F": 14, "G": 16, "H": 20, "I": 16, "N": 24, "O": 24, "S": 24, "T": 12}
AT_ONCE = 2000  # rows fetched at a time


def rows_of(first: date | None, last: date | None) -> "QuerySet[Payment]":
    """Rows of these days in the ledger, in its order; without a day, from the beginning or to the end."""
    found = Payment.objects.select_related("person", "recorded_by").annotate(
        plan_name=PLAN, appeal_title=F("appeal__title")
    )
    if first:
        found = found.filter(booked_on__gte=first)
    if last:
        found = found.filter(booked_on__lte=last)
    return found.order_by("booked_on", "pk")


def pounds_of(pence: int) -> Decimal:
    """An amount for a spreadsheet: 2500 → 25.00."""
    return Decimal(pence).scaleb(-2)


def cells(payment: Payment) -> list[Any]:
    """One row, under HEADINGS."""
    return [
        payment.pk,
        payment.booked_on,
        payment.received_on,
        payment.person.name,
        payment.person_id,
        payment.get_purpose_display(),
        payment.plan_name,  # type: ignore[attr-defined]
        payment.appeal_title or "",  # type: ignore[attr-defined]
        payment.get_method_display(),
        pounds_of(payment.gross_pence),
        pounds_of(payment.fee_pence),
        pounds_of(payment.net_pence),
        payment.reverses_id,
        payment.reason,
        payment.bank_reference,
        payment.stripe_invoice_id,
        payment.stripe_payment_intent_id,
        payment.stripe_charge_id,
        str(payment.recorded_by or ""),
        localtime(payment.created_at).date(),
    ]


class _Echo:
    """What `csv` writes to: hands each line back."""

    def write(self, line: str) -> str:
        return line


def csv_lines(table: Iterable[list[Any]]) -> Iterator[str]:
    """A table line by line, safe to open in a spreadsheet; the first line begins with the mark that Excel looks for."""
    writer = csv.writer(_Echo())
    yield "\ufeff"
    for row in table:
        yield writer.writerow([defused(cell) for cell in row])


def csv_file(name: str, table: Iterable[list[Any]]) -> HttpResponse:
    """A table to download."""
    response = HttpResponse(csv_lines(table), content_type="text/csv; charset=utf-8")
    return _to_keep(response, f"{name}.csv")


def _to_keep(response: Any, name: str) -> Any:
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def csv_response(name: str, rows: "QuerySet[Payment]") -> HttpResponse:
    """The rows as CSV."""

    def table() -> Iterator[list[Any]]:
        yield HEADINGS
        for payment in rows.iterator(AT_ONCE):
            yield cells(payment)

    return csv_file(name, table())


def xlsx_response(name: str, rows: "QuerySet[Payment]") -> HttpResponse:
    """The rows for a spreadsheet, row by row into the file, so that many need little memory."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Ledger")
    sheet.freeze_panes = "A2"
    for column, width in WIDTHS.items():
        sheet.column_dimensions[column].width = width
    bold = [WriteOnlyCell(sheet, heading) for heading in HEADINGS]
    for cell in bold:
        cell.font = Font(bold=True)
    sheet.append(bold)
    styles = _styles(sheet)
    for payment in rows.iterator(AT_ONCE):
        sheet.append([_xlsx_cell(sheet, styles, value) for value in cells(payment)])
    held = BytesIO()
    book.save(held)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return _to_keep(HttpResponse(held.getvalue(), content_type=kind), f"{name}.xlsx")


def _xlsx_cell(sheet: Any, styles: dict[type, Any], value: Any) -> Any:
    """Two decimals for money; days as days; words as words, whatever they begin with; nothing for nothing."""
    if isinstance(value, str):
        words = defused(ILLEGAL_CHARACTERS_RE.sub("", value))
        if not words.startswith("#"):
            return words or None
        cell = WriteOnlyCell(sheet, words)  # it may look like a spreadsheet's error, such as #N/A
        cell.data_type = "s"
        return cell
    style = styles.get(type(value))
    if style is None:
        return value
    cell = WriteOnlyCell(sheet, value)
    cell._style = style  # one for all cells of a kind
    return cell


def _styles(sheet: Any) -> dict[type, Any]:
    """How amounts and days look."""
    amount, day = WriteOnlyCell(sheet), WriteOnlyCell(sheet)
    amount.number_format, day.number_format = "#,##0.00", "dd/mm/yyyy"
    return {Decimal: amount._style, date: day._style}
