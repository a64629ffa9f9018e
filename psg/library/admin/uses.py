"""Where a picture or a document is used, how its file is replaced, and why it may not be deleted yet."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import ProtectedError, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, path, reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime

from psg.library import uses
from psg.library.replacing import ReplacementRefused


class UsedFilter(admin.SimpleListFilter):
    """Used somewhere, or nowhere."""

    title = "use"
    parameter_name = "used"

    def lookups(self, request, model_admin):
        return [("yes", "Used"), ("no", "Not used anywhere")]

    def queryset(self, request, queryset):
        if self.value() == "yes":
            return queryset.filter(use_count__gt=0)
        return queryset.filter(use_count=0) if self.value() == "no" else queryset


class ReplaceForm(forms.Form):
    """A new file for the same address, and which file its sender had before them."""

    file = forms.FileField(label="New file", widget=forms.FileInput)
    seen = forms.CharField(widget=forms.HiddenInput, required=False)


class LibraryAdmin(admin.ModelAdmin):
    """What the desks of pictures and of documents share.

    `replacement_form` checks the new file; `replace_file` puts it in the old one's place.
    """

    change_form_template = "admin/library/change_form.html"
    delete_confirmation_template = "admin/library/delete_confirmation.html"
    delete_selected_confirmation_template = "admin/library/delete_selected_confirmation.html"
    replacement_form: type[ReplaceForm] = ReplaceForm

    def replace_file(self, request: HttpRequest, obj: Any, form: ReplaceForm) -> None:
        """Put the checked file of a valid form in the place of the old one. Raises ReplacementRefused."""
        raise NotImplementedError

    def has_replace_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may delete: a new file changes published pages, as deleting would."""
        return self.has_change_permission(request, obj) and self.has_delete_permission(request, obj)

    # --- Lists -------------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        found = super().get_queryset(request)
        match = request.resolver_match
        return uses.with_use_count(found) if match and (match.url_name or "").endswith("_changelist") else found

    def get_list_display(self, request: HttpRequest) -> Any:
        return [*super().get_list_display(request), "use_count"]

    def get_list_filter(self, request: HttpRequest) -> Any:
        return [UsedFilter, *super().get_list_filter(request)]

    @admin.display(description="added", ordering="created_at")
    def added(self, obj: Any) -> str:
        """The day it came, in London."""
        return date_format(localtime(obj.created_at), "j M Y")

    @admin.display(description="uses", ordering="use_count")
    def use_count(self, obj: Any) -> str:
        """In how many places it is used."""
        return str(obj.use_count or "–")

    # --- Where it is used ----------------------------------------------------------------------------------------

    def uses_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """What the template `admin/library/uses.html` shows."""
        found = uses.where_used(obj)
        return {"uses": found, "use_rows": [_row(request, place) for place in found.places]}

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        """With the uses, and the form for a new file."""
        if obj is not None and obj.pk:
            context |= self.uses_context(request, obj)
            if self.has_replace_permission(request, obj):
                context |= {
                    "replace_form": self.replacement_form(initial={"seen": obj.sha256}),
                    "replace_url": self._replace_url(obj),
                }
        return super().render_change_form(request, context, add, change, form_url, obj)

    # --- A new file ----------------------------------------------------------------------------------------------

    def _replace_url(self, obj: Any) -> str:
        return reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_replace", args=[obj.pk])

    def get_urls(self):
        options = self.model._meta
        view = self.admin_site.admin_view(self.replace_view)
        name = f"{options.app_label}_{options.model_name}_replace"
        return [path("<path:object_id>/replace/", view, name=name), *super().get_urls()]

    def replace_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """“Replace the file”: the form by itself, again with what is wrong, or back to the changed thing."""
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            raise Http404
        if not self.has_replace_permission(request, obj):
            raise PermissionDenied
        posted = request.method == "POST"
        form = self.replacement_form(
            request.POST if posted else None, request.FILES if posted else None, initial={"seen": obj.sha256}
        )
        if form.is_valid():
            try:
                self.replace_file(request, obj, form)
            except ReplacementRefused as refused:
                form.add_error("file", refused.message)
                obj.refresh_from_db()
                form.data = {"seen": obj.sha256}  # the next try is made knowing what is there now
            else:
                messages.success(request, f"“{obj}” has its new file. Its address is the same.")
                return HttpResponseRedirect(reverse(_admin_name(obj, "change"), args=[obj.pk]))
        context = {
            **self.admin_site.each_context(request),
            **self.uses_context(request, obj),
            "title": "Replace the file",
            "subtitle": str(obj),
            "opts": obj._meta,
            "original": obj,
            "replace_form": form,
            "replace_url": self._replace_url(obj),
            "media": self.media,
        }
        return TemplateResponse(request, "admin/library/replace.html", context)

    # --- Deleting ------------------------------------------------------------------------------------------------

    def get_deleted_objects(self, objs: Any, request: HttpRequest):
        """What is used is protected: by a field always, in a text until the tick is set."""
        deleted, counts, lacking, _ = super().get_deleted_objects(objs, request)
        if len(objs) == 1 and "leave_gaps" in request.POST:
            used = [obj for obj in objs if uses.where_used(obj).holds]
        else:
            rows = self.model._default_manager.filter(pk__in=[obj.pk for obj in objs])
            used = list(uses.with_use_count(rows).filter(use_count__gt=0))
        return deleted, counts, lacking, [str(obj) for obj in used]

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None):
        """The stock confirmation with the uses, each with a link, and a tick where texts would show a gap."""
        obj = self.get_object(request, unquote(object_id))
        context = dict(extra_context or {})
        if obj is not None:
            context |= self.uses_context(request, obj)
            context["tick_missing"] = request.method == "POST"
            if not context["uses"].holds:
                context["title"] = f"Delete this {obj._meta.verbose_name}?"
        try:
            return super().delete_view(request, object_id, context)
        except ProtectedError:  # it has come into use since the page was made
            return HttpResponseRedirect(request.path)


def _admin_name(obj: models.Model, view: str) -> str:
    return f"admin:{obj._meta.app_label}_{obj._meta.model_name}_{view}"


def _row(request: HttpRequest, place: uses.Place) -> dict[str, Any]:
    """One line of the list. Whoever may not see a thing learns that it is there, not what it is called."""
    options = place.target._meta
    kind = str(options.verbose_name)
    seen = any(request.user.has_perm(f"{options.app_label}.{verb}_{options.model_name}") for verb in ("view", "change"))
    try:
        url = reverse(_admin_name(place.target, "change"), args=[place.target.pk]) if seen else ""
    except NoReverseMatch:
        url = ""
    return {
        "kind": kind[:1].upper() + kind[1:],
        "title": str(place.target) if seen else "(not yours to see)",
        "url": url,
        "where": place.field or "in the text",
        "status": getattr(place.target, "status", None) if place.status else None,
    }
