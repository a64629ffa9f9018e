"""What members are told before something happens by itself, or after: each once, however often and late the job runs.

A job asks twice: once for all who are due, then for each under the person's lock, so that two at once send one. The
person is locked first, as everywhere; somebody whom another transaction works on is left for tomorrow.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from typing import TypeVar

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone

from membership import mails
from membership.models import (
    Checkout,
    Interval,
    Membership,
    Method,
    Notice,
    NoticeKind,
    Person,
    PriceChange,
    Subscription,
    SubscriptionStatus,
    Term,
)

# A lapse that is older than this was not noticed in time: silence is better than a letter months late.
LAPSED_DAYS = 30
# Days before the end of a year within which somebody is reminded. Late, only the nearer is sent.
FIRST_DAYS, SECOND_DAYS = 30, 7
RENEWAL_DAYS = 14
CARD_DAYS = 30
Row = TypeVar("Row", Term, Subscription)


def tell_once(person: Person, kind: str, *, about: str) -> bool:
    """Note that they are told; False if they were before. The caller's transaction also queues the mail."""
    _, is_new = Notice.objects.get_or_create(kind=kind, about=about, defaults={"person": person})
    return is_new


# --- Who pays each time: reminders, and a goodbye ---


def send_reminders() -> int:
    """Remind everybody whose year ends within 30 or 7 days and does not renew by itself; the number of mails."""
    return _tell_of_terms(NoticeKind.REMINDER_7) + _tell_of_terms(NoticeKind.REMINDER_30)


def send_lapsed() -> int:
    """Tell those whose grace has just ended, unless a payment is still on its way; the number of mails."""
    return _tell_of_terms(NoticeKind.LAPSED)


def _tell_of_terms(kind: NoticeKind) -> int:
    due = _terms_due(kind).select_related("membership").order_by("pk")
    return sum(_tell_of_term(term, kind) for term in _untold(kind, due, _term))


@transaction.atomic
def _tell_of_term(term: Term, kind: NoticeKind) -> bool:
    """Look again under the locks, note it, queue the mail: all or nothing. Whether it was sent."""
    if _lock(term.membership.person_id) is None:
        return False
    if Membership.objects.select_for_update(skip_locked=True).filter(pk=term.membership_id).first() is None:
        return False
    found = _terms_due(kind).select_related("membership__person", "membership__plan", "price").filter(pk=term.pk)
    current = found.first()
    if current is None or not tell_once(current.membership.person, kind, about=_term(current)):
        return False
    price = current.membership.plan.prices.current().filter(interval=current.price.interval).first()
    mails.notice(current, kind, price)
    return True


def _term(term: Term) -> str:
    return f"term {term.pk}"


def _terms_due(kind: NoticeKind) -> QuerySet[Term]:
    """Last terms about whose end there is this to say today, of those who do not renew by themselves."""
    today = timezone.localdate()
    if kind == NoticeKind.LAPSED:
        ended = Term.objects.ending(today - timedelta(days=400), today)
        due = ended.filter(grace_until__lt=today, grace_until__gte=today - timedelta(days=LAPSED_DAYS))
    else:
        nearest, days = (SECOND_DAYS + 1, FIRST_DAYS) if kind == NoticeKind.REMINDER_30 else (0, SECOND_DAYS)
        ending = Term.objects.ending(today + timedelta(days=nearest), today + timedelta(days=days))
        due = ending.filter(price__interval=Interval.YEAR)
    people = Q(membership__person__do_not_contact=False) & ~Q(membership__person__email="")
    return due.filter(people, membership__cancelled_on__isnull=True).filter(
        ~Exists(Subscription.objects.renewing().filter(membership=OuterRef("membership"))),
        ~Exists(_on_its_way(OuterRef("membership__person"))),
    )


def _on_its_way(person: OuterRef) -> QuerySet[Checkout]:
    """A first payment of theirs that the bank has not carried out yet."""
    theirs = Q(application__person=person) | Q(customer__person=person)
    return Checkout.objects.pending().filter(theirs)


# --- Who renews by themselves ---


def send_renewals_coming() -> int:
    """Tell those who pay by the year, two weeks before, what will be taken and when; the number of mails."""
    return _tell_of_subscriptions(NoticeKind.RENEWAL_COMING, _renewals_due, _renewal, _mail_renewal)


def send_card_expiries() -> int:
    """Ask those whose card runs out before their next payment for another; the number of mails."""
    return _tell_of_subscriptions(NoticeKind.CARD_EXPIRES, _cards_due, _card, mails.card_expires)


def _tell_of_subscriptions(
    kind: NoticeKind,
    due: Callable[[], QuerySet[Subscription]],
    about: Callable[[Subscription], str],
    mail: Callable[[Subscription], None],
) -> int:
    untold = _untold(kind, due().order_by("pk"), about)
    return sum(_tell_of_subscription(subscription, kind, due, about, mail) for subscription in untold)


@transaction.atomic
def _tell_of_subscription(
    subscription: Subscription,
    kind: NoticeKind,
    due: Callable[[], QuerySet[Subscription]],
    about: Callable[[Subscription], str],
    mail: Callable[[Subscription], None],
) -> bool:
    """Look again under the person's lock, note it, queue the mail: all or nothing. Whether it was sent."""
    if _lock(subscription.customer.person_id) is None:
        return False
    current = due().filter(pk=subscription.pk).first()
    if current is None or not tell_once(current.customer.person, kind, about=about(current)):
        return False
    mail(current)
    return True


def _paying() -> QuerySet[Subscription]:
    """Of people who may be written to: those that take their next payment as usual."""
    people = Q(customer__person__do_not_contact=False) & ~Q(customer__person__email="")
    as_usual = [SubscriptionStatus.ACTIVE, SubscriptionStatus.TRIALING]
    usual = Subscription.objects.renewing().filter(people, status__in=as_usual, period_ends_at__gt=timezone.now())
    return usual.filter(membership__isnull=False, membership__cancelled_on__isnull=True).select_related(
        "customer__person", "price__plan", "membership__plan"
    )


def _renewals_due() -> QuerySet[Subscription]:
    """Yearly ones whose next payment is taken within two weeks; a late run tells those whose day has not passed."""
    changes = PriceChange.objects.filter(applied_at__isnull=True).order_by("effective_on", "pk")
    soon = _paying().filter(price__interval=Interval.YEAR, period_ends_at__lt=_end_of(RENEWAL_DAYS))
    return soon.prefetch_related(Prefetch("price_changes", changes))


def _renewal(subscription: Subscription) -> str:
    return f"{subscription.stripe_id} {subscription.renews_on}"


def _mail_renewal(subscription: Subscription) -> None:
    mails.renewal_coming(subscription, announced_change(subscription, subscription.renews_on))


def announced_change(subscription: Subscription, renews_on: date | None) -> PriceChange | None:
    """The price change that the next payment brings, of those that wait to be carried out."""
    waiting = [change for change in subscription.price_changes.all() if change.applied_at is None]
    due = [change for change in waiting if renews_on is not None and change.effective_on <= renews_on]
    return max(due, key=lambda change: (change.effective_on, change.pk), default=None)


def _cards_due() -> QuerySet[Subscription]:
    """Cards that run out before the next payment, when one of the two days is near."""
    today = timezone.localdate()
    near = Q(card_expires_on__lte=today + timedelta(days=CARD_DAYS)) | Q(period_ends_at__lt=_end_of(CARD_DAYS))
    return _paying().filter(near, method=Method.CARD, period_ends_at__date__gt=F("card_expires_on"))


def _card(subscription: Subscription) -> str:
    return f"{subscription.stripe_id} {subscription.payment_method_id}"


def _end_of(days: int) -> datetime:
    """Midnight in London at the end of the day so many days from today."""
    return timezone.make_aware(datetime.combine(timezone.localdate() + timedelta(days=days + 1), time.min))


# --- All of them ---


def _lock(person_pk: int) -> Person | None:
    """The person, locked; None if another transaction works on them just now: tomorrow is another day.

    Not so strongly that a row which merely names them would have to wait.
    """
    return Person.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=person_pk).first()


def _untold(kind: str, due: Iterable[Row], about: Callable[[Row], str]) -> list[Row]:
    """Of what is due, that of which nobody was told."""
    rows = {about(row): row for row in due}
    told = set(Notice.objects.filter(kind=kind, about__in=list(rows)).values_list("about", flat=True))
    return [row for key, row in rows.items() if key not in told]
