"""What became of a page to pay on."""

from membership.actions import dunning, gift_dunning
from membership.actions.checkout import AnyPage
from membership.models import Checkout, CheckoutState


def reference_of(checkout: AnyPage) -> str:
    """The reference of what is paid on a page."""
    return checkout.application.reference if isinstance(checkout, Checkout) else checkout.donation.reference


def close_checkout(checkout: AnyPage, state: str, **ids: str) -> bool:
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
        if isinstance(checkout, Checkout):
            dunning.first_payment_failed(checkout)
        else:
            gift_dunning.payment_failed(checkout)
    return is_new
