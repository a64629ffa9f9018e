"""How the well-known test cards and bank accounts behave. Numbers as in Stripe's own documentation on testing.

A verdict is what the bank says when asked for money: yes, no, "ask the customer" (3-D Secure), or "in some days".
"""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from .clock import MINUTE, working_days_later
from .store import Doc


class Card(NamedTuple):
    """A test card. `decline` is a decline code; `refused` says whether it is refused already when it is entered."""

    decline: str = ""
    refused: bool = True
    authentication: str = ""  # "setup": when entered; "always": also when the customer is away
    after: str = ""  # "dispute"; "refund_fails", "refund_pending"
    brand: str = "visa"
    country: str = "US"


CARDS = {
    "4242424242424242": Card(),
    "4000056655665556": Card(),
    "5555555555554444": Card(brand="mastercard"),
    "4000008260000000": Card(country="GB"),
    "4000000000000002": Card("generic_decline"),
    "4000000000009995": Card("insufficient_funds"),
    "4000000000009987": Card("lost_card"),
    "4000000000009979": Card("stolen_card"),
    "4000000000000069": Card("expired_card"),
    "4000000000000127": Card("incorrect_cvc"),
    "4000000000000119": Card("processing_error"),
    "4000000000000341": Card("generic_decline", refused=False),
    "4000002500003155": Card(authentication="setup"),
    "4000002760003184": Card(authentication="always"),
    "4000000000000259": Card(after="dispute"),
    "4000000000005126": Card(after="refund_fails"),
    "4000000000007726": Card(after="refund_pending"),
}

DECLINES = {
    "generic_decline": ("card_declined", "Your card was declined."),
    "insufficient_funds": ("card_declined", "Your card has insufficient funds."),
    "lost_card": ("card_declined", "Your card was declined."),
    "stolen_card": ("card_declined", "Your card was declined."),
    "expired_card": ("expired_card", "Your card has expired."),
    "incorrect_cvc": ("incorrect_cvc", "Your card's security code is incorrect."),
    "processing_error": (
        "processing_error",
        "An error occurred while processing your card. Try again in a little bit.",
    ),
    "authentication_required": (
        "authentication_required",
        "Your card was declined. This transaction requires authentication.",
    ),
    "debit_not_authorized": (
        "debit_not_authorized",
        "The customer has notified their bank that this payment was unauthorized.",
    ),
    "bank_insufficient_funds": ("insufficient_funds", "The bank account has insufficient funds to make this payment."),
    "bank_account_closed": ("account_closed", "The customer's bank account has been closed."),
    "mandate_inactive": (
        "payment_intent_mandate_invalid",
        "The provided mandate is invalid and can not be used for the payment intent.",
    ),
}


class Debit(NamedTuple):
    """A test bank account. `soon`: known after three minutes, not after days."""

    decline: str = ""
    soon: bool = False
    after: str = ""


SORT_CODE = "108800"
ACCOUNTS = {
    "00012345": Debit(),
    "90000018": Debit(soon=True),
    "33333335": Debit("debit_not_authorized"),
    "93333335": Debit("debit_not_authorized", soon=True),
    "22222227": Debit("bank_insufficient_funds"),
    "92222227": Debit("bank_insufficient_funds", soon=True),
    "55555559": Debit(soon=True, after="dispute"),
}


class Verdict(NamedTuple):
    """What the bank says. `answer`: yes, no, ask or later; `decline` with a no; `at` (seconds) with later."""

    answer: str
    decline: str = ""
    at: int = 0


YES, ASK = Verdict("yes"), Verdict("ask")


def decline_fields(decline: str) -> dict[str, Any]:
    """Code, decline code and message of an error."""
    code, message = DECLINES.get(decline, ("card_declined", "Your card was declined."))
    fields = {"code": code, "message": message}
    if code in ("card_declined", "authentication_required"):
        fields["decline_code"] = decline
    return fields


def card_of(method: Doc) -> Card:
    """How a card behaves: as its number says, unless it was told otherwise through the control API."""
    card, decline = CARDS[method["_sandbox"]["number"]], method["_sandbox"].get("decline")
    return card if decline is None else card._replace(decline=decline, refused=False)


def debit_of(method: Doc) -> Debit:
    """The same for a bank account."""
    debit, decline = ACCOUNTS[method["_sandbox"]["number"]], method["_sandbox"].get("decline")
    return debit if decline is None else debit._replace(decline=decline)


def after(method: Doc) -> str:
    """What comes after a payment that succeeded: "dispute", "refund_fails", "refund_pending", or nothing."""
    return card_of(method).after if method["type"] == "card" else debit_of(method).after


def is_expired(method: Doc, now: int) -> bool:
    """Whether the card's month is over."""
    today = datetime.fromtimestamp(now, UTC)
    return (method["card"]["exp_year"], method["card"]["exp_month"]) < (today.year, today.month)


def judge_card(method: Doc, now: int, *, present: bool, authenticated: bool) -> Verdict:
    """What the bank says to a charge. `present`: the customer is there to be asked; `authenticated`: and was."""
    card = card_of(method)
    if is_expired(method, now):
        return Verdict("no", "expired_card")
    known = method["_sandbox"].get("authenticated") and card.authentication == "setup"
    if card.authentication and not authenticated and not known:
        return ASK if present else Verdict("no", "authentication_required")
    return Verdict("no", card.decline) if card.decline else YES


def judge_debit(method: Doc, mandate: Doc, now: int, days: int, days_new: int) -> Verdict:
    """What the bank says to a debit: always later, unless the mandate has ended."""
    debit = debit_of(method)
    if mandate["status"] == "inactive":
        return Verdict("no", "mandate_inactive")
    known = days if mandate["status"] == "active" else days_new
    return Verdict("later", debit.decline, now + 3 * MINUTE if debit.soon else working_days_later(now, known))
