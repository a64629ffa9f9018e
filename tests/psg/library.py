"""What the tests of the picture library share."""

import io

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image as Pillow

from psg.library.actions import add_image
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
