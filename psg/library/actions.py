"""What happens in the picture library. Each function is one use case."""

import io
import posixpath
import secrets
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction

from psg.jobs import enqueue
from psg.library import copies
from psg.library.files import ImageRefused, Prepared, prepare
from psg.library.models import ALT_TEXT_MAX_LENGTH, Image, validate_alt_text

__all__ = [
    "ImageRefused",
    "add_image",
    "describe",
    "get_or_add_image",
    "make_card",
    "make_renditions",
    "move_focus",
    "prepare",
    "store",
]


def add_image(**sent: Any) -> Image:
    """As `get_or_add_image`; the picture alone."""
    return get_or_add_image(**sent)[0]


def get_or_add_image(
    *,
    file: File,
    alt_text: str,
    by=None,
    title: str = "",
    caption: str = "",
    credit: str = "",
    words_later: bool = False,
) -> tuple[Image, bool]:
    """Check a picture and put it into the library; the picture, and whether it is new.

    If the same file is there already, it is that one, which gets the words if it had none.

    The alternative text may be empty only for a picture that is described next (`words_later`): one that came into a
    text, or with several others.
    Raises ImageRefused, whose message is for the person who sent it; then nothing is stored.
    """
    alt_text = alt_text.strip()
    if alt_text or not words_later:
        _check_alt_text(alt_text)
    prepared = prepare(file)
    existing = Image.objects.filter(sha256=prepared.sha256).first()
    if existing is None:
        image = Image(alt_text=alt_text, title=title, caption=caption, credit=credit, words_later=words_later)
        stored = store(image, prepared, by=by)
        return stored, stored is image
    if alt_text:
        describe(existing, alt_text=alt_text)
    return existing, False


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


def describe(image: Image, *, alt_text: str, caption: str = "", credit: str = "") -> bool:
    """Give a picture its words if it has no alternative text yet; whether they were given. Raises ImageRefused."""
    _check_alt_text(alt_text)
    words = {"alt_text": alt_text} | {name: text for name, text in (("caption", caption), ("credit", credit)) if text}
    given = bool(Image.objects.undescribed().filter(pk=image.pk).update(**words))
    if given:
        for name, text in words.items():
            setattr(image, name, text)
    return given


@transaction.atomic
def move_focus(image: Image, *, x: int, y: int) -> None:
    """Keep another point of the picture in sight, in percent from left and top; its card is made afresh."""
    image.focal_x, image.focal_y = x, y
    Image.objects.filter(pk=image.pk).update(focal_x=x, focal_y=y)
    enqueue("psg.library.actions.make_card", image.pk)


# --- What the worker does ------------------------------------------------------------------------------------------


def make_renditions(image_id: int) -> None:
    """Make the copies of a picture that has none, and its card; the files of older ones go. A job.

    Every making has new names, so that a copy may be kept for ever by whoever fetched it. If the file is replaced or
    another run is quicker while this one draws, its work is thrown away.
    """
    image = Image.objects.filter(pk=image_id).first()
    if image is None or image.renditions:
        return  # deleted before the worker came to it, or done
    original = _read(image)
    stem = image.copies_stem + secrets.token_hex(4)
    made = []
    for width in copies.widths_of(image.width):
        for copy in copies.make_copies(original, width):
            name = default_storage.save(f"{stem}-{width}.{copy.kind}", io.BytesIO(copy.content))
            made.append({"width": copy.width, "height": copy.height, "name": name, "type": copy.kind})
    with transaction.atomic():
        same = Image.objects.filter(pk=image_id, renditions=[], file=image.file.name, sha256=image.sha256)
        current = same.select_for_update().first()
        if current is None:
            _delete([copy["name"] for copy in made])
            return
        current.renditions = made
        current.card = _save_card(current, original)
        current.save(update_fields=["renditions", "card"])
        _delete_on_commit(_copies_in_store(current) - {current.card, *(str(copy["name"]) for copy in made)})


@transaction.atomic
def make_card(image_id: int) -> None:
    """Make the crop that other sites show beside a link, around the focal point as it is now. A job."""
    image = Image.objects.select_for_update().filter(pk=image_id).first()
    if image is None:
        return
    old, image.card = image.card, _save_card(image, _read(image))
    image.save(update_fields=["card"])
    _delete_on_commit({old} - {""})


def _read(image: Image) -> bytes:
    with image.file.open("rb") as file:
        return file.read()


def _save_card(image: Image, original: bytes) -> str:
    card = copies.make_card(original, focus=(image.focal_x, image.focal_y))
    return default_storage.save(f"{image.copies_stem}{secrets.token_hex(4)}-card.jpg", io.BytesIO(card))


def _copies_in_store(image: Image) -> set[str]:
    """Every copy of this picture, those too that a run left behind which was cut short."""
    folder, start = posixpath.split(image.copies_stem)
    _folders, names = default_storage.listdir(folder)
    return {f"{folder}/{name}" for name in names if name.startswith(start)}


def _delete_on_commit(names: set[str]) -> None:
    transaction.on_commit(lambda: _delete(names))


def _delete(names: Any) -> None:
    for name in names:
        default_storage.delete(name)


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
