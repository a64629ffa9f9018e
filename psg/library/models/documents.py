"""The documents of the site: what readers open or download."""

import re
import secrets

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.db.models import Q
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils import timezone
from django.utils.text import slugify

from psg.library.lasting import LastingFileField

SLUG_MAX_LENGTH = 80  # characters of the readable name in an address
_FILE_NAME = re.compile(r"\S\.(?:pdf|docx?|odt|xlsx?|ods|pptx?|odp|csv|txt)\s*$", re.IGNORECASE)
# What no system takes in a file's name, and what would break out of a header.
_NOT_IN_A_NAME = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|]+')


class Language(models.TextChoices):
    """What it is written in."""

    ENGLISH = "en", "English"
    SPANISH = "es", "Spanish"


class Kind(models.TextChoices):
    """What a document is, by its content. The value is also the extension of its file."""

    PDF = "pdf", "PDF"
    DOCX = "docx", "Word document"
    ODT = "odt", "OpenDocument text"
    XLSX = "xlsx", "Excel workbook"
    ODS = "ods", "OpenDocument spreadsheet"
    PPTX = "pptx", "PowerPoint slides"
    ODP = "odp", "OpenDocument slides"
    CSV = "csv", "CSV table"
    TXT = "txt", "Plain text"


_OPENXML, _OPENDOCUMENT = "application/vnd.openxmlformats-officedocument", "application/vnd.oasis.opendocument"
CONTENT_TYPES: dict[str, str] = {
    Kind.PDF: "application/pdf",
    Kind.DOCX: f"{_OPENXML}.wordprocessingml.document",
    Kind.XLSX: f"{_OPENXML}.spreadsheetml.sheet",
    Kind.PPTX: f"{_OPENXML}.presentationml.presentation",
    Kind.ODT: f"{_OPENDOCUMENT}.text",
    Kind.ODS: f"{_OPENDOCUMENT}.spreadsheet",
    Kind.ODP: f"{_OPENDOCUMENT}.presentation",
    Kind.CSV: "text/csv",
    Kind.TXT: "text/plain",
}


def validate_title(title: str) -> None:
    """Raises ValidationError for signs alone or the name of a file: neither tells a reader what it is."""
    if not any(character.isalnum() for character in title):
        raise ValidationError("Write the title in words: it is what readers see.")
    if _FILE_NAME.search(title):
        raise ValidationError("That looks like a file’s name. Write the title as it should be read.")


def document_path(document: "Document", filename: str = "") -> str:
    """Where a new file goes: nobody can guess it, and its last part can be read. Never the uploader's own name."""
    slug = slugify(document.title)[:SLUG_MAX_LENGTH].strip("-") or "document"
    return f"library/documents/{timezone.localdate():%Y}/{secrets.token_hex(8)}/{slug}.{document.kind}"


def size_in_words(number: int) -> str:
    """Bytes as people say them: “2.4 MB”, with a space that no line is broken at."""
    return f"{number / 1024 / 1024:.1f}\xa0MB" if number >= 1024 * 1024 else f"{max(1, round(number / 1024))}\xa0KB"


class DocumentQuerySet(models.QuerySet):
    """The questions that the library asks."""

    def for_list(self):
        """Without the words of the documents, which can be a book each."""
        return self.defer("text")

    def for_picker(self, query: str = ""):
        """Documents whose title has every word of `query`, accents ignored, newest first; all without a query."""
        found = self.for_list()
        for word in query.replace("\0", "").split()[:10]:
            found = found.filter(title__unaccent__icontains=word)
        return found.order_by("-created_at", "-pk")


class Document(models.Model):
    """One file for readers. Made by `psg.library.document_actions` alone, which checks what it is.

    `text` holds the words for the search and `cover` a picture of a PDF's first page; the worker fills both.
    """

    file = LastingFileField(upload_to=document_path, max_length=250)
    address = models.CharField(max_length=250, unique=True, editable=False, help_text="It outlives the file.")
    title = models.CharField(
        max_length=200, validators=[validate_title], help_text="As readers see it; also the name of the download."
    )
    language = models.CharField(max_length=2, choices=Language, default=Language.ENGLISH)
    kind = models.CharField(max_length=4, choices=Kind, editable=False)
    bytes = models.PositiveBigIntegerField("size", editable=False, help_text="Bytes.")
    pages = models.PositiveIntegerField(null=True, editable=False, help_text="Of a PDF.")
    text = models.TextField(blank=True, editable=False, help_text="Its words, for the search.")
    read_at = models.DateTimeField(null=True, editable=False, help_text="When the worker took the words out (UTC).")
    cover = models.ForeignKey(
        "library.Image",
        null=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The first page of a PDF, made by the worker.",
    )
    sha256 = models.CharField(max_length=64, unique=True, editable=False, help_text="Of the file.")
    created_at = models.DateTimeField("added", auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name="added by",
    )

    objects = DocumentQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["-created_at", "-id"], name="library_document_newest")]
        constraints = [
            models.CheckConstraint(name="library_document_has_size", condition=Q(bytes__gt=0)),
            models.CheckConstraint(name="library_document_kind", condition=Q(kind__in=Kind.values)),
            models.CheckConstraint(
                name="library_document_pdf_has_pages",
                condition=Q(kind=Kind.PDF, pages__isnull=False, pages__gt=0)
                | (~Q(kind=Kind.PDF) & Q(pages__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Where readers find the file; stays when it is replaced."""
        return self.file.url

    def stored_names(self) -> list[str]:
        """All its files in the store."""
        return [str(self.file.name)]

    @property
    def is_pdf(self) -> bool:
        """Whether browsers show it."""
        return self.kind == Kind.PDF

    @property
    def size(self) -> str:
        """How large it is, in words."""
        return size_in_words(self.bytes)

    @property
    def content_type(self) -> str:
        """Its media type."""
        return CONTENT_TYPES[self.kind]

    @property
    def download_name(self) -> str:
        """What a reader's computer calls it: the title, without signs that no file name has."""
        title = " ".join(_NOT_IN_A_NAME.sub(" ", self.title).split()).strip(". ")
        return f"{title[:120] or 'document'}.{self.kind}"


@receiver(post_delete, sender=Document)
def delete_document_file(sender, instance: Document, **kwargs) -> None:
    """Remove a deleted document's file once the deletion is certain.

    A signal, because rows also go by queryset, which calls no method of the model.
    """
    name = str(instance.file.name)
    transaction.on_commit(lambda: default_storage.delete(name), robust=True)
