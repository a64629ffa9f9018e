"""What is for members alone: the register through which pages ask whether a reader is one.

The app that knows the members offers the answer in a module `access` (see `members_are`); others ask `is_member`.
"""

from collections.abc import Callable
from typing import Any

# From the user of a request to whether they are a member today.
Answer = Callable[[Any], bool]

_answer: list[Answer] = []


def members_are(function: Answer) -> Answer:
    """Offer the function that says whether a signed-in user is a member."""
    _answer[:] = [function]
    return function


def is_member(user: Any) -> bool:
    """Whether the user is a member today. Without a sign-in nobody is, and nobody at all where no app knows.

    No query for a visitor who is not signed in.
    """
    return user.is_authenticated and bool(_answer) and _answer[0](user)
