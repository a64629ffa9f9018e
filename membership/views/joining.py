"""Why join, the join page, and what follows it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from membership import wordings
from membership.actions import joining
from membership.forms import JoinForm
from membership.models import Application, Person, Plan
from membership.money import with_gift_aid
from membership.paying import is_online, owner_to_ask
from membership.views.paying import go_to_pay, prove_address, withdraw_pages
from membership.views.to_stripe import SeeOther, leads_to_stripe
from psg import home


def why_join(request: HttpRequest) -> HttpResponse:
    """What membership is for, and what it costs. The reasons are those of the home page: staff write them once."""
    reasons = home.settings_of("why_join").lines
    plans = Plan.objects.offered().with_current_prices()
    return render(request, "membership/why_join.html", {"reasons": reasons, "plans": plans})


@never_cache
@leads_to_stripe
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, slug: str) -> HttpResponse:
    """One page, no password. A plan that is not offered any more leads to those that are, with what was typed."""
    plan = get_object_or_404(Plan.objects.with_current_prices(), slug=slug)
    if not (plan.is_offered and plan.current_prices):
        return _not_offered(request, plan)
    if request.method != "POST":
        form = JoinForm(plan=plan, initial=_known_of(request))
    elif "_carried" in request.POST:  # typed for another plan, which was withdrawn meanwhile
        form = JoinForm(plan=plan, initial={name: value for name, value in request.POST.items() if name in CARRIED})
    else:
        form = JoinForm(request.POST, plan=plan)
        if form.is_valid():
            return _applied(request, joining.apply(token=form.cleaned_data["token"], wish=form.wish()))
    context = {"plan": plan, "form": form, "gift_aid": _gift_aid(form)}
    return render(request, "membership/join.html", context)


def _applied(request: HttpRequest, application: Application) -> HttpResponse:
    """On to Stripe's page, or to the page that says how to pay."""
    if application.is_open and is_online(application):
        return go_to_pay(request, application)
    withdraw_pages(application)
    return redirect(application)


def _known_of(request: HttpRequest) -> dict[str, str]:
    """What the form need not ask whoever is signed in: their own record. Its address, only if it is proven."""
    if not request.user.is_authenticated:
        return {}
    person = Person.objects.filter(user=request.user).first()
    if person is None:
        return {}
    known = {name: value for name, value in person.details().items() if value}
    if person.email_verified_at is None:
        known.pop("email", None)
    return known


CARRIED = {name for name in JoinForm.base_fields if name not in ("price", "amount", "concession", "method")}


def _gift_aid(form: JoinForm) -> dict[str, object]:
    """What the Gift Aid box says."""
    pence = form.prices[0].amount_pence
    return {
        "words": wordings.GIFT_AID[wordings.GIFT_AID_VERSION],
        "notes": wordings.GIFT_AID_NOTES,
        "pence": pence,
        "worth": with_gift_aid(pence),
    }


def _not_offered(request: HttpRequest, plan: Plan) -> HttpResponse:
    typed = [(name, value) for name, value in request.POST.items() if name in CARRIED and value]
    context = {"plan": plan, "plans": Plan.objects.offered().with_current_prices(), "typed": typed}
    return render(request, "membership/plan_gone.html", context, status=410)


@never_cache
@leads_to_stripe
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, secret: str) -> HttpResponse:
    """The button behind the link in the mail. Opening the page changes nothing: mail scanners open every link.

    Where the owner of the address was asked before anything is paid, the button leads on to Stripe.
    """
    application = get_object_or_404(Application.objects.select_related("price"), confirm_secret=secret)
    goes_on = application.is_open and is_online(application) and owner_to_ask(application) is not None
    if request.method == "POST":
        application = joining.confirm_email(secret=secret)
        prove_address(request, application)
        return go_to_pay(request, application) if goes_on else SeeOther(request.path)
    done = application.email_confirmed_at is not None and not goes_on
    context = {"application": application, "done": done, "goes_on": goes_on}
    context["may_pay"] = done and application.is_open and is_online(application)
    response = render(request, "membership/confirm.html", context)
    response["X-Robots-Tag"] = "noindex"
    return response
