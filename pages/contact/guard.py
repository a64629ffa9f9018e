"""What keeps robots and floods out of the contact form, without a puzzle for people.

Three things: a field that people do not see (`is_robot`), the time between opening the form and sending it (`age_of`),
and a count of messages by sender (`take`). The count is in the database, so it holds across processes; it keeps a keyed
hash and is forgotten soon (pages.jobs).
"""

import ipaddress
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.core.signing import BadSignature, SignatureExpired, TimestampSigner
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from pages.models import ContactCount

# Nobody reads the form and writes a message in less.
EARLIEST = timedelta(seconds=3)
LATEST = timedelta(days=1)
IPV6_PREFIX = 64  # bits: what one household or office is given


@dataclass(frozen=True)
class Limit:
    """So many messages in such a time, from one sender."""

    count: int
    span: timedelta


LIMITS = {
    "network": Limit(5, timedelta(hours=1)),
    "email": Limit(5, timedelta(hours=1)),
    "copy": Limit(1, timedelta(days=1)),
}


class Age(Enum):
    """What the time between opening a form and sending it says. Unknown: the form was not ours."""

    FINE = "fine"
    EARLY = "early"
    LATE = "late"
    UNKNOWN = "unknown"


_signer = TimestampSigner(salt="pages.contact.form")


def new_token() -> str:
    """A signed mark of this moment, different for each form that is opened."""
    return _signer.sign(secrets.token_urlsafe(12))


def age_of(token: str) -> Age:
    """How long ago the form with this token was opened."""
    for limit, age in [(EARLIEST, Age.EARLY), (LATEST, Age.FINE)]:
        try:
            _signer.unsign(token, max_age=limit)
        except SignatureExpired:
            continue
        except BadSignature:
            return Age.UNKNOWN
        return age
    return Age.LATE


def is_robot(trap: str, *, typed: list[str]) -> bool:
    """Whether the field that people do not see was filled in.

    A browser that fills in more than it shows puts there what it puts elsewhere, a name or an address: no robot.
    """
    return bool(trap.strip()) and trap.strip().casefold() not in [value.casefold() for value in typed]


def network_of(request: HttpRequest) -> str:
    """The network that a request comes from: an IPv4 address, or the /64 of an IPv6 address.

    Forwarding headers count only as far as ALLAUTH_TRUSTED_PROXY_COUNT says; "unknown" is one network like any other.
    """
    try:
        address = ipaddress.ip_address(get_adapter().get_client_ip(request))
    except PermissionDenied:  # allauth's word for: the server does not say
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address.packed, IPV6_PREFIX), strict=False))
    return str(address)


def mailbox(email: str) -> str:
    """The address as it is counted: in small letters, without the part after a plus, which reaches the same person."""
    return re.sub(r"\+[^@]*@", "@", email.strip().lower())


@transaction.atomic
def take(**senders: str) -> datetime | None:
    """Count one message of each sender against the limit of that name: `take(email="ana@example.org")`.

    None if it may pass; else when the next one may (UTC), and nothing is counted. The senders' rows stay locked until
    the transaction ends: of many at once no more pass than the limits say.
    """
    now, limits = timezone.now(), {_key(kind, sender): LIMITS[kind] for kind, sender in senders.items()}
    rows = [ContactCount(key=key, until=now + limits[key].span) for key in sorted(limits)]
    # Makes the rows that are missing and locks those that are there, in one statement and always in the same order.
    ContactCount.objects.bulk_create(rows, update_conflicts=True, unique_fields=["key"], update_fields=["key"])
    counts = list(ContactCount.objects.filter(key__in=limits))
    for count in counts:
        if count.until <= now:
            count.used, count.until = 0, now + limits[count.key].span
    if used_up := [count.until for count in counts if count.used >= limits[count.key].count]:
        return max(used_up)
    for count in counts:
        count.used += 1
    ContactCount.objects.bulk_update(counts, ["used", "until"])
    return None


def _key(kind: str, sender: str) -> str:
    return salted_hmac(f"pages.contact.{kind}", sender, algorithm="sha256").hexdigest()


def forget() -> None:
    """Delete the counts whose time is over."""
    ContactCount.objects.filter(until__lte=timezone.now()).delete()
