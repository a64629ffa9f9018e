"""Payment references: short, without characters that are mistaken for others, with a check character.

"PSG4H7KCM": PSG, five characters, one to check. Numbers come from one sequence in the database, so that no two are
ever the same, and are scattered, so that neighbours do not look alike.
"""

import re

from django.db import connection

PREFIX = "PSG"
# No vowels (no words); of what looks alike (0O 1IL 2Z 5S 8B UV) at most one. 23 is a prime: the check finds every
# single wrong character and every swap of two neighbours.
ALPHABET = "234679CDFGHJKMNPQRTVWXY"
BASE = len(ALPHABET)
LENGTH = 5
SPACE = BASE**LENGTH  # 6.4 million references
SPREAD, OFFSET = 3_571_429, 1_234_567  # SPREAD shares no factor with 23, so every number has its own place


def new_reference() -> str:
    """The next reference; no two calls ever give the same."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('membership_reference')")
        return encode(cursor.fetchone()[0])


def encode(number: int) -> str:
    """The reference of a number."""
    scattered, characters = (number * SPREAD + OFFSET) % SPACE, ""
    for _ in range(LENGTH):
        scattered, digit = divmod(scattered, BASE)
        characters += ALPHABET[digit]
    return f"{PREFIX}{characters}{_check(characters)}"


def _check(characters: str) -> str:
    return ALPHABET[sum(place * ALPHABET.index(each) for place, each in enumerate(characters, start=1)) % BASE]


def read(text: str) -> str | None:
    """The reference that a text is, however it is spaced or hyphenated, with or without PSG; None if it is none."""
    bare = re.sub(r"[^A-Z0-9]", "", text.upper()).removeprefix(PREFIX)
    if len(bare) != LENGTH + 1 or set(bare) - set(ALPHABET) or _check(bare[:-1]) != bare[-1]:
        return None
    return PREFIX + bare
