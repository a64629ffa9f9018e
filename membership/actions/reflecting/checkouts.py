"""What became of a page to pay on."""

from membership.actions import dunning
from membership.models import Checkout, CheckoutState


def close_checkout(checkout: Checkout, state: str, **ids: str) -> bool:
    """Note what became of a page, on its locked row; whether that is new. A payment that failed is told to the person.

    A card that is declined leaves the page open, so what failed here is a debit, whether or not we heard of it before.
    """
    is_new = checkout.state != state
    columns = {"state": state} | ids
    if all(getattr(checkout, name) == value for name, value in columns.items()):
        return False
    for name, value in columns.items():
        setattr(checkout, name, value)
    checkout.save(update_fields=list(columns))
    if is_new and state == CheckoutState.FAILED:
        dunning.first_payment_failed(checkout)
    return is_new
