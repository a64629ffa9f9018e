"""A member's own first page, receipts, card, and what has to do with paying."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from membership import gateway
from membership.actions import self_service, subscriptions
from membership.actions.self_service import given
from membership.forms_me import CancelForm, PlanForm
from membership.mine import Mine, receipts
from membership.models import Price, RegularGift, StripeCustomer
from membership.views.personal import back, page, personal, stripe_is_away
from membership.views.to_stripe import SeeOther

BOTH = ("GET", "HEAD", "POST")
# What staff read of a cancellation for which no reason was given.
NO_REASON = "Asked for on their own page"


@personal()
def me(request: HttpRequest, mine: Mine) -> HttpResponse:
    """What they are to us and we to them. Who comes back from Stripe's page sees at once what they did there."""
    if request.GET.get("from") == "portal":
        try:
            self_service.refresh(mine.person)
        except gateway.Unavailable:
            words = _("What you changed at the payment service will show here in a few minutes.")
            return back(request, words, level=messages.INFO)
        return back(request)
    return page(
        request,
        "home",
        mine,
        receipts=receipts(mine.person),
        gifts=RegularGift.objects.of_person(mine.person).live().select_related("donation__appeal"),
        declaration=mine.person.gift_aid_declarations.in_force().first(),
        allowed=[each for each in given(mine.person).items() if each[1]],
    )


@personal()
def receipt(request: HttpRequest, mine: Mine, pk: int) -> HttpResponse:
    """A receipt to print. Somebody else's is a 404."""
    found = next((each for each in receipts(mine.person) if each.payment.pk == pk), None)
    if found is None:
        raise Http404
    return page(request, "receipt", mine, receipt=found, payment=found.payment)


@personal()
def card(request: HttpRequest, mine: Mine) -> HttpResponse:
    """The membership card, on the screen and to cut out. Who is no member reads how to become one."""
    return page(request, "card", mine)


# --- Paying ---


@personal(methods=("POST",))
def payment_method(request: HttpRequest, mine: Mine) -> HttpResponse:
    """On to Stripe's page for another card or account."""
    return to_portal(request, mine.customer, change_method=True)


@personal(methods=("POST",))
def portal(request: HttpRequest, mine: Mine) -> HttpResponse:
    """On to Stripe's page with all of it."""
    return to_portal(request, mine.customer, change_method=False)


def to_portal(request: HttpRequest, customer: StripeCustomer | None, *, change_method: bool) -> HttpResponse:
    """On to Stripe's page for what is paid by this customer."""
    if customer is None or not customer.stripe_id:
        return back(
            request, _("You do not pay by card or Direct Debit, so there is nothing to change."), level=messages.INFO
        )
    return_url = f"{settings.SITE_URL}{reverse('membership:me')}?from=portal"
    try:
        url = gateway.portal_url(customer.stripe_id, return_url=return_url, change_method=change_method)
    except (gateway.Unavailable, gateway.Missing):
        return stripe_is_away(request)
    return SeeOther(url)


@personal(methods=("POST",))
def pay_again(request: HttpRequest, mine: Mine) -> HttpResponse:
    """Try once more to take what could not be taken."""
    if mine.subscription is None or not mine.needs_payment:
        return back(request, _("There is nothing to pay: thank you."), level=messages.INFO)
    try:
        self_service.pay_again(mine.subscription)
    except gateway.Unavailable:
        return stripe_is_away(request)
    except gateway.Refused:
        words = _("The payment did not go through. Please give another card or account, or ask your bank.")
        return back(request, words, level=messages.WARNING)
    return back(request, _("Thank you: we have asked for the payment again."))


# --- Leaving, coming back, changing ---


@personal(methods=BOTH)
def cancel(request: HttpRequest, mine: Mine) -> HttpResponse:
    """Asks once, and says until when it runs."""
    if not mine.can_cancel or mine.membership is None:
        return back(request, _("There is nothing to cancel."), level=messages.INFO)
    form = CancelForm(request.POST or None) if request.method == "POST" else CancelForm()
    if request.method == "POST" and form.is_valid():
        try:
            subscriptions.cancel(mine.membership, reason=form.cleaned_data["reason"] or NO_REASON)
        except (gateway.Unavailable, gateway.Refused):
            return stripe_is_away(request)
        return back(request, _("Your membership is cancelled. We have sent you an email that says so."))
    return page(request, "cancel", mine, form=form)


@personal(methods=("POST",))
def resume(request: HttpRequest, mine: Mine) -> HttpResponse:
    """They stay after all."""
    if not mine.can_resume or mine.membership is None:
        return back(request)
    try:
        subscriptions.resume(mine.membership)
    except gateway.Unavailable:
        return stripe_is_away(request)
    except (subscriptions.EndedAtStripe, gateway.Refused):
        words = _("It has ended at the payment service, so it cannot be taken up again. Please join again.")
        return back(request, words, level=messages.WARNING)
    return back(request, _("We are glad that you stay: your membership goes on."))


@personal(methods=BOTH)
def plan(request: HttpRequest, mine: Mine) -> HttpResponse:
    """Another plan or amount. Who pays by hand decides with the next payment."""
    subscription = mine.subscription
    if subscription is None or not mine.has_own:
        return page(request, "plan_by_hand", mine)
    form = PlanForm(request.POST if request.method == "POST" else None, subscription=subscription)
    if request.method != "POST" or not form.is_valid():
        return page(request, "plan", mine, form=form, subscription=subscription)
    price: Price = form.cleaned_data["price"]
    at_once = form.cleaned_data["when"] == "now"
    try:
        subscriptions.change_plan(subscription, price=price, amount_pence=form.pence, at_once=at_once)
    except gateway.Unavailable:
        return stripe_is_away(request)
    except gateway.Declined:
        form.add_error(None, _("Your bank declined the payment of the difference. Nothing was changed."))
    except subscriptions.NotPossible as reason:
        form.add_error(None, str(reason))
    except gateway.Refused:
        form.add_error(None, _("The payment service does not allow this change just now. Please write to us."))
    if form.errors:
        return page(request, "plan", mine, form=form, subscription=subscription)
    if at_once:
        return back(request, _("Done: your plan is %(plan)s from today on.") % {"plan": price.plan.name})
    return back(request, _("Done: your plan is %(plan)s from your next payment on.") % {"plan": price.plan.name})
