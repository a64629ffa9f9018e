"""Shows rich text. This is the only place in the project that tells Django "this HTML is safe as it is"."""

from django import template
from django.utils.safestring import SafeString, mark_safe

from psg.richtext import shown_html

register = template.Library()


@register.filter
def richtext(html: str | None) -> SafeString:
    """Rich text for a page, sanitised at this moment: whatever got into the database, nothing else gets out."""
    return mark_safe(shown_html(html or ""))  # noqa: S308  sanitised in the same breath
