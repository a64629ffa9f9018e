"""A plan costs more: members whose membership renews by itself are told in time, and pay it from a renewal on."""

import logging
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from membership import gateway, mails
from membership.actions import catalogue, notices, reflecting
from membership.models import Interval, NoticeKind, Price, PriceChange, Subscription

logger = logging.getLogger("psg.stripe")
NOTICE_DAYS = 30
# Those of whom a letter is needed, since no mail reaches them.
NO_MAIL = Q(customer__person__do_not_contact=True) | Q(customer__person__email="")


@dataclass(frozen=True)
class Affected:
    """A subscription that costs less than the price, and the London day from which it will cost it."""

    subscription: Subscription
    effective_on: date


def to_tell(price: Price):
    """Subscriptions of this plan and interval that renew for less than the price, and were not told of it."""
    found = Subscription.objects.renewing().filter(
        membership__isnull=False,
        price__plan=price.plan,
        price__interval=price.interval,
        amount_pence__lt=price.amount_pence,
    )
    return found.exclude(price_changes__price=price).order_by("period_ends_at", "pk")


def affected(price: Price, *, limit: int | None = None) -> Iterator[Affected]:
    """Those to tell, the earliest renewal first."""
    for subscription in to_tell(price).select_related("price", "customer__person", "membership")[:limit]:
        yield Affected(subscription, first_renewal(subscription, from_day=_earliest()))


def _earliest() -> date:
    return timezone.localdate() + timedelta(days=NOTICE_DAYS)


def first_renewal(subscription: Subscription, *, from_day: date) -> date:
    """The London day of its first renewal on or after `from_day`.

    Stripe renews on the day of the month on which it began (UTC), or the month's last where there is no such day.
    """
    step = Interval(subscription.price.interval).months
    if step is None:
        raise ValueError("what is paid once does not renew")
    moment, months = subscription.period_ends_at, 0
    while timezone.localdate(moment) < from_day:
        months += step
        moment = _months_on(subscription.period_ends_at, months, day=subscription.started_at.day)
    return timezone.localdate(moment)


def _months_on(moment: datetime, months: int, *, day: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    return moment.replace(year=year, month=month + 1, day=min(day, monthrange(year, month + 1)[1]))


def announce_price(price: Price) -> int:
    """Tell each by mail, once; the number told. Those who pay as much or more keep what they pay, and get no mail."""
    if not Price.objects.current().filter(pk=price.pk).exists():
        return 0
    return sum(_announce(pk, price) for pk in to_tell(price).values_list("pk", flat=True))


@transaction.atomic
def _announce(pk: int, price: Price) -> bool:
    """Look again under the lock, keep it, queue the mail: all or nothing. Whether they were told."""
    found = Subscription.objects.select_for_update(of=("self",)).select_related("price", "customer__person")
    subscription = found.get(pk=pk)
    if not to_tell(price).filter(pk=pk).exists():
        return False
    change = PriceChange.objects.create(
        subscription=subscription,
        price=price,
        amount_before_pence=subscription.amount_pence,
        amount_pence=price.amount_pence,
        effective_on=first_renewal(subscription, from_day=_earliest()),
    )
    person = subscription.customer.person
    notices.tell_once(person, NoticeKind.PRICE_CHANGE, about=f"price change {change.pk}")
    mails.price_change(change)
    return True


def due():
    """Announced changes whose turn it is: the next renewal is the first that costs the new amount.

    Not those that are overtaken: by another plan, by a higher amount, by a lower price that is in force now.
    """
    cheaper = Price.objects.current().filter(
        plan=OuterRef("price__plan"), interval=OuterRef("price__interval"), amount_pence__lt=OuterRef("amount_pence")
    )
    waiting = PriceChange.objects.filter(
        ~Exists(cheaper),
        Q(subscription__amount_pence__lt=F("amount_pence")) | Q(subscription__price=F("price")),
        applied_at__isnull=True,
        subscription__in=Subscription.objects.renewing(),
        subscription__price__plan=F("price__plan"),
        subscription__price__interval=F("price__interval"),
        subscription__period_ends_at__date__gte=F("effective_on"),
    )
    return waiting.order_by("effective_on", "pk")


def apply_price_changes() -> int:
    """Carry out at Stripe what is due, without charging for days before the renewal; the number carried out.

    What Stripe does not take today is tried again tomorrow; the others go on.
    """
    done = 0
    for change in due().select_related("subscription", "price__plan"):
        try:
            _apply(change)
        except (gateway.Unavailable, gateway.Refused) as problem:
            logger.error("The price of %s was not changed: %s", change.subscription.stripe_id, problem)
        else:
            done += 1
    return done


def _apply(change: PriceChange) -> None:
    subscription = change.subscription
    if subscription.price_id != change.price_id:
        identifier = catalogue.stripe_price(change.price, change.amount_pence)
        gateway.change_price(subscription.stripe_id, item_id=subscription.item_id, price=identifier, at_once=False)
        reflecting.subscription(subscription.stripe_id)
    PriceChange.objects.filter(pk=change.pk, applied_at__isnull=True).update(applied_at=timezone.now())
