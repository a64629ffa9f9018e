"""Pictures of the library on a page."""

from typing import Any

from django import template
from django.core.files.storage import default_storage
from django.forms.utils import flatatt
from django.utils.html import format_html
from django.utils.safestring import SafeString

from psg.library.models import Image

register = template.Library()

# The copy for browsers that choose none themselves: the first at least this wide (pixels).
FALLBACK_WIDTH = 960


@register.simple_tag
def picture(
    image: Image | None, sizes: str = "100vw", eager: bool = False, alt: str | None = None, **attributes: Any
) -> SafeString | str:
    """One <img>, from the smaller copies as soon as the worker has made them; nothing where there is no picture.

    `sizes`: how wide it is shown, in the words of HTML. `eager`: it is on the first screen. `alt`: other words than the
    library's, empty if the text beside it says the same. Further arguments (`class`) become attributes. No query.
    """
    if image is None:
        return ""
    attrs = {
        **{name: value for name, value in attributes.items() if value},
        **_sources(image, sizes),
        "width": str(image.width),
        "height": str(image.height),
        "alt": image.alt_text if alt is None else alt,
        **({"fetchpriority": "high"} if eager else {"loading": "lazy", "decoding": "async"}),
    }
    return format_html("<img{}>", flatatt(attrs))


def _sources(image: Image, sizes: str) -> dict[str, str]:
    copies = image.renditions
    if not copies:
        return {"src": image.file.url}
    fallback = next((copy for copy in copies if copy["width"] >= FALLBACK_WIDTH), copies[-1])
    chosen = {"src": default_storage.url(fallback["name"])}
    if len(copies) > 1:
        chosen["srcset"] = ", ".join(f"{default_storage.url(copy['name'])} {copy['width']}w" for copy in copies)
        chosen["sizes"] = sizes
    return chosen
