"""Prices change; what was paid does not."""

from django.db import transaction
from django.utils import timezone

from membership.models import Plan, Price


class WrongInterval(Exception):
    """A life plan is paid once, every other plan by the year or month."""


@transaction.atomic
def set_price(*, plan: Plan, interval: str, amount_pence: int) -> Price:
    """The plan costs this from now on. The price before is retired; what it paid stays. Raises WrongInterval."""
    plan = Plan.objects.select_for_update().get(pk=plan.pk)
    if plan.is_life != (interval == "once"):
        raise WrongInterval("A plan for life is paid once; every other plan by the year or the month.")
    current = plan.prices.current().filter(interval=interval).first()
    if current is not None:
        if current.amount_pence == amount_pence:
            return current
        current.retired_at = timezone.now()
        current.save(update_fields=["retired_at"])
    return Price.objects.create(plan=plan, interval=interval, amount_pence=amount_pence)


@transaction.atomic
def retire_price(price: Price) -> None:
    """Offer it no longer, without another in its place."""
    Price.objects.filter(pk=price.pk, retired_at__isnull=True).update(retired_at=timezone.now())
