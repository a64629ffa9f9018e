"""What the tests of the picture library share."""

import io
from functools import cache

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image as Pillow

from psg.library.actions import add_image, make_renditions
from psg.library.models import Image
from tests.psg.pictures import encoded

WORDS = "A march in Cajamarca"


def upload(content: bytes, name: str = "a.png", content_type: str = "image/png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type)


def add(content: bytes | None = None, name: str = "a.png", content_type: str = "", **words) -> Image:
    return add_image(file=upload(content or encoded(), name, content_type), **{"alt_text": WORDS} | words)


def files(settings) -> list[str]:
    """Everything in the store."""
    return sorted(str(path.relative_to(settings.MEDIA_ROOT)) for path in settings.MEDIA_ROOT.rglob("*.*"))


def opened(image: Image) -> Pillow.Image:
    return Pillow.open(io.BytesIO(image.file.open().read()))


def made(image: Image) -> Image:
    """The picture once the worker has been there."""
    make_renditions(image.pk)
    image.refresh_from_db()
    return image


@cache
def photograph(width: int, height: int) -> bytes:
    """A JPEG with what photographs have: soft shapes, many shades, some grain."""
    shades = [Pillow.effect_noise((width // 20, height // 20), 90).resize((width, height)) for _ in "RGB"]
    picture = Pillow.blend(Pillow.merge("RGB", shades), Pillow.effect_noise((width, height), 30).convert("RGB"), 0.15)
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=90)
    return content.getvalue()
