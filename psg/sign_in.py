"""Signing in by the link that comes with the mailed code. It works in any browser, once, as long as the code does.

Opening the link changes nothing, since mail programs and scanners open every link: the button on its page signs in,
through allauth's own login, so that whatever it asks for beyond (a second factor) is asked here too.

Staff get no link and sign in by code only: a code must be typed into the window that asked for it, so that it is worth
nothing in somebody else's; a link in a mail that was passed on, or read by another, would open the back office.
"""

from datetime import timedelta
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.forms import RequestLoginCodeForm
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from allauth.account.utils import get_next_redirect_url
from allauth.core import context
from django.conf import settings
from django.core import signing
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from psg.accounts import account_for
from psg.models import User

SALT = "psg.sign_in"


class RequestCodeForm(RequestLoginCodeForm):
    """allauth's form; the account is made when it is first used."""

    _user: User | None

    def clean_email(self) -> str:
        email = super().clean_email()
        if email and self._user is None:
            self._user = account_for(email)
        return email


def link_for(email: str) -> str:
    """The address that signs in who reads the mail; empty for staff and for who has no account."""
    user = account_for(email)
    if user is None or user.is_staff:
        return ""
    kept = {"user": user.pk, "email": email.lower(), "after": _last_login(user)}
    if wanted := get_next_redirect_url(context.request):
        kept["next"] = wanted
    return settings.SITE_URL + reverse("sign_in_link", args=[signing.dumps(kept, salt=SALT, compress=True)])


def _last_login(user: User) -> str:
    """What changes when the account is used, so that no link is good twice, nor after the code was entered."""
    return user.last_login.isoformat() if user.last_login else ""


@sensitive_variables()
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_link(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind the link: a button. What is old, used or made up leads to asking for another."""
    with transaction.atomic():
        # Locked while it is used: of two buttons pressed at once, one signs in.
        user, kept = _read(token, lock=request.method == "POST")
        if user is not None and request.method == "POST":
            return _sign_in(request, user, kept)
    answer = {"email": kept.get("email"), "is_good": user is not None, "next": kept.get("next", "")}
    response = render(request, "account/sign_in_link.html", answer, status=200 if user is not None else 410)
    patch_cache_control(response, no_store=True, private=True)
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "same-origin"  # the secret address goes nowhere else
    return response


def _read(token: str, *, lock: bool) -> tuple[User | None, dict[str, Any]]:
    """Whom the link signs in, and what it holds; nobody if it is good no more."""
    try:
        age = timedelta(seconds=app_settings.LOGIN_BY_CODE_TIMEOUT)
        kept = signing.loads(token, salt=SALT, max_age=age)
    except signing.BadSignature:
        return None, {}
    users = User.objects.select_for_update() if lock else User.objects.all()
    user = users.filter(pk=kept["user"], is_active=True, is_staff=False).first()
    return (user if user is not None and _last_login(user) == kept["after"] else None), kept


def _sign_in(request: HttpRequest, user: User, kept: dict[str, Any]) -> HttpResponse:
    """As allauth does when the code was entered."""
    wanted = kept.get("next", "")
    safe = wanted if wanted and get_adapter(request).is_safe_url(wanted) else None
    record_authentication(request, user, method="code", email=kept["email"])
    return perform_login(request, Login(user=user, email=kept["email"], redirect_url=safe))
