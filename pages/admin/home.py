"""The home page's panels: their order, and what each says."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.views.decorators.http import require_POST

from pages import home, views
from pages.admin.home_forms import ArrangeForm, HomePanelForm, PlaceFormSet
from pages.models import HomePanel
from psg import home as register
from psg.publishing.actions import EditConflict
from psg.publishing.views import Preview, as_preview


def timing(panel: HomePanel) -> str:
    """What the clock does to a panel that is ticked as shown; empty if nothing."""
    now = timezone.now()
    if panel.shown_until and panel.shown_until <= now:
        return f"Over since {date_format(localtime(panel.shown_until), 'j F Y, H:i')}"
    if panel.shown_from and panel.shown_from > now:
        return f"From {date_format(localtime(panel.shown_from), 'j F Y, H:i')}"
    if panel.shown_until:
        return f"Until {date_format(localtime(panel.shown_until), 'j F Y, H:i')}"
    return ""


def _places(rows: list[HomePanel]) -> list[dict[str, Any]]:
    return [{"name": row.name, "position": row.position, "is_shown": row.is_shown} for row in rows]


@admin.register(HomePanel)
class HomePanelAdmin(admin.ModelAdmin):
    """One page to arrange the panels; one form for what a panel says."""

    form = HomePanelForm
    change_form_template = "admin/pages/homepanel/change_form.html"

    class Media:
        css = {"all": ["css/desk.css", "css/arrange.css"]}
        js = [forms.Script("js/arrange-rows.js", type="module")]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: HomePanel | None = None) -> bool:
        return False

    # --- All of them -----------------------------------------------------------------------------------------

    @transaction.atomic
    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The panels in their order, each with a tick."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        may_change = self.has_change_permission(request)
        rows = home.registered()
        if request.method == "POST":
            if not may_change:
                raise PermissionDenied
            form, places = ArrangeForm(request.POST), self._posted_places(request, rows)
            if form.is_valid() and places.is_valid() and self._arrange(request, form, places):
                return HttpResponseRedirect(request.path)
        else:
            form = ArrangeForm(initial={"seen": home.arrangement(rows)})
            places = PlaceFormSet(initial=_places(rows))
        context = {
            **self.admin_site.each_context(request),
            "title": "Home page",
            "opts": self.model._meta,
            "media": self.media,
            "form": form,
            "places": places,
            "lines": self._lines(rows, places),
            "may_change": may_change,
        }
        return TemplateResponse(request, "admin/pages/homepanel/arrange.html", context)

    def _posted_places(self, request: HttpRequest, rows: list[HomePanel]) -> Any:
        return PlaceFormSet(request.POST, initial=_places(rows))

    def _lines(self, rows: list[HomePanel], places: Any) -> list[dict[str, Any]]:
        """Each form with the panel that it is about; as it was posted, if it was."""
        by_name, offered, lines = {row.name: row for row in rows}, register.panels(), []
        for place in places:
            if row := by_name.get(place["name"].value()):
                panel = offered[row.name]
                place.name_for_readers(panel.title)
                lines.append({"row": row, "panel": panel, "place": place, "timing": timing(row)})
        return lines

    def _arrange(self, request: HttpRequest, form: ArrangeForm, places: Any) -> bool:
        try:
            changed = home.arrange(places.places(), seen=form.cleaned_data["seen"], by=request.user)
        except EditConflict as conflict:
            form.tell(conflict, now=home.arrangement(home.registered()))
            return False
        words = "The home page is arranged as you see it." if changed else "Nothing was changed."
        self.message_user(request, words, messages.SUCCESS)
        return True

    # --- One of them -----------------------------------------------------------------------------------------

    def get_fields(self, request: HttpRequest, obj: HomePanel | None = None) -> Any:
        """Only what the panel uses."""
        panel = register.panels().get(obj.name) if obj else None
        fields = ["is_shown", *(name.removesuffix("_id") for name in (panel.offers if panel else []))]
        return [*fields, "seen_version"] if self.has_change_permission(request, obj) else fields

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> HomePanel | None:
        """A panel that no app offers any more has no form."""
        found = super().get_object(request, object_id, from_field)
        return found if found and found.name in register.panels() else None

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        """With the panel's own name and what it shows."""
        if obj:
            panel = register.panels()[obj.name]
            context |= {
                "title": panel.title,
                "subtitle": "Home page",
                "panel": panel,
                "preview_url": reverse("admin:pages_homepanel_preview_panel", args=[obj.pk]),
            }
        return super().render_change_form(request, context, add, change, form_url, obj)

    # --- Previews --------------------------------------------------------------------------------------------

    def get_urls(self):
        """The stock addresses, and those of previews."""
        wrap = self.admin_site.admin_view
        order, panel = wrap(require_POST(self.preview_order)), wrap(require_POST(self.preview_panel))
        return [
            path("preview/", order, name="pages_homepanel_preview"),
            path("<path:object_id>/preview/", panel, name="pages_homepanel_preview_panel"),
            *super().get_urls(),
        ]

    def preview_order(self, request: HttpRequest) -> HttpResponse:
        """The home page in the order of the form. Saves nothing."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        rows = home.registered()
        places = self._posted_places(request, rows)
        wanted = {place.name: place for place in places.places()} if places.is_valid() else {}
        for row in rows:
            if place := wanted.get(row.name):
                row.position, row.is_shown = place.position, place.is_shown
        shown = sorted((row for row in rows if row.is_public), key=lambda row: row.position)
        return as_preview(views.show_home(request, rows=shown, preview=Preview()))

    def preview_panel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The home page with this panel as the form has it, shown whatever its tick and its dates say."""
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            raise Http404
        if not self.has_change_permission(request, obj):
            raise PermissionDenied
        form = cast(HomePanelForm, self.get_form(request, obj, change=True)(request.POST, instance=obj))
        form.is_preview = True
        form.is_valid()  # what is valid is on the instance now; what is not keeps its old value
        others = list(HomePanel.objects.shown().exclude(pk=obj.pk))
        rows = sorted([*others, obj], key=lambda row: (row.position, row.pk))
        return as_preview(views.show_home(request, rows=rows, preview=Preview()))
