"""The desk for what staff build themselves, one file a subject."""

from pages.admin.home import HomePanelAdmin
from pages.admin.menus import MenuAdmin
from pages.admin.pages import PageAdmin

__all__ = ["HomePanelAdmin", "MenuAdmin", "PageAdmin"]
