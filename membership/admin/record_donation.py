"""Record a donation: who gave it, then what. Also the money of one that was promised on the site."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from membership.actions import ledger, payments, recording_gifts
from membership.admin.donation_forms import ExpectedForm, GiftForm
from membership.admin.forms import month_is_closed
from membership.admin.pages import ADD_DONATION, needs, page
from membership.models import Donation, Payment, Person
from membership.money import pounds

FOUND_SHOWN = 20


@needs(ADD_DONATION)
def record(request: HttpRequest) -> HttpResponse:
    """By the address: the money of a donation that waits, a gift of somebody known or new; else who it is from."""
    if "donation" in request.GET:
        return _expected(request, get_object_or_404(Donation, pk=_number(request.GET["donation"])))
    if "person" in request.GET:
        return _gift(request, get_object_or_404(Person, pk=_number(request.GET["person"])))
    if "new" in request.GET:
        return _gift(request, None)
    return _who(request)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def _who(request: HttpRequest) -> HttpResponse:
    """Find the giver, or say that they are new."""
    asked = request.GET.get("q", "").strip()
    found = list(Person.objects.search(asked).order_by("sort_name", "pk")[: FOUND_SHOWN + 1]) if asked else []
    return page(
        request,
        "donation/who",
        "Record a donation: who gave it?",
        about=Donation,
        asked=asked,
        found=found[:FOUND_SHOWN],
        more=len(found) > FOUND_SHOWN,
    )


def _gift(request: HttpRequest, person: Person | None) -> HttpResponse:
    """A gift that nobody had announced."""
    form = GiftForm(request.POST or None, person=person)
    if request.method == "POST" and form.is_valid():
        try:
            payment = recording_gifts.record(
                token=form.cleaned_data["token"],
                gift=form.gift(),
                money=form.money(),
                by=request.user,
                person=person,
                last_seen=form.cleaned_data["last_seen"] if person else None,
            )
        except payments.RecordedMeanwhile as meanwhile:
            form.tell_of(meanwhile.payment)
        except ledger.MonthClosed as closed:
            form.add_error("received_on", month_is_closed(closed.month))
        except Person.DoesNotExist:
            raise Http404("The record was merged a moment ago.") from None
        else:
            return _done(request, payment)
    title = f"Record a donation: {person}" if person else "Record a donation of somebody new"
    return page(request, "donation/record", title, about=Donation, form=form, giver=person)


def _expected(request: HttpRequest, donation: Donation) -> HttpResponse:
    """The money of a donation that was promised on the site."""
    form = ExpectedForm(request.POST or None, donation=donation)
    if request.method == "GET" and not donation.is_open:
        messages.warning(
            request, f"{donation.reference} does not wait for money any more: {donation.get_state_display().lower()}."
        )
        return to_donation(donation.pk)
    if request.method == "POST" and form.is_valid():
        try:
            payment = recording_gifts.record_for(donation, money=form.money(), by=request.user)
        except recording_gifts.AlreadyGiven as given:
            messages.warning(request, f"{given.payment} is recorded for this donation already. Nothing was added.")
            return to_donation(donation.pk)
        except ledger.MonthClosed as closed:
            form.add_error("received_on", month_is_closed(closed.month))
        else:
            return _done(request, payment)
    title = f"Record a donation: {donation}"
    return page(request, "donation/record", title, about=Donation, form=form, donation=donation)


def _done(request: HttpRequest, payment: Payment) -> HttpResponse:
    donation: Any = payment.donation
    for_what = f" for “{donation.appeal}”" if donation.appeal else ""
    messages.success(request, f"{pounds(payment.gross_pence)} of {payment.person} recorded{for_what}.")
    return to_donation(donation.pk)


def to_donation(number: int) -> HttpResponse:
    """The donation's own page."""
    return redirect(reverse("admin:membership_donation_change", args=[number]))
