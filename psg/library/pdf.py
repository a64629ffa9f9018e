"""The one place that knows PDFium (pypdfium2): does a PDF open, how many pages, what words, what its first page shows.

PDFium keeps global state and is not safe among threads, so one lock guards all of it, from opening to closing. It reads
from the file as it needs to; a PDF is never in memory as a whole.
"""

import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import pypdfium2
from pypdfium2 import raw

MAX_CHARACTERS = 400_000  # some 200 pages; a tsvector of Postgres takes 1 MB
MAX_PAGES_READ = 1_000
SECONDS_TO_READ = 60
COVER_EDGE = 1_400  # pixels of the longer side

_lock = threading.Lock()


class PdfBroken(Exception):
    """It does not open as a PDF, or has no pages."""


class PdfLocked(Exception):
    """It opens with a password only."""


@contextmanager
def _opened(file: IO[bytes] | Any) -> Iterator[pypdfium2.PdfDocument]:
    with _lock:
        try:
            pdf = pypdfium2.PdfDocument(file)
        except pypdfium2.PdfiumError as error:
            raise (PdfLocked if error.err_code == raw.FPDF_ERR_PASSWORD else PdfBroken)(str(error)) from None
        try:
            if len(pdf) == 0:
                raise PdfBroken("no pages")
            yield pdf
        except pypdfium2.PdfiumError as error:
            raise PdfBroken(str(error)) from None
        finally:
            pdf.close()


def count_pages(file: IO[bytes] | Any) -> int:
    """The number of pages, at least 1; the first of them opens. Raises PdfBroken, PdfLocked."""
    with _opened(file) as pdf:
        pdf[0].close()
        return len(pdf)


def words(file: IO[bytes] | Any, *, seconds: float = SECONDS_TO_READ) -> str:
    """Its text, single-spaced, as far as it can be read within the limits above. Raises PdfBroken, PdfLocked."""
    deadline = time.monotonic() + seconds
    parts: list[str] = []
    length = 0
    with _opened(file) as pdf:
        for number in range(min(len(pdf), MAX_PAGES_READ)):
            if length > MAX_CHARACTERS or time.monotonic() > deadline:
                break
            parts.append(_words_of_page(pdf, number))
            length += len(parts[-1])
    return tidy_words(" ".join(parts))


def _words_of_page(pdf: pypdfium2.PdfDocument, number: int) -> str:
    try:
        page = pdf[number]
    except pypdfium2.PdfiumError:
        return ""  # one damaged page does not hide the others
    try:
        text_page = page.get_textpage()
        try:
            return str(text_page.get_text_bounded())
        finally:
            text_page.close()
    except pypdfium2.PdfiumError:
        return ""
    finally:
        page.close()


def tidy_words(text: str) -> str:
    """Text as Postgres takes it: no NUL, no lone surrogate, words that a line broke made whole, within the limit."""
    for hyphen in ("\x02", "\ufffe"):  # what PDFium gives for a hyphen at the end of a line
        text = text.replace(f"{hyphen}\r\n", "").replace(hyphen, "")
    text = text.replace("\0", " ").encode("utf-8", "ignore").decode()
    return " ".join(text.split())[:MAX_CHARACTERS]


def first_page(file: IO[bytes] | Any) -> bytes:
    """The first page as a PNG of at most 1,400 pixels, however large it says it is. Raises PdfBroken, PdfLocked."""
    with _opened(file) as pdf:
        page = pdf[0]
        try:
            width, height = page.get_size()
            if min(width, height) <= 0:
                raise PdfBroken("the first page has no size")
            bitmap = page.render(scale=COVER_EDGE / max(width, height), may_draw_forms=False)
            try:
                picture = bitmap.to_pil().convert("RGB")
            finally:
                bitmap.close()
        finally:
            page.close()
    content = io.BytesIO()
    picture.save(content, "PNG")
    return content.getvalue()
