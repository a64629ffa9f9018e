"""What happens in the picture library. Each function is one use case."""

import io
import posixpath

from django.core.exceptions import ValidationError
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction

from psg.jobs import enqueue
from psg.library.files import ImageRefused, Prepared, prepare, rendition
from psg.library.models import ALT_TEXT_MAX_LENGTH, Image, validate_alt_text

__all__ = ["ImageRefused", "add_image", "describe", "make_renditions", "prepare", "store"]

RENDITION_WIDTHS = (480, 960, 1600)  # pixels


def add_image(
    *,
    file: File,
    alt_text: str,
    by=None,
    title: str = "",
    caption: str = "",
    credit: str = "",
    from_editor: bool = False,
) -> Image:
    """Check a picture and put it into the library; if the same file is there already, return that one.

    The alternative text may be empty only for a picture pasted into a text (`from_editor`), where it is written next.
    Raises ImageRefused, whose message is for the person who sent it; then nothing is stored.
    """
    alt_text = alt_text.strip()
    if alt_text or not from_editor:
        _check_alt_text(alt_text)
    prepared = prepare(file)
    existing = Image.objects.filter(sha256=prepared.sha256).first()
    if existing is None:
        image = Image(alt_text=alt_text, title=title, caption=caption, credit=credit, from_editor=from_editor)
        return store(image, prepared, by=by)
    if alt_text:
        describe(existing, alt_text=alt_text)
    return existing


def store(image: Image, prepared: Prepared, *, by=None) -> Image:
    """Save a new row, whose words are filled in, with its file; returns it, or the row that was quicker.

    The same file may be sent twice at once, by a double click. If the row cannot be written no file stays behind.
    """
    image.width, image.height, image.bytes = prepared.width, prepared.height, len(prepared.content)
    image.sha256, image.created_by = prepared.sha256, by
    image.file.save(f"picture.{prepared.extension}", ContentFile(prepared.content), save=False)
    name = str(image.file.name)
    try:
        with transaction.atomic():
            image.save(force_insert=True)
            enqueue("psg.library.actions.make_renditions", image.pk)
    except BaseException as error:
        default_storage.delete(name)
        quicker = isinstance(error, IntegrityError) and Image.objects.filter(sha256=prepared.sha256).first()
        if quicker:
            return quicker
        raise
    return image


def describe(image: Image, *, alt_text: str) -> bool:
    """Give a picture its alternative text if it has none yet; whether it was given. Raises ImageRefused."""
    _check_alt_text(alt_text)
    given = bool(Image.objects.undescribed().filter(pk=image.pk).update(alt_text=alt_text))
    if given:
        image.alt_text = alt_text
    return given


def make_renditions(image_id: int) -> None:
    """Make the smaller WebP copies of a picture, never larger than it is. A job; doing it again changes nothing."""
    image = Image.objects.filter(pk=image_id).first()
    if image is None:
        return  # deleted before the worker came to it
    known = {made["width"] for made in image.renditions}
    widths = {min(width, image.width) for width in RENDITION_WIDTHS}
    if widths <= known:
        return
    with image.file.open("rb") as file:
        original = file.read()
    made = [_make_rendition(image, original, width) for width in sorted(widths)]
    # The row may have gone while we drew.
    if not Image.objects.filter(pk=image_id).update(renditions=made):
        for copy in made:
            default_storage.delete(str(copy["name"]))


def _make_rendition(image: Image, original: bytes, width: int) -> dict[str, int | str]:
    content, height = rendition(original, width)
    name = f"{posixpath.splitext(str(image.file.name))[0]}-{width}.webp"
    default_storage.delete(name)  # left by a run that was cut short
    return {"width": width, "height": height, "name": default_storage.save(name, io.BytesIO(content))}


def _check_alt_text(text: str) -> None:
    """Raises ImageRefused unless the text can stand for a picture."""
    if not text:
        raise ImageRefused("Please write the alternative text: what the picture shows, in a few words.")
    if len(text) > ALT_TEXT_MAX_LENGTH:
        raise ImageRefused(
            f"The alternative text is too long: {ALT_TEXT_MAX_LENGTH} characters at most. Details go into the caption."
        )
    try:
        validate_alt_text(text)
    except ValidationError as error:
        raise ImageRefused(error.messages[0]) from None
