"""What only development has: every mail that the site sent, at /dev/mail/. It takes the place of `psg.urls`."""

from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse

from psg import mail
from psg.urls import urlpatterns as public_urlpatterns


def mail_list(request: HttpRequest) -> HttpResponse:
    """Every mail that the site sent from this machine, newest first."""
    messages = [{"id": file.stem, **_headers(file)} for file in mail.stored_messages()[:200]]
    return render(request, "dev/mail_list.html", {"messages_": messages})


def _stored(name: str) -> Path:
    for file in mail.stored_messages():
        if file.stem == name:
            return file
    raise Http404("There is no such mail.")


def _headers(file: Path) -> dict[str, str]:
    message = mail.read_stored(file)
    return {name: str(message[name] or "") for name in ("subject", "from", "to", "date")}


def mail_detail(request: HttpRequest, name: str) -> HttpResponse:
    """One mail as text, with its HTML part in a frame."""
    file = _stored(name)
    message = mail.read_stored(file)
    text, html = message.get_body(["plain"]), message.get_body(["html"])
    context = {
        **_headers(file),
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


urlpatterns = [
    path("dev/mail/", mail_list, name="dev_mail"),
    path("dev/mail/<slug:name>/", mail_detail, name="dev_mail_detail"),
    path("dev/mail/<slug:name>/html/", mail_html, name="dev_mail_html"),
    *public_urlpatterns,
]
