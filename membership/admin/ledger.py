"""The treasurer's pages: what came in a month, its closing, and files of its rows."""

import re
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from membership import ledger
from membership.actions import ledger as closing
from membership.admin.forms import ReasonForm, date_input
from membership.admin.ledger_files import csv_response, rows_of, xlsx_response
from membership.admin.pages import needs, page
from membership.admin.plot import plot
from membership.dates import ONE_DAY, months_later
from membership.models import ClosedMonth, Payment

VIEW = "membership.view_payment"
CLOSE = "membership.add_closedmonth"
REOPEN = "membership.delete_closedmonth"
FIRST_YEAR = 1983  # older money than the charity there is none
MONTH = re.compile(r"(?P<year>[0-9]{4})-(?P<month>0[1-9]|1[0-2])")


class SpanForm(forms.Form):
    """From one day to another, both included; either may be left out."""

    first = forms.DateField(label="From", required=False, widget=date_input())
    last = forms.DateField(label="To", required=False, widget=date_input())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and last < first:
            self.add_error("last", "This day is before the first.")
        return cleaned


def read_month(text: str) -> date | None:
    """The first day of a month written as 2026-10; None for anything else."""
    found = MONTH.fullmatch(text)
    if not found or not FIRST_YEAR <= int(found["year"]) <= timezone.localdate().year + 1:
        return None
    return date(int(found["year"]), int(found["month"]), 1)


def _month_or_404(text: str) -> date:
    found = read_month(text)
    if found is None:
        raise Http404("No such month.")
    return found


def to_month(month: date) -> str:
    """Where a month of the ledger is."""
    return f"{reverse('admin:membership_ledger')}?month={month:%Y-%m}"


@needs(VIEW)
def month_page(request: HttpRequest) -> HttpResponse:
    """One month in sums, and the two years around it."""
    this_month = timezone.localdate().replace(day=1)
    newest = ledger.last_month_with_rows() or this_month
    month = read_month(request.GET.get("month", "")) or newest
    rows = Payment.objects.booked_in(month)
    until = month if month > newest or months_later(month, ledger.MONTHS_SHOWN) <= newest else newest
    months = ledger.by_month(Payment.objects.all(), until=until)
    closed = {each.month: each for each in ClosedMonth.objects.select_related("closed_by")}
    last = months_later(month, 1) - ONE_DAY
    return page(
        request,
        "ledger/month",
        f"Ledger: {month:%B %Y}",
        about=Payment,
        month=month,
        before=months_later(month, -1),
        after=months_later(month, 1),
        total=ledger.total(rows),
        tables=[
            ("By method", "method__exact", ledger.by_method(rows)),
            ("By purpose", "purpose__exact", ledger.by_purpose(rows)),
            ("By plan", "", ledger.by_plan(rows)),
        ],
        appeals=ledger.by_appeal(rows),
        rows_address=_rows_address(month),
        months=[(each, each.key in closed) for each in reversed(months)],
        plot=plot(months, chosen=month),
        closed=closed.get(month),
        reopened=list(ClosedMonth.history.filter(month=month, history_type="-").select_related("history_user")),
        span=SpanForm(initial={"first": month, "last": last}),
        may_close=request.user.has_perm(CLOSE) and month < this_month,
        may_reopen=request.user.has_perm(REOPEN),
    )


def _rows_address(month: date) -> str:
    """The list of a month's rows."""
    until = months_later(month, 1)
    return f"{reverse('admin:membership_payment_changelist')}?booked_on__gte={month}&booked_on__lt={until}"


@needs(CLOSE)
def close(request: HttpRequest, month: str) -> HttpResponse:
    """Asks once, with the totals; then no row of that month is taken any more."""
    day = _month_or_404(month)
    if request.method == "POST":
        seen = request.POST.get("seen", "")
        try:
            closed = closing.close_month(day, by=request.user, seen=int(seen) if seen.isdecimal() else -1)
        except closing.NotOver as reason:
            messages.error(request, str(reason))
        except closing.Changed as changed:
            messages.warning(request, f"{changed} Look at the totals again; nothing was closed.")
            return redirect(request.path)
        else:
            messages.success(request, f"{closed} is closed. Further rows of that month are refused.")
        return redirect(to_month(day))
    total = ledger.total(Payment.objects.booked_in(day))
    before = ClosedMonth.objects.filter(month=day).first()
    return page(request, "ledger/close", f"Close {day:%B %Y}", about=Payment, month=day, total=total, closed=before)


@needs(REOPEN)
def reopen(request: HttpRequest, month: str) -> HttpResponse:
    """An Administrator opens a month again, and says why."""
    day = _month_or_404(month)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if closing.reopen_month(day, reason=form.cleaned_data["reason"], by=request.user):
            messages.success(request, f"{day:%B %Y} is open again. Close it when it is right.")
        else:
            messages.info(request, f"{day:%B %Y} is open. Nothing was changed.")
        return redirect(to_month(day))
    return page(request, "ledger/reopen", f"Open {day:%B %Y} again", about=Payment, month=day, form=form)


@needs(VIEW)
def rows_file(request: HttpRequest, kind: str) -> HttpResponse:
    """The rows of a span of days in the ledger, as CSV or for a spreadsheet."""
    form = SpanForm(request.GET)
    if not form.is_valid():
        messages.error(request, "No file was made: " + " ".join(str(each[0]) for each in form.errors.values()))
        return redirect("admin:membership_ledger")
    first, last = form.cleaned_data["first"], form.cleaned_data["last"]
    rows = rows_of(first, last)
    name = "-".join(["ledger", f"{first:%Y-%m-%d}" if first else "beginning", f"{last:%Y-%m-%d}" if last else "today"])
    return csv_response(name, rows) if kind == "csv" else xlsx_response(name, rows)
