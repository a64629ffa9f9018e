"""The forms for a card and a bank account, and the numbers to try them with."""

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from ..entry import Errors
from .layout import field

CARDS = [
    ("4242 4242 4242 4242", "succeeds"),
    ("4000 0000 0000 0002", "is declined"),
    ("4000 0000 0000 9995", "is declined: insufficient funds"),
    ("4000 0000 0000 0069", "is declined: expired"),
    ("4000 0000 0000 0127", "is declined: incorrect security code"),
    ("4000 0025 0000 3155", "asks for 3-D Secure when it is entered"),
    ("4000 0027 6000 3184", "asks for 3-D Secure at every payment"),
    ("4000 0000 0000 0341", "can be saved; every payment fails"),
    ("4000 0000 0000 0259", "succeeds, then is disputed"),
    ("4000 0000 0000 5126", "succeeds; a refund fails days later"),
]
ACCOUNTS = [
    ("00012345", "succeeds, after 4 working days (7 the first time)"),
    ("90000018", "succeeds, after three minutes"),
    ("22222227", "fails, after days: insufficient funds (92222227: after three minutes)"),
    ("33333335", "fails, after days, and ends the mandate: not authorised (93333335: after three minutes)"),
    ("55555559", "succeeds after three minutes, then is disputed"),
]


def _numbers(summary: str, numbers: list[tuple[str, str]]) -> SafeString:
    rows = format_html_join("", "<li><code>{}</code> {}</li>", numbers)
    return format_html("<details><summary>{}</summary><ul>{}</ul></details>", summary, rows)


def _person(prefix: str, form: dict[str, str], errors: Errors) -> SafeString:
    return format_html(
        "{}{}",
        field("E-mail", "email", prefix, form, errors, type="email", autocomplete="email"),
        field("Name", "name", prefix, form, errors, autocomplete="name"),
    )


def card_form(action: str, label: str, form: dict[str, str], errors: Errors) -> SafeString:
    """The form for a card, with a button that says `label`."""
    return format_html(
        '<form method="post" action="{}"><fieldset><legend>Card</legend><input type="hidden" name="type" value="card">'
        '{}{}<div class="pair">{}{}</div>{}<p><button>{}</button></p></fieldset></form>',
        action,
        _person("card", form, errors),
        field("Card number", "number", "card", form, errors, inputmode="numeric", autocomplete="cc-number"),
        field("Expiry (MM / YY)", "expiry", "card", form, errors, autocomplete="cc-exp", placeholder="12 / 34"),
        field("Security code", "cvc", "card", form, errors, inputmode="numeric", autocomplete="cc-csc"),
        _numbers("Test cards (any future date, any code)", CARDS),
        label,
    )


def debit_form(action: str, label: str, form: dict[str, str], errors: Errors) -> SafeString:
    """The form for a Bacs Direct Debit."""
    return format_html(
        '<form method="post" action="{}"><fieldset><legend>Bacs Direct Debit</legend>'
        '<input type="hidden" name="type" value="bacs_debit">{}<div class="pair">{}{}</div>{}'
        "<p>With this button you agree to direct debits from this (made-up) account.</p>"
        "<p><button>{}</button></p></fieldset></form>",
        action,
        _person("debit", form, errors),
        field("Sort code", "sort_code", "debit", form, errors, inputmode="numeric", placeholder="10-88-00"),
        field("Account number", "account_number", "debit", form, errors, inputmode="numeric"),
        _numbers("Test accounts (sort code 10-88-00)", ACCOUNTS),
        label,
    )


def forms(types: list[str], action: str, label: str, form: dict[str, str], errors: Errors) -> SafeString:
    """A form for each way to pay; what was typed and what is wrong with it stand in the one that was sent.

    `label` is the button's, with {} for the way to pay.
    """
    sent = form.get("type", types[0])
    known = {name: form.get(name, "") for name in ("email", "name")}
    makers = {"card": (card_form, "card"), "bacs_debit": (debit_form, "Direct Debit")}
    parts = []
    for kind in types:
        make, way = makers[kind]
        mine = kind == sent
        parts.append(make(action, label.format(way), form if mine else known, errors if mine else {}))
    return format_html_join("", "{}", ((part,) for part in parts))
