"""Events, for visitors."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from events.models import Event
from psg.library.in_text import pictures_in
from psg.publishing.views import Preview, gone


def event_list(request: HttpRequest) -> HttpResponse:
    """What is coming, and what was."""
    context = {"upcoming": Event.objects.upcoming(), "past": Event.objects.past()[:50]}
    return render(request, "events/event_list.html", context)


def event(request: HttpRequest, slug: str) -> HttpResponse:
    """One event."""
    found = get_object_or_404(Event.objects.select_related("image"), slug=slug)
    if found.is_withdrawn:
        return gone(request)
    if not found.is_public:
        raise Http404
    return show_event(request, found)


def show_event(request: HttpRequest, event: Event, *, preview: Preview | None = None) -> HttpResponse:
    """Render an event as visitors see it."""
    context = {"event": event, "pictures": pictures_in(event.body), "preview": preview}
    return render(request, "events/event_detail.html", context)
