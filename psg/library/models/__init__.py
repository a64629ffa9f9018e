"""What the library keeps, one file a kind."""

from psg.library.models.documents import (
    Document,
    DocumentQuerySet,
    Kind,
    Language,
    document_path,
    size_in_words,
    validate_title,
)
from psg.library.models.images import (
    ALT_TEXT_MAX_LENGTH,
    Image,
    ImageQuerySet,
    upload_path,
    validate_alt_text,
)
from psg.library.models.uses import Use

__all__ = [
    "ALT_TEXT_MAX_LENGTH",
    "Document",
    "DocumentQuerySet",
    "Image",
    "ImageQuerySet",
    "Kind",
    "Language",
    "Use",
    "document_path",
    "size_in_words",
    "upload_path",
    "validate_alt_text",
    "validate_title",
]
