"""Membership, for visitors."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from psg import home


def why_join(request: HttpRequest) -> HttpResponse:
    """What membership is for: the reasons are those of the home page, so that staff write them once."""
    return render(request, "membership/why_join.html", {"reasons": home.settings_of("why_join").lines})
