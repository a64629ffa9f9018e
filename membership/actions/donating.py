"""The one place where a donation's money becomes a payment."""

from typing import Any

from django.db import transaction

from membership.actions import ledger
from membership.actions.payments import Money
from membership.models import Donation, DonationState, Payment, Person, Purpose
from membership.models.payments import OFFLINE_METHODS


@transaction.atomic
def receive(donation: Donation, *, money: Money, by: Any = None) -> Payment:
    """A row of money for the donation, which counts as given from now on. The same money (`token`) is one row.

    Raises ledger.MonthClosed for money by hand in a month that is closed.
    """
    donation = Donation.objects.select_for_update(of=("self",)).get(pk=donation.pk)
    person = Person.objects.select_for_update().get(pk=donation.person_id)
    repeated = Payment.objects.filter(token=money.token).first()
    if repeated is not None:
        return repeated
    if money.method in OFFLINE_METHODS:
        ledger.keep_open(money.received_on)
    payment = Payment.objects.create(
        person=person, purpose=Purpose.DONATION, donation=donation, recorded_by=by, **vars(money)
    )
    if donation.state != DonationState.GIVEN:
        donation.state = DonationState.GIVEN
        donation.save(update_fields=["state"])
    return payment
