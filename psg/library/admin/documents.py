"""The library of documents in the back office."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime

from psg.library import document_actions, picker
from psg.library.admin.uses import LibraryAdmin, ReplaceForm
from psg.library.documents import ACCEPT, TAKEN, Checked, DocumentRefused, check
from psg.library.models import Document
from psg.library.replacing import replace_document


def check_upload(file: Any) -> Checked:
    """For forms: the checked upload. Raises ValidationError with the reason of a refusal."""
    try:
        return check(file)
    except DocumentRefused as refused:
        raise ValidationError(refused.message) from None


class AddDocumentForm(forms.ModelForm):
    """A file and its title. What is wrong with the file is said beside it."""

    upload = forms.FileField(
        label="File", widget=forms.FileInput(attrs={"accept": ACCEPT}), help_text=f"{TAKEN}, at most 50 MB."
    )
    checked: Checked

    class Meta:
        model = Document
        fields = ["title", "language"]

    def clean_upload(self) -> Checked:
        """The upload, ready to be stored; one that is there already is named with a link."""
        self.checked = check_upload(self.cleaned_data["upload"])
        existing = Document.objects.filter(sha256=self.checked.sha256).first()
        if existing is not None:
            raise ValidationError(
                format_html(
                    'This document is in the library already: <a href="{}">“{}”</a>. Please use that one.',
                    reverse("admin:library_document_change", args=[existing.pk]),
                    existing,
                )
            )
        return self.checked


class ReplaceDocumentForm(ReplaceForm):
    """A new file, checked as a new document is."""

    file = forms.FileField(
        label="New file",
        widget=forms.FileInput(attrs={"accept": ACCEPT}),
        help_text="Of the same kind, at most 50 MB. Its address stays: every page and link leads to the new file.",
    )

    def clean_file(self) -> Checked:
        return check_upload(self.cleaned_data["file"])


@admin.register(Document)
class DocumentAdmin(LibraryAdmin):
    """Documents: upload once, link to them from many texts."""

    list_display = ["title", "kind", "size", "language", "added"]
    list_filter = ["kind", "language"]
    list_per_page = 50
    search_fields = ["title", "text"]
    date_hierarchy = "created_at"
    show_full_result_count = False
    view_on_site = False  # its address is on the page
    replacement_form = ReplaceDocumentForm

    class Media:
        css = {"all": ["css/desk.css", "css/editor-library.css"]}
        js = [forms.Script("js/copy-address.js", type="module")]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("cover").defer("text")

    # --- What is shown ---------------------------------------------------------------------------------------

    @admin.display(description="size", ordering="bytes")
    def size(self, document: Document) -> str:
        return document.size

    @admin.display(description="address")
    def link(self, document: Document) -> str:
        """The full address, to be copied; the button is made by the script, so that without it there is none."""
        address = settings.SITE_URL + document.get_absolute_url()
        return format_html(
            '<input class="library-address" id="document-address" readonly value="{}" aria-label="Address">'
            '<a href="{}">Open it</a>',
            address,
            document.get_absolute_url(),
        )

    @admin.display(description="file")
    def about(self, document: Document) -> str:
        pages = f", {document.pages} page{'' if document.pages == 1 else 's'}" if document.pages else ""
        return f"{document.get_kind_display()}, {document.size}{pages}"

    @admin.display(description="searchable")
    def reading(self, document: Document) -> str:
        """How far the worker is."""
        if document.read_at is None:
            return "Its words are being read; look again in a minute."
        read = date_format(localtime(document.read_at), "j F Y, H:i")
        count = len(document.text.split())
        return f"{count:,} words, read on {read}." if count else f"No words were found in it on {read}: perhaps a scan."

    @admin.display(description="first page")
    def first_page(self, document: Document) -> str:
        if document.cover is None:
            return "–"
        return format_html('<img class="library-cover" src="{}" alt="">', document.cover.thumbnail_url)

    # --- Forms -----------------------------------------------------------------------------------------------

    def get_form(self, request: HttpRequest, obj: Document | None = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change=change, **kwargs | ({} if obj else {"form": AddDocumentForm}))

    def get_fieldsets(self, request: HttpRequest, obj: Document | None = None) -> Any:
        if obj is None:
            return [(None, {"fields": ["upload", "title", "language"]})]
        shown = ["link", "about", "reading", *(["first_page"] if obj.is_pdf else [])]
        return [
            (None, {"fields": ["title", "language"]}),
            ("The file", {"fields": shown}),
            ("Where it comes from", {"fields": ["created_at", "created_by"]}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Document | None = None) -> Any:
        return ["link", "about", "reading", "first_page", "created_at", "created_by"] if obj else []

    # --- What happens ----------------------------------------------------------------------------------------

    def save_model(self, request: HttpRequest, obj: Document, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        stored = document_actions.store(obj, form.checked, by=request.user)
        if stored is not obj:  # a double click: the other request was quicker
            obj.pk = stored.pk
            obj.refresh_from_db()

    def replace_file(self, request: HttpRequest, obj: Document, form: ReplaceForm) -> None:
        replace_document(obj, form.cleaned_data["file"], seen_sha256=form.cleaned_data["seen"], by=request.user)

    def delete_model(self, request: HttpRequest, obj: Document) -> None:
        document_actions.delete_document(obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for document in queryset.select_related("cover"):
            document_actions.delete_document(document)


def _choice(document: Document) -> picker.Choice:
    note = f"{document.get_kind_display()}, {document.size}, {document.get_language_display()}"
    thumbnail = document.cover.thumbnail_url if document.cover else ""
    return picker.Choice(url=document.file.url, label=document.title, note=note, thumbnail_url=thumbnail)


picker.offer(
    picker.Kind(
        name="document",
        title="Choose a document to link to",
        permission="library.view_document",
        find=lambda words: Document.objects.for_picker(words).select_related("cover"),
        choice=_choice,
    )
)
