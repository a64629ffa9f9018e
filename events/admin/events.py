"""Events: written, published, called off and made again from last year's."""

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html

from events import actions, views
from events.admin import steps
from events.admin.forms import EventForm
from events.admin.programme import ProgrammeFormSet, SessionInline
from events.models import Event, Outlook
from psg.library.admin.fields import PictureFieldsMixin
from psg.publishing.admin import PublishableAdmin, StatusFilter
from psg.publishing.views import Preview, as_preview


class WhenFilter(admin.SimpleListFilter):
    """To come, or over."""

    title = "time"
    parameter_name = "time"

    def lookups(self, request, model_admin):
        return [("coming", "To come"), ("over", "Over")]

    def queryset(self, request, queryset):
        if self.value() == "coming":
            return queryset.filter(ends_at__gte=timezone.now())
        return queryset.filter(ends_at__lt=timezone.now()) if self.value() == "over" else queryset


@admin.register(Event)
class EventAdmin(PictureFieldsMixin, PublishableAdmin):
    """Events with their programmes."""

    form = EventForm
    change_form_template = "admin/events/change_form.html"
    list_display = ["title", "status_label", "starts", "venue"]
    list_filter = [StatusFilter, WhenFilter, "outlook"]
    list_select_related = ["venue"]
    date_hierarchy = "starts_at"
    search_fields = ["title", "summary", "body"]
    ordering = ["-starts_at", "-pk"]
    prepopulated_fields = {"slug": ["title"]}
    autocomplete_fields = ["venue", "documents"]
    inlines = [SessionInline]
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    fieldsets = [
        (None, {"fields": ["title", "slug", "summary", "body", "image"]}),
        ("When", {"fields": ["starts_at", "ends_at", "doors", "is_all_day", "timezone"]}),
        ("Where and how", {"fields": ["venue", "attending"]}),
        ("Papers and recording", {"fields": ["documents", "recording_url"]}),
        ("Publication", {"fields": ["published_at"]}),
    ]

    class Media:
        css = {"all": ["css/desk-events.css"]}

    # --- The list --------------------------------------------------------------------------------------------------

    @admin.display(description="status", ordering="state")
    def status_label(self, event: Event) -> str:  # type: ignore[override]
        """With a mark on what does not take place as planned."""
        label = super().status_label(event)
        if event.outlook == Outlook.PLANNED:
            return label
        return format_html('{} <span class="status status-withdrawn">{}</span>', label, event.get_outlook_display())

    @admin.display(description="starts", ordering="starts_at")
    def starts(self, event: Event) -> str:
        """On the clock of the place, named where that is not London."""
        at = date_format(event.local_start.replace(tzinfo=None), "D j M Y" if event.is_all_day else "D j M Y, H:i")
        return at if event.timezone == "Europe/London" else f"{at} ({event.zone_name})"

    @admin.display(description="doors open")
    def doors(self, event: Event) -> str:
        """For who may only look."""
        return f"{event.local_doors:%H:%M}" if event.local_doors else ""

    # --- The form --------------------------------------------------------------------------------------------------

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        """With the steps that are more than a field."""
        saved = obj is not None and obj.pk is not None
        context |= {
            "is_saved": saved,
            "may_copy": saved and self.has_add_permission(request),
            "has_programme": saved and obj.sessions.exists(),
        }
        return super().render_change_form(request, context, add, change, form_url, obj)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The programme is written after the event: the search reads it then."""
        super().save_related(request, form, formsets, change)
        actions.programme_written(form.instance)
        for programme in (each for each in formsets if isinstance(each, ProgrammeFormSet)):
            for sentence in programme.in_two_places():
                messages.warning(request, sentence)

    def show_preview(self, request: HttpRequest, form: Any) -> HttpResponse:
        """With the programme and papers of the form. An event without times yet is shown as one that starts now."""
        event = form.instance
        event.starts_at = event.starts_at or timezone.now()
        event.ends_at = event.ends_at or event.starts_at + timedelta(hours=1)
        programme = self._programme(request, event)
        programme.is_valid()
        documents = form.cleaned_data.get("documents")
        return as_preview(
            views.show_event(
                request,
                event,
                preview=Preview(),
                parts=programme.parts(),
                documents=list(documents.for_list().order_by("title")) if documents is not None else [],
            )
        )

    def _programme(self, request: HttpRequest, event: Event) -> ProgrammeFormSet:
        formsets, _inlines = self._create_formsets(request, event, change=event.pk is not None)
        return next(each for each in formsets if isinstance(each, ProgrammeFormSet))

    # --- Steps -----------------------------------------------------------------------------------------------------

    def get_urls(self):
        """The stock addresses, and those of the steps."""
        wrap = self.admin_site.admin_view

        def step(view: Any) -> Any:
            return wrap(lambda request, object_id: view(self, request, object_id))

        return [
            path("<path:object_id>/outlook/", step(steps.outlook), name="events_event_outlook"),
            path("<path:object_id>/copy/", step(steps.copy), name="events_event_copy"),
            path("<path:object_id>/programme/", step(steps.copy_programme), name="events_event_programme"),
            *super().get_urls(),
        ]
