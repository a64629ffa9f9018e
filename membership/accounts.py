"""Members sign in without having signed up: the account is made from the person's record when it is first used."""

from typing import Any

from allauth.account.signals import authentication_step_completed, user_logged_in
from django.dispatch import receiver

from membership.actions import signing_in
from psg import accounts
from psg.models import User

accounts.land_on("membership:me")


@accounts.source
def account_for(email: str) -> User | None:
    """The account of whoever the record with this address is about."""
    return signing_in.account_for(email)


@receiver(authentication_step_completed)
def address_was_proved(user: User, method: str, email: str = "", **kwargs: Any) -> None:
    """They entered the mailed code, or pressed the button behind the mailed link."""
    if method == "code" and email:
        signing_in.address_proved(user, email=email)


@receiver(user_logged_in)
def signed_in(user: User, **kwargs: Any) -> None:
    """In whatever way."""
    signing_in.link_verified(user)
