"""Pages that tell Stripe something: cancel, resume, another plan. Each asks once, and says what it did."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from membership import gateway
from membership.actions import concerns, subscriptions
from membership.admin.forms import ReasonForm
from membership.admin.pages import CHANGE, SETTLE, in_words, needs, page, to_person
from membership.admin.plan_form import PlanChangeForm
from membership.models import Concern, Membership, Subscription
from membership.money import pounds

NO_ANSWER = "Stripe does not answer; nothing was changed here. Try again in a few minutes."


def _membership(pk: int) -> Membership:
    return get_object_or_404(Membership.objects.select_related("person", "plan"), pk=pk)


@needs(CHANGE)
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """It runs to the end of what was paid, and Stripe takes no further payment."""
    membership = _membership(pk)
    asking = [each for each in membership.subscriptions.live() if not each.is_ending]
    if membership.cancelled_on and not asking:
        messages.info(request, f"It was cancelled on {in_words(membership.cancelled_on)}. Nothing was changed.")
        return to_person(membership.person)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            membership = subscriptions.cancel(membership, reason=form.cleaned_data["reason"])
        except gateway.Unavailable:
            messages.error(request, NO_ANSWER)
            return redirect(request.path)
        except gateway.Refused as refused:
            messages.error(request, f"Stripe did not end it: {refused} Nothing was changed.")
            return to_person(membership.person)
        until = f" It runs until {in_words(membership.paid_until)}." if membership.paid_until else ""
        stripe = " Stripe takes no further payment." if asking else ""
        messages.success(request, f"The membership of {membership.person} is cancelled.{until}{stripe}")
        return to_person(membership.person)
    return page(
        request,
        "cancel",
        f"Cancel the membership of {membership.person}",
        membership.person,
        form=form,
        membership=membership,
        asking=[(each, each.status in subscriptions.UNPAID) for each in asking],
    )


@needs(CHANGE)
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo a cancellation."""
    membership = _membership(pk)
    ending = [each for each in membership.subscriptions.live() if each.is_ending]
    if not membership.cancelled_on and not ending:
        messages.info(request, "It is not cancelled. Nothing was changed.")
        return to_person(membership.person)
    if request.method == "POST":
        try:
            subscriptions.resume(membership)
        except gateway.Unavailable:
            messages.error(request, NO_ANSWER)
            return redirect(request.path)
        except subscriptions.EndedAtStripe:
            messages.error(request, ENDED)
        except gateway.Refused as refused:
            messages.error(request, f"Stripe did not take it back: {refused} Nothing was changed.")
        else:
            messages.success(request, f"The membership of {membership.person} goes on. They were not told by mail.")
        return to_person(membership.person)
    title = f"Undo the cancellation of {membership.person}"
    return page(request, "resume", title, membership.person, membership=membership, ending=ending)


ENDED = (
    "What paid for it has ended at Stripe and cannot be brought back. Nothing was changed. They can join again on the "
    "website, or pay by transfer or cheque; their history goes on."
)


@needs(CHANGE)
def change_plan(request: HttpRequest, pk: int) -> HttpResponse:
    """Another plan or amount, from the next payment on or at once."""
    found = Subscription.objects.select_related("price__plan", "membership__plan", "customer__person")
    subscription = get_object_or_404(found, pk=pk, membership__isnull=False)
    person = subscription.customer.person
    form = PlanChangeForm(request.POST or None, subscription=subscription)
    if request.method == "POST" and form.is_valid():
        try:
            return _changed(request, form)
        except gateway.Unavailable:
            messages.error(request, "Stripe does not answer. Look at this page again in a few minutes, then try again.")
            return to_person(person)
        except gateway.Declined as declined:
            form.add_error(None, f"The payment was declined: {declined} The plan stays as it is.")
        except gateway.Refused as refused:
            form.add_error(None, f"Stripe did not change it: {refused}")
        except subscriptions.NotPossible as reason:
            form.add_error(None, str(reason))
    title = f"Change the plan of {person}"
    return page(request, "change_plan", title, person, form=form, subscription=subscription)


def _changed(request: HttpRequest, form: PlanChangeForm) -> HttpResponse:
    subscription, at_once = form.subscription, form.is_at_once
    price, amount = form.cleaned_data["price"], form.cleaned_data["amount"]
    subscriptions.change_plan(subscription, price=price, amount_pence=amount, at_once=at_once)
    person = subscription.customer.person
    costs = f"{price.plan.name}, {pounds(amount)} {price.get_interval_display()}"
    if at_once:
        said = f"{person} has {costs} from today. The difference is paid."
    else:
        said = f"{person} will have {costs} from the next payment on, {in_words(subscription.renews_on)}."
    messages.success(request, f"{said} They were not told by mail.")
    return to_person(person)


@needs(SETTLE)
@require_POST
def settle(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody has looked at it; back to where they pressed the button."""
    concern = get_object_or_404(Concern.objects.select_related("person"), pk=pk)
    if concern.settled_at:
        messages.info(request, f"“{concern}” was settled before.")
    else:
        concerns.settle(concern, by=request.user)
        messages.success(request, f"“{concern}” is settled.")
    back = request.POST.get("back", "")
    if url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        return redirect(back)
    return to_person(concern.person) if concern.person else redirect(reverse("admin:membership_concern_changelist"))
