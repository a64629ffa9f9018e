"""Two records that are one human become one. Nothing is lost: rows move, and what the dropped record held is kept."""

import json
from collections import Counter
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from membership.dates import ONE_DAY
from membership.models import Cover, MergeRecord, Person
from membership.models.details import DETAIL_FIELDS

# Columns that staff choose between; everything else of the kept record stays, and of the other goes to the trace.
CHOOSABLE = ["kind", *DETAIL_FIELDS, "language"]


class MergeRefused(Exception):
    """The two cannot become one; the message says why, for staff."""


@transaction.atomic
def merge(*, keep: Person, drop: Person, chosen: dict[str, str], by: Any) -> MergeRecord:
    """Move everything that refers to `drop` to `keep`, and delete `drop`. Raises MergeRefused.

    `chosen` names, for each column of CHOOSABLE that should come from the dropped record, "drop".
    """
    both = Person.objects.select_for_update().filter(pk__in=[keep.pk, drop.pk]).order_by("pk")
    rows = {person.pk: person for person in both}
    if len(rows) != 2:
        raise MergeRefused("One of the two records is gone: they were merged a moment ago.")
    keep, drop = rows[keep.pk], rows[drop.pk]
    held = _snapshot(drop)
    moved = Counter(_settle_covers(keep, drop))
    moved.update(_settle_account(keep, drop))
    moved.update(_move_all(keep, drop))
    number = drop.pk
    _combine(keep, drop, chosen)
    return MergeRecord.objects.create(kept=keep, dropped_id=number, dropped=held, moved=dict(moved), by=by)


def _snapshot(person: Person) -> dict[str, Any]:
    """Every column of the record, as JSON."""
    values = {field.attname: getattr(person, field.attname) for field in person._meta.concrete_fields}
    return json.loads(json.dumps(values, cls=DjangoJSONEncoder))


def _settle_covers(keep: Person, drop: Person) -> dict[str, int]:
    """Rule for households: nobody is covered twice by one membership, nor by their own. The older cover stays."""
    doubled = Cover.objects.filter(person=drop, until__isnull=True).filter(
        models.Q(membership__in=keep.cover_set.filter(until__isnull=True).values("membership"))
        | models.Q(membership__person__in=[keep, drop])
    )
    own = Cover.objects.filter(person=keep, membership__person=drop, until__isnull=True)
    over = [cover.pk for cover in [*doubled, *own]]
    Cover.objects.filter(pk__in=over).update(until=timezone.localdate() - ONE_DAY)
    return {"covers ended": len(over)} if over else {}


def _settle_account(keep: Person, drop: Person) -> dict[str, int]:
    """Rule for sign-in accounts: one goes over to a record that has none; two are refused."""
    if drop.user_id is None:
        return {}
    if keep.user_id is not None:
        raise MergeRefused("Both can sign in. Decide first which of the two accounts stays.")
    user, drop.user = drop.user, None
    drop.save()
    keep.user = user
    return {"sign-in account": 1}


def _move_all(keep: Person, drop: Person) -> Counter[str]:
    """Whatever table refers to people, now or later: its rows follow. A table that refuses ends the merge."""
    moved: Counter[str] = Counter()
    for relation in Person._meta.related_objects:
        if relation.many_to_many:
            continue  # through tables are relations of their own
        model, column = relation.related_model, relation.field.name
        try:
            with transaction.atomic():
                number = model._base_manager.filter(**{column: drop}).update(**{column: keep})
        except IntegrityError as error:
            name = model._meta.verbose_name_plural
            raise MergeRefused(f"Both have {name} of which there can be only one. Settle that first.") from error
        if number:
            moved[str(model._meta.verbose_name_plural)] += number
    return moved


def _combine(keep: Person, drop: Person, chosen: dict[str, str]) -> None:
    """Take the chosen columns, then let the dropped record go: its verified address is free only after that."""
    verified = {each.email: each.email_verified_at for each in (drop, keep) if each.email_verified_at}
    taken = {name: getattr(drop, name) for name in CHOOSABLE if chosen.get(name) == "drop"}
    drop.delete()
    for name, value in taken.items():
        setattr(keep, name, value)
    keep.email_verified_at = verified.get(keep.email)
    keep.notes = "\n\n".join(note for note in (keep.notes, drop.notes) if note)
    keep.do_not_contact = keep.do_not_contact or drop.do_not_contact
    keep.created_at = min(keep.created_at, drop.created_at)
    keep.save()
