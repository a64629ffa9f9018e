"""Shows rich text. This is the only place in the project that tells Django "this HTML is safe as it is"."""

from django import template
from django.utils.safestring import SafeString, mark_safe

from psg.library.in_text import Pictures, with_pictures
from psg.richtext import shown_html

register = template.Library()


@register.filter
def richtext(html: str | None, pictures: Pictures | None = None) -> SafeString:
    """Rich text for a page, sanitised at this moment: whatever got into the database, nothing else gets out.

    `pictures` (`psg.library.in_text.pictures_in`): those that the view has looked up, to be offered in every width.
    """
    shown = shown_html(html or "")
    if pictures:
        shown = with_pictures(shown, pictures)  # after the sanitiser, from our own rows alone
    return mark_safe(shown)  # noqa: S308  sanitised in the same breath
