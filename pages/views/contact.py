"""The contact form, the page after it, and the sender's copy."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_http_methods, require_safe

from pages.contact import actions, guard
from pages.forms.contact import ContactForm
from pages.models import Page
from psg.publishing.views import as_preview

# The page of the tree that says how else to reach the charity.
OTHER_WAYS = "about/contact"


# Only by the visitor's own browser: whoever goes back finds the same form with what was typed.
@cache_control(private=True, max_age=0, must_revalidate=True)
@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: HttpRequest) -> HttpResponse:
    """The form. What a robot sends is not kept, and answered as if it were, so that it does not try another way."""
    form = ContactForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _show(request, form)
    if form.is_robot:
        return redirect("contact_thanks")
    try:
        actions.receive(token=form.token, network=guard.network_of(request), **form.cleaned_data)
    except actions.TooManyMessages as limit:
        return _come_back_later(request, form, limit.until)
    return redirect("contact_thanks")


def _come_back_later(request: HttpRequest, form: ContactForm, until: datetime) -> HttpResponse:
    """429 with the form as it was typed, and the time from which it is taken."""
    at = date_format(timezone.localtime(until), "H:i")
    form.add_error(
        None,
        _("Several messages came from you in the last hour, and that is all that we can take at once. ")
        + _("Nothing is lost as long as this page is open: please send it again after %(time)s.") % {"time": at},
    )
    response = _show(request, form)
    response.status_code = 429
    response["Retry-After"] = str(max(1, int((until - timezone.now()).total_seconds()) + 1))
    return response


def _show(request: HttpRequest, form: ContactForm) -> HttpResponse:
    other_ways = Page.objects.public().filter(path=OTHER_WAYS).only("title", "summary", "path").first()
    return render(request, "pages/contact.html", {"form": form, "other_ways": other_ways})


@require_safe
def contact_thanks(request: HttpRequest) -> HttpResponse:
    """What happens next. Loading it again sends nothing."""
    return render(request, "pages/contact_thanks.html")


@never_cache
@require_safe
def contact_copy(request: HttpRequest, token: str) -> HttpResponse:
    """The sender's copy, for whoever has the link from the mail. Looking at it changes nothing, so scanners may."""
    message = actions.copy_for(token)
    response = render(request, "pages/contact_copy.html", {"message": message}, status=200 if message else 410)
    return as_preview(response)
