"""Ways to pay without the site: where a transfer goes, how a cheque is written."""

from dataclasses import dataclass

from django.conf import settings

from membership.models import Method


@dataclass(frozen=True)
class WayToPay:
    """What somebody needs to know to pay by a method. Empty fields do not apply to it."""

    method: Method
    account_name: str = ""
    sort_code: str = ""
    account_number: str = ""
    payable_to: str = ""
    post_to: str = ""


def ways_to_pay() -> dict[str, WayToPay]:
    """What the join page offers, by method: transfers only where the account is set."""
    cheque = WayToPay(Method.CHEQUE, payable_to=settings.SITE_NAME, post_to=settings.CHEQUE_ADDRESS)
    account = (settings.BANK_ACCOUNT_NAME, settings.BANK_SORT_CODE, settings.BANK_ACCOUNT_NUMBER)
    if not all(account):
        return {Method.CHEQUE.value: cheque}
    return {Method.TRANSFER.value: WayToPay(Method.TRANSFER, *account), Method.CHEQUE.value: cheque}


def way_to_pay(method: str) -> WayToPay:
    """How to pay by that method; by cheque where it is not offered any more."""
    ways = ways_to_pay()
    return ways.get(method) or ways[Method.CHEQUE.value]
