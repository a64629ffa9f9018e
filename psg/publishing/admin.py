"""The editors' desk for everything publishable: one form, four buttons, no surprise."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.views.decorators.http import require_POST
from simple_history.admin import SimpleHistoryAdmin

from psg import search
from psg.publishing import actions as publishing
from psg.publishing import views
from psg.publishing.models import Publishable, State, Status
from psg.richtext import RichTextAdminMixin


class VersionedForm(forms.ModelForm):
    """A form that knows which version it was opened on, and never saves over a newer one unseen."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    is_preview = False  # a preview saves nothing, so it conflicts with nobody
    advice = ""  # what to do about a conflict

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            # From the table, not the instance: the form may hold an old revision that is to be restored.
            current = type(self.instance)._default_manager.filter(pk=self.instance.pk)
            self.initial["seen_version"] = current.values_list("version", flat=True).first()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.instance.pk and not self.is_preview:
            self._refuse_conflict(cleaned.get("seen_version"))
        return cleaned

    def lock(self, seen_version: int | None) -> None:
        """Lock the row until the transaction ends and take the next version; raises EditConflict."""
        publishing.lock_version(self.instance, seen_version=seen_version)

    def _refuse_conflict(self, seen_version: int | None) -> None:
        try:
            self.lock(seen_version)
        except publishing.EditConflict as conflict:
            # The next save is made knowing this, so it goes through.
            data = cast(QueryDict, self.data).copy()
            data[self.add_prefix("seen_version")] = str(conflict.version)
            self.data = data
            at = date_format(localtime(conflict.at), "j F, H:i")
            what = f"{conflict.by or 'Somebody else'} saved this at {at}, after you had opened it."
            self.add_error(None, f"{what} {self.advice}")


class PublishableForm(VersionedForm):
    """The form of something publishable."""

    advice = (
        "Nothing is lost: your text is below, theirs is in the history. "
        "Compare the two, then save again to put yours in its place."
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.instance.pk and not self.is_preview:
            self.instance.take_turn()  # what is checked from here on is still true when it is saved
        if self.instance.state == State.PUBLISHED and "published_at" in cleaned and not cleaned["published_at"]:
            self.add_error("published_at", "It is published, so it needs a time. To take it back, use “Withdraw”.")
        return cleaned

    def _save_m2m(self) -> None:
        """Django writes topics and the like after the object itself, in every admin view through here."""
        super()._save_m2m()  # type: ignore[misc]
        publishing.relations_written(self.instance)


class StatusFilter(admin.SimpleListFilter):
    """Draft, scheduled, published, withdrawn."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request, model_admin):
        return Status.choices

    def queryset(self, request, queryset):
        return queryset.with_status(self.value()) if self.value() in Status.values else queryset


class PublishableAdmin(RichTextAdminMixin, SimpleHistoryAdmin):
    """Saving, publishing, withdrawing, previewing. What happens is in `psg.publishing.actions`."""

    form = PublishableForm
    change_form_template = "admin/publishing/change_form.html"
    actions = ["publish_selected", "withdraw_selected"]
    save_on_top = False
    list_per_page = 50
    show_full_result_count = False

    class Media:
        css = {"all": ["css/desk.css"]}

    # --- Who may ---------------------------------------------------------------------------------------------

    def has_publish_permission(self, request: HttpRequest) -> bool:
        """Whether the user may publish things of this kind."""
        return publishing.may_publish(request.user, self.model)

    def has_change_permission(self, request: HttpRequest, obj: Publishable | None = None) -> bool:
        """Whoever may not publish works on drafts only."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or obj.state == State.DRAFT or self.has_publish_permission(request))

    def has_delete_permission(self, request: HttpRequest, obj: Publishable | None = None) -> bool:
        """What was public is withdrawn, not deleted: its address should say so."""
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or obj.first_public_at is None)

    def get_actions(self, request: HttpRequest):
        """No bulk deletion: it would pass by the rule above."""
        found = super().get_actions(request)
        found.pop("delete_selected", None)
        return found

    # --- Lists -----------------------------------------------------------------------------------------------

    @admin.display(description="status", ordering="state")
    def status_label(self, obj: Publishable) -> str:
        """The status in words, coloured by the stylesheet."""
        return format_html('<span class="status status-{}">{}</span>', obj.status.value, obj.status.label)

    @admin.display(description="published", ordering="published_at")
    def publication(self, obj: Publishable) -> str:
        """Its time, on the London clock."""
        return date_format(localtime(obj.published_at), "j M Y, H:i") if obj.published_at else ""

    @admin.action(description="Publish selected", permissions=["publish"])
    def publish_selected(self, request: HttpRequest, queryset) -> None:
        """Publish each now, or at the time it carries."""
        done = publishing.change_each(queryset, publishing.publish, by=request.user)
        self.message_user(request, f"{done} published or scheduled.", messages.SUCCESS)

    @admin.action(description="Withdraw selected", permissions=["publish"])
    def withdraw_selected(self, request: HttpRequest, queryset) -> None:
        """Take each back."""
        published = queryset.filter(state=State.PUBLISHED)
        done = publishing.change_each(published, publishing.withdraw, by=request.user)
        self.message_user(request, f"{done} withdrawn.", messages.SUCCESS)

    def get_search_results(self, request: HttpRequest, queryset, search_term: str):
        """Through the site's own index, drafts included: stems, accents, typos as for readers, and beginnings."""
        if not search_term.strip():
            return queryset, False
        return queryset.filter(pk__in=search.matching_ids(self.model, search_term)), False

    # --- The form --------------------------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj=None):
        """The fieldsets of the app, with the hidden version at the end."""
        fieldsets = [(name, dict(options)) for name, options in super().get_fieldsets(request, obj)]
        if self.has_change_permission(request, obj):
            name, options = fieldsets[-1]
            fieldsets[-1] = (name, options | {"fields": [*options["fields"], "seen_version"]})
        return fieldsets

    def save_model(self, request: HttpRequest, obj: Publishable, form, change: bool) -> None:
        """The button pressed says what happens."""
        if "_publish" in request.POST:
            publishing.publish(obj, by=request.user)
        elif "_withdraw" in request.POST:
            publishing.withdraw(obj, by=request.user)
        else:
            publishing.save(obj)
        publishing.close_form(obj, user=request.user)

    def delete_model(self, request: HttpRequest, obj: Publishable) -> None:
        publishing.delete(obj)

    @transaction.atomic
    def history_form_view(self, request: HttpRequest, object_id, version_id, extra_context=None):
        """An old revision, to be restored: by who may change what it is now, under the same lock as any other edit."""
        if request.method == "POST":
            self._editable(request, object_id)  # the revision may be of a draft, and readers see it today
        return super().history_form_view(request, object_id, version_id, extra_context)

    def get_view_on_site_url(self, obj: Publishable | None = None) -> str | None:
        """Only what the public sees has a page to view."""
        return obj.get_absolute_url() if obj is not None and obj.pk and obj.is_public else None

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        """Tell the template which buttons make sense."""
        may_edit = self.has_change_permission(request, obj) if change else self.has_add_permission(request)
        context |= {
            "status": obj.status if obj else None,
            "may_edit": may_edit,
            "may_publish": self.has_publish_permission(request),
            "preview_url": self._url("preview", obj.pk if obj and obj.pk else None),
            "preview_links_url": self._url("preview_links", obj.pk) if obj and obj.pk else None,
        }
        return super().render_change_form(request, context, add, change, form_url, obj)

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context=None):
        """Warn whoever opens what somebody else has open."""
        obj = self.get_object(request, unquote(object_id))
        if request.method == "GET" and obj is not None and self.has_change_permission(request, obj):
            for other in publishing.note_open_form(obj, user=request.user):
                since = date_format(localtime(other.seen_at), "H:i")
                messages.warning(request, f"{other.user} opened this at {since} and may be changing it too.")
        return super().change_view(request, object_id, form_url, extra_context)

    def _response(self, request: HttpRequest, obj: Publishable, usual) -> HttpResponse:
        """The usual answer, with a message that says what readers see now."""
        response = usual(request, obj)
        if "_publish" in request.POST or "_withdraw" in request.POST:
            list(messages.get_messages(request))  # ours says more than the stock one
            self.message_user(request, self._outcome(obj), messages.SUCCESS)
        return response

    def _outcome(self, obj: Publishable) -> str:
        if obj.status == Status.PUBLISHED:
            return format_html('“{}” is public now. <a href="{}">See it on the site</a>', obj, obj.get_absolute_url())
        if obj.status == Status.SCHEDULED:
            at = date_format(localtime(obj.published_at), "l j F Y, H:i")
            return f"“{obj}” is scheduled: it appears by itself on {at}, London time."
        return f"“{obj}” is withdrawn." if obj.is_withdrawn else f"“{obj}” is a draft again."

    def response_add(self, request, obj, post_url_continue=None):
        return self._response(request, obj, super().response_add)

    def response_change(self, request, obj):
        return self._response(request, obj, super().response_change)

    # --- Preview ---------------------------------------------------------------------------------------------

    def _url(self, name: str, pk=None) -> str:
        options = self.model._meta
        full = f"admin:{options.app_label}_{options.model_name}_{name}" + ("" if pk else "_new")
        return reverse(full, args=[pk] if pk else [])

    def get_urls(self):
        """The stock addresses, and those of previews."""
        options = self.model._meta
        name = f"{options.app_label}_{options.model_name}"
        wrap = self.admin_site.admin_view
        return [
            path("preview/", wrap(require_POST(self.preview_view)), name=f"{name}_preview_new"),
            path("<path:object_id>/preview/", wrap(require_POST(self.preview_view)), name=f"{name}_preview"),
            path("<path:object_id>/preview-links/", wrap(self.preview_links_view), name=f"{name}_preview_links"),
            *super().get_urls(),
        ]

    def _editable(self, request: HttpRequest, object_id: str) -> Publishable:
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            raise Http404
        if not self.has_change_permission(request, obj):
            raise PermissionDenied
        return obj

    def preview_view(self, request: HttpRequest, object_id: str | None = None) -> HttpResponse:
        """What visitors would see if the form were saved as it is now. Saves nothing; takes unfinished forms."""
        obj = self._editable(request, object_id) if object_id else None
        if obj is None and not self.has_add_permission(request):
            raise PermissionDenied
        form = self.get_form(request, obj, change=obj is not None)(request.POST, request.FILES, instance=obj)
        form.is_preview = True
        form.is_valid()  # what is valid is on the instance now; what is not keeps its old value
        return self.show_preview(request, form)

    def show_preview(self, request: HttpRequest, form: forms.ModelForm) -> HttpResponse:
        """Render the form's unsaved object. Apps whose pages show relations pass those of the form."""
        return views.show(request, form.instance, views.Preview())

    def preview_links_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Secret addresses of the saved text: make one, see them, end them all."""
        obj = self._editable(request, object_id)
        if request.method == "POST":
            if "_revoke" in request.POST:
                publishing.revoke_preview_links(obj)
                self.message_user(request, "No preview link opens any more.", messages.SUCCESS)
            else:
                publishing.make_preview_link(obj, by=request.user)
            return HttpResponseRedirect(request.path)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Preview links of “{obj}”",
            "opts": self.model._meta,
            "original": obj,
            "links": publishing.live_preview_links(obj),
        }
        return TemplateResponse(request, "admin/publishing/preview_links.html", context)
