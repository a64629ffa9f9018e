"""The desk for what staff build themselves and for what people write to them, one file a subject."""

from pages.admin.contact import ContactMessageAdmin, ContactSubjectAdmin
from pages.admin.home import HomePanelAdmin
from pages.admin.menus import MenuAdmin
from pages.admin.pages import PageAdmin
from pages.admin.publications import PublicationAdmin

__all__ = ["ContactMessageAdmin", "ContactSubjectAdmin", "HomePanelAdmin", "MenuAdmin", "PageAdmin", "PublicationAdmin"]
