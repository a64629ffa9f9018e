"""The roll of a general meeting, to be printed, or as a file."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from membership.admin.forms import date_input
from membership.admin.ledger import FIRST_YEAR, VIEW
from membership.admin.ledger_files import csv_file
from membership.admin.pages import in_words, needs, page
from membership.models import Payment
from membership.roll import Voter, roll

HEADINGS = ["Name", "Membership", "Through", "Cast by", "Person number"]


class DayForm(forms.Form):
    """The day of the meeting."""

    on = forms.DateField(label="On", widget=date_input())

    def clean_on(self) -> date:
        day = self.cleaned_data["on"]
        if not FIRST_YEAR <= day.year <= timezone.localdate().year + 1:
            raise forms.ValidationError("Give the day of a meeting, at most a year from now.")
        return day


def _asked(request: HttpRequest) -> tuple[DayForm, date | None]:
    """The form, and the day: today unless another was asked for; None for what is no day."""
    today = timezone.localdate()
    form = DayForm(request.GET if "on" in request.GET else {"on": today})
    return form, form.cleaned_data["on"] if form.is_valid() else None


@needs(VIEW)
def roll_page(request: HttpRequest) -> HttpResponse:
    """Who could vote on a day."""
    form, day = _asked(request)
    title = f"Who could vote on {in_words(day)}" if day else "Who could vote"
    voters = roll(day) if day else []
    is_open = day is not None and day >= timezone.localdate()
    return page(request, "ledger/roll", title, about=Payment, form=form, day=day, voters=voters, is_open=is_open)


@needs(VIEW)
def roll_file(request: HttpRequest) -> HttpResponse:
    """The same as CSV."""
    _, day = _asked(request)
    if day is None:
        messages.error(request, "No file was made: give the day of the meeting.")
        return redirect("admin:membership_roll")
    return csv_file(f"roll-{day:%Y-%m-%d}", _table(roll(day)))


def _table(voters: list[Voter]) -> Iterator[list[Any]]:
    yield HEADINGS
    for voter in voters:
        yield [voter.person.name, voter.plan, voter.through, voter.contact, voter.person.pk]
