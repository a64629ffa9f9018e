"""Amounts in pence, as people write and read them."""

import re

# More than this is not a membership fee that somebody typed on purpose; the page says whom to write to instead.
MAXIMUM_PENCE = 500_000

# "25", "25.00", "£25", "1,000.50"; and "25,00", as much of Europe writes it.
AMOUNT = re.compile(r"(?P<sign>-?)£?(?P<pounds>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,12})(?:[.,](?P<pence>[0-9]{1,2}))?")


def pounds(pence: int) -> str:
    """Pence as "£25.00", "−£25.00" for what went out."""
    return f"{'−' if pence < 0 else ''}£{abs(pence) // 100:,}.{abs(pence) % 100:02}"


def round_pounds(pence: int) -> str:
    """As `pounds`, but without pence where there are none: "£1,250", "£12.50"."""
    return pounds(pence).removesuffix(".00")


def parse_pounds(text: str) -> int:
    """Pence of an amount as somebody typed it. Raises ValueError for what is not an amount in pounds."""
    found = AMOUNT.fullmatch("".join(text.split()).replace("−", "-").replace("£-", "-£"))
    if not found:
        raise ValueError(f"not an amount in pounds: {text[:40]!r}")
    pence = int(found["pounds"].replace(",", "")) * 100 + int((found["pence"] or "0").ljust(2, "0"))
    return -pence if found["sign"] else pence


def gift_aid_on(pence: int) -> int:
    """The tax that comes back on a gift, in whole pence: the basic rate of 20 %, so a quarter on top."""
    return pence // 4


def with_gift_aid(pence: int) -> int:
    """What a gift is worth to the charity with Gift Aid."""
    return pence + gift_aid_on(pence)
