"""What the library keeps, one file a kind."""

from psg.library.models.images import (
    ALT_TEXT_MAX_LENGTH,
    Image,
    ImageQuerySet,
    upload_path,
    validate_alt_text,
)

__all__ = ["ALT_TEXT_MAX_LENGTH", "Image", "ImageQuerySet", "upload_path", "validate_alt_text"]
