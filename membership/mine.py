"""What somebody sees of their own membership: one look at everything, so that pages and words agree.

Stripe is not asked: its rows are what was last read back.
"""

from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from membership.models import (
    Application,
    Checkout,
    Membership,
    Method,
    Payment,
    Person,
    Status,
    StripeCustomer,
    Subscription,
)
from membership.standing import RUNNING, Standing, open_applications, standing
from psg.models import User


@dataclass(frozen=True)
class NextPayment:
    """What is taken next by itself: pence, the London day, and by what."""

    pence: int
    on: date
    by: str


@dataclass(frozen=True)
class Receipt:
    """A payment with what it was for. `back_pence` is what was given back of it in all."""

    payment: Payment
    back_pence: int

    @property
    def kept_pence(self) -> int:
        """What is left of it."""
        return self.payment.gross_pence - self.back_pence


@dataclass(frozen=True)
class Mine:
    """A person's membership as they see it. `is_on_its_way`: a payment is, whatever else is true."""

    person: Person
    standing: Standing
    subscription: Subscription | None
    customer: StripeCustomer | None
    application: Application | None
    is_on_its_way: bool

    @property
    def code(self) -> str:
        """A Status, "covered", "pending", or "nobody". Money on its way makes no difference to that."""
        told_apart_by_staff = {"renewing": Status.PAST_DUE.value, "on_its_way": "pending"}
        return told_apart_by_staff.get(self.standing.code, self.standing.code)

    @property
    def membership(self) -> Membership | None:
        return self.standing.membership

    @property
    def is_member(self) -> bool:
        """Paid for, in grace, or covered through somebody else."""
        return self.code in RUNNING or self.code == "covered"

    @property
    def has_own(self) -> bool:
        """Whether a membership of their own runs, which they can cancel or change."""
        return self.code in RUNNING

    @property
    def is_for_life(self) -> bool:
        return self.has_own and self.membership is not None and self.membership.is_for_life

    @property
    def needs_payment(self) -> bool:
        """Whether Stripe could not take what was due."""
        return self.subscription is not None and bool(self.subscription.unpaid_invoice_id)

    @property
    def needs_method(self) -> bool:
        """Whether the next payment will fail unless they give another card or account."""
        return self.subscription is not None and self.subscription.needs_new_method and not self.needs_payment

    @property
    def can_cancel(self) -> bool:
        return self.code in (Status.ACTIVE, Status.PAST_DUE) and not self.is_for_life

    @property
    def can_resume(self) -> bool:
        """A cancelled membership that still runs. Stripe resumes as long as the subscription has not ended."""
        return self.code == Status.LEAVING

    @property
    def grace_until(self) -> date | None:
        """The last day of grace of what was paid for."""
        last = self.membership.last_term if self.membership else None
        return last.grace_until if last else None

    @property
    def card(self) -> Membership | None:
        """The membership that their card tells of: their own, or the household's."""
        if self.has_own:
            return self.membership
        return covering(self.person) if self.code == "covered" else None

    @property
    def card_until(self) -> date | None:
        """Until when the card is good: what was paid for, or the days of grace after it; None for life."""
        term = self.card.last_term if self.card else None
        if term is None or term.ends_on is None:
            return None
        return term.ends_on if term.ends_on >= timezone.localdate() else term.grace_until

    @property
    def next_payment(self) -> NextPayment | None:
        """What Stripe takes next; None if nothing is taken by itself."""
        subscription = self.subscription
        if subscription is None or subscription.renews_on is None or self.needs_payment:
            return None
        changes = [each for each in subscription.price_changes.all() if each.applied_at is None]
        due = [each.amount_pence for each in changes if each.effective_on <= subscription.renews_on]
        return NextPayment(due[0] if due else subscription.amount_pence, subscription.renews_on, subscription.paid_by)


def covering(person: Person) -> Membership | None:
    """The membership of somebody else that covers them today."""
    today = timezone.localdate()
    covers = [
        each for each in person.cover_set.all() if each.since <= today and (not each.until or each.until >= today)
    ]
    running = [each.membership for each in covers if each.membership.status in RUNNING]
    return max(running, key=lambda membership: membership.reach, default=None)


def person_of(user: User) -> Person | None:
    """Whose account it is."""
    return Person.objects.filter(user=user).first()


def look(person: Person) -> Mine:
    """Everything about one person, in a fixed number of queries."""
    people = Person.objects.with_standing().prefetch_related("stripe_customers", "cover_set__membership__plan")
    person = people.get(pk=person.pk)
    subscriptions = (
        Subscription.objects.of_person(person).live().select_related("price__plan", "customer", "membership")
    )
    # The newest that is not ending, else the newest.
    live = sorted(subscriptions.prefetch_related("price_changes"), key=lambda each: each.cancel_at is not None)
    subscription = live[0] if live else None
    customers = [each for each in person.stripe_customers.all() if each.stripe_id and not each.deleted_at]
    waiting = open_applications(person)
    return Mine(
        person=person,
        standing=standing(person),
        subscription=subscription,
        customer=subscription.customer if subscription else next(iter(customers), None),
        application=waiting[0] if waiting else None,
        is_on_its_way=Checkout.objects.pending().filter(application__person=person).exists()
        or _debit_is_on_its_way(subscription),
    )


def _debit_is_on_its_way(subscription: Subscription | None) -> bool:
    """Whether a renewal by Direct Debit was asked for and has not come: the period runs on, the money is not here."""
    if subscription is None or subscription.method != Method.DEBIT or subscription.unpaid_invoice_id:
        return False
    paid_until = subscription.membership.paid_until if subscription.membership else None
    return paid_until is None or paid_until < timezone.localdate() < timezone.localdate(subscription.period_ends_at)


def receipts(person: Person) -> list[Receipt]:
    """Every payment that came, the newest first; what went back is told with what it took back."""
    came = person.payments.filter(gross_pence__gt=0, reverses=None).select_related(
        "term__price__plan", "term__membership"
    )
    return [Receipt(each, _given_back(each)) for each in came.prefetch_related("reversals__reversals")]


def _given_back(payment: Payment) -> int:
    """Refunds, less those that came back to us."""
    back = list(payment.reversals.all())
    returned = [again for each in back for again in each.reversals.all()]
    return -sum(each.gross_pence for each in [*back, *returned])
