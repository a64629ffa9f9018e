"""What the desk's own pages have in common: who may open them, how they look, where they lead."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import date_format

from membership.models import Person

RECORD = "membership.add_payment"
ADD_DONATION = "membership.add_donation"
CHANGE = "membership.change_person"
SETTLE = "membership.change_concern"
PRICES = "membership.add_price"
SEE_CLAIMS = "membership.view_claim"
CLAIM = "membership.add_claim"


def needs(permission: str) -> Callable:
    """Only for staff with the permission; 403 for others."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.has_perm(permission):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def page(
    request: HttpRequest,
    template: str,
    title: str,
    person: Person | None = None,
    about: type[Model] = Person,
    **context: Any,
) -> HttpResponse:
    """One of the desk's own pages, with what every page of the admin knows; below the list of what it is `about`."""
    everywhere = admin.site.each_context(request)
    context |= {"title": title, "opts": about._meta, "person": person}
    return TemplateResponse(request, f"admin/membership/{template}.html", everywhere | context)


def to_person(person: Person) -> HttpResponse:
    """Back to everything about them."""
    return redirect(reverse("admin:membership_person_change", args=[person.pk]))


def in_words(day: Any) -> str:
    """ "3 March 2027"."""
    return date_format(day, "j F Y")
