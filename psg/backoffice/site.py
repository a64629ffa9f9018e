"""The admin site: one sign-in for everybody, allauth's."""

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache


class BackofficeSite(admin.AdminSite):
    """The editors' desk."""

    site_header = f"{settings.SITE_SHORT_NAME} back office"
    site_title = site_header
    index_title = "What would you like to do?"

    @method_decorator(never_cache)
    def login(self, request: HttpRequest, extra_context=None) -> HttpResponse:
        """Send people to the site's own sign-in. Who is signed in but not staff gets 403, not a second form."""
        if request.user.is_authenticated:
            raise PermissionDenied("This account does not belong to staff.")
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"), reverse("account_login"))
