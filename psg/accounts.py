"""How allauth behaves here."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from django.db import transaction
from django.http import HttpRequest

from psg.models import User


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by staff (later from the membership record), never by a visitor's sign-up form."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


@transaction.atomic
def vouch_for_address(user: User) -> None:
    """Whoever makes or changes an account in the admin vouches for its address: it counts as verified.

    Signing in by mailed code proves it again each time. Older addresses of the user are forgotten.
    """
    EmailAddress.objects.filter(user=user).exclude(email=user.email).delete()
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
