"""Old addresses at the desk: one by one, and as a file."""

import csv
import dataclasses
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe

from psg.backoffice.exports import defused
from psg.publishing import csv_file, redirect_import, redirects
from psg.publishing.csv_file import MAX_ROWS, Row
from psg.publishing.models import Redirect

SHOWN_FOR = timedelta(days=1)  # how long a dry run can be confirmed


class UploadForm(forms.Form):
    """A file of redirects. Cleaned, it is its contents."""

    file = forms.FileField(
        label="CSV file",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv"}),
        error_messages={"required": "Choose a file.", "empty": "The file is empty."},
    )

    def clean_file(self) -> csv_file.Contents:
        uploaded = self.cleaned_data["file"]
        try:
            return csv_file.read(uploaded.read(csv_file.MAX_BYTES + 1))
        except csv_file.UnreadableFile as error:
            raise forms.ValidationError(str(error)) from error


class RedirectForm(forms.ModelForm):
    """Says beside the field what is wrong with an address; the rules are those of `psg.publishing.redirects`."""

    class Meta:
        model = Redirect
        fields = ["old_path", "new_path"]

    def clean_old_path(self) -> str:
        return redirects.normalised(self.cleaned_data["old_path"])

    def clean_new_path(self) -> str:
        return redirects.checked_target(self.cleaned_data["new_path"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        old, new = cleaned.get("old_path"), cleaned.get("new_path")
        if old and new and redirects.final_target(new) == old:
            self.add_error("new_path", redirects.RedirectLoop(old))
        return cleaned


@admin.register(Redirect)
class RedirectAdmin(admin.ModelAdmin):
    """Old addresses: those that moves left behind, and staff's own, one by one or as a file."""

    change_list_template = "admin/publishing/redirect_list.html"
    form = RedirectForm
    list_display = ["old_path", "new_path", "hits", "last_hit_at", "is_automatic"]
    list_filter = ["is_automatic"]
    search_fields = ["old_path", "new_path"]
    readonly_fields = ["hits", "last_hit_at", "is_automatic"]

    def get_fields(self, request: HttpRequest, obj: Redirect | None = None) -> Any:
        """A new one has nothing to tell yet."""
        return ["old_path", "new_path", *(self.readonly_fields if obj else [])]

    def save_model(self, request: HttpRequest, obj: Redirect, form, change: bool) -> None:
        """As a move would: chains are flattened."""
        if change:
            Redirect.objects.filter(pk=obj.pk).exclude(old_path=obj.old_path).delete()
        obj.pk = redirects.add(obj.old_path, obj.new_path, by=request.user).pk

    # --- As a file -----------------------------------------------------------------------------------------------

    def get_urls(self):
        """The stock addresses, and those of files."""
        wrap = self.admin_site.admin_view
        return [
            path("import/", wrap(self.import_view), name="publishing_redirect_import"),
            path("export/", wrap(require_safe(self.export_view)), name="publishing_redirect_export"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context=None) -> HttpResponse:
        """Who may add and change may import."""
        return super().changelist_view(request, {"may_import": self._may_import(request)} | (extra_context or {}))

    def _may_import(self, request: HttpRequest) -> bool:
        return self.has_add_permission(request) and self.has_change_permission(request)

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """First a file and what it would do; then, if that is what somebody wants, exactly that."""
        if not self._may_import(request):
            raise PermissionDenied
        if request.method != "POST":
            return self._show_import(request, UploadForm())
        if "_confirm" in request.POST:
            return self._confirm(request)
        form = UploadForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._show_import(request, form)
        contents = form.cleaned_data["file"]
        return self._show_import(request, form, contents.rows, redirect_import.plan(contents.rows), contents.notes)

    def _confirm(self, request: HttpRequest) -> HttpResponse:
        """Do what was shown. What was shown comes back signed, so it is neither another file nor somebody else's."""
        try:
            shown = self._signer(request).unsign_object(request.POST.get("shown", ""), max_age=SHOWN_FOR)
        except BadSignature:
            messages.warning(request, "That was too long ago. Please choose the file again; nothing has been changed.")
            return redirect("admin:publishing_redirect_import")
        rows = [Row(*cells) for cells in shown["rows"]]
        try:
            done = redirect_import.carry_out(rows, fingerprint=shown["fingerprint"], by=request.user)
        except redirect_import.TableChanged as changed:
            messages.warning(
                request, "Redirects were changed after this was shown to you. Nothing was imported; please look again."
            )
            return self._show_import(request, UploadForm(), rows, changed.plan)
        self._log_import(request, done)
        totals = done.totals
        messages.success(request, f"Imported: {totals['ADD']:,} added, {totals['CHANGE']:,} changed.")
        return redirect("admin:publishing_redirect_changelist")

    def _log_import(self, request: HttpRequest, done: redirect_import.Plan) -> None:
        """Each redirect's history says where it came from."""
        touched = Redirect.objects.filter(old_path__in=done.added.keys() | done.changed.keys())
        LogEntry.objects.log_actions(request.user.pk, touched, CHANGE, "Imported from a file.")  # type: ignore[arg-type]

    @staticmethod
    def _signer(request: HttpRequest) -> TimestampSigner:
        return TimestampSigner(salt=f"redirect-import-{request.user.pk}")

    def _show_import(self, request: HttpRequest, form, rows=(), plan=None, notes=()) -> HttpResponse:
        shown = {"rows": [dataclasses.astuple(row) for row in rows], "fingerprint": plan.fingerprint} if plan else None
        context = {
            **self.admin_site.each_context(request),
            "title": "Import redirects",
            "opts": self.model._meta,
            "form": form,
            "plan": plan,
            "notes": notes,
            "shown": self._signer(request).sign_object(shown, compress=True) if shown else "",
            "max_rows": MAX_ROWS,
        }
        return TemplateResponse(request, "admin/publishing/redirect_import.html", context)

    def export_view(self, request: HttpRequest) -> HttpResponse:
        """The list as it is filtered, as a file that can be imported again."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="redirects-{timezone.localdate():%Y-%m-%d}.csv"'
        response.write("\ufeff")  # without it Excel takes the file for Windows-1252
        writer = csv.writer(response)
        writer.writerow(["old address", "new address", "followed", "last followed", "left by itself"])
        for each in self.get_changelist_instance(request).get_queryset(request).iterator():
            last = timezone.localtime(each.last_hit_at).strftime("%Y-%m-%d %H:%M") if each.last_hit_at else ""
            row = [each.old_path, each.new_path, each.hits, last, "yes" if each.is_automatic else "no"]
            writer.writerow([defused(cell) for cell in row])
        return response
