"""How allauth behaves here, and the register by which an app gives accounts to the people it knows.

Nobody signs up. Staff make accounts in the admin; an app that keeps people offers, in a module `accounts`, a function
that finds (or makes) the account of an address: see `source`.
"""

from collections.abc import Callable
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.userkit import filter_users_by_email
from allauth.account.models import EmailAddress
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse

from psg.models import User

# Finds or makes the account of who is reached at an address; None if the app knows nobody there.
Source = Callable[[str], User | None]

_sources: list[Source] = []
_landing: list[str] = []


def source(function: Source) -> Source:
    """Offer a function that gives an account to who asks for a sign-in code with an address that has none yet.

    Asking proves nothing: the function may make an account, but gives it no right to anything. That the address is
    theirs is known when allauth's signal `authentication_step_completed` says so, with the method "code".
    """
    _sources.append(function)
    return function


def land_on(url_name: str) -> None:
    """Have people who are not staff arrive at this page when they sign in."""
    _landing[:] = [url_name]


def account_for(email: str) -> User | None:
    """Whom a code sent to this address would sign in. The account is made if an app knows who it is."""
    users = filter_users_by_email(email, is_active=True, prefer_verified=True, for_login=True)
    if users:
        return users[0]
    if User.objects.filter(email=email.lower()).exists():  # closed by staff
        return None
    return next((user for source in _sources if (user := source(email)) is not None and user.is_active), None)


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by staff or from an app's records, never by a visitor's sign-up form."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Staff to their account's page, others to what the site has for them."""
        if _landing and not getattr(request.user, "is_staff", False):
            return reverse(_landing[0])
        return super().get_login_redirect_url(request)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """The mail with a sign-in code gets a link as well, which works in any browser."""
        if template_prefix == "account/email/login_code":
            from psg.sign_in import link_for  # it needs allauth's forms, which need this module

            context = context | {"sign_in_url": link_for(email)}
        super().send_mail(template_prefix, email, context)


@transaction.atomic
def vouch_for_address(user: User) -> None:
    """Whoever makes or changes an account in the admin vouches for its address: it counts as verified.

    Signing in by mailed code proves it again each time. Older addresses of the user are forgotten.
    """
    EmailAddress.objects.filter(user=user).exclude(email=user.email).delete()
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
