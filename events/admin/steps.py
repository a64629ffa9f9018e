"""Steps with an event that are more than a field: calling it off, and making this year's from last year's."""

from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html

from events import actions
from events.admin.forms import CopyForm, CopyProgrammeForm, OutlookForm
from events.models import Event, Outlook


def _event(desk: Any, request: HttpRequest, object_id: str) -> Event:
    found = desk.get_object(request, unquote(object_id))
    if found is None:
        raise Http404
    return found


def _to(event: Event) -> HttpResponse:
    return redirect(reverse("admin:events_event_change", args=[event.pk]))


def _page(desk: Any, request: HttpRequest, name: str, title: str, event: Event, form: Form) -> HttpResponse:
    context = {
        **desk.admin_site.each_context(request),
        "title": title,
        "opts": Event._meta,
        "original": event,
        "form": form,
    }
    return TemplateResponse(request, f"admin/events/{name}.html", context)


def outlook(desk: Any, request: HttpRequest, object_id: str) -> HttpResponse:
    """Cancelled, postponed, or on after all. For who may publish: readers are told at once."""
    event = _event(desk, request, object_id)
    if not (desk.has_change_permission(request, event) and desk.has_publish_permission(request)):
        raise PermissionDenied
    form = OutlookForm(request.POST or None, initial={"outlook": event.outlook, "notice": event.notice})
    if form.is_valid():
        chosen = Outlook(form.cleaned_data["outlook"])
        if actions.set_outlook(event, outlook=chosen, notice=form.cleaned_data["notice"], by=request.user):
            desk.log_change(request, event, f"{chosen.label}. {form.cleaned_data['notice']}".strip())
        said = {
            Outlook.PLANNED: "“{}” takes place.",
            Outlook.POSTPONED: "“{}” is postponed. Once the new date is known, write it into the form, then say here "
            "that it takes place.",
            Outlook.CANCELLED: "“{}” is cancelled. Its page stays and says so.",
        }
        messages.success(request, format_html(said[chosen], event.title))
        return _to(event)
    return _page(desk, request, "outlook", "Does it take place?", event, form)


def copy(desk: Any, request: HttpRequest, object_id: str) -> HttpResponse:
    """This year's event, made from this one, as a draft."""
    event = _event(desk, request, object_id)
    if not (desk.has_view_permission(request, event) and desk.has_add_permission(request)):
        raise PermissionDenied
    form = CopyForm(request.POST or None, initial={"starts_on": actions.next_time(event)})
    if form.is_valid():
        try:
            made = actions.copy_event(event, **form.cleaned_data)
        except actions.CopyThere as there:
            messages.warning(request, f"“{there.event}” on that day is there already. This is it.")
            return _to(there.event)
        desk.log_addition(request, made, f"Made from “{event}” of {event.first_day:%Y}.")
        messages.success(request, f"A draft, made from “{event}” of {event.first_day:%Y}. Check every line of it.")
        return _to(made)
    return _page(desk, request, "copy", "Make a new event from this one", event, form)


def copy_programme(desk: Any, request: HttpRequest, object_id: str) -> HttpResponse:
    """Another event's programme, for one that has none."""
    event = _event(desk, request, object_id)
    if not desk.has_change_permission(request, event):
        raise PermissionDenied
    form = CopyProgrammeForm(request.POST or None, to=event)
    if form.is_valid():
        try:
            count = actions.copy_programme(to=event, **form.cleaned_data)
        except actions.ProgrammeThere:
            form.add_error(None, "This event has a programme already, and nothing is put over it. Delete it first.")
        else:
            source = form.cleaned_data["source"]
            desk.log_change(request, event, f"Programme copied from “{source}” of {source.first_day:%Y}.")
            messages.success(request, f"{count} sessions copied. Check that they fit between start and end.")
            return _to(event)
    return _page(desk, request, "programme_from", "Copy a programme", event, form)
