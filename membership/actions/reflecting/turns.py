"""What all of reflecting shares: taking turns, reading back, knowing what is ours."""

import hashlib
from collections.abc import Callable
from typing import TypeVar

from django.db import connection

from membership import gateway
from membership.models import Checkout

Facts = TypeVar("Facts")


class NotOurs(Exception):
    """It belongs to another product on the same Stripe account."""


def take_turn(identifier: str) -> None:
    """Wait until nobody else makes this object agree; held to the end of the transaction."""
    number = int.from_bytes(hashlib.sha256(identifier.encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def read_back(ask: Callable[[str], Facts], identifier: str) -> Facts:
    """The object as Stripe has it now. Raises NotOurs if it has none, gateway.Unavailable."""
    try:
        return ask(identifier)
    except gateway.Missing as missing:
        raise NotOurs(f"{identifier} is not at Stripe") from missing


def checkout_of(metadata: dict[str, str]) -> Checkout | None:
    """The page to pay on whose secret key these metadata carry."""
    key = metadata.get("psg_checkout", "")
    found = Checkout.objects.select_related("application", "customer__person")
    return found.filter(key=key).first() if len(key) == 36 else None
