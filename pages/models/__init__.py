"""What staff build themselves, one file a subject."""

from pages.models.pages import Page, PageQuerySet
from pages.models.places import RESERVED_SLUGS

__all__ = ["RESERVED_SLUGS", "Page", "PageQuerySet"]
