"""What happens to a membership between payments: cancel, resume, cover others."""

from datetime import date, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from membership import dates, mails
from membership.models import Cover, Interval, Membership, Person, Price


class HouseholdFull(Exception):
    """The plan covers no more people."""


class AlreadyForLife(Exception):
    """There is nothing to renew."""


def grace_end(ends_on: date | None) -> date | None:
    """The last day of grace after a term's last day; None for life."""
    return ends_on + timedelta(days=settings.MEMBERSHIP_GRACE_DAYS) if ends_on else None


def next_term(
    membership: Membership | None, price: Price, *, received_on: date, today: date
) -> tuple[date, date | None]:
    """First and last day that a payment of this price buys. The last is None for life.

    It goes on where the last term that stands ends if the money came while that still counted; after a gap it starts
    `today`.
    Raises AlreadyForLife.
    """
    start = today
    standing = [term for term in membership.counted_terms() if term.cut_on is None] if membership else []
    last = max(standing, key=lambda term: term.ends_on or date.max, default=None)
    if last is not None:
        if last.ends_on is None:
            raise AlreadyForLife
        if received_on <= (last.grace_until or last.ends_on) or start <= last.ends_on:
            start = last.ends_on + dates.ONE_DAY
    months = Interval(price.interval).months
    return start, dates.last_day(start, months) if months else None


@transaction.atomic
def cancel(membership: Membership, *, reason: str, on: date | None = None) -> Membership:
    """End it with what was paid: no grace, no reminder. Mails a confirmation. Cancelled twice is cancelled once.

    `on` is the London day on which they asked for it; without it, today.
    """
    membership = _locked(membership)
    if membership.cancelled_on:
        return membership
    today = on or timezone.localdate()
    membership.cancelled_on, membership.cancel_reason = today, reason[:200]
    membership.save()
    for term in membership.counted_terms():
        if term.ends_on and term.grace_until and term.grace_until >= today:
            term.grace_until = max(term.ends_on, today)
            term.save()
    mails.cancelled(membership)
    return membership


@transaction.atomic
def resume(membership: Membership) -> Membership:
    """Undo a cancellation: grace and reminders are back."""
    membership = _locked(membership)
    clear_cancellation(membership)
    last = membership.last_term
    if last is not None and last.ends_on is not None and last.cut_on is None:
        last.grace_until = grace_end(last.ends_on)
        last.save()
    return membership


def clear_cancellation(membership: Membership) -> None:
    """Forget, on the locked membership, that it was cancelled; the history remembers."""
    if membership.cancelled_on:
        membership.cancelled_on, membership.cancel_reason = None, ""
        membership.save()


@transaction.atomic
def cover(membership: Membership, *, person: Person) -> Cover:
    """Cover another person of the household from today. Raises HouseholdFull."""
    membership = _locked(membership)
    covered = membership.cover_set.filter(until__isnull=True)
    existing = covered.filter(person=person).first()
    if existing is not None:
        return existing
    if covered.count() >= membership.plan.max_people - 1:
        raise HouseholdFull(f"{membership.plan} covers {membership.plan.max_people} people.")
    return Cover.objects.create(membership=membership, person=person)


@transaction.atomic
def cover_by_name(membership: Membership, *, name: str) -> Cover:
    """Cover somebody of whom only the name is known: a record at the holder's address. Raises HouseholdFull."""
    holder = membership.person
    first, _, last = name.rpartition(" ")
    known = Person.objects.filter(cover_set__membership=membership, first_name=first, last_name=last).first()
    if known is not None:
        return cover(membership, person=known)
    address = {each: getattr(holder, each) for each in ADDRESS}
    person = Person.objects.create(first_name=first, last_name=last, language=holder.language, **address)
    return cover(membership, person=person)


ADDRESS = ["address_line1", "address_line2", "town", "postcode", "country"]


def trim_covers(membership: Membership, *, last_day: date) -> None:
    """After a change to a smaller plan: those it has no room for, the newest first, are covered until `last_day`.

    Never to a day before yesterday: who was covered on a day stays so, also if the money is recorded late.
    """
    last_day = max(last_day, timezone.localdate() - dates.ONE_DAY)
    room = membership.plan.max_people - 1
    covered = membership.cover_set.filter(until__isnull=True).order_by("since", "pk")
    over = [cover.pk for cover in covered[room:]]
    membership.cover_set.filter(pk__in=over).update(until=last_day)


@transaction.atomic
def uncover(cover: Cover) -> None:
    """Cover them no longer from tomorrow on."""
    Cover.objects.filter(pk=cover.pk, until__isnull=True).update(until=timezone.localdate())


def _locked(membership: Membership) -> Membership:
    locked = Membership.objects.select_for_update(of=("self",)).select_related("person", "plan")
    return locked.prefetch_related("terms").get(pk=membership.pk)


def lock_last_membership(person: Person) -> Membership | None:
    """The person's membership that ends last, locked; None without one. The person's row is locked already."""
    found = Membership.objects.select_for_update(of=("self",)).select_related("plan").filter(person=person)
    return max(found.prefetch_related("terms"), key=lambda membership: membership.reach, default=None)
