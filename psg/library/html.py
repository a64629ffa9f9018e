"""A picture of the library as HTML: every width and format there is, and measures so that nothing shifts. No query."""

from typing import Any

from django.core.files.storage import default_storage
from django.forms.utils import flatatt
from django.utils.html import format_html
from django.utils.safestring import SafeString

from psg.library.models import Image

# The copy for browsers that choose none themselves: the first at least this wide (pixels).
FALLBACK_WIDTH = 960


def picture_html(
    image: Image, *, sizes: str, alt: str, eager: bool = False, width: int | None = None, **attributes: Any
) -> SafeString:
    """A `<picture>` from the copies; an `<img>` of the picture itself before the worker has made them.

    `sizes`: how wide it is shown, in the words of HTML. `eager`: it is on the first screen. `width`: in pixels, where
    it is shown smaller than it is; the height follows. Further arguments become attributes of the `<img>`.
    """
    shown = width or image.width
    classes = " ".join(filter(None, [attributes.pop("class", ""), image.focus_class]))
    webp = image.copies("webp")
    img = format_html(
        "<img{}>",
        flatatt(
            {
                **({"class": classes} if classes else {}),
                **{name: value for name, value in attributes.items() if value},
                **_fallback(image, webp, sizes),
                "width": str(shown),
                "height": str(max(1, round(image.height * shown / image.width))),
                "alt": alt,
                **({"fetchpriority": "high"} if eager else {"loading": "lazy", "decoding": "async"}),
            }
        ),
    )
    avif = {copy["width"]: copy for copy in image.copies("avif")}
    if not avif:
        return img
    # At a width where WebP is smaller there is no AVIF: whatever shows AVIF shows WebP as well.
    best = [avif.get(copy["width"], copy) for copy in webp]
    source = flatatt({"type": "image/avif", "srcset": _srcset(best), "sizes": sizes})
    return format_html("<picture><source{}>{}</picture>", source, img)


def _fallback(image: Image, webp: list[dict[str, Any]], sizes: str) -> dict[str, str]:
    if not webp:
        return {"src": image.file.url}
    middle = next((copy for copy in webp if copy["width"] >= FALLBACK_WIDTH), webp[-1])
    chosen = {"src": default_storage.url(middle["name"])}
    if len(webp) > 1:
        chosen |= {"srcset": _srcset(webp), "sizes": sizes}
    return chosen


def _srcset(copies: list[dict[str, Any]]) -> str:
    return ", ".join(f"{default_storage.url(copy['name'])} {copy['width']}w" for copy in copies)
