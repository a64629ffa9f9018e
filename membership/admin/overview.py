"""Everything about one human, put together for one screen."""

from typing import Any

from django.conf import settings

from membership.models import Consent, Person, Term
from membership.standing import main_membership, open_applications, standing

CHANGES_SHOWN = 8


def overview(person: Person, user: Any) -> dict[str, Any]:
    """What the person page shows above its form. `person` comes with its standing."""
    own = main_membership(person)
    return {
        "person": person,
        "standing": standing(person),
        "membership": own,
        "grace_days": settings.MEMBERSHIP_GRACE_DAYS,
        "waiting": open_applications(person),
        "terms": _terms(person),
        "payments": person.payments.select_related("recorded_by", "term").prefetch_related("reversals"),
        "covers": own.cover_set.filter(until__isnull=True).select_related("person") if own else [],
        "household_room": own.plan.max_people > 1 if own else False,
        "covered_by": [cover.membership.person for cover in person.cover_set.all() if cover.until is None],
        "consents": Consent.objects.filter(person=person).latest(),
        "declarations": person.gift_aid_declarations.all(),
        "alike": Person.objects.alike(person),
        "merges": person.merges.select_related("by"),
        "changes": _changes(person),
        "may_record": user.has_perm("membership.add_payment"),
        "may_change": user.has_perm("membership.change_person"),
    }


def _terms(person: Person) -> list[Any]:
    """Every term of every membership, the newest first."""
    terms = Term.objects.filter(membership__person=person)
    return list(terms.select_related("membership", "price__plan", "payment").order_by("-starts_on"))


def _changes(person: Person) -> list[dict[str, Any]]:
    """The last saves: when, by whom, which columns."""
    saves = list(person.history.select_related("history_user")[: CHANGES_SHOWN + 1])
    names = [field.name for field in saves[0].tracked_fields] if saves else []
    changes = []
    for save, before in zip(saves, [*saves[1:], None], strict=True):
        changed = [name for name in names if before and _value(save, name) != _value(before, name)]
        changes.append(
            {
                "at": save.history_date,
                "by": save.history_user,
                "what": ", ".join(name.replace("_", " ") for name in changed) if before else "record made",
            }
        )
    return changes[:CHANGES_SHOWN]


def _value(save: Any, name: str) -> Any:
    return getattr(save, f"{name}_id") if name == "user" else getattr(save, name)
