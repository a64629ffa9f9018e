"""How forms ask for a picture: with its thumbnail and its words beside it."""

from typing import Any

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect
from django.forms.widgets import Script
from django.template.loader import render_to_string
from django.urls import reverse

from psg.library.models import Image


def about(image: Image) -> dict[str, str]:
    """What is shown of a chosen picture, and where its words are changed."""
    return {
        "thumbnail": image.thumbnail_url,
        "alt_text": image.alt_text,
        "url": reverse("admin:library_image_change", args=[image.pk]),
    }


class PictureSelect(AutocompleteSelect):
    """A choice by typing; below it the picture and its alternative text, which a script keeps in step."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> Any:
        # A form that comes back may carry anything; the stock widget takes numbers only.
        value = value if str(value).isdecimal() and len(str(value)) < 19 else None
        chosen = Image.objects.filter(pk=value).first() if value else None
        context = {
            "select": super().render(name, value, (attrs or {}) | {"data-picture": ""}, renderer),
            "picture": about(chosen) if chosen else None,
            # The script puts the number in the place of the 0.
            "about_url": reverse("admin:library_image_about", args=[0]),
        }
        return render_to_string("admin/library/picture_select.html", context)

    @property
    def media(self) -> forms.Media:
        ours = Script("js/admin-picture-field.js", type="module")
        return super().media + forms.Media(css={"all": ["css/library-field.css"]}, js=[ours])  # type: ignore[list-item]
