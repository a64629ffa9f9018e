"""What staff build themselves, one file a subject."""

from pages.models.home import HomePanel, Tone
from pages.models.menus import Menu, MenuItem, Slot
from pages.models.pages import RESERVED_SLUGS, Page, PageQuerySet

__all__ = ["RESERVED_SLUGS", "HomePanel", "Menu", "MenuItem", "Page", "PageQuerySet", "Slot", "Tone"]
