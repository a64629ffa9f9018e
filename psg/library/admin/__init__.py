"""The library in the back office, one file a kind."""

from psg.library.admin.documents import DocumentAdmin
from psg.library.admin.images import ImageAdmin

__all__ = ["DocumentAdmin", "ImageAdmin"]
