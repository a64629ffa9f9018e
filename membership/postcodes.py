"""UK postcodes in the one form that the Royal Mail and HMRC print: capitals, one space."""

import re

# Area, district, then digit and two letters; the letters that the Royal Mail never uses at the end are left out.
UK = re.compile(r"(?:[A-Z]{1,2}[0-9][A-Z0-9]?|GIR) ?[0-9][ABD-HJLNP-UW-Z]{2}")
UK_NAMES = {
    "", "uk", "u.k.", "gb", "great britain", "united kingdom", "england", "scotland", "wales", "cymru",
    "northern ireland", "isle of man", "jersey", "guernsey",
}  # fmt: skip


def is_uk(country: str) -> bool:
    """Whether a country, as somebody wrote it, has British postcodes."""
    return country.strip().casefold() in UK_NAMES


def normalised(postcode: str) -> str:
    """Capitals and one space where it belongs, for what looks like a UK postcode; else only tidied."""
    tidy = " ".join(postcode.upper().split())
    bare = re.sub(r"[^A-Z0-9]", "", tidy)
    spaced = f"{bare[:-3]} {bare[-3:]}"
    return spaced if UK.fullmatch(spaced) else tidy


def is_valid_uk(postcode: str) -> bool:
    """Whether it has the form of a UK postcode, however it was typed."""
    return UK.fullmatch(normalised(postcode)) is not None
