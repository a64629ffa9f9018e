"""What staff build themselves, and what people write to them, one file a subject."""

from pages.models.contact import ContactAnswer, ContactCount, ContactMessage, ContactSubject
from pages.models.pages import RESERVED_SLUGS, Page, PageQuerySet

__all__ = [
    "RESERVED_SLUGS",
    "ContactAnswer",
    "ContactCount",
    "ContactMessage",
    "ContactSubject",
    "Page",
    "PageQuerySet",
]
