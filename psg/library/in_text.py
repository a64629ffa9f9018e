"""Pictures of the library inside rich text: which they are, and how readers get them."""

import re
from collections.abc import Mapping
from html import unescape
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.utils.encoding import filepath_to_uri
from django.utils.html import conditional_escape

from psg.library.html import picture_html
from psg.library.models import Image

# Every start tag as the sanitiser writes it: names in lower case, values in double quotes. Taking all of them, not
# pictures alone, keeps what stands inside a value of another tag from being taken for a tag.
_TAG = re.compile(r'<([a-z][a-z0-9]*)((?:\s+[a-z-]+="[^"]*")*)\s*/?>')
_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')
# How wide a text's column is at most: --measure in static/css/tokens.css.
COLUMN = "40rem"

# Address in a text → the picture that lies there.
Pictures = Mapping[str, Image]


def pictures_in(html: str) -> dict[str, Image]:
    """The library's pictures in a rich text, by the addresses under which it has them. One query; none without them."""
    addresses = {attributes.get("src", "") for attributes in _images(html)}
    names = {address: name for address in addresses if (name := _address_of(address))}
    if not names:
        return {}
    found = {image.address: image for image in Image.objects.filter(address__in=names.values())}
    return {address: found[name] for address, name in names.items() if name in found}


def with_pictures(html: str, pictures: Pictures) -> str:
    """Sanitised HTML whose pictures are offered in every width and format, with measures. Other tags stay as they are.

    What is put in is built from our own rows alone; of the text only the alternative text and the width are taken.
    An alternative text that is missing in the text is that of the library.
    """

    def replace(found: re.Match[str]) -> str:
        attributes = _attributes(found[2]) if found[1] == "img" else {}
        image = pictures.get(attributes.get("src", ""))
        if image is None:
            return found[0]
        width = int(attributes["width"]) if attributes.get("width", "").isdigit() else None
        return conditional_escape(
            picture_html(
                image,
                sizes=f"min({width}px, 100vw)" if width else f"min({COLUMN}, 100vw)",
                alt=attributes.get("alt", "").strip() or image.alt_text,
                width=width,
            )
        )

    return _TAG.sub(replace, html)


def count_wordless(html: str) -> int:
    """How many pictures of a text have an alternative text neither there nor in the library."""
    wordless = [attributes for attributes in _images(html) if not attributes.get("alt", "").strip()]
    if not wordless:
        return 0
    pictures = pictures_in(html)
    described = {address for address, image in pictures.items() if image.alt_text}
    return sum(attributes.get("src") not in described for attributes in wordless)


def _images(html: str) -> list[dict[str, str]]:
    return [_attributes(attributes) for tag, attributes in _TAG.findall(html) if tag == "img"]


def _attributes(text: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in _ATTRIBUTE.findall(text)}


def _address_of(address: str) -> str:
    """An address of ours as the library keeps it (`Image.address`); empty for any other."""
    if not address.startswith(settings.MEDIA_URL):
        return ""
    try:
        name = unquote(urlsplit(address.removeprefix(settings.MEDIA_URL)).path)
    except ValueError:
        return ""
    ours = name.startswith("library/") and "\0" not in name
    return name if ours and settings.MEDIA_URL + filepath_to_uri(name) == address else ""
