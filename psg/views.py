"""Pages that belong to no app: search, health, robots, account, and the development mailbox."""

from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import InvalidPage, Paginator
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control, never_cache

from psg import mail, search, weave

RESULTS_PER_PAGE = 20


def search_page(request: HttpRequest) -> HttpResponse:
    """Search everything public. The query stays in the address."""
    text = request.GET.get("q", "").strip()
    found = search.find(text)
    try:
        page = Paginator(found, RESULTS_PER_PAGE).page(request.GET.get("page", 1))
    except InvalidPage as error:
        raise Http404("There is no such page.") from error
    headlines = search.headlines(page.object_list, text)
    for entry in page.object_list:
        entry.excerpt = headlines.get(entry.pk, [])
    context = {"q": text[: search.MAX_QUERY], "page": page, "total": page.paginator.count}
    return render(request, "search/results.html", context)


@login_required
def account_home(request: HttpRequest) -> HttpResponse:
    """Where people land after signing in."""
    return render(request, "account/home.html")


@cache_control(public=True, max_age=31_536_000, immutable=True)
def woven_picture(request: HttpRequest, seed: str) -> HttpResponse:
    """The woven pattern that stands in for a picture: the same for the same seed, for ever."""
    response = HttpResponse(weave.field_svg(seed), content_type="image/svg+xml")
    response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response


@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """The database answers and its migrations are applied; 503 otherwise."""
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return HttpResponse("database away", status=503, content_type="text/plain")
    if waiting:
        return HttpResponse("migrations waiting", status=503, content_type="text/plain")
    return HttpResponse("ok", content_type="text/plain")


def robots(request: HttpRequest) -> HttpResponse:
    """What crawlers may read."""
    lines = [
        "User-agent: *",
        f"Disallow: {reverse('admin:index')}",
        "Disallow: /accounts/",
        "Disallow: /preview/",
        "Disallow: /search/",
        "",
        f"Sitemap: {settings.SITE_URL}{reverse('sitemap')}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain")


# --- The development mailbox (only in urls.py where DEBUG is on) -----------------------------------------------------


def mail_list(request: HttpRequest) -> HttpResponse:
    """Every mail that the site sent from this machine, newest first."""
    messages = [{"id": path.stem, **_headers(path)} for path in mail.stored_messages()[:200]]
    return render(request, "dev/mail_list.html", {"messages_": messages})


def _stored(name: str) -> Path:
    for path in mail.stored_messages():
        if path.stem == name:
            return path
    raise Http404("There is no such mail.")


def _headers(path: Path) -> dict[str, str]:
    message = mail.read_stored(path)
    return {name: str(message[name] or "") for name in ("subject", "from", "to", "date")}


def mail_detail(request: HttpRequest, name: str) -> HttpResponse:
    """One mail as text, with its HTML part in a frame."""
    path = _stored(name)
    message = mail.read_stored(path)
    text, html = message.get_body(["plain"]), message.get_body(["html"])
    context = {
        **_headers(path),
        "text": text.get_content() if text else "",
        "html_url": reverse("dev_mail_html", args=[name]) if html else None,
        "attachments": [part.get_filename() for part in message.iter_attachments()],
    }
    return render(request, "dev/mail_detail.html", {"mail": context})


def mail_html(request: HttpRequest, name: str) -> HttpResponse:
    """The HTML part alone, as a mail program would show it: no script, nothing fetched from elsewhere."""
    html = mail.read_stored(_stored(name)).get_body(["html"])
    if html is None:
        raise Http404("This mail has no HTML part.")
    response = HttpResponse(html.get_content())
    response["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'; sandbox"
    )
    response["X-Frame-Options"] = "SAMEORIGIN"
    return response
