"""What happens to documents. Each function is one use case."""

import dataclasses
import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils import timezone

from psg import search
from psg.jobs import enqueue
from psg.library import actions, pdf, uses
from psg.library.documents import Checked, check, words
from psg.library.models import Document, Image, Kind, Language, document_path
from psg.library.office import DAMAGE

logger = logging.getLogger("psg.library")
COVER_WORDS = {Language.ENGLISH: "Cover of “{}”", Language.SPANISH: "Portada de «{}»"}


@contextmanager
def new_file(name: str, content: File) -> Iterator[str]:
    """Store a file under a name like `name`; if the block fails it is taken away again."""
    stored = default_storage.save(name, content)
    try:
        yield stored
    except BaseException:
        default_storage.delete(stored)
        raise


def add_document(*, file: File, title: str, language: str = Language.ENGLISH, by=None) -> Document:
    """Check a document and put it into the library; if the same file is there already, return that one.

    Raises DocumentRefused, whose message is for the person who sent it; then nothing is stored.
    """
    with filed(check(file), title=title, language=language, by=by) as document:
        return document


@contextmanager
def filed(checked: Checked, *, title: str, language: str, by=None) -> Iterator[Document]:
    """The document of an upload, new or found by its content, for work in the same transaction.

    If the block fails the new file is taken away; its row goes with the caller's transaction.
    """
    existing = Document.objects.filter(sha256=checked.sha256).first()
    document = existing or Document(title=title, language=language)
    stored = existing or store(document, checked, by=by)
    try:
        yield stored
    except BaseException:
        if stored is document and not existing:
            default_storage.delete(str(document.file.name))
        raise


def store(document: Document, checked: Checked, *, by=None) -> Document:
    """Save a new row, whose words are filled in, with its file; returns it, or the row that was quicker.

    The same file may be sent twice at once, by a double click. If the row cannot be written no file stays behind.
    """
    document.kind, document.bytes, document.pages = checked.kind, checked.bytes, checked.pages
    document.sha256, document.created_by = checked.sha256, by
    try:
        with new_file(document_path(document), checked.file) as name, transaction.atomic():
            document.file = name
            document.save(force_insert=True)
            enqueue_reading(document)
    except IntegrityError:
        quicker = Document.objects.filter(sha256=checked.sha256).first()
        if quicker is None:
            raise
        return quicker
    return document


def enqueue_reading(document: Document) -> None:
    """Two jobs, so that a page that cannot be drawn leaves the words alone. Each is for this file only."""
    enqueue("psg.library.document_actions.read_text", document.pk, document.sha256)
    if document.kind == Kind.PDF:
        enqueue("psg.library.document_actions.make_cover", document.pk, document.sha256)


# --- Jobs --------------------------------------------------------------------------------------------------------


def read_text(document_id: int, sha256: str) -> None:
    """Take the words out of a document and tell the search. A job; doing it again changes nothing.

    A document that cannot be read stays as it is: it is opened and downloaded like any other, found by its title.
    """
    document = Document.objects.filter(pk=document_id, sha256=sha256).first()
    if document is None:
        return  # deleted or replaced before the worker came to it
    try:
        with document.file.open("rb") as file:
            text = words(file, document.kind)
    except (pdf.PdfBroken, pdf.PdfLocked, *DAMAGE) as error:
        logger.warning("The words of document %s cannot be read: %s", document_id, error)
        text = ""
    with transaction.atomic():
        if Document.objects.filter(pk=document_id, sha256=sha256).update(text=text, read_at=timezone.now()):
            refresh_search(document)


def refresh_search(document: Document) -> None:
    """Bring the search in line with the words of a document, for all that is published with it."""
    for _, published in uses.publishables_with(document):
        search.index_many(published)


def make_cover(document_id: int, sha256: str) -> None:
    """Make a picture of a PDF's first page. A job; doing it again changes nothing."""
    document = Document.objects.filter(pk=document_id, sha256=sha256).select_related("cover", "created_by").first()
    mark = hashlib.sha256(f"first page of {sha256}".encode()).hexdigest()  # two documents may begin with one page
    if document is None or (document.cover and document.cover.sha256 == mark):
        return
    try:
        with document.file.open("rb") as file:
            page = pdf.first_page(file)
    except (pdf.PdfBroken, pdf.PdfLocked) as error:
        logger.warning("Document %s gets no cover: %s", document_id, error)
        return
    prepared = dataclasses.replace(actions.prepare(ContentFile(page, name="page.png")), sha256=mark)
    alt_text = COVER_WORDS[Language(document.language)].format(document.title)
    image = actions.store(Image(alt_text=alt_text, title=alt_text[:200]), prepared, by=document.created_by)
    with transaction.atomic():
        taken = Document.objects.filter(pk=document_id, sha256=sha256).update(cover=image)
        drop_cover(document.cover if taken else image)


def drop_cover(image: Image | None) -> None:
    """Delete a cover that is needed no more, unless staff use the picture elsewhere."""
    if image is not None and uses.where_used(image).total == 0:
        image.delete()


# --- The end -----------------------------------------------------------------------------------------------------


@transaction.atomic
def delete_document(document: Document) -> None:
    """Delete a document; its file goes once that is certain. Raises ProtectedError where a field points to it."""
    cover = document.cover
    document.delete()
    drop_cover(cover)
