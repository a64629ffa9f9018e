"""The desk for what belongs to no app, one file a subject."""

from psg.backoffice.admin.redirects import RedirectAdmin
from psg.backoffice.admin.users import UserAdmin

__all__ = ["RedirectAdmin", "UserAdmin"]
