"""Things to look at: what the site noticed and a human settles."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import F
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime

from membership.actions import concerns
from membership.models import Concern
from psg.backoffice.reading import ReadOnly


class SettledFilter(admin.SimpleListFilter):
    """What is open comes first; the rest on demand."""

    title = "state"
    parameter_name = "state"
    STATES: ClassVar[Any] = [("open", "Open"), ("settled", "Settled"), ("all", "All")]

    def lookups(self, request, model_admin):
        return self.STATES

    def choices(self, changelist):
        """Without a choice: what is open."""
        for value, label in self.STATES:
            query = changelist.get_query_string({self.parameter_name: value})
            yield {"selected": (self.value() or "open") == value, "query_string": query, "display": label}

    def queryset(self, request, queryset):
        chosen = self.value() or "open"
        return queryset if chosen == "all" else queryset.filter(settled_at__isnull=chosen == "open")


@admin.register(Concern)
class ConcernAdmin(ReadOnly, admin.ModelAdmin):
    """To be read and settled; nothing is written here by hand."""

    list_display = ["what", "person_link", "noticed"]
    list_display_links = ["what"]
    list_filter = [SettledFilter, "kind"]
    list_select_related = ["person", "settled_by"]
    list_per_page = 50
    show_full_result_count = False
    ordering = [F("settled_at").asc(nulls_first=True), "-created_at", "-pk"]
    actions = ["settle"]
    fields: ClassVar[Any] = ["kind", "person_link", "text", "about", "created_at", "settled"]
    readonly_fields = fields

    class Media:
        css = {"all": ["css/desk.css", "css/membership-desk.css"]}

    @admin.display(description="what")
    def what(self, concern: Concern) -> str:
        return format_html('{}<small class="desk-below">{}</small>', concern.get_kind_display(), concern.text)

    @admin.display(description="person")
    def person_link(self, concern: Concern) -> str:
        if concern.person is None:
            return "-"
        address = reverse("admin:membership_person_change", args=[concern.person.pk])
        return format_html('<a href="{}">{}</a>', address, concern.person.name)

    @admin.display(description="noticed", ordering="created_at")
    def noticed(self, concern: Concern) -> str:
        day = date_format(localtime(concern.created_at), "j M Y")
        settled = f"settled {self.settled(concern)}" if concern.settled_at else "open"
        return format_html('{}<small class="desk-below">{}</small>', day, settled)

    @admin.display(description="settled")
    def settled(self, concern: Concern) -> str:
        if concern.settled_at is None:
            return "open"
        return f"{date_format(localtime(concern.settled_at), 'j M Y')}, {concern.settled_by or 'somebody'}"

    @admin.action(description="Settle what is ticked", permissions=["settle"])
    def settle(self, request: HttpRequest, queryset: Any) -> None:
        """Somebody has looked at them."""
        found = list(queryset.open())
        for concern in found:
            concerns.settle(concern, by=request.user)
        messages.success(request, f"{len(found)} settled." if found else "They were settled before.")

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("membership.change_concern")
