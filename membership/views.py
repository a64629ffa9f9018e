"""Membership, for visitors."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from membership.reasons import REASONS


def why_join(request: HttpRequest) -> HttpResponse:
    """What membership is for."""
    return render(request, "membership/why_join.html", {"reasons": REASONS})
