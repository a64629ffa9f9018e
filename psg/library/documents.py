"""What becomes of a document that somebody sends: looked at, hashed in pieces, and taken or refused with a reason.

A document is kept as it came, for a PDF or a table cannot be written afresh without loss. So what it is decides what
may be done with it (`psg.views.media`), and what could be two things at once is refused. Content decides, never the
name, except between CSV and TXT, which are both text.
"""

import codecs
import hashlib
import re
import zipfile
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any

from django.core.files import File

from psg.library import office, pdf
from psg.library.models import Kind, size_in_words

MAX_BYTES = 50 * 1024 * 1024
ACCEPT = ",".join(f".{kind}" for kind in Kind.values)
TAKEN = "PDF, DOCX, ODT, XLSX, ODS, PPTX, ODP, CSV or TXT"
_EDGE = 1024  # bytes at either end; readers of PDF look for its end mark within so many
_MAX_TEXT = 2 * 1024 * 1024  # bytes read of a text for its words

_KNOWN_OTHERS = [
    ((b"\x89PNG", b"\xff\xd8\xff", b"GIF8"), "That is a picture. Please add it under Pictures."),
    (
        (b"\xd0\xcf\x11\xe0",),
        "That is an old Word, Excel or PowerPoint file, or one with a password. Please save it as DOCX, XLSX or PDF.",
    ),
    ((b"{\\rtf",), "RTF files are not taken. Please save it as DOCX or PDF and upload that."),
    (
        (b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe"),
        "Programs are not taken.",
    ),
    ((b"\xff\xfe", b"\xfe\xff"), "This text is in UTF-16. Please save it as UTF-8 and upload that."),
    (
        (b"PK\x05\x06", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b"),
        "That is an archive. Please upload what is in it.",
    ),
]
_MARKUP = re.compile(rb"<(?:!doctype|html|head|body|script|iframe|svg|\?xml|\?php)\b|<\?xml|<!--", re.IGNORECASE)
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")


class DocumentRefused(Exception):
    """The document is not taken. The text is for the person who sent it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True)
class Checked:
    """An upload that may be stored as it is."""

    file: File
    kind: Kind
    bytes: int
    sha256: str
    pages: int | None  # of a PDF


def check(file: File) -> Checked:
    """See what an upload is. Reads it in pieces, so memory does not grow with it. Raises DocumentRefused."""
    if not file.size:
        raise DocumentRefused("The file is empty.")
    if file.size > MAX_BYTES:
        raise DocumentRefused(
            f"The file is too large: {size_in_words(file.size)}. At most {MAX_BYTES // 1024 // 1024} MB are taken; a "
            "PDF shrinks a great deal when its pictures are saved for the screen."
        )
    kind, pages = _look(file)
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return Checked(file, kind, file.size, digest.hexdigest(), pages)


def words(file: IO[bytes] | Any, kind: str) -> str:
    """The words of a stored document, for the search. Raises PdfBroken, PdfLocked, or one of office.DAMAGE."""
    if kind == Kind.PDF:
        return pdf.words(file)
    if kind in (Kind.CSV, Kind.TXT):
        raw = file.read(_MAX_TEXT)
        return pdf.tidy_words(raw.decode("utf-8-sig", "ignore") if _is_utf8(raw) else raw.decode("cp1252", "replace"))
    return pdf.tidy_words(office.words(file, Kind(kind)))


def _is_utf8(raw: bytes) -> bool:
    """Whether it is, but for a letter that the end may have cut in two."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(raw)
    except UnicodeDecodeError:
        return False
    return True


# --- What it is --------------------------------------------------------------------------------------------------


def _look(file: File) -> tuple[Kind, int | None]:
    file.seek(0)
    head = file.read(_EDGE)
    file.seek(0)
    if head.startswith(b"%PDF-"):
        return Kind.PDF, _pages(file)
    if b"%PDF-" in head:
        raise DocumentRefused("This file begins as something else than a PDF. Please save it as PDF again.")
    if head.startswith(b"PK\x03\x04"):
        return _office(file), None
    for signatures, message in _KNOWN_OTHERS:
        if head.startswith(signatures):
            raise DocumentRefused(message)
    return _text(file, head), None


def _pages(file: File) -> int:
    """The number of pages of a PDF that is whole, is nothing else besides, and opens without a password."""
    file.seek(max(0, file.size - _EDGE))
    if b"%%EOF" not in file.read(_EDGE):
        raise DocumentRefused(
            "This PDF is incomplete: its end is missing. Perhaps a download was cut off. Please get or save it again."
        )
    if zipfile.is_zipfile(file):
        raise DocumentRefused("This PDF has an archive hidden at its end. Please save it as PDF again.")
    file.seek(0)
    try:
        return pdf.count_pages(file)
    except pdf.PdfLocked:
        raise DocumentRefused(
            "This PDF opens with a password only, so readers could not open it. Please open it yourself, print or "
            "export it to a new PDF without a password, and upload that."
        ) from None
    except pdf.PdfBroken:
        raise DocumentRefused(
            "This PDF cannot be opened: it is damaged or has no pages. Please save or export it again."
        ) from None


def _office(file: File) -> Kind:
    try:
        return office.kind_of(file)
    except office.OfficeRefused as refused:
        raise DocumentRefused(str(refused)) from None


def _text(file: File, head: bytes) -> Kind:
    """Plain text: no control characters anywhere, nothing that a browser could take for a page."""
    if _MARKUP.search(head):
        raise DocumentRefused(
            "That is a web page or a drawing (HTML, XML, SVG), which can carry programs. Please save it as PDF."
        )
    extension = PurePosixPath(file.name or "").suffix.lower()
    if extension not in (".csv", ".txt") or any(_CONTROL.search(chunk) for chunk in file.chunks()):
        raise DocumentRefused(f"That is not a document that can be taken. Please upload {TAKEN}.")
    return Kind.CSV if extension == ".csv" else Kind.TXT
