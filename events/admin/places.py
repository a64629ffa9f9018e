"""Venues and speakers, kept once for all events."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from events import actions
from events.models import Room, Speaker, Venue
from psg.library.admin.fields import PictureFieldsMixin


class RoomInline(admin.TabularInline):
    """Rooms. Those named in a programme come here by themselves."""

    model = Room
    extra = 1
    fields = ["name", "position"]


@admin.register(Venue)
class VenueAdmin(admin.ModelAdmin):
    """Venues."""

    list_display = ["name", "address", "postcode"]
    search_fields = ["name", "address", "postcode"]
    inlines = [RoomInline]
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    show_full_result_count = False

    class Media:
        css = {"all": ["css/desk.css"]}

    def save_model(self, request: HttpRequest, obj: Venue, form: Any, change: bool) -> None:
        actions.save_venue(obj)


@admin.register(Speaker)
class SpeakerAdmin(PictureFieldsMixin, admin.ModelAdmin):
    """Speakers."""

    list_display = ["name", "role", "organisation"]
    search_fields = ["name", "organisation"]
    fields = ["name", "role", "organisation", "bio", "picture"]
    show_full_result_count = False

    class Media:
        css = {"all": ["css/desk.css"]}

    def save_model(self, request: HttpRequest, obj: Speaker, form: Any, change: bool) -> None:
        actions.save_speaker(obj)
