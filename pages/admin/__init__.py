"""The desk for what staff build themselves, one file a subject."""

from pages.admin.pages import PageAdmin

__all__ = ["PageAdmin"]
