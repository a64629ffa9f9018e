"""The tree of pages."""

from django.contrib import admin

from pages.models import Page
from psg.library.admin.fields import PictureFieldsMixin
from psg.publishing.admin import PublishableAdmin, StatusFilter


@admin.register(Page)
class PageAdmin(PictureFieldsMixin, PublishableAdmin):
    """Static pages."""

    list_display = ["title", "path", "status_label", "updated_at"]
    list_filter = [StatusFilter]
    search_fields = ["title", "summary", "body"]
    ordering = ["path"]
    prepopulated_fields = {"slug": ["title"]}
    fieldsets = [
        (None, {"fields": ["title", "slug", "parent", "summary", "body"]}),
        ("Publication", {"fields": ["position", "published_at"]}),
    ]
