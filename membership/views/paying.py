"""To Stripe's page and back: Pay now, what came of it, and what to say if it cannot be done."""

import logging

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from membership import gateway
from membership.actions import checkout, joining
from membership.models import Application, ApplicationState, Checkout, CheckoutState, Interval, Method
from membership.paying import is_online, owner_to_ask, way_to_pay, ways_to_pay
from membership.views.to_stripe import SeeOther, leads_to_stripe

logger = logging.getLogger("psg.stripe")

PROVEN = "proven_email"
LED_TO_PAY = "led_to_pay"
RETRY_SECONDS = 60


def prove_address(request: HttpRequest, application: Application) -> None:
    """Remember in this browser's session that its reader gets the mail of that address."""
    request.session[PROVEN] = application.email


def may_pay(request: HttpRequest, application: Application) -> bool:
    """Whether this browser may go on to Stripe: the address is nobody's, or its owner sits here."""
    owner = owner_to_ask(application)
    if owner is None or request.session.get(PROVEN) == application.email:
        return True
    return request.user.is_authenticated and owner.user_id == request.user.pk


def go_to_pay(request: HttpRequest, application: Application) -> HttpResponse:
    """To Stripe's page; to the thank-you page where it knows better; or a page that says why not."""
    if not may_pay(request, application):
        return SeeOther(application.get_absolute_url())
    try:
        address = checkout.begin(application)
        request.session[LED_TO_PAY] = application.secret
        return SeeOther(address)
    except checkout.RenewsAlready as error:
        context = {"subscription": error.subscription}
        return _unlisted(render(request, "membership/pay_renews.html", context))
    except (checkout.AlreadyPaid, checkout.OnItsWay, checkout.NotOpen):
        return SeeOther(application.get_absolute_url())
    except gateway.Unavailable as error:
        logger.warning("No page to pay application %s: %s", application.reference, error)
    except gateway.Refused as error:
        logger.error("Stripe makes no page for application %s: %s", application.reference, error)
    return _busy(request, application)


def _busy(request: HttpRequest, application: Application) -> HttpResponse:
    context = {"application": application, "ways": other_ways(application)}
    response = render(request, "membership/pay_busy.html", context, status=503)
    response["Retry-After"] = str(RETRY_SECONDS)
    return _unlisted(response)


def _unlisted(response: HttpResponse) -> HttpResponse:
    response["X-Robots-Tag"] = "noindex"
    return response


def other_ways(application: Application) -> list[str]:
    """The ways without Stripe that this application could take instead. A month is not paid by cheque."""
    is_monthly = application.price.interval == Interval.MONTH
    return [method for method in ways_to_pay() if not (is_monthly and method == "cheque")]


def other_online(application: Application) -> str:
    """The way at Stripe that they did not choose: whose debit bounced may have a card that works."""
    return Method.DEBIT.value if application.method == Method.CARD else Method.CARD.value


@never_cache
@leads_to_stripe
@require_http_methods(["GET", "HEAD", "POST"])
def pay(request: HttpRequest, secret: str) -> HttpResponse:
    """The buttons: Pay now, or `method` to pay otherwise. Opened as a page it leads to the thank-you page."""
    application = get_object_or_404(Application.objects.select_related("price"), secret=secret)
    if request.method != "POST" or not is_online(application):
        return SeeOther(application.get_absolute_url())
    if "method" not in request.POST:
        return go_to_pay(request, application)
    method = request.POST["method"]
    if method == other_online(application):
        return go_to_pay(request, joining.pay_otherwise(application, method=method))
    if method in other_ways(application) and withdraw_pages(application):
        joining.pay_otherwise(application, method=method)
    return SeeOther(application.get_absolute_url())


def withdraw_pages(application: Application) -> bool:
    """Close Stripe's pages, so that nothing is paid twice; False if it was paid there meanwhile, which stands."""
    try:
        checkout.withdraw(application)
    except (checkout.AlreadyPaid, checkout.OnItsWay) as error:
        logger.info("Paid before its way was changed: %s", error)
        return False
    return True


@never_cache
@leads_to_stripe
def thanks(request: HttpRequest, secret: str) -> HttpResponse:
    """What is true of the application, at an address that only who filled in the form knows. It names nobody."""
    found = Application.objects.select_related("plan", "price", "payment__term")
    application = get_object_or_404(found, secret=secret)
    is_unclear = _ask_what_became_of_it(request, application)
    application.refresh_from_db(fields=["state", "payment"])
    if not is_online(application):
        stage = "paid" if application.state == ApplicationState.ACCEPTED else "instructions"
    else:
        stage = "checking" if is_unclear else _stage(application)
        if not may_pay(request, application) and not _paid_here(request, application, stage):
            stage = "mail"
    payment = application.payment if stage == "paid" and is_online(application) else None
    context = {
        "application": application,
        "plan": application.plan,
        "way": way_to_pay(application.method),
        "ways": other_ways(application),
        "stage": stage,
        "term": payment.term if payment else None,
    }
    return _unlisted(render(request, "membership/thanks.html", context))


def _paid_here(request: HttpRequest, application: Application, stage: str) -> bool:
    """Whether this browser paid it, before somebody verified the address: it learns what became of that, no more."""
    was_led = request.session.get(LED_TO_PAY) == application.secret
    return was_led and stage in ("paid", "on_its_way", "checking")


def _ask_what_became_of_it(request: HttpRequest, application: Application) -> bool:
    """Back from Stripe, before Stripe told us: ask once. Whether it could not be told."""
    if not {"paid", "back"} & request.GET.keys():
        return False
    page: Checkout | None = application.checkouts.payable().filter(state=CheckoutState.OPEN).first()
    if page is None or page.stripe_id is None:
        return False
    from membership.actions import reflecting  # it stands above the rest

    try:
        reflecting.session(page.stripe_id)
    except gateway.Unavailable as error:
        logger.warning("What became of page %s is not known yet: %s", page.stripe_id, error)
        return True
    return False


def _stage(application: Application) -> str:
    """What the thank-you page of a payment by card or debit says."""
    if application.state == ApplicationState.ACCEPTED:
        return "paid"
    newest = application.checkouts.first()
    if newest is not None and newest.state == CheckoutState.PENDING:
        return "on_its_way"
    if not application.is_open:
        return "gone"
    return "failed" if newest is not None and newest.state == CheckoutState.FAILED else "unpaid"
