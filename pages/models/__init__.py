"""What staff build themselves, one file a subject."""

from pages.models.home import HomePanel, Tone
from pages.models.menus import Menu, MenuItem, Slot
from pages.models.pages import Page, PageQuerySet
from pages.models.places import RESERVED_SLUGS

__all__ = ["RESERVED_SLUGS", "HomePanel", "Menu", "MenuItem", "Page", "PageQuerySet", "Slot", "Tone"]
