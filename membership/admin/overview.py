"""Everything about one human, put together for one screen."""

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db.models import IntegerField, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from membership.admin.stripe_pages import customer_page, payment_page
from membership.models import Application, Consent, Dispute, Donation, Payment, Person, Subscription, Term
from membership.models.payments import OFFLINE_METHODS
from membership.standing import is_on_its_way, main_membership, open_applications, standing

CHANGES_SHOWN = 8
# Columns whose own names say little.
IN_WORDS = {"user": "sign-in account", "email_verified_at": "address confirmed"}
DONATIONS_SHOWN = 20
ROWS_SHOWN = 60  # of terms and payments: five years by the month


def overview(person: Person, user: Any) -> dict[str, Any]:
    """What the person page shows above its form. `person` comes with its standing."""
    own = main_membership(person)
    return {
        "person": person,
        "standing": standing(person),
        "membership": own,
        "grace_days": settings.MEMBERSHIP_GRACE_DAYS,
        "waiting": [_Waiting(application) for application in open_applications(person)],
        "subscriptions": _subscriptions(person),
        "concerns": person.concerns.open(),
        "terms": _terms(person),
        "payments": _payments(person),
        "donations": _donations(person),
        "donations_shown": DONATIONS_SHOWN,
        "rows_shown": ROWS_SHOWN,
        "covers": own.cover_set.filter(until__isnull=True).select_related("person") if own else [],
        "household_room": own.plan.max_people > 1 if own else False,
        "covered_by": [cover.membership.person for cover in person.cover_set.all() if cover.until is None],
        "consents": Consent.objects.filter(person=person).latest(),
        "declarations": person.gift_aid_declarations.all(),
        "alike": Person.objects.alike(person),
        "merges": person.merges.select_related("by"),
        "changes": _changes(person),
        "may_record": user.has_perm("membership.add_payment"),
        "may_record_donation": user.has_perm("membership.add_donation"),
        "may_change": user.has_perm("membership.change_person"),
        "may_settle": user.has_perm("membership.change_concern"),
    }


@dataclass(frozen=True)
class _Waiting:
    """A form that waits for payment; `is_on_its_way`: it is paid, and the bank takes its days."""

    application: Application

    @property
    def is_on_its_way(self) -> bool:
        return is_on_its_way(self.application)


@dataclass(frozen=True)
class _Renewal:
    """A subscription, as staff read it."""

    subscription: Subscription

    @property
    def status(self) -> str:
        """In plain words."""
        found = self.subscription
        if not found.is_live:
            return "Ended"
        if self.subscription.is_failing:
            return "Payment failed" if found.unpaid_invoice_id or found.status != "active" else "Cannot be charged"
        if found.is_ending:
            return "Ends by itself"
        return found.get_status_display()

    @property
    def code(self) -> str:
        """For its colour: that of a standing."""
        if not self.subscription.is_live:
            return "nobody"
        return "past_due" if self.subscription.is_failing else "leaving" if self.subscription.is_ending else "active"

    @property
    def method_runs_out(self) -> bool:
        """Whether the card is no good any more at the next payment."""
        found = self.subscription
        if found.card_expires_on is None or found.renews_on is None:
            return False
        return found.card_expires_on < found.renews_on

    @property
    def change(self) -> str:
        """The plan that it changes to with the next payment; empty if it stays."""
        found = self.subscription
        if found.membership is None or not found.is_live or found.membership.plan_id == found.price.plan_id:
            return ""
        return found.price.plan.name

    @property
    def announced(self) -> Any:
        """A new price that they were told of and do not pay yet."""
        changes = (each for each in self.subscription.price_changes.all() if each.applied_at is None)
        found = next(changes, None)
        is_to_come = found is not None and found.amount_pence > self.subscription.amount_pence
        return found if is_to_come and self.subscription.renews_on else None

    @property
    def customer_page(self) -> str:
        return customer_page(self.subscription.customer.stripe_id)


def _subscriptions(person: Person) -> list[_Renewal]:
    """Every one there was, those that may still ask for money first."""
    found = Subscription.objects.of_person(person).select_related("price__plan", "membership__plan", "customer")
    rows = [_Renewal(each) for each in found.prefetch_related("price_changes")]
    return sorted(rows, key=lambda row: not row.subscription.is_live)


@dataclass
class _Money:
    """A payment, with what became of it. Amounts in pence."""

    payment: Payment
    backs: list[Payment] = field(default_factory=list)
    given_back_pence: int = 0
    disputes: list[Dispute] = field(default_factory=list)

    @property
    def can_be_taken_back(self) -> bool:
        """By hand: what came by hand, once."""
        return self.is_by_hand and self.payment.gross_pence > 0 and not self.backs

    @property
    def is_by_hand(self) -> bool:
        return self.payment.method in OFFLINE_METHODS

    @property
    def stripe_page(self) -> str:
        """Where it can be given back."""
        is_refundable = self.payment.gross_pence > 0 and self.payment.reverses_id is None
        return payment_page(self.payment.stripe_payment_intent_id) if is_refundable and not self.is_by_hand else ""


def _payments(person: Person) -> list[_Money]:
    """Money in and out, the newest first. A refund that came back to us is not given back."""
    payments = list(person.payments.select_related("recorded_by").prefetch_related("disputes"))
    rows = {payment.pk: _Money(payment, disputes=list(payment.disputes.all())) for payment in payments}
    for payment in payments:
        if payment.reverses_id in rows:
            rows[payment.reverses_id].backs.append(payment)
    for row in rows.values():
        row.given_back_pence = -sum(_with_reversals(back, rows) for back in row.backs)
    return list(rows.values())[:ROWS_SHOWN]


def _with_reversals(payment: Payment, rows: dict[int, _Money]) -> int:
    return payment.gross_pence + sum(_with_reversals(back, rows) for back in rows[payment.pk].backs)


def _donations(person: Person) -> list[Donation]:
    """The last donations, each with what is left of its money, and the monthly gift if it is one."""
    rows = Payment.objects.filter(donation=OuterRef("pk")).order_by().values("donation")
    left = Coalesce(Subquery(rows.annotate(pence=Sum("gross_pence")).values("pence"), IntegerField()), 0)
    donations = Donation.objects.filter(person=person).select_related("appeal", "regular_gift")
    return list(donations.annotate(left_pence=left)[:DONATIONS_SHOWN])


def _terms(person: Person) -> list[Any]:
    """The last terms of every membership, the newest first."""
    terms = Term.objects.filter(membership__person=person)
    return list(terms.select_related("membership", "price__plan", "payment").order_by("-starts_on")[:ROWS_SHOWN])


def _changes(person: Person) -> list[dict[str, Any]]:
    """The last saves: when, by whom, which columns."""
    saves = list(person.history.select_related("history_user")[: CHANGES_SHOWN + 1])
    names = [field.name for field in saves[0].tracked_fields] if saves else []
    changes = []
    for save, before in zip(saves, [*saves[1:], None], strict=True):
        changed = [name for name in names if before and _value(save, name) != _value(before, name)]
        changes.append(
            {
                "at": save.history_date,
                "by": save.history_user,
                "what": _words(changed) if before else "record made",
            }
        )
    return changes[:CHANGES_SHOWN]


def _words(columns: list[str]) -> str:
    return ", ".join(IN_WORDS.get(name, name.replace("_", " ")) for name in columns)


def _value(save: Any, name: str) -> Any:
    return getattr(save, f"{name}_id") if name == "user" else getattr(save, name)
