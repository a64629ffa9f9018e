"""The schedule of a claim, in the columns and limits of HMRC's spreadsheet, as ODS and as CSV."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from odfdo import Cell, Document, Row, Table

from membership.models import Claim, ClaimLine
from psg.backoffice.exports import defused

MAX_LINES = 1000  # HMRC takes no longer schedule; a longer claim is several
COLUMNS = [
    "Item",
    "Title",
    "First name",
    "Last name",
    "House name or number",
    "Postcode",
    "Aggregated donations",
    "Sponsored event",
    "Donation date",
    "Amount",
]
# How cells look; what they are is in their type.
STYLES = [
    """<number:date-style style:name="day"><number:day number:style="long"/><number:text>/</number:text>
    <number:month number:style="long"/><number:text>/</number:text><number:year/></number:date-style>""",
    """<number:number-style style:name="pounds">
    <number:number number:decimal-places="2" number:min-decimal-places="2" number:min-integer-digits="1"/>
    </number:number-style>""",
    '<style:style style:name="day_cell" style:family="table-cell" style:data-style-name="day"/>',
    '<style:style style:name="pounds_cell" style:family="table-cell" style:data-style-name="pounds"/>',
]


def lines_of(claim: Claim) -> QuerySet[ClaimLine]:
    """What is in the schedule: money that was given. What went back is one number in HMRC's form."""
    return claim.lines.filter(amount_pence__gt=0).order_by("pk")


def parts_of(claim: Claim) -> list[int]:
    """The numbers of its schedules, from 1 on; none if it only gives back."""
    return list(range(1, -(-lines_of(claim).count() // MAX_LINES) + 1))


def rows(claim: Claim, part: int) -> Iterator[list[Any]]:
    """Line by line of one schedule: words, a day, an amount in pounds. Nothing for what does not apply."""
    first = (part - 1) * MAX_LINES
    for item, line in enumerate(lines_of(claim)[first : first + MAX_LINES], start=1):
        words = [line.title, line.first_name, line.last_name, line.house, line.postcode, "", ""]
        yield [item, *map(defused, words), line.given_on, Decimal(line.amount_pence) / 100]


def as_csv(claim: Claim, part: int) -> str:
    """Days as DD/MM/YY, amounts with two decimals and no sign."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for *words, day, amount in rows(claim, part):
        writer.writerow([*words, f"{day:%d/%m/%y}", f"{amount:.2f}"])
    return file.getvalue()


def as_ods(claim: Claim, part: int) -> bytes:
    """Days are days and amounts are numbers; words are never formulas."""
    document = Document("spreadsheet")
    for style in STYLES:
        document.insert_style(style, automatic=True)
    table = Table(f"{claim.reference} part {part}")
    for values in [COLUMNS, *rows(claim, part)]:
        row = Row()
        row.extend_cells([_cell(value) for value in values])
        table.append_row(row)
    document.body.clear()
    document.body.append(table)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def _cell(value: Any) -> Cell:
    if value == "":
        return Cell()
    if isinstance(value, date):
        return Cell(value, text=f"{value:%d/%m/%y}", style="day_cell")
    if isinstance(value, Decimal):
        return Cell(value, text=f"{value:.2f}", style="pounds_cell")
    return Cell(value)
