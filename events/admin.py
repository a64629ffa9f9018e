"""The events desk."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from events.models import Event
from psg.library.admin.fields import PictureFieldsMixin
from psg.publishing.admin import PublishableAdmin, StatusFilter


@admin.register(Event)
class EventAdmin(PictureFieldsMixin, PublishableAdmin):
    """Events."""

    list_display = ["title", "status_label", "starts_at", "venue_name", "is_cancelled"]
    list_filter = [StatusFilter, "is_cancelled"]
    date_hierarchy = "starts_at"
    search_fields = ["title", "summary", "body", "venue_name"]
    ordering = ["-starts_at"]
    prepopulated_fields = {"slug": ["title"]}
    fieldsets = [
        (None, {"fields": ["title", "slug", "summary", "body", "image"]}),
        ("When and where", {"fields": ["starts_at", "ends_at", "timezone", "venue_name", "venue_address"]}),
        ("Publication", {"fields": ["is_cancelled", "published_at"]}),
    ]

    def show_preview(self, request: HttpRequest, form) -> HttpResponse:
        """An event without times yet is shown as one that starts now."""
        event = form.instance
        event.starts_at = event.starts_at or timezone.now()
        event.ends_at = event.ends_at or event.starts_at
        return super().show_preview(request, form)
