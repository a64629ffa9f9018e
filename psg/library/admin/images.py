"""The picture library in the back office."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.urls import path
from django.utils.html import format_html

from psg.library import views
from psg.library.actions import store
from psg.library.admin.replacing import ImageInUseMixin
from psg.library.forms import AddImageForm
from psg.library.models import Image
from psg.library.templatetags.library import picture

PREVIEW: dict[str, Any] = {"class": "library-preview"}
WORDS = (None, {"fields": ["alt_text", "caption", "credit", "title"]})


@admin.register(Image)
class ImageAdmin(ImageInUseMixin, admin.ModelAdmin):
    """Pictures: upload once, describe once, use many times."""

    list_display = ["thumbnail", "words", "credit", "dimensions", "created_at"]
    list_display_links = ["thumbnail", "words"]
    list_filter = ["created_at", ("alt_text", admin.EmptyFieldListFilter)]
    list_per_page = 50
    search_fields = ["title", "alt_text", "caption", "credit"]
    date_hierarchy = "created_at"

    class Media:
        css = {"all": ["css/editor-library.css"]}

    # --- What is shown ---

    @admin.display(description="picture")
    def thumbnail(self, image: Image) -> str:
        return format_html('<img class="library-thumbnail" src="{}" alt="" loading="lazy">', image.thumbnail_url)

    @admin.display(description="alternative text", ordering="alt_text")
    def words(self, image: Image) -> str:
        return image.alt_text or format_html('<strong class="library-missing">{}</strong>', "missing: please write it")

    @admin.display(description="size", ordering="bytes")
    def dimensions(self, image: Image) -> str:
        return f"{image.width:,} × {image.height:,} px, {filesizeformat(image.bytes)}"

    @admin.display(description="picture")
    def preview(self, image: Image) -> str:
        return format_html(
            '<a href="{}">{}</a>',
            image.file.url,
            picture(image, sizes="30rem", eager=True, **PREVIEW),
        )

    # --- Forms ---

    def get_form(self, request: HttpRequest, obj: Image | None = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change=change, **kwargs | ({} if obj else {"form": AddImageForm}))

    def get_fieldsets(self, request: HttpRequest, obj: Image | None = None) -> Any:
        if obj is None:
            return [(None, {"fields": ["upload"]}), WORDS]
        return [
            (None, {"fields": ["preview", "dimensions"]}),
            WORDS,
            ("Where it comes from", {"fields": ["created_at", "created_by"]}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Image | None = None) -> Any:
        return ["preview", "dimensions", "created_at", "created_by"] if obj else []

    def save_model(self, request: HttpRequest, obj: Image, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
        else:
            stored = store(obj, form.prepared, by=request.user)
            if stored is not obj:  # a double click: the other request was quicker
                obj.pk = stored.pk
                obj.refresh_from_db()

    # --- Elsewhere in the back office ---

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """Other forms offer only pictures that have their alternative text."""
        found, may_have_duplicates = super().get_search_results(request, queryset, search_term)
        if request.resolver_match and request.resolver_match.url_name == "autocomplete":
            found = found.exclude(alt_text="")
        return found, may_have_duplicates

    def get_urls(self) -> Any:
        return [
            path("editor-upload/", views.editor_upload, name="library_image_editor_upload"),
            path("editor-describe/", views.editor_describe, name="library_image_editor_describe"),
            *super().get_urls(),
        ]
