"""The desk for what staff build themselves, one file a subject."""

from pages.admin.pages import PageAdmin
from pages.admin.publications import PublicationAdmin

__all__ = ["PageAdmin", "PublicationAdmin"]
