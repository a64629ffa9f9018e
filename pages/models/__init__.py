"""What staff build themselves, one file a subject."""

from pages.models.pages import RESERVED_SLUGS, Page, PageQuerySet
from pages.models.publications import Publication, PublicationQuerySet

__all__ = ["RESERVED_SLUGS", "Page", "PageQuerySet", "Publication", "PublicationQuerySet"]
