"""The desk for publications: one form for the words, the PDF and the cover."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html

from pages.models import Publication
from psg.library.admin.fields import PictureFieldsMixin
from psg.library.document_actions import filed
from psg.library.documents import Checked, DocumentRefused, check
from psg.library.models import Document, Kind
from psg.publishing.admin import PublishableAdmin, PublishableForm, StatusFilter


class PublicationForm(PublishableForm):
    """A PDF is uploaded here or chosen from the library; what is uploaded wins."""

    upload = forms.FileField(
        label="Upload a PDF",
        required=False,
        widget=forms.FileInput(attrs={"accept": ".pdf"}),
        help_text="At most 50 MB. It goes into the library under the title above; the same PDF twice is noticed.",
    )
    checked: Checked | None = None

    class Meta:
        error_messages = {"slug": {"unique": "There is a publication at this address already. Choose another."}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "document" in self.fields:
            chosen = self.fields["document"]
            chosen.required = False
            chosen.label = "or choose a PDF of the library"
            chosen.widget.can_delete_related = chosen.widget.can_change_related = False  # its own page says where else
            chosen.error_messages["invalid_choice"] = "That is not a PDF of the library. Choose another or upload one."

    def clean_upload(self) -> Checked | None:
        """The PDF, ready to be stored."""
        file = self.cleaned_data.get("upload")
        if not file:
            return None
        try:
            checked = check(file)
        except DocumentRefused as refused:
            raise ValidationError(refused.message) from None
        if checked.kind != Kind.PDF:
            raise ValidationError(f"A publication is a PDF; this is “.{checked.kind}”. Please save it as PDF first.")
        self.checked = checked
        return checked

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        # What is wrong with one of the two is said there already.
        silent = {"upload", "document"} & self.errors.keys()
        if not (self.checked or cleaned.get("document") or silent or self.is_preview):
            self.add_error("upload", "Upload the PDF, or choose one of the library below.")
        return cleaned


@admin.register(Publication)
class PublicationAdmin(PictureFieldsMixin, PublishableAdmin):
    """Publications."""

    form = PublicationForm
    list_display = ["title", "status_label", "of_year", "file_size", "publication"]
    list_filter = [StatusFilter, "language", "year"]
    list_select_related = ["document"]
    search_fields = ["title", "summary"]
    ordering = ["-year", "-updated_at"]
    prepopulated_fields = {"slug": ["title"]}
    autocomplete_fields = ["document"]
    readonly_fields = ["now_shown"]
    fieldsets = [
        (None, {"fields": ["title", "slug", "summary", "year", "language"]}),
        ("The PDF", {"fields": ["now_shown", "upload", "document"]}),
        ("Cover", {"fields": ["cover"]}),
        ("Publication", {"fields": ["published_at"]}),
    ]

    def get_queryset(self, request: HttpRequest):
        found = super().get_queryset(request).select_related("document__cover", "cover")
        return found.defer("document__text") if request.method == "GET" else found  # publishing tells the search

    @admin.display(description="year", ordering="year")
    def of_year(self, publication: Publication) -> int:
        """Its year; the field's own name is too long for a column."""
        return publication.year

    @admin.display(description="PDF", ordering="document__bytes")
    def file_size(self, publication: Publication) -> str:
        """The size of the file."""
        return publication.document.size

    @admin.display(description="now shown")
    def now_shown(self, publication: Publication) -> str:
        """The PDF and its cover as readers see them, and where its file is replaced."""
        if not publication.document_id:
            return "No PDF yet."
        document, cover = publication.document, publication.shown_cover
        return format_html(
            '<span class="desk-cover">{}<span><a href="{}">{}</a><br>{}, {} page{}<br><a href="{}">In the library</a>: '
            "for a corrected file at the same address</span></span>",
            format_html('<img src="{}" alt="">', cover.thumbnail_url) if cover else "",
            document.get_absolute_url(),
            document,
            document.size,
            document.pages,
            "" if document.pages == 1 else "s",
            f"/admin/library/document/{document.pk}/change/",
        )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """The upload becomes a document of the library in the same transaction."""
        if form.checked is None:
            super().save_model(request, obj, form, change)
            return
        with filed(form.checked, title=obj.title, language=obj.language, by=request.user) as document:
            obj.document = document
            super().save_model(request, obj, form, change)

    def show_preview(self, request: HttpRequest, form: Any) -> HttpResponse:
        """With the uploaded PDF's size and pages, though it is not stored."""
        checked = form.checked
        if checked is not None:
            unsaved = Document(title=form.instance.title, kind=checked.kind, bytes=checked.bytes, pages=checked.pages)
            form.instance.document = unsaved
        return super().show_preview(request, form)
