"""The one place where a donation's money becomes a row of the ledger: from Stripe, from the bank, by the desk."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from membership import mails_giving
from membership.actions import ledger, people
from membership.actions.payments import Money
from membership.models import Consent, Donation, DonationState, Payment, Person, Purpose
from membership.models.details import DETAIL_FIELDS
from membership.models.payments import OFFLINE_METHODS

ADDRESS = ("address_line1", "address_line2", "town", "postcode", "country")


def lock(donation: Donation) -> Donation:
    """The donation as it is now, locked to the end of the transaction."""
    locked = Donation.objects.select_for_update(of=("self",))
    return locked.select_related("person", "appeal").get(pk=donation.pk)


@transaction.atomic
def receive(donation: Donation, *, money: Money, by: Any = None) -> Payment:
    """Record money that came of a donation, in pence, and thank for it. The same `money.token` again changes nothing.

    With the first payment what was ticked comes true: declaration, consents. Raises ledger.MonthClosed for money that
    is recorded by hand; Stripe's is booked in the first open month.
    """
    return receive_locked(lock(donation), money=money, by=by)


def receive_locked(donation: Donation, *, money: Money, by: Any = None) -> Payment:
    """As `receive`, for a donation that the caller has locked."""
    person = Person.objects.select_for_update().get(pk=donation.person_id)
    repeated = Payment.objects.filter(token=money.token).first()
    if repeated is not None:
        return repeated
    if money.method in OFFLINE_METHODS:
        ledger.keep_open(money.received_on)
    is_first = donation.state != DonationState.GIVEN
    payment = Payment.objects.create(
        person=person, purpose=Purpose.DONATION, donation=donation, recorded_by=by, **vars(money)
    )
    if is_first:
        donation.state = DonationState.GIVEN
        donation.save(update_fields=["state"])
        if may_change(person, donation):
            _come_true(person, donation)
    has_declared = person.gift_aid_declarations.in_force(payment.received_on).exists()
    mails_giving.thank_you(payment, is_first=is_first, has_declared=has_declared)
    return payment


def may_change(person: Person, donation: Donation) -> bool:
    """Whether what was typed may change the record. Anybody can type the address of somebody known.

    A gift is welcome from whoever gives it, so nobody is asked first; but only what its owner typed while signed in,
    or what is about a record that nobody has verified, becomes a declaration or consent. Others find in their
    thank-you mail where they say it themselves.
    """
    return donation.is_proven or person.email_verified_at is None


def _come_true(person: Person, donation: Donation) -> None:
    if not person.address_line1 and donation.address_line1:
        for name in ADDRESS:
            setattr(person, name, getattr(donation, name))
        person.save()
    lasting = person.gift_aid_declarations.in_force().lasting()
    if donation.gift_aid_version and not person.is_organisation and not lasting.exists():
        made_on = timezone.localdate(donation.created_at)
        people.declare_gift_aid(person, version=donation.gift_aid_version, declared=donation, made_on=made_on)
    for each in donation.consents:
        Consent.objects.create(person=person, purpose=each["purpose"], wording=each["wording"], at=donation.created_at)


def new_person(donation: Donation) -> Person:
    """A record that holds what was typed, not saved yet."""
    return Person(**{name: getattr(donation, name) for name in DETAIL_FIELDS})
