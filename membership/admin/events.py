"""What Stripe told us: to see that it arrives, and what failed."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest

from membership.models import StripeEvent


@admin.register(StripeEvent)
class StripeEventAdmin(admin.ModelAdmin):
    """To be read only. What failed is tried again by itself."""

    list_display = ["happened_at", "type", "state", "error", "object_id"]
    list_filter = ["state"]
    list_per_page = 50
    search_fields = ["=stripe_id", "=object_id", "=parent_id", "type__startswith"]
    search_help_text = "An id of Stripe's (evt_…, sub_…), or how a type begins (invoice.)."
    show_full_result_count = False
    ordering = ["-happened_at", "-pk"]
    fields: ClassVar[Any] = [
        "stripe_id", "type", "object_id", "parent_id", "happened_at", "received_at", "state", "tries", "error",
    ]  # fmt: skip
    readonly_fields = fields

    class Media:
        css = {"all": ["css/desk.css", "css/membership-desk.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
