"""What a customer may do for themselves in the portal and on an invoice's page."""

from . import charging
from .account import Account
from .billing import collecting, standing
from .checkout import ASK, DONE, Outcome
from .errors import ApiError
from .instruments import decline_fields
from .resources import payment_methods
from .store import Doc


def change_method(account: Account, customer: Doc, method: Doc, *, authenticated: bool = False) -> Outcome:
    """Let everything of the customer be charged to another card or bank account from now on."""
    if method["type"] == "card":
        if authenticated:
            method["_sandbox"]["authenticated"] = True
            account.save(method)
        elif charging.judge(account, method, present=True).answer == "ask":
            return ASK
    try:
        payment_methods.attach(account, method, customer["id"])
    except ApiError as error:
        return Outcome("declined", str(error))
    payment_methods.set_up(account, method, customer["id"])
    customer["invoice_settings"]["default_payment_method"] = method["id"]
    account.save(customer, "customer.updated")
    for subscription in account.store.all("subscription", customer=customer["id"]):
        if subscription["status"] not in standing.ENDED:
            subscription["default_payment_method"] = method["id"]
            account.save(subscription, "customer.subscription.updated")
    return DONE


def pay_invoice(account: Account, invoice: Doc, method: Doc, *, authenticated: bool = False) -> Outcome:
    """Pay an open invoice with what was entered on its page."""
    if invoice["status"] not in ("open", "uncollectible"):
        return DONE
    invoice["_sandbox"]["method"] = method["id"]
    if authenticated:
        method["_sandbox"]["authenticated"] = True
        account.save(method)
    account.save(invoice)
    verdict = collecting.collect(
        account, invoice, method=method, present=True, authenticated=authenticated, automatic=False
    )
    if verdict.answer == "no":
        return Outcome("declined", decline_fields(verdict.decline)["message"])
    return ASK if verdict.answer == "ask" else DONE
