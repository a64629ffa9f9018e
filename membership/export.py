"""Everything that we hold about one person, as plain data. It asks Django which tables refer to people, so that tables
made later are in it by themselves."""

from collections.abc import Iterable
from typing import Any

from allauth.account.models import EmailAddress
from django.db import models
from django.utils import timezone

from membership.models import Person, Plan, Price
from psg.models import User

# Means of getting in, and columns made out of others. That somebody of our staff wrote a row is about them.
LEFT_OUT = {"secret", "confirm_secret", "token", "key", "identity", "search_text", "sort_name", "url", "unpaid_url"}
# How to call what a row refers to, and what must be fetched for it.
CALLED = {Plan: "", Price: "plan"}


def everything_about(person: Person) -> dict[str, Any]:
    """The record, what refers to it, what refers to that, and so on; the sign-in account; earlier versions of each."""
    found: dict[str, list[dict[str, Any]]] = {}
    seen: dict[type[models.Model], set[Any]] = {}
    _collect([person], found, seen)
    account = person.user
    return {
        "about": person.name,
        "made_at": timezone.now(),
        "records": found,
        "sign_in_account": _account(account) if account else None,
    }


def _account(account: User) -> dict[str, Any]:
    addresses = EmailAddress.objects.filter(user=account).values_list("email", flat=True)
    return {
        "email": account.email,
        "name": account.name,
        "made_at": account.date_joined,
        "last_signed_in_at": account.last_login,
        "addresses": list(addresses),
    }


def _collect(rows: Iterable[models.Model], found: dict[str, Any], seen: dict[type[models.Model], set[Any]]) -> None:
    """Keep these rows, and go on to what refers to them. Rows are of one table."""
    rows = list(rows)
    if not rows:
        return
    model = type(rows[0])
    fresh = [row for row in rows if row.pk not in seen.setdefault(model, set())]
    if not fresh:
        return
    keys = [row.pk for row in fresh]
    seen[model].update(keys)
    name = str(model._meta.verbose_name_plural)
    found.setdefault(name, []).extend(_values(row) for row in fresh)
    if hasattr(model, "history"):
        earlier = model.history.filter(**{f"{model._meta.pk.name}__in": keys}).order_by("history_date")
        found.setdefault(f"{name}, as saved", []).extend(_values(row) for row in earlier)
    for relation in model._meta.related_objects:
        if relation.many_to_many or relation.related_model is User:
            continue  # tables in between are relations of their own
        follow = relation.related_model._base_manager.filter(**{f"{relation.field.name}__in": keys})
        _collect(follow.select_related(*_to_be_called(relation.related_model)).order_by("pk"), found, seen)


def _to_be_called(model: Any) -> list[str]:
    return [
        f"{field.name}__{CALLED[field.related_model]}".removesuffix("__")
        for field in model._meta.concrete_fields
        if field.related_model in CALLED
    ]


def _values(row: models.Model) -> dict[str, Any]:
    """Column by column; what it refers to by name where that says something, else by number."""
    values: dict[str, Any] = {}
    for field in row._meta.concrete_fields:
        if field.name in LEFT_OUT or field.related_model is User or field.name.startswith("history_user"):
            continue
        is_history = field.name.startswith("history_") or hasattr(row, "history_id")
        called = field.related_model in CALLED and not is_history
        values[field.name] = str(getattr(row, field.name)) if called else getattr(row, field.attname)
    return values
