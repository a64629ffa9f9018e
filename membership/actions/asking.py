"""Asking Stripe to make something once: our row and its idempotency key come first, its id comes with the answer.

Whoever was killed half way, or came second, sends the same words under the same key and gets the same thing.
"""

import uuid
from collections.abc import Callable

from membership import gateway
from membership.models import Checkout, DonationCheckout, StripeCustomer, StripePrice

Row = StripePrice | StripeCustomer | Checkout | DonationCheckout


def id_of(row: StripePrice | StripeCustomer, make: Callable[[uuid.UUID], str]) -> str:
    """The row's id at Stripe, asked for if it is not known; whoever comes first keeps theirs."""
    if row.stripe_id:
        return row.stripe_id
    made = asked(row, make)
    type(row).objects.filter(pk=row.pk, stripe_id__isnull=True).update(stripe_id=made)
    row.refresh_from_db(fields=["stripe_id"])
    return row.stripe_id or made


def asked(row: Row, make: Callable[[uuid.UUID], str]) -> str:
    """Ask under the row's key. Where that failed, another click may have had the answer meanwhile.

    If only another key helps, the row gets one for the next try. What Stripe may have made under the first key stays
    behind unused: nobody knows the address of such a page, and a customer without one costs nothing.
    """
    try:
        return make(row.key)
    except gateway.Unavailable as problem:
        if problem.is_replayed:
            type(row).objects.filter(pk=row.pk, key=row.key, stripe_id__isnull=True).update(key=uuid.uuid4())
        row.refresh_from_db(fields=["stripe_id"])
        if not row.stripe_id:
            raise
        return row.stripe_id
