"""What we hold about a member: their details, what they allow, all of it to take along, and the way out."""

from django.contrib import messages
from django.contrib.auth import logout
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from membership import gateway, wordings
from membership.actions import self_service
from membership.export import everything_about
from membership.forms_me import CloseForm, ConsentsForm, DetailsForm, GiftAidForm
from membership.mine import Mine
from membership.views.personal import back, page, personal, stripe_is_away

BOTH = ("GET", "HEAD", "POST")


@personal(methods=BOTH)
def details(request: HttpRequest, mine: Mine) -> HttpResponse:
    """Name, address, telephone."""
    form = DetailsForm(request.POST if request.method == "POST" else None, person=mine.person)
    if request.method == "POST" and form.is_valid():
        self_service.change_details(mine.person, details=form.details())
        return back(request, _("Thank you: your details are saved."))
    return page(request, "details", mine, form=form)


@personal(methods=BOTH)
def consents(request: HttpRequest, mine: Mine) -> HttpResponse:
    """What we may write to them."""
    given = self_service.given(mine.person)
    form = ConsentsForm(request.POST if request.method == "POST" else None, given=given)
    if request.method == "POST" and form.is_valid():
        self_service.set_consents(mine.person, wanted=form.wanted())
        return back(request, _("Thank you: we have noted what you wish."))
    return page(request, "consents", mine, form=form)


@personal(methods=BOTH)
def gift_aid(request: HttpRequest, mine: Mine) -> HttpResponse:
    """The declaration: what is in force, to cancel it, or to make one."""
    declaration = mine.person.gift_aid_declarations.in_force().lasting().first()
    form = GiftAidForm(request.POST if request.method == "POST" and "cancel" not in request.POST else None)
    if request.method == "POST" and "cancel" in request.POST:
        self_service.cancel_gift_aid(mine.person)
        return back(
            request, _("Your Gift Aid declaration is cancelled: we claim on nothing that you give from today on.")
        )
    if request.method == "POST" and form.is_valid():
        try:
            self_service.declare_gift_aid(mine.person)
        except self_service.AddressMissing:
            form.add_error(None, _("A declaration needs your full name and home address. Please fill them in first."))
        else:
            return back(request, _("Thank you: we have your Gift Aid declaration."))
    words = wordings.GIFT_AID[wordings.GIFT_AID_VERSION]
    return page(
        request, "gift_aid", mine, form=form, declaration=declaration, words=words, notes=wordings.GIFT_AID_NOTES
    )


@personal()
def data(request: HttpRequest, mine: Mine) -> HttpResponse:
    """Everything that we hold about them, as a file."""
    content = everything_about(mine.person)
    response = JsonResponse(content, encoder=DjangoJSONEncoder, json_dumps_params={"indent": 2, "ensure_ascii": False})
    name = f"peru-support-group-{timezone.localdate():%Y-%m-%d}.json"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@personal(methods=BOTH)
def close(request: HttpRequest, mine: Mine) -> HttpResponse:
    """Asks once. What is paid at Stripe ends first: if that cannot be, nothing happens."""
    form = CloseForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return page(request, "close", mine, form=form)
    try:
        self_service.close_account(mine, user=request.user)  # type: ignore[arg-type]  # personal() sees to it
    except self_service.StaffAccount:
        words = _("You also work in our back office. Please ask an administrator to close your account.")
        return back(request, words, level=messages.WARNING)
    except gateway.Unavailable:
        return stripe_is_away(request)
    logout(request)
    return redirect("membership:closed")


def closed(request: HttpRequest) -> HttpResponse:
    """A word of farewell; it names nobody."""
    response = render(request, "membership/me/closed.html")
    response["X-Robots-Tag"] = "noindex"
    return response
