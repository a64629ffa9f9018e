"""Events, for visitors."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, Max
from django.db.models.functions import Greatest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import http_date
from django.utils.text import slugify

from events import calendar, timetable
from events.models import Event
from events.structured_data import event_json_ld
from psg.library.in_text import pictures_in
from psg.library.models import Document
from psg.publishing.views import Preview, gone
from psg.weave import card_png

# Past events on the first page of the list; all of them are found by year.
LATEST_PAST = 12
# How long an event stays in the feed once it is over: calendars forget what a feed forgets.
KEPT_IN_FEED = timedelta(days=400)


def event_list(request: HttpRequest) -> HttpResponse:
    """What is coming, and what was lately; with `?year=`, all past events of that year."""
    years = Event.objects.past().years()
    asked = request.GET.get("year", "")
    if asked and asked not in map(str, years):
        raise Http404("There were no events in that year.")
    events = Event.objects.select_related("venue").defer("body")
    if asked:
        past = events.past().in_year(int(asked))
        context: dict[str, Any] = {
            "year": int(asked),
            "canonical_url": f"{settings.SITE_URL}{request.path}?year={asked}",
        }
    else:
        past = events.past()[:LATEST_PAST]
        context = {"upcoming": events.upcoming()}
    return render(request, "events/event_list.html", {"past": past, "years": years, **context})


def _found(slug: str) -> Event:
    """An event that visitors see, or saw. Raises Http404."""
    found = get_object_or_404(Event.objects.select_related("image", "venue"), slug=slug)
    if not (found.is_public or found.is_withdrawn):
        raise Http404
    return found


def event(request: HttpRequest, slug: str) -> HttpResponse:
    """One event. A cancelled one stays; one that was withdrawn is gone (410)."""
    found = _found(slug)
    return gone(request) if found.is_withdrawn else show_event(request, found)


def card(request: HttpRequest, slug: str) -> HttpResponse:
    """The picture that other sites show beside a link to an event that has none."""
    found = get_object_or_404(Event.objects.public(), slug=slug)
    response = HttpResponse(
        card_png(found.title, date_format(found.first_day, "j F Y"), found.slug), content_type="image/png"
    )
    response["Cache-Control"] = "public, max-age=86400"
    return response


def show_event(
    request: HttpRequest,
    event: Event,
    *,
    preview: Preview | None = None,
    parts: list[timetable.Part] | None = None,
    documents: list[Document] | None = None,
) -> HttpResponse:
    """Render an event as visitors see it. `parts` and `documents` are those of a form; without, the saved ones."""
    event.slug = event.slug or slugify(event.title) or "untitled"  # of a preview
    saved = event.pk is not None
    if parts is None:
        parts = timetable.parts_of(event) if saved else []
    if documents is None:
        documents = list(event.documents.for_list().order_by("title")) if saved else []
    programme = timetable.programme(parts)
    url = settings.SITE_URL + event.get_absolute_url()
    path = event.image.card_url if event.image else reverse("events:card", args=[event.slug])
    image = path if path.startswith("http") else settings.SITE_URL + path
    context = {
        "event": event,
        "programme": programme,
        "documents": documents,
        "pictures": pictures_in(event.body),
        "google_link": calendar.google_link(event),
        "outlook_link": calendar.outlook_link(event),
        "preview": preview,
        "canonical_url": url,
        "og_image_url": image,
        "og_image_alt": event.image.alt_text if event.image else event.title,
        "json_ld": event_json_ld(event, url=url, image=image, speakers=programme.speakers),
    }
    return render(request, "events/event_detail.html", context)


# --- For calendars -------------------------------------------------------------------------------------------------


def calendar_file(request: HttpRequest, slug: str) -> HttpResponse:
    """One event as a calendar file; a cancelled one says so."""
    found = _found(slug)
    if found.is_withdrawn:
        return gone(request)
    changed = found.updated_at if found.published_at is None else max(found.updated_at, found.published_at)
    response = _ics(calendar.as_file(found), changed)
    response["Content-Disposition"] = f'attachment; filename="{found.slug}.ics"'
    return response


def calendar_feed(request: HttpRequest) -> HttpResponse:
    """Everything to come, and what was within the last year or so: cancelled and postponed events as such."""
    since = timezone.now() - KEPT_IN_FEED
    events = Event.objects.public().select_related("venue").filter(ends_at__gte=since).order_by("starts_at", "pk")
    # Of all that ever was public: what left the feed changed it too.
    ever = Event.objects.filter(first_public_at__lte=timezone.now())
    changed = ever.aggregate(at=Max(Greatest(F("updated_at"), F("first_public_at"))))["at"]
    return _ics(calendar.as_feed(events), changed)


def _ics(content: bytes, changed: datetime | None) -> HttpResponse:
    """The calendar, the same for everybody. The middleware gives it its ETag and answers 304 to who has it already."""
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response["Cache-Control"] = "public, max-age=300"
    if changed is not None:
        response["Last-Modified"] = http_date(changed.timestamp())
    return response
