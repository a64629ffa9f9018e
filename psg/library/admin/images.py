"""The picture library in the back office."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.forms.widgets import Script
from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.defaultfilters import filesizeformat
from django.urls import path
from django.utils.html import format_html, format_html_join

from psg.library import picker, views
from psg.library.actions import move_focus, store
from psg.library.admin.replacing import ImageInUseMixin
from psg.library.admin.several import SeveralImagesMixin
from psg.library.forms import AddImageForm, ImageForm
from psg.library.html import picture_html
from psg.library.models import Image
from psg.library.widgets import about

FOCUS = "Click in the picture on what must stay in sight where it is cropped: a face, a banner."
FOCAL = {"focal_x", "focal_y"}
PREVIEW: dict[str, Any] = {"class": "library-preview"}
WORDS = (None, {"fields": ["alt_text", "caption", "credit", "title"]})


@admin.register(Image)
class ImageAdmin(SeveralImagesMixin, ImageInUseMixin, admin.ModelAdmin):
    """Pictures: upload once, describe once, use many times."""

    form = ImageForm
    list_display = ["thumbnail", "words", "added"]
    list_display_links = ["thumbnail", "words"]
    list_filter = ["created_at", ("alt_text", admin.EmptyFieldListFilter)]
    list_per_page = 50
    search_fields = ["title", "alt_text", "caption", "credit"]
    date_hierarchy = "created_at"

    class Media:
        css = {"all": ["css/components/focus.css", "css/editor-library.css"]}
        js = [Script("js/admin-focus.js", type="module")]

    # --- What is shown ---

    @admin.display(description="picture")
    def thumbnail(self, image: Image) -> str:
        classes = f"library-thumbnail {image.focus_class}"
        return format_html('<img class="{}" src="{}" alt="" loading="lazy">', classes, image.thumbnail_url)

    @admin.display(description="alternative text", ordering="alt_text")
    def words(self, image: Image) -> str:
        if not image.alt_text:
            return format_html('<strong class="library-missing">{}</strong>', "missing: please write it")
        return format_html("{}<br><small>{}</small>", image.alt_text, image.credit) if image.credit else image.alt_text

    @admin.display(description="size", ordering="bytes")
    def dimensions(self, image: Image) -> str:
        return f"{image.width:,}\xa0×\xa0{image.height:,}\xa0px, {filesizeformat(image.bytes)}"

    @admin.display(description="picture")
    def preview(self, image: Image) -> str:
        """The picture, in which a script lets one click, and how it looks in the site's boxes."""
        crops = [("3-2", "3 : 2"), ("square", "Square"), ("wide", "Wide")]
        classes, url = f"library-crop {image.focus_class}", image.thumbnail_url
        boxes = format_html_join(
            "",
            '<figure><img class="{} crop-{}" src="{}" alt=""><figcaption>{}</figcaption></figure>',
            ((classes, shape, url, name) for shape, name in crops),
        )
        shown = picture_html(image, sizes="30rem", alt=image.alt_text, eager=True, **PREVIEW)
        return format_html(
            '<div class="library-focus" data-focus><div class="library-focus-picture">{}</div>'
            '<div class="library-crops">{}</div></div><a href="{}">Open the file</a>',
            shown,
            boxes,
            image.file.url,
        )

    # --- Forms ---

    def get_form(self, request: HttpRequest, obj: Image | None = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change=change, **kwargs | ({} if obj else {"form": AddImageForm}))

    def get_fieldsets(self, request: HttpRequest, obj: Image | None = None) -> Any:
        if obj is None:
            return [(None, {"fields": ["upload"]}), WORDS]
        return [
            (None, {"fields": ["preview", ("focal_x", "focal_y"), "dimensions"], "description": FOCUS}),
            WORDS,
            ("Where it comes from", {"fields": ["created_at", "created_by"]}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Image | None = None) -> Any:
        return ["preview", "dimensions", "created_at", "created_by"] if obj else []

    def save_model(self, request: HttpRequest, obj: Image, form: Any, change: bool) -> None:
        if change:
            # Not the rest of the row: the worker may have made copies since the form was opened.
            obj.save(update_fields=[name for name in form.changed_data if name not in FOCAL])
            if FOCAL & set(form.changed_data):
                move_focus(obj, x=obj.focal_x, y=obj.focal_y)
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
            path("pick/<slug:kind>/", self.admin_site.admin_view(picker.pick), name="library_pick"),
            path("<int:pk>/about/", self.admin_site.admin_view(self.about_view), name="library_image_about"),
            *super().get_urls(),
        ]

    def about_view(self, request: HttpRequest, pk: int) -> JsonResponse:
        """A picture that was chosen in another form: thumbnail, words, and where they are changed."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return JsonResponse(about(get_object_or_404(Image, pk=pk)))


def _choice(image: Image) -> picker.Choice:
    """As the editor's window shows it."""
    return picker.Choice(
        url=image.file.url,
        label=image.title or image.alt_text,
        note=f"{image.width:,} × {image.height:,} px",
        thumbnail_url=image.thumbnail_url,
        alt_text=image.alt_text,
    )


picker.offer(
    picker.Kind(
        name="picture",
        title="Choose a picture",
        permission="library.view_image",
        find=lambda words: Image.objects.described().matching(words),
        choice=_choice,
    )
)
