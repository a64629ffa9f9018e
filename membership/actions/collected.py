"""Money that Stripe collected becomes a payment and the term that it buys. Called while rows agree with Stripe."""

from datetime import date

from membership import mails
from membership.actions import memberships, payments, people
from membership.actions.concerns import raise_concern
from membership.actions.payments import Money
from membership.models import (
    Application,
    ApplicationState,
    ConcernKind,
    Membership,
    Payment,
    Person,
    Price,
)
from membership.money import pounds


def record(
    *,
    person: Person,
    money: Money | None,
    price: Price | None,
    paid_on: date,
    changes_to: Price | None = None,
    application: Application | None = None,
    invoice_id: str = "",
) -> None:
    """Record what Stripe collected: the payment, the term that it buys, the receipt.

    The caller has locked `application`, then `person`, holds the turn of the Stripe object, and knows that it is new.

    No `money`: time that a credit paid for. No `price`: money that buys no time, like the difference after a change of
    plan, which `changes_to` names.
    It never refuses money that has come: what buys nothing becomes a concern of staff.
    """
    if application is not None and application.state == ApplicationState.ACCEPTED:
        application = None  # it came true by another payment; this one is one more
    if application is not None:
        people.take_over(person, application, take_details=may_take_details(person, application))
    payment = Payment.objects.create(person=person, **vars(money)) if money else None
    membership = _membership(person, price, money, application)
    if membership is not None and changes_to is not None and not membership.is_for_life:
        _change_plan(membership, changes_to, on=paid_on)
    _buy_time(membership, price, payment, paid_on=paid_on, invoice_id=invoice_id)
    if application is not None and membership is not None and payment is not None:
        payments.accept(application, person, membership, payment)
    if payment is not None:
        mails.receipt(payment)


def may_take_details(person: Person, application: Application) -> bool:
    """Anybody can type the address of somebody known: only what its owner confirmed is taken over unasked."""
    return person.email_verified_at is None or application.email_confirmed_at is not None


def _membership(
    person: Person, price: Price | None, money: Money | None, application: Application | None
) -> Membership | None:
    """The membership that is gone on with, or begun."""
    if price is None or money is None:
        return memberships.lock_last_membership(person)
    last = memberships.lock_last_membership(person)
    if last is not None and last.is_for_life:
        return last  # it stays as it is; the money is a concern of staff
    return payments.own_membership(person, price, money.method, application)


def _change_plan(membership: Membership, price: Price, *, on: date) -> None:
    """The difference was paid: the new plan holds at once."""
    membership.plan = price.plan
    membership.save()
    memberships.trim_covers(membership, last_day=on)


def _buy_time(
    membership: Membership | None, price: Price | None, payment: Payment | None, *, paid_on: date, invoice_id: str
) -> None:
    if price is None or membership is None:  # a credit without any payment before has nothing to go on with
        return
    what = pounds(payment.gross_pence) if payment else "a credit"
    try:
        payments.buy_time(membership, price, payment=payment, received_on=paid_on, today=paid_on, invoice_id=invoice_id)
    except memberships.AlreadyForLife:
        raise_concern(
            ConcernKind.PAID_FOR_NOTHING,
            about=invoice_id or (payment.token if payment else ""),
            person=membership.person,
            text=f"{membership.person} is a member for life and paid {what} all the same. "
            "Ask whether it is a gift, or give it back; and end what renews by itself.",
        )
