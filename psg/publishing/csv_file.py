"""Reads a CSV file of old and new addresses, whatever program wrote it."""

import codecs
import csv
import io
from dataclasses import dataclass

MAX_BYTES = 2 * 1024 * 1024
MAX_ROWS = 5_000
DELIMITERS = ",;\t"
# How each column may be called in the first line; as in our own export, and as other systems do.
OLD = {"old", "old_path", "old path", "old address", "old url", "from", "source"}
NEW = {"new", "new_path", "new path", "new address", "new url", "to", "target"}


class UnreadableFile(Exception):
    """The file cannot be taken; the text says why, and what to do."""


@dataclass(frozen=True)
class Row:
    """One row as it was written. `number` is its line in the file; `problem`, if any, why it has no two addresses."""

    number: int
    old: str = ""
    new: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Contents:
    """What a file says. `notes` tell what was assumed in reading it."""

    rows: list[Row]
    notes: list[str]


def read(content: bytes) -> Contents:
    """The rows of the file. Raises UnreadableFile."""
    if len(content) > MAX_BYTES:
        raise UnreadableFile("The file is larger than 2 MB. Split it into several.")
    text, notes = _decoded(content)
    lines = _lines(text)
    if not lines:
        raise UnreadableFile("The file is empty.")
    (_, first), *rest = lines
    columns = _columns(first)
    if columns is None:
        rest, columns = lines, (0, 1)
        _require_two_addresses(first)
        notes.append("The first line holds addresses, so it was read as a row: there is no line of column names.")
    elif len(first) > 2:
        notes.append("Only the columns of old and new addresses were read; the others were left out.")
    if not rest:
        raise UnreadableFile("The file has a line of column names and nothing below it.")
    if len(rest) > MAX_ROWS:
        raise UnreadableFile(f"The file has {len(rest):,} rows. Up to {MAX_ROWS:,} can be imported at once: split it.")
    width = len(first)
    return Contents([_row(number, cells, width, columns) for number, cells in rest], notes)


def _decoded(content: bytes) -> tuple[str, list[str]]:
    """The text, and what to say about how it was read."""
    if content.startswith(b"PK\x03\x04"):
        raise UnreadableFile("This is a workbook, not a CSV file. In Excel or LibreOffice choose “Save as” and CSV.")
    notes = []
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text, notes = content.decode("utf-16", "replace"), ["The file was read as UTF-16."]
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("cp1252", "replace")
            notes = ["The file is not in UTF-8; it was read as Windows-1252 (Latin-1). Check letters with accents."]
    if any(ord(sign) < 32 and sign not in "\t\r\n" for sign in text):
        raise UnreadableFile("The file is no text. Save it as CSV and try again.")
    return text, notes


def _lines(text: str) -> list[tuple[int, list[str]]]:
    """Every line that is not blank, with its number, in cells."""
    delimiter = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except csv.Error as error:  # a cell of 128 KB, say from a quotation mark that is never closed
        raise UnreadableFile(f"Line {reader.line_num} cannot be read. Is a quotation mark left open?") from error
    return [(number, cells) for number, cells in lines if any(cells)]


def _delimiter(text: str) -> str:
    """The sign that parts the first line into most cells; a comma if none does."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(DELIMITERS, key=lambda sign: len(next(csv.reader([first], delimiter=sign), [])))


def _columns(cells: list[str]) -> tuple[int, int] | None:
    """Which columns hold old and new addresses, if the line names them."""
    names = [cell.lower() for cell in cells]
    old = [index for index, name in enumerate(names) if name in OLD]
    new = [index for index, name in enumerate(names) if name in NEW]
    return (old[0], new[0]) if len(old) == len(new) == 1 else None


def _require_two_addresses(cells: list[str]) -> None:
    if len(cells) != 2 or not all(cell.startswith(("/", "http://", "https://")) for cell in cells):
        raise UnreadableFile(
            "The file needs two columns, parted by commas, semicolons or tabs: the old address and the new one. "
            "Name them “old” and “new” in the first line."
        )


def _row(number: int, cells: list[str], width: int, columns: tuple[int, int]) -> Row:
    if len(cells) != width:
        count = f"{len(cells)} cell{'s' if len(cells) != 1 else ''}"
        problem = f"The line has {count} instead of {width}. Put what holds a comma in quotes."
        return Row(number, cells[0], problem=problem)
    return Row(number, cells[columns[0]], cells[columns[1]])
