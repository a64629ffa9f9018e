"""Donations that come as cheques, in envelopes, by transfer or standing order, and are written down by staff."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from membership import references
from membership.actions import donating, people
from membership.actions.payments import Money, RecordedMeanwhile
from membership.models import (
    Appeal,
    CheckoutState,
    Donation,
    DonationState,
    GiftAidScope,
    Payment,
    Person,
    PersonKind,
)


class AlreadyGiven(Exception):
    """The donation was paid before, by `payment`."""

    def __init__(self, payment: Payment) -> None:
        super().__init__(f"paid by {payment}")
        self.payment = payment


class OnItsWay(Exception):
    """The donation was paid at Stripe, and the bank takes its days: it is not discarded."""


class NotOpen(Exception):
    """The donation was given, or discarded before."""


@dataclass(frozen=True)
class Declaration:
    """A Gift Aid declaration that came with a gift, not through the website."""

    scope: str
    channel: str


@dataclass(frozen=True)
class Gift:
    """What was given, beside its money. `details` are the columns of `ContactDetails`, as they wrote them."""

    details: dict[str, str]
    is_organisation: bool = False
    appeal: Appeal | None = None
    dedication: str = ""
    dedicated_to: str = ""
    is_anonymous: bool = True
    declaration: Declaration | None = None


@transaction.atomic
def record(
    *, token: uuid.UUID, gift: Gift, money: Money, by: Any, person: Person | None = None, last_seen: int | None = None
) -> Payment:
    """Write down a donation with its money, given by `person`, or by somebody new. The same form is one donation.

    `last_seen` is the number of the person's last payment when the form was opened (0: none). Raises
    payments.RecordedMeanwhile if there is a newer one; ledger.MonthClosed; Person.DoesNotExist after a merge.
    """
    try:
        with transaction.atomic():  # a form that is sent twice at once waits here for the first, and then finds it
            donation = _donation(token=token, gift=gift, money=money, by=by, person=person)
    except IntegrityError:
        found = Donation.objects.filter(token=token).first()
        if found is None:
            raise
        return found.payments.get(token=money.token)
    giver = Person.objects.select_for_update().get(pk=donation.person_id)
    newest = giver.payments.order_by("-pk").first()
    if last_seen is not None and newest is not None and newest.pk > last_seen:
        raise RecordedMeanwhile(newest)
    if gift.declaration is not None:
        _declare(giver, donation, gift.declaration, money)
    return donating.receive(donation, money=money, by=by)


def _donation(*, token: uuid.UUID, gift: Gift, money: Money, by: Any, person: Person | None) -> Donation:
    """Its row, and that of who is new."""
    if person is None:
        kind = PersonKind.ORGANISATION if gift.is_organisation else PersonKind.PERSON
        person = Person(kind=kind, **gift.details)
        person._history_user = by  # type: ignore[attr-defined]  # simple_history's own way
        person.save()
    elif not Person.objects.filter(pk=person.pk).exists():
        raise Person.DoesNotExist
    return Donation.objects.create(
        token=token,
        reference=references.new_reference(),
        person=person,
        appeal=gift.appeal,
        amount_pence=money.gross_pence,
        method=money.method,
        dedication=gift.dedication,
        dedicated_to=gift.dedicated_to,
        is_anonymous=gift.is_anonymous,
        recorded_by=by,
        **gift.details | {"email": gift.details["email"].lower()},
    )


def covering(person: Person, day: Any) -> bool:
    """Whether a lasting declaration of theirs covers gifts of that day."""
    return person.gift_aid_declarations.in_force(day).lasting().exists()


def _declare(person: Person, donation: Donation, declaration: Declaration, money: Money) -> None:
    """Keep what they declared, from the day of the gift on; a lasting one of before says it already."""
    if declaration.scope != GiftAidScope.THIS and covering(person, money.received_on):
        return
    people.declare_gift_aid(
        person, declared=person, scope=declaration.scope, channel=declaration.channel, made_on=money.received_on
    )


@transaction.atomic
def record_for(donation: Donation, *, money: Money, by: Any) -> Payment:
    """The money of a donation that waits has come by bank, post or hand. The same form is one payment.

    Raises AlreadyGiven, ledger.MonthClosed.
    """
    donation = Donation.objects.select_for_update(of=("self",)).get(pk=donation.pk)
    repeated = Payment.objects.filter(token=money.token).first()
    if repeated is not None:
        return repeated
    if donation.state == DonationState.GIVEN and (paid := donation.payments.order_by("-pk").first()):
        raise AlreadyGiven(paid)
    return donating.receive(donation, money=money, by=by)


@transaction.atomic
def discard(donation: Donation) -> None:
    """It is not coming; it stays, to be found. Twice is once. If its money comes after all, it is given all the same.

    Raises OnItsWay, NotOpen.
    """
    donation = Donation.objects.select_for_update(of=("self",)).get(pk=donation.pk)
    if donation.state == DonationState.DISCARDED:
        return
    if not donation.is_open:
        raise NotOpen(f"{donation.reference} is given")
    if donation.checkouts.filter(state=CheckoutState.PENDING).exists():
        raise OnItsWay(donation.reference)
    donation.state = DonationState.DISCARDED
    donation.save(update_fields=["state"])
