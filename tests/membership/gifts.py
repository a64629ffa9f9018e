"""What the tests of donations share: money that was given, the desk's form."""

import uuid
from typing import Any

from django.utils import timezone

from membership.actions import donating
from membership.actions.payments import Money
from membership.models import Donation, Payment
from tests.factories import DonationFactory, PersonFactory

RECORD = "/admin/membership/donation/record/"


def given(pence: int = 2500, *, donation: Donation | None = None, method: str = "cheque", **columns: Any) -> Payment:
    """A donation whose money came today; `columns` are those of the donation."""
    donation = donation or DonationFactory(amount_pence=pence, method=method, **columns)
    money = Money(gross_pence=pence, method=method, received_on=timezone.localdate(), token=str(uuid.uuid4()))
    return donating.receive(donation, money=money)


def back(payment: Payment, pence: int | None = None) -> Payment:
    """Money that goes back, as refunds and bounced cheques are kept: nothing is said of the donation."""
    return Payment.objects.create(
        person=payment.person,
        method=payment.method,
        gross_pence=-(payment.gross_pence if pence is None else pence),
        reverses=payment,
        token=str(uuid.uuid4()),
    )


def named(first_name: str, last_name: str, **columns: Any) -> Donation:
    """A donation of somebody who agreed to be named, given."""
    person = PersonFactory(first_name=first_name, last_name=last_name)
    payment = given(person=person, is_anonymous=False, **columns)
    found = payment.donation
    assert found is not None
    return found


def opened(desk: Any, **query: Any) -> dict[str, Any]:
    """What the form for a donation is filled with, as a browser would send it."""
    form = desk.get(RECORD, query).context["form"]
    data = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in data.items() if value is not None and value is not False}


def record(desk: Any, data: dict[str, Any], *, query: str = "?new=1", **changes: Any) -> Any:
    """Send the form; `changes` with None leave a field out."""
    sent = {name: value for name, value in {**data, **changes}.items() if value is not None}
    return desk.post(RECORD + query, sent, follow=True)
