"""What one person paid and got back, to be printed, or as a file."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from membership import ledger
from membership.admin.ledger import VIEW, SpanForm
from membership.admin.ledger_files import csv_file, pounds_of
from membership.admin.pages import needs, page
from membership.models import Payment, Person

HEADINGS = ["Day", "Purpose", "Plan", "Method", "Reference or reason", "In", "Out", "Running total"]


@needs(VIEW)
def statement(request: HttpRequest, pk: int) -> HttpResponse:
    """Every row of one person in a span of days, with a running total."""
    person = get_object_or_404(Person, pk=pk)
    form = SpanForm(request.GET)
    days = form.cleaned_data if form.is_valid() else {}
    # Who may not open the person's page gets no way back to it.
    may_open = request.user.has_perm("membership.view_person")
    return page(
        request,
        "ledger/statement",
        f"Statement: {person}",
        person if may_open else None,
        about=Payment,
        form=form,
        whose=person,
        no_plan=ledger.NO_PLAN,
        statement=ledger.statement(person, **days),
    )


@needs(VIEW)
def statement_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The same as CSV."""
    person = get_object_or_404(Person, pk=pk)
    form = SpanForm(request.GET)
    if not form.is_valid():
        messages.error(request, "No file was made: these are not two days in order.")
        return redirect("admin:membership_statement", pk)
    return csv_file(f"statement-{person.pk}", _table(ledger.statement(person, **form.cleaned_data)))


def _table(found: ledger.Statement) -> Iterator[list[Any]]:
    yield HEADINGS
    if found.first:
        yield [found.first, "Carried forward", "", "", "", "", "", pounds_of(found.before_pence)]
    for row in found.rows:
        pence = row.gross_pence
        yield [
            row.received_on,
            row.get_purpose_display(),
            row.plan_name,  # type: ignore[attr-defined]
            row.get_method_display(),
            row.reason or row.bank_reference,
            pounds_of(pence) if pence > 0 else "",
            pounds_of(-pence) if pence < 0 else "",
            pounds_of(row.running_pence),  # type: ignore[attr-defined]
        ]
