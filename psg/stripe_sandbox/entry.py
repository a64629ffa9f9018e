"""What people type: a card or a bank account. Test numbers only; anything else is refused politely."""

import re
from datetime import UTC, datetime
from typing import NamedTuple

from .account import Account
from .instruments import ACCOUNTS, CARDS, SORT_CODE
from .resources import payment_methods
from .store import Doc

Errors = dict[str, str]


class Entry(NamedTuple):
    """A payment method as it was entered; `month` and `year` are a card's."""

    type: str
    number: str
    month: int
    year: int
    name: str
    email: str


def read(form: dict[str, str], now: int) -> tuple[Entry | None, Errors]:
    """Read a form; what is wrong with it by field, or what was entered."""
    errors: Errors = {}
    email, name = form.get("email", "").strip(), form.get("name", "").strip()
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
        errors["email"] = "Enter an e-mail address, like ana@example.org."
    if not name:
        errors["name"] = "Enter the name of the account’s or the card’s owner."
    if form.get("type") == "bacs_debit":
        number = _read_debit(form, errors)
        month = year = 0
    else:
        number, month, year = _read_card(form, errors, now)
    if errors:
        return None, errors
    return Entry(form.get("type", "card"), number, month, year, name[:256], email[:512]), {}


def _read_debit(form: dict[str, str], errors: Errors) -> str:
    sort_code = re.sub(r"\D", "", form.get("sort_code", ""))
    number = re.sub(r"\D", "", form.get("account_number", ""))
    if sort_code != SORT_CODE:
        errors["sort_code"] = "The sandbox knows the sort code 10-88-00 only."
    if number not in ACCOUNTS:
        errors["account_number"] = "Use one of the test account numbers listed below."
    return number


def _read_card(form: dict[str, str], errors: Errors, now: int) -> tuple[str, int, int]:
    number = re.sub(r"\D", "", form.get("number", ""))
    if not _passes_luhn(number):
        errors["number"] = "Your card number is invalid."
    elif number not in CARDS:
        errors["number"] = "Your card was declined: this is the sandbox, but the card is not one of the test cards."
    expiry = re.fullmatch(r"\s*(\d{1,2})\s*/?\s*(\d{2}|\d{4})\s*", form.get("expiry", ""))
    month, year = (int(expiry[1]), int(expiry[2]) % 100 + 2000) if expiry else (0, 0)
    today = datetime.fromtimestamp(now, UTC)
    if not 1 <= month <= 12:
        errors["expiry"] = "Enter month and year, like 12 / 34."
    elif (year, month) < (today.year, today.month):
        errors["expiry"] = "Your card’s expiration date is in the past."
    if not re.fullmatch(r"\d{3,4}", form.get("cvc", "").strip()):
        errors["cvc"] = "Your card’s security code is incomplete."
    return number, month, year


def _passes_luhn(number: str) -> bool:
    if not 12 <= len(number) <= 19:
        return False
    digits = [int(digit) for digit in reversed(number)]
    return sum(digits[::2] + [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]) % 10 == 0


def make_method(account: Account, entry: Entry) -> Doc:
    """The payment method that was entered. It belongs to nobody yet."""
    if entry.type == "bacs_debit":
        return payment_methods.new_debit(account, number=entry.number, name=entry.name, email=entry.email)
    return payment_methods.new_card(
        account, number=entry.number, month=entry.month, year=entry.year, name=entry.name, email=entry.email
    )
