"""A new price: see whom it concerns, and tell them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone

from membership import mails
from membership.actions import price_changes
from membership.admin.pages import PRICES, needs, page
from membership.models import Plan, Price, PriceChange
from psg.jobs import enqueue

PEOPLE_SHOWN = 50


def memberships(number: int) -> str:
    """ "1 membership", "12 memberships"."""
    return f"{number} membership{'' if number == 1 else 's'}"


@needs(PRICES)
def tell(request: HttpRequest, pk: int) -> HttpResponse:
    """How many pay less, what they will pay from when, the mail they get; one button tells them."""
    price = get_object_or_404(Price.objects.select_related("plan"), pk=pk)
    to_plan = redirect(reverse("admin:membership_plan_change", args=[price.plan_id]))
    if not price.is_current:
        messages.warning(request, f"{price} is not in force any more. Nobody was told.")
        return to_plan
    number = price_changes.to_tell(price).count()
    shown = list(price_changes.affected(price, limit=PEOPLE_SHOWN))
    if not shown:
        messages.info(request, f"Nobody is left to tell: all who pay less than {price.label} know. Nothing was sent.")
        return to_plan
    if request.method == "POST":
        enqueue("membership.jobs.announce_price", price.pk)
        people = "1 person is" if number == 1 else f"{number} people are"
        messages.success(request, f"{people} told of {price.label}. The mails go out within the next minutes.")
        return to_plan
    return page(
        request,
        "tell_price",
        f"Tell members of the new price: {price}",
        about=Plan,
        price=price,
        plan=price.plan,
        number=number,
        shown=shown,
        unreachable=price_changes.to_tell(price).filter(price_changes.NO_MAIL).count(),
        may_open=request.user.has_perm("membership.view_person"),
        mail=mails.price_change.compose(_sample(price, shown[0])),
    )


def _sample(price: Price, first: price_changes.Affected) -> PriceChange:
    """What the first of them would be told; not kept."""
    return PriceChange(
        subscription=first.subscription,
        price=price,
        amount_before_pence=first.subscription.amount_pence,
        amount_pence=price.amount_pence,
        effective_on=first.effective_on,
        told_at=timezone.now(),
    )
