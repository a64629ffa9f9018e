"""What a person is to us today, in a word and a date, for lists and pages of staff."""

from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from membership.models import Application, Membership, Person, Status

RUNNING = {Status.ACTIVE, Status.LEAVING, Status.PAST_DUE}


@dataclass(frozen=True)
class Standing:
    """`code` is a Status, "covered", "pending" or "nobody"; `label` says it; `until` is the last day paid for."""

    code: str
    label: str
    membership: Membership | None = None
    until: date | None = None
    through: str = ""


def standing(person: Person, on: date | None = None) -> Standing:
    """From what `PersonQuerySet.with_standing` fetched; it agrees with `PersonQuerySet.members`."""
    on = on or timezone.localdate()
    own = main_membership(person)
    status = own.status_on(on) if own else Status.NONE
    if own is not None and status in RUNNING:
        label = "Life member" if own.is_for_life and status == Status.ACTIVE else status.label
        return Standing(status.value, label, own, own.paid_until)
    for cover in person.cover_set.all():
        in_force = cover.since <= on and (cover.until is None or cover.until >= on)
        if in_force and cover.membership.status_on(on) in RUNNING:
            through = f"through {cover.membership.person}"
            return Standing("covered", "Household member", own, cover.membership.paid_until, through)
    if any(application.is_open for application in person.applications.all()):
        return Standing("pending", "Waiting for payment", own, own.paid_until if own else None)
    if own is None or status == Status.NONE:
        return Standing("nobody", "Not a member", own)
    return Standing(status.value, status.label, own, own.paid_until)


def main_membership(person: Person) -> Membership | None:
    """Of several memberships (only a merge or a mistake makes two) the one that runs longest."""
    return max(person.memberships.all(), key=lambda membership: membership.reach, default=None)


def open_applications(person: Person) -> list[Application]:
    """What waits for payment."""
    return [application for application in person.applications.all() if application.is_open]
