"""What staff build themselves, and what people write to them, one file a subject."""

from pages.models.contact import ContactAnswer, ContactCount, ContactMessage, ContactSubject
from pages.models.home import HomePanel, Tone
from pages.models.menus import Menu, MenuItem, Slot
from pages.models.pages import Page, PageQuerySet
from pages.models.places import RESERVED_SLUGS
from pages.models.publications import Publication, PublicationQuerySet

__all__ = [
    "RESERVED_SLUGS",
    "ContactAnswer",
    "ContactCount",
    "ContactMessage",
    "ContactSubject",
    "HomePanel",
    "Menu",
    "MenuItem",
    "Page",
    "PageQuerySet",
    "Publication",
    "PublicationQuerySet",
    "Slot",
    "Tone",
]
