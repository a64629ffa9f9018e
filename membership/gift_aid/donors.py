"""Name and address as HMRC's schedule takes them: what it would refuse, and what somebody should look at."""

import re
import unicodedata
from dataclasses import dataclass

from membership import postcodes
from membership.models import Person

TITLE_MAX, NAME_MAX, HOUSE_MAX = 4, 35, 40
ABROAD = "X"  # in place of a postcode
SHORT_TITLES = {"professor": "Prof", "doctor": "Dr", "reverend": "Rev", "mister": "Mr"}
# "12", "12a", "12-14", "Flat 3, 12", "3/2 12": up to the last of the numbers that an address starts with.
NUMBER = r"[0-9]+[A-Za-z]?(?:\s*[-/–]\s*[0-9]+[A-Za-z]?)?"
HOUSE_NUMBER = re.compile(rf"(?:(?:flat|apartment|apt|unit|room)\.?\s+[A-Za-z0-9]+,?\s+)?{NUMBER}(?![A-Za-z0-9])", re.I)
FLAT_ALONE = re.compile(r"(?:flat|apartment|apt|unit|room)\.?\s+[A-Za-z0-9]+", re.I)
STREET = re.compile(r"\b(?:street|st|road|rd|lane|avenue|ave|drive|close|way|terrace|crescent)\.?$", re.I)
NO_HOME = re.compile(r"\b(?:p\.?\s?o\.?\s*box|c/o)\b", re.I)


@dataclass(frozen=True)
class Donor:
    """The columns of a line. `blocks`: why HMRC would refuse it; `warnings`: what it takes, and may ask about."""

    title: str
    first_name: str
    last_name: str
    house: str
    postcode: str
    blocks: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def donor_of(person: Person) -> Donor:
    """What the schedule says of a person, from their record as it is now."""
    blocks: list[str] = []
    warnings: list[str] = []
    first = _name(person.first_name, "first name", blocks, warnings)
    # HMRC: a double-barrelled last name is written with a space instead of the hyphen.
    last = _name(re.sub(r"\s*[-‐–]\s*", " ", person.last_name), "last name", blocks, warnings)
    if first and all(len(word) <= 1 for word in re.split(r"[\s.]+", first)):
        warnings.append("initials only: the full first name is better")
    return Donor(
        title=_title(person.title),
        first_name=first,
        last_name=last,
        house=_house(person, blocks, warnings),
        postcode=_postcode(person, blocks),
        blocks=tuple(blocks),
        warnings=tuple(warnings),
    )


def _plain(text: str) -> str:
    """On one line, without accents, with typewriter quotes: what every form takes."""
    decomposed = unicodedata.normalize("NFKD", text.replace("’", "'").replace("‘", "'"))
    return " ".join("".join(each for each in decomposed if not unicodedata.combining(each)).split())


def _name(typed: str, called: str, blocks: list[str], warnings: list[str]) -> str:
    name = _plain(typed)
    if not re.search(r"[^\W\d_]", name):
        blocks.append(f"no {called}")
    if len(name) > NAME_MAX:
        warnings.append(f"{called} longer than {NAME_MAX} letters: cut")
    return name[:NAME_MAX].strip()


def _title(typed: str) -> str:
    """At most four letters; it may be left out."""
    title = _plain(typed).strip(".")
    title = SHORT_TITLES.get(title.lower(), title)
    return title if len(title) <= TITLE_MAX else ""


def _house(person: Person, blocks: list[str], warnings: list[str]) -> str:
    first, second = _plain(person.address_line1), _plain(person.address_line2)
    if not first:
        blocks.append("no address")
        return ""
    if NO_HOME.search(first):
        warnings.append("this does not look like a home address")
    flat = FLAT_ALONE.fullmatch(first.rstrip(","))
    if flat and (number := HOUSE_NUMBER.match(second)):
        return f"{flat[0]}, {number[0]}"[:HOUSE_MAX]
    if number := HOUSE_NUMBER.match(first):
        return number[0][:HOUSE_MAX].strip()
    house = first.split(",")[0].strip()
    if STREET.search(house):
        warnings.append("no house name or number seen")
    if len(house) > HOUSE_MAX:
        warnings.append(f"house name longer than {HOUSE_MAX} letters: cut")
    return house[:HOUSE_MAX].strip()


def _postcode(person: Person, blocks: list[str]) -> str:
    """In capitals with its space; X for an address abroad."""
    if not postcodes.is_uk(person.country):
        return ABROAD
    if not person.postcode.strip():
        blocks.append("no postcode")
    elif not postcodes.is_valid_uk(person.postcode):
        blocks.append(f"not a UK postcode: {person.postcode}")
    else:
        return postcodes.normalised(person.postcode)
    return ""
