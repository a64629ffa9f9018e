"""Money that goes back: refunds, whole or in part, and disputes. Each is a row of money of its own."""

from datetime import date

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from membership import gateway, mails
from membership.actions import concerns
from membership.actions.reflecting.sessions import session
from membership.actions.reflecting.subscriptions import subscription
from membership.actions.reflecting.turns import NotOurs, read_back, take_turn
from membership.facts import DisputeFacts, RefundFacts
from membership.models import ConcernKind, Dispute, Payment, Person, Term
from membership.money import pounds


@transaction.atomic
def refunds(intent_id: str) -> list[str]:
    """Every refund of a payment is a row, known by its id; one that failed is taken back by a further row."""
    _refuse_nothing(intent_id)
    take_turn(f"money back {intent_id}")
    found = read_back(gateway.refunds_of, intent_id)
    payment = _payment(intent_id)
    changes = []
    for each in found:
        changes += _refund(payment, each)
    return changes


def _refuse_nothing(intent_id: str) -> None:
    """Charges of older kinds have no payment intent; this site never made one. And no id at all means all of them."""
    if not intent_id:
        raise NotOurs("a charge without a payment intent")


def _payment(intent_id: str) -> Payment:
    """The payment that money goes back from, with its person locked. It is recorded first if it was not yet."""
    _refuse_nothing(intent_id)
    found = _find(intent_id)
    if found is None:
        _record_first(intent_id)
        found = _find(intent_id)
    if found is None:
        raise NotOurs(f"{intent_id} paid for nothing of this site")
    Person.objects.select_for_update().get(pk=found.person_id)
    return found


def _find(intent_id: str) -> Payment | None:
    return Payment.objects.filter(stripe_payment_intent_id=intent_id, reverses__isnull=True).first()


def _record_first(intent_id: str) -> None:
    """News of a refund may come before the payment's own."""
    origin = read_back(gateway.origin_of, intent_id)
    if origin.subscription:
        subscription(origin.subscription)
    elif origin.session:
        session(origin.session)


def _refund(payment: Payment, facts: RefundFacts) -> list[str]:
    """One refund: a row below zero; and one above, if it came back."""
    changes = []
    back = Payment.objects.filter(token=facts.id).first()
    if back is None:
        if facts.has_failed:
            return []  # it never went
        back = _move(
            payment, -facts.amount_pence, token=facts.id, on=timezone.localdate(facts.created_at), reason=facts.reason
        )
        settle_term(payment, on=back.received_on)
        mails.refunded(back)
        changes.append(f"{payment.person}: {pounds(facts.amount_pence)} given back")
    if facts.has_failed and not back.reversals.exists():
        _move(back, facts.amount_pence, token=f"{facts.id} failed", on=timezone.localdate(), reason="refund failed")
        settle_term(payment, on=timezone.localdate())
        concerns.raise_concern(
            ConcernKind.REFUND_FAILED,
            about=facts.id,
            person=payment.person,
            text=f"The bank of {payment.person} sent {pounds(facts.amount_pence)} back that we had refunded. "
            "Ask them how to give it back.",
        )
        changes.append(f"{payment.person}: a refund of {pounds(facts.amount_pence)} came back")
    return changes


def _move(of: Payment, pence: int, *, token: str, on: date, reason: str, fee_pence: int = 0) -> Payment:
    """A row of money that reverses another, in pence."""
    return Payment.objects.create(
        person_id=of.person_id,
        purpose=of.purpose,
        method=of.method,
        gross_pence=pence,
        fee_pence=fee_pence,
        received_on=on,
        reverses=of,
        reason=reason[:200],
        token=token,
        subscription_id=of.subscription_id,
        donation_id=of.donation_id,
        stripe_payment_intent_id=of.stripe_payment_intent_id,
        stripe_charge_id=of.stripe_charge_id,
    )


def left_of(payment: Payment) -> int:
    """Pence of a payment that were not given back or taken: the sum of its own row and all that reverse it."""
    ids, total, newest = {payment.pk}, payment.gross_pence, {payment.pk}
    while newest:
        rows = Payment.objects.filter(reverses__in=newest)
        total += rows.aggregate(total=Sum("gross_pence"))["total"] or 0
        newest = set(rows.values_list("pk", flat=True)) - ids
        ids |= newest
    return total


def settle_term(payment: Payment, *, on: date) -> None:
    """Once all of a payment went back for good, its term ends with the day before `on`; with money left it counts.

    While a dispute is open nothing is decided, and a lost one counts from today, in whichever order news of it and of
    a refund come.
    """
    disputes = list(payment.disputes.all())
    if left_of(payment) > 0:
        _restore(payment)
    elif not any(dispute.is_open for dispute in disputes):
        has_lost = any(dispute.status == "lost" for dispute in disputes)
        _cut(payment, on=timezone.localdate() if has_lost else on)


def _cut(payment: Payment, *, on: date) -> None:
    term = Term.objects.select_for_update().filter(payment=payment, cut_on__isnull=True).first()
    if term is not None:
        term.cut_on = on
        term.save()


def _restore(payment: Payment) -> None:
    """Its term counts again, unless another has taken its place."""
    term = Term.objects.select_for_update().filter(payment=payment, cut_on__isnull=False).first()
    if term is None:
        return
    others = Term.objects.filter(membership=term.membership, cut_on__isnull=True)
    later = others.exclude(ends_on__lt=term.starts_on)
    if not (later.filter(starts_on__lte=term.ends_on) if term.ends_on else later).exists():
        term.cut_on = None
        term.save()


# --- Disputes ---


@transaction.atomic
def dispute(stripe_id: str) -> list[str]:
    """Flag it, tell staff once, and keep each movement of money as a row. Lost: the term ends."""
    take_turn(stripe_id)
    facts = read_back(gateway.dispute, stripe_id)
    payment = _payment(facts.intent)
    columns = {
        "payment": payment,
        "amount_pence": facts.amount_pence,
        "reason": facts.reason[:60],
        "status": facts.status,
        "opened_at": facts.opened_at,
        "due_at": facts.due_at,
    }
    row = Dispute.objects.filter(stripe_id=stripe_id).first()
    is_changed = row is None or any(getattr(row, name) != value for name, value in columns.items())
    if is_changed:
        Dispute.objects.update_or_create(stripe_id=stripe_id, defaults=columns)
    changes = _movements(payment, facts)
    if row is None:
        _tell_staff(payment, facts)
    if is_changed:
        settle_term(payment, on=timezone.localdate())
        changes.append(
            f"{payment.person}: dispute about {pounds(facts.amount_pence)}: {facts.status.replace('_', ' ')}"
        )
    return changes


def _movements(payment: Payment, facts: DisputeFacts) -> list[str]:
    """What was taken from us, and given back: the second reverses the first."""
    changes = []
    taken: Payment | None = None
    for each in sorted(facts.movements, key=lambda movement: (movement.at, movement.amount_pence)):
        known = Payment.objects.filter(token=each.id).first()
        is_back = each.amount_pence > 0
        if known is None and each.amount_pence and (taken is not None or not is_back):
            known = _move(
                taken if is_back and taken else payment,
                each.amount_pence,
                token=each.id,
                on=timezone.localdate(each.at),
                reason=f"{'won' if is_back else 'disputed'}: {facts.reason}",
                fee_pence=each.fee_pence,
            )
            changes.append(f"{payment.person}: {pounds(each.amount_pence)} by a dispute")
        taken = known if not is_back else taken
    return changes


def _tell_staff(payment: Payment, facts: DisputeFacts) -> None:
    until = f" Stripe takes evidence until {timezone.localdate(facts.due_at):%-d %B %Y}." if facts.due_at else ""
    concerns.raise_concern(
        ConcernKind.DISPUTE,
        about=facts.id,
        person=payment.person,
        text=f"{payment.person} told their bank that {pounds(facts.amount_pence)} was taken wrongly ({facts.reason}). "
        f"Write to them first; answer at Stripe's dashboard.{until}",
    )
