"""What Stripe told us: to see that it arrives, and what failed."""

from typing import Any, ClassVar

from django.contrib import admin
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime

from membership.models import StripeEvent
from psg.backoffice.reading import ReadOnly


@admin.register(StripeEvent)
class StripeEventAdmin(ReadOnly, admin.ModelAdmin):
    """To be read only. What failed is tried again by itself."""

    list_display = ["what", "happened", "outcome"]
    list_display_links = ["what"]
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

    @admin.display(description="what", ordering="type")
    def what(self, event: StripeEvent) -> str:
        return format_html('{}<small class="desk-below">{}</small>', event.type, event.object_id)

    @admin.display(description="when", ordering="happened_at")
    def happened(self, event: StripeEvent) -> str:
        return date_format(localtime(event.happened_at), "j M Y, H:i")

    @admin.display(description="state", ordering="state")
    def outcome(self, event: StripeEvent) -> str:
        return format_html('{}<small class="desk-below">{}</small>', event.get_state_display(), event.error)
