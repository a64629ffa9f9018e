"""A giver's monthly gifts, on their own pages."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from membership import gateway
from membership.actions import giving
from membership.mine import Mine
from membership.models import RegularGift
from membership.views.me import BOTH, to_portal
from membership.views.personal import back, page, personal, stripe_is_away


@personal(methods=BOTH)
def stop(request: HttpRequest, mine: Mine, pk: int) -> HttpResponse:
    """Asks once, then takes no more. Somebody else's is a 404."""
    gift = get_object_or_404(RegularGift.objects.of_person(mine.person).select_related("donation__appeal"), pk=pk)
    if not gift.is_live:
        return back(request, _("This gift has ended already. Thank you for what you gave."), level=messages.INFO)
    if request.method == "POST":
        try:
            giving.stop(gift)
        except gateway.Unavailable:
            return stripe_is_away(request)
        return back(request, _("Your monthly gift is stopped: nothing more is taken. Thank you for what you gave."))
    return page(request, "stop_gift", mine, gift=gift)


@personal(methods=("POST",))
def method(request: HttpRequest, mine: Mine, pk: int) -> HttpResponse:
    """On to Stripe's page for another card or account."""
    gift = get_object_or_404(RegularGift.objects.of_person(mine.person).select_related("customer"), pk=pk)
    return to_portal(request, gift.customer, change_method=True)
