"""Where no page can stand, each reason by its name, in words for staff."""

from django.core.exceptions import ValidationError

# The longest address, with its slashes; so long may a redirect from it be, too.
ADDRESS_MAX_LENGTH = 400

# First parts of addresses that belong to the rest of the site. A test holds them against the map of the site.
RESERVED_SLUGS = frozenset(
    [
        "accounts",
        "admin",
        "contact",
        "dev",
        "donate",
        "events",
        "healthz",
        "media",
        "membership",
        "news",
        "newsletter",
        "preview",
        "publications",
        "readyz",
        "search",
        "static",
        "weave",
    ]
)


class PlaceRefused(ValidationError):
    """A page cannot stand there."""


class BelowItself(PlaceRefused):
    """The place is the page itself, or below it."""

    def __init__(self, page, parent) -> None:
        same = page.pk == parent.pk
        reason = "" if same else f": “{parent}” is one of the pages under it"
        super().__init__(f"“{page}” cannot go under itself{reason}.")


class ReservedAddress(PlaceRefused):
    """The address belongs to another part of the site."""

    def __init__(self, slug: str) -> None:
        super().__init__(f"/{slug}/ belongs to another part of the site. Choose another slug, or a place under a page.")


class AddressTaken(PlaceRefused):
    """Another page has the address."""

    def __init__(self, path: str) -> None:
        super().__init__(f"There is a page at /{path}/ already. Choose another slug, or another place.")


class AddressTooLong(PlaceRefused):
    """The address, or that of a page below, would be longer than addresses can be."""

    def __init__(self, length: int) -> None:
        super().__init__(
            f"The address would be {length} characters long, with the pages below; {ADDRESS_MAX_LENGTH} is the most. "
            "Choose shorter slugs, or a place further up."
        )


class PlaceGone(PlaceRefused):
    """The neighbour that was chosen is not there any more."""

    def __init__(self) -> None:
        super().__init__("The pages there have been moved meanwhile. Look where they are now, and choose again.")
