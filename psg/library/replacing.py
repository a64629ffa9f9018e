"""A new file in the place of an old one: the address stays, and every page that uses it shows the new one."""

from collections.abc import Callable
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction

from psg.jobs import enqueue
from psg.library.document_actions import enqueue_reading, new_file, refresh_search
from psg.library.documents import Checked
from psg.library.files import Prepared
from psg.library.models import Document, Image, document_path, size_in_words, upload_path


class ReplacementRefused(Exception):
    """The new file is not put in the old one's place. The text is for the person who sent it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def replace_image(image: Image, prepared: Prepared, *, seen_sha256: str, by) -> None:
    """Give a picture a new file, which may be of another format: it is served as what it is.

    `seen_sha256` is that of the file which `by` saw there. Raises ReplacementRefused; then everything is as it was.
    """

    def change(row: Image) -> None:
        row.width, row.height, row.bytes = prepared.width, prepared.height, len(prepared.content)
        row.renditions, row.card = [], ""
        enqueue("psg.library.actions.make_renditions", row.pk)

    name = upload_path(image, f"picture.{prepared.extension}")
    _swap(image, name, ContentFile(prepared.content), prepared.sha256, seen_sha256, change, by)


def replace_document(document: Document, checked: Checked, *, seen_sha256: str, by) -> None:
    """Give a document a new file of the same kind; the worker reads it afresh.

    `seen_sha256` is that of the file which `by` saw there. Raises ReplacementRefused; then everything is as it was.
    """
    if checked.kind != document.kind:
        raise ReplacementRefused(
            f"The address ends in “.{document.kind}”, so the new file has to be of the same kind; this is "
            f"“.{checked.kind}”. Add it as a new document instead."
        )

    def change(row: Document) -> None:
        row.bytes, row.pages = checked.bytes, checked.pages
        row.text, row.read_at = "", None
        enqueue_reading(row)

    _swap(document, document_path(document), checked.file, checked.sha256, seen_sha256, change, by)


def _swap(
    row: Image | Document,
    name: str,
    content: File,
    sha256: str,
    seen_sha256: str,
    change: Callable[[Any], None],
    by,
) -> None:
    """Store the new file, point the row to it, and take the old one away once that is certain.

    Nothing is overwritten. Until the commit the old file is in its place, after it the new one; a storage that fails
    leaves the old one, and at worst a file that nothing points to.
    """
    try:
        with new_file(name, content) as stored, transaction.atomic():
            current = type(row).objects.select_for_update(of=("self",)).get(pk=row.pk)
            _refuse(current, sha256, seen_sha256)
            old = current.stored_names()
            note = f"Replaced the file, {size_in_words(current.bytes)}, by one of {size_in_words(content.size)}."
            current.file, current.sha256 = stored, sha256
            change(current)
            current.save()
            if isinstance(current, Document):
                refresh_search(current)  # the old words are not found any more
            LogEntry.objects.log_actions(by.pk, [current], CHANGE, change_message=note, single_object=True)
            transaction.on_commit(lambda: _delete(old), robust=True)
    except IntegrityError:
        raise ReplacementRefused("The library has got this very file a moment ago. Please use that one.") from None
    row.refresh_from_db()


def _delete(names: list[str]) -> None:
    for name in names:
        default_storage.delete(name)


def _refuse(current: Image | Document, sha256: str, seen_sha256: str) -> None:
    if current.sha256 != seen_sha256:
        raise ReplacementRefused(
            "Somebody else has replaced this file since you opened the page. Look at theirs, then choose yours again."
        )
    if current.sha256 == sha256:
        raise ReplacementRefused("This is the file that is there already.")
    other = type(current)._default_manager.filter(sha256=sha256).first()
    if other is not None:
        raise ReplacementRefused(f"This file is in the library already, as “{other}”. Please use that one.")
