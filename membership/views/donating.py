"""Giving: the form, the way to Stripe's page and back, and thanks."""

import logging

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from membership import appeals, gateway, wordings
from membership.actions import checkout, giving, reflecting
from membership.forms_donate import DonateForm
from membership.models import Appeal, CheckoutState, Donation, DonationState, Person
from membership.paying import ONLINE, way_to_pay
from membership.views.paying import RETRY_SECONDS
from membership.views.to_stripe import SeeOther, leads_to_stripe

logger = logging.getLogger("psg.stripe")
EXAMPLE_PENCE = 2500


@never_cache
@leads_to_stripe
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def donate(request: HttpRequest, slug: str = "") -> HttpResponse:
    """One page, for whatever is needed most or for an appeal. One that is over says so, and takes no gift."""
    appeal = get_object_or_404(Appeal.objects.public(), slug=slug) if slug else None
    is_over = appeal is not None and appeal.is_over
    giver = _giver(request)
    if request.method == "POST" and not is_over:
        form = DonateForm(request.POST, appeal=appeal)
        if form.is_valid():
            gift = giving.wish(token=form.cleaned_data["token"], wish=form.wish(), giver=giver)
            return _on_to_pay(request, gift) if gift.is_open and gift.method in ONLINE else redirect(gift)
    else:
        form = DonateForm(appeal=appeal, initial=_known_of(giver))
    context = {
        "form": form,
        "appeal": appeal,
        "page": appeals.page_of(appeal) if appeal else None,
        "is_over": is_over,
        "gift_aid_words": wordings.GIFT_AID[wordings.GIFT_AID_VERSION],
        "gift_aid_notes": wordings.GIFT_AID_NOTES,
    }
    return render(request, "donate/donate.html", context, status=410 if is_over and request.method == "POST" else 200)


def _giver(request: HttpRequest) -> Person | None:
    """Whose record it is that is signed in."""
    return Person.objects.filter(user=request.user).first() if request.user.is_authenticated else None


def _known_of(giver: Person | None) -> dict[str, str]:
    """What need not be asked of who is signed in; the address only if it is proven."""
    if giver is None:
        return {}
    known = {name: value for name, value in giver.details().items() if value}
    if giver.email_verified_at is None:
        known.pop("email", None)
    return known


def _on_to_pay(request: HttpRequest, gift: Donation) -> HttpResponse:
    """To Stripe's page; to the thank-you page where it knows better; or a page that says why not."""
    try:
        return SeeOther(giving.begin(gift))
    except (checkout.AlreadyPaid, checkout.OnItsWay, checkout.NotOpen):
        return SeeOther(gift.get_absolute_url())
    except gateway.Unavailable as error:
        logger.warning("No page to pay donation %s: %s", gift.reference, error)
    except gateway.Refused as error:
        logger.error("Stripe makes no page for donation %s: %s", gift.reference, error)
    response = render(request, "donate/busy.html", {"donation": gift}, status=503)
    response["Retry-After"] = str(RETRY_SECONDS)
    return _unlisted(response)


def _unlisted(response: HttpResponse) -> HttpResponse:
    response["X-Robots-Tag"] = "noindex"
    return response


@never_cache
@leads_to_stripe
@require_http_methods(["GET", "HEAD", "POST"])
def pay(request: HttpRequest, secret: str) -> HttpResponse:
    """The button: go on to pay. Opened as a page it leads to the thank-you page."""
    gift = get_object_or_404(Donation, secret=secret)
    return _on_to_pay(request, gift) if request.method == "POST" else SeeOther(gift.get_absolute_url())


@never_cache
@leads_to_stripe
@require_http_methods(["GET", "HEAD"])
def thanks(request: HttpRequest, secret: str) -> HttpResponse:
    """What is true of the gift, at an address that only who filled in the form knows. It names nobody."""
    gift = get_object_or_404(Donation.objects.select_related("appeal"), secret=secret)
    is_unclear = _ask_what_became_of_it(request, gift)
    gift.refresh_from_db(fields=["state"])
    context = {
        "donation": gift,
        "way": way_to_pay(gift.method),
        "stage": "checking" if is_unclear else _stage(gift),
    }
    return _unlisted(render(request, "donate/thanks.html", context))


def _ask_what_became_of_it(request: HttpRequest, gift: Donation) -> bool:
    """Back from Stripe, before Stripe told us: ask once. Whether it could not be told."""
    page = gift.checkouts.filter(state=CheckoutState.OPEN).first()
    if not {"paid", "back"} & request.GET.keys() or page is None or page.stripe_id is None:
        return False
    try:
        reflecting.session(page.stripe_id)
    except gateway.Unavailable as error:
        logger.warning("What became of page %s is not known yet: %s", page.stripe_id, error)
        return True
    return False


def _stage(gift: Donation) -> str:
    """What the thank-you page says."""
    if gift.state == DonationState.GIVEN:
        return "given"
    if gift.state == DonationState.DISCARDED:
        return "gone"
    if gift.method not in ONLINE:
        return "instructions"
    newest = gift.checkouts.first()
    if newest is None or newest.state not in (CheckoutState.PENDING, CheckoutState.FAILED):
        return "unpaid"
    return "on_its_way" if newest.state == CheckoutState.PENDING else "failed"
