"""For the forms of other things: pictures chosen with their words in sight, and told when a text lacks them."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from psg.library.in_text import count_wordless
from psg.library.models import Image
from psg.library.widgets import PictureSelect
from psg.richtext import RichTextField


class PictureFieldsMixin:
    """For a ModelAdmin, before its other bases: every foreign key to a picture shows what is chosen.

    Only pictures that have their alternative text can be chosen. After saving, a text with pictures that have none
    is pointed out; nothing is refused.
    """

    def formfield_for_foreignkey(self: Any, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.remote_field.model is Image:
            kwargs["widget"] = PictureSelect(db_field, self.admin_site, using=kwargs.get("using"))
            kwargs["queryset"] = Image.objects.described()
            kwargs["error_messages"] = {"invalid_choice": "Choose a picture that has its alternative text."}
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    def response_add(self, request: HttpRequest, obj: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().response_add(request, obj, *args, **kwargs)  # type: ignore[misc]
        _warn_of_wordless(request, obj)
        return response

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        response = super().response_change(request, obj)  # type: ignore[misc]
        _warn_of_wordless(request, obj)
        return response


def _warn_of_wordless(request: HttpRequest, obj: Any) -> None:
    texts = [getattr(obj, field.attname) for field in obj._meta.fields if isinstance(field, RichTextField)]
    count = sum(count_wordless(text) for text in texts)
    if not count:
        return
    have = "1 picture in the text has" if count == 1 else f"{count} pictures in the text have"
    messages.warning(
        request,
        format_html(
            '{} no alternative text: readers who cannot see get nothing. Write it in the text, or <a href="{}">in the '
            "library</a>.",
            have,
            reverse("admin:library_image_describe"),
        ),
    )
