"""How allauth behaves here."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by staff (later from the membership record), never by a visitor's sign-up form."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
