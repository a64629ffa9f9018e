"""Pictures of the library on a page."""

from typing import Any

from django import template
from django.utils.safestring import SafeString

from psg.library.html import picture_html
from psg.library.models import Image

register = template.Library()


@register.simple_tag
def picture(
    image: Image | None, sizes: str = "100vw", eager: bool = False, alt: str | None = None, **attributes: Any
) -> SafeString | str:
    """A picture in every width and format there is; nothing where there is no picture. No query.

    `sizes`: how wide it is shown, in the words of HTML. `eager`: it is on the first screen. `alt`: other words than the
    library's, empty if the text beside it says the same. Further arguments (`class`) become attributes.
    """
    if image is None:
        return ""
    alt = image.alt_text if alt is None else alt
    return picture_html(image, sizes=sizes, alt=alt, eager=eager, **attributes)
