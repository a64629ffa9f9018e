"""The events desk."""

from django.contrib import admin

from events.models import Event
from psg.publishing.admin import PublishableAdmin, StatusFilter


@admin.register(Event)
class EventAdmin(PublishableAdmin):
    """Events."""

    list_display = ["title", "status_label", "starts_at", "venue_name", "is_cancelled"]
    list_filter = [StatusFilter, "is_cancelled"]
    date_hierarchy = "starts_at"
    search_fields = ["title", "summary", "body", "venue_name"]
    ordering = ["-starts_at"]
    prepopulated_fields = {"slug": ["title"]}
    autocomplete_fields = ["image"]
    fieldsets = [
        (None, {"fields": ["title", "slug", "summary", "body", "image"]}),
        ("When and where", {"fields": ["starts_at", "ends_at", "timezone", "venue_name", "venue_address"]}),
        ("Publication", {"fields": ["is_cancelled", "published_at"]}),
    ]
