"""What tests of the contact form share: a visitor who writes."""

from datetime import timedelta

import time_machine
from django.test import Client
from django.utils import timezone

from pages.contact import guard

GOOD = {"name": "Ana Example", "email": "ana@example.org", "message": "Where can I read about Las Bambas?"}


def token(*, seconds_ago: float = 60) -> str:
    """The token of a form that was opened some time ago."""
    with time_machine.travel(timezone.now() - timedelta(seconds=seconds_ago), tick=False):
        return guard.new_token()


def send(client: Client | None = None, *, address: str = "192.0.2.1", headers=None, **values):
    """Send the form as a visitor who took a minute over it; the answer."""
    if "token" not in values:
        values["token"] = token()
    return (client or Client()).post("/contact/", GOOD | values, REMOTE_ADDR=address, headers=headers or {})


def html_of(response) -> str:
    return response.content.decode()


def sent(response) -> bool:
    """Whether the visitor was thanked."""
    return response.status_code == 302 and response["Location"] == "/contact/thanks/"
