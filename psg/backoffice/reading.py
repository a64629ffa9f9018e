"""Lists that are read in the admin, and changed by other ways only."""

from typing import Any

from django.http import HttpRequest


class ReadOnly:
    """For an admin or an inline: nothing is added, changed or deleted by the stock forms."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
