"""Money comes, and goes back. Every way to pay ends here: one row of money, one term, one receipt."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from membership import mails, references
from membership.actions import concerns, ledger, memberships, people
from membership.actions.joining import forget_if_provisional
from membership.dates import ONE_DAY
from membership.models import (
    Application,
    ApplicationState,
    ConcernKind,
    Membership,
    Payment,
    Person,
    Price,
    Subscription,
    Term,
)


class RecordedMeanwhile(Exception):
    """Since the form was opened somebody recorded `payment` of the same person."""

    def __init__(self, payment: Payment) -> None:
        super().__init__(f"{payment} was recorded meanwhile")
        self.payment = payment


class AlreadyAccepted(Exception):
    """The application was paid before, by `payment`."""

    def __init__(self, payment: Payment) -> None:
        super().__init__(f"paid by {payment}")
        self.payment = payment


class AlreadyReversed(Exception):
    """The payment was taken back before."""


@dataclass(frozen=True)
class Money:
    """A payment as it came. Amounts in pence; `token` is the same for the same money, however often it is sent."""

    gross_pence: int
    method: str
    received_on: date
    token: str
    fee_pence: int = 0
    bank_reference: str = ""
    subscription: Subscription | None = None
    stripe_invoice_id: str = ""
    stripe_payment_intent_id: str = ""
    stripe_charge_id: str = ""


@transaction.atomic
def record(
    *,
    person: Person,
    price: Price,
    money: Money,
    by: Any = None,
    application: Application | None = None,
    take_details: bool = False,
    last_seen: int | None = None,
) -> Payment:
    """Record a membership payment: a row of money, a term that it pays for, a receipt by mail.

    With an `application` what it asks for comes true: declarations, consents, household, and with `take_details` name
    and address. `last_seen` is the number of the person's last payment when the form was opened (0: none).
    Raises RecordedMeanwhile if there is a newer one; AlreadyAccepted; memberships.AlreadyForLife; ledger.MonthClosed.
    """
    application = lock_application(application) if application else None
    person = Person.objects.select_for_update().get(pk=person.pk)
    repeated = Payment.objects.filter(token=money.token).first()
    if repeated is not None:
        return repeated
    ledger.keep_open(money.received_on)
    _refuse_unseen(person, application, last_seen)
    if application is not None:
        people.take_over(person, application, take_details=take_details)
    membership = own_membership(person, price, money.method, application)
    payment = Payment.objects.create(person=person, recorded_by=by, **vars(money))
    buy_time(membership, price, payment=payment, received_on=money.received_on, today=timezone.localdate())
    if application is not None:
        accept(application, person, membership, payment)
    mails.receipt(payment)
    return payment


def buy_time(
    membership: Membership,
    price: Price,
    *,
    payment: Payment | None,
    received_on: date,
    today: date,
    invoice_id: str = "",
) -> Term:
    """Add the term that a payment of this price buys to the locked membership. After a gap it starts `today`.

    Raises memberships.AlreadyForLife.
    """
    starts_on, ends_on = memberships.next_term(membership, price, received_on=received_on, today=today)
    memberships.trim_covers(membership, last_day=starts_on - ONE_DAY)
    return Term.objects.create(
        membership=membership,
        price=price,
        payment=payment,
        invoice_id=invoice_id,
        starts_on=starts_on,
        ends_on=ends_on,
        grace_until=memberships.grace_end(ends_on),
    )


def lock_application(application: Application) -> Application:
    """The application as it is now, locked to the end of the transaction."""
    locked = Application.objects.select_for_update(of=("self",))
    return locked.select_related("person", "plan", "price", "payment").get(pk=application.pk)


def _refuse_unseen(person: Person, application: Application | None, last_seen: int | None) -> None:
    if application is not None and (paid := paid_for(application)):
        raise AlreadyAccepted(paid)
    newest = person.payments.order_by("-pk").first()
    if last_seen is not None and newest is not None and newest.pk > last_seen:
        raise RecordedMeanwhile(newest)


def paid_for(application: Application) -> Payment | None:
    """The payment that made the application come true; None while it waits."""
    return application.payment if application.state == ApplicationState.ACCEPTED else None


def own_membership(person: Person, price: Price, method: str, application: Application | None) -> Membership:
    """The person's own membership, gone on with; a new one for who has none."""
    membership = memberships.lock_last_membership(person)
    if membership is None:
        reference = application.reference if application else references.new_reference()
        return Membership.objects.create(person=person, plan=price.plan, method=method, reference=reference)
    memberships.clear_cancellation(membership)
    membership.plan, membership.method = price.plan, method
    membership.save()
    return membership


def accept(application: Application, person: Person, membership: Membership, payment: Payment) -> None:
    """The application has come true: it belongs to this person and payment. Others of the same human wait no more."""
    guessed = application.person
    application.person, application.payment = person, payment
    application.state = ApplicationState.ACCEPTED
    application.save()
    same = Application.objects.filter(identity=application.identity, person=guessed).exclude(pk=application.pk)
    same.open().update(state=ApplicationState.REPLACED)
    _cover_household(membership, application.household[: membership.plan.max_people - 1])
    if guessed != person:
        same.update(person=person)
        forget_if_provisional(guessed, heir=person)


def _cover_household(membership: Membership, names: list[str]) -> None:
    """Those for whom there is no room beside others of before are told to staff: the money has come all the same."""
    for name in names:
        try:
            memberships.cover_by_name(membership, name=name)
        except memberships.HouseholdFull:
            concerns.raise_concern(
                ConcernKind.HOUSEHOLD_FULL,
                about=f"membership {membership.pk} {name}",
                person=membership.person,
                text=f"{membership.person} wished to have {name} covered, but {membership.reference} covers others "
                "already. Ask who belongs to the household now.",
            )


@transaction.atomic
def reverse(payment: Payment, *, reason: str, token: str, by: Any = None) -> Payment:
    """The money went back (a cheque bounced, paid by mistake): a row that takes it back; its term ends with yesterday.

    What was true until now stays true: they were a member while the payment stood. Raises AlreadyReversed.
    """
    payment = Payment.objects.select_for_update(of=("self",)).get(pk=payment.pk)
    repeated = Payment.objects.filter(token=token).first()
    if repeated is not None:
        return repeated
    if payment.gross_pence < 0 or payment.reversals.exists():
        raise AlreadyReversed(f"{payment} was taken back already")
    back = Payment.objects.create(
        person=payment.person,
        purpose=payment.purpose,
        donation_id=payment.donation_id,
        method=payment.method,
        gross_pence=-payment.gross_pence,
        reverses=payment,
        reason=reason,
        recorded_by=by,
        token=token,
    )
    term = Term.objects.filter(payment=payment).first()
    if term is not None:
        term.cut_on = timezone.localdate()
        term.save()
    return back
