"""The address of a woven pattern."""

from django import template
from django.urls import reverse
from django.utils.text import slugify

register = template.Library()


@register.simple_tag
def weave_url(seed: str) -> str:
    """Where the pattern grown from `seed` is served."""
    return reverse("weave", args=[slugify(seed)[:80] or "psg"])
