"""What staff build themselves, one file a subject."""

from pages.models.pages import RESERVED_SLUGS, Page, PageQuerySet

__all__ = ["RESERVED_SLUGS", "Page", "PageQuerySet"]
