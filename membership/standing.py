"""What a person is to us today, in a word and a date, for lists and pages of staff."""

from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from membership.models import Application, CheckoutState, Membership, Person, Status, SubscriptionStatus

ON_ITS_WAY = "Payment on its way"
RUNNING = {Status.ACTIVE, Status.LEAVING, Status.PAST_DUE}


@dataclass(frozen=True)
class Standing:
    """`code` is a Status, or one of those below; `label` says it; `until` is the last day paid for.

    Members: "covered" by a household, "renewing" (in grace, the renewal is on its way). Not members: "pending" (a form
    waits for payment), "on_its_way" (it is paid, and the bank takes its days), "nobody".
    """

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
    if own is not None and status == Status.PAST_DUE and _renewal_is_under_way(person):
        return Standing("renewing", ON_ITS_WAY, own, own.paid_until)
    if own is not None and status in RUNNING:
        label = "Life member" if own.is_for_life and status == Status.ACTIVE else status.label
        return Standing(status.value, label, own, own.paid_until)
    for cover in person.cover_set.all():
        in_force = cover.since <= on and (cover.until is None or cover.until >= on)
        if in_force and cover.membership.status_on(on) in RUNNING:
            through = f"through {cover.membership.person}"
            return Standing("covered", "Household member", own, cover.membership.paid_until, through)
    waiting = open_applications(person)
    if any(is_on_its_way(application) for application in waiting):
        return Standing("on_its_way", ON_ITS_WAY, own, own.paid_until if own else None)
    if waiting:
        return Standing("pending", "Waiting for payment", own, own.paid_until if own else None)
    if own is None or status == Status.NONE:
        return Standing("nobody", "Not a member", own)
    return Standing(status.value, status.label, own, own.paid_until)


def _renewal_is_under_way(person: Person) -> bool:
    """As `PersonQuerySet.on_its_way` asks it: a new period has begun at Stripe, and nothing has failed."""
    now = timezone.now()
    return any(
        subscription.status == SubscriptionStatus.ACTIVE
        and subscription.cancel_at is None
        and not subscription.unpaid_invoice_id
        and subscription.period_ends_at > now
        for membership in person.memberships.all()
        for subscription in membership.subscriptions.all()
    )


def is_on_its_way(application: Application) -> bool:
    """Whether it was paid and the bank takes its days."""
    return any(checkout.state == CheckoutState.PENDING for checkout in application.checkouts.all())


def main_membership(person: Person) -> Membership | None:
    """Of several memberships (only a merge or a mistake makes two) the one that runs longest."""
    return max(person.memberships.all(), key=lambda membership: membership.reach, default=None)


def open_applications(person: Person) -> list[Application]:
    """What waits for payment."""
    return [application for application in person.applications.all() if application.is_open]
