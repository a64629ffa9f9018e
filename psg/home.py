"""The home page is made of panels: the register.

Each app offers its panels in a module `panels`, and says what staff may set of each. The app that keeps those settings
(a row for each panel) and shows the page offers a function to look one up: see `keeper`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from django.db.models import Expression
from django.utils.translation import gettext

# Where a panel stands on a wide screen: across the page, in the broad column, or in the narrow one beside it.
Width = Literal["wide", "main", "side"]


@dataclass(frozen=True)
class Offer:
    """One thing that staff may set of a panel: what it is unless they do, and the form's words for it."""

    default: Any = ""
    label: str = ""
    help: str = ""
    required: bool = False
    limits: tuple[int, int] | None = None  # of a number: the least and the most


@dataclass(frozen=True)
class Settings:
    """What a panel is to show. Whatever staff left alone is as its `Offer` says."""

    heading: str = ""
    text: str = ""
    link_label: str = ""
    link_address: str = ""
    section_id: int | None = None
    count: int = 0
    tone: str = ""
    found: Any = None  # what the panel's `looks_up` found; not set by staff

    @property
    def lines(self) -> list[str]:
        """The text, one thing a line."""
        return [line.strip() for line in self.text.splitlines() if line.strip()]


# A panel's function returns what its template shows, or None to be left out.
PanelFunction = Callable[[Settings], dict[str, Any] | None]


@dataclass(frozen=True)
class Panel:
    """A kind of block that the home page can show.

    `offers` names fields of `Settings`, and "shown_from" and "shown_until" where it may come and go by the clock.
    `looks_up` gives an expression whose JSON the page asks for along with its panels, so that it costs no query.
    """

    name: str
    function: PanelFunction
    template: str
    title: str  # what staff call it
    about: str  # what it shows, for staff
    position: int  # in the order that a new site has
    width: Width = "wide"
    shown: bool = True  # on a new site
    offers: Mapping[str, Offer] = field(default_factory=dict)
    looks_up: Callable[[], Expression] | None = None

    def settings(self, kept: Any = None, *, found: Any = None) -> Settings:
        """What is kept, completed by the defaults; those are in the reader's language."""
        set_by_staff = {
            name: getattr(kept, name, None) or _translated(offer.default)
            for name, offer in self.offers.items()
            if name in Settings.__dataclass_fields__
        }
        return Settings(**set_by_staff, found=found)


_panels: dict[str, Panel] = {}
_keeper: list[Callable[[str], Any]] = []


def panel(name: str, **described: Any) -> Callable[[PanelFunction], PanelFunction]:
    """Offer a function as the home page's panel `name`; `described` is the rest of `Panel`."""

    def decorate(function: PanelFunction) -> PanelFunction:
        _panels[name] = Panel(name=name, function=function, **described)
        return function

    return decorate


def panels() -> dict[str, Panel]:
    """Every panel that an app offers, by name, in the order of a new site."""
    return {each.name: each for each in sorted(_panels.values(), key=lambda each: each.position)}


def keeper(function: Callable[[str], Any]) -> Callable[[str], Any]:
    """Offer a function that looks up what staff set of a panel; None where they set nothing."""
    _keeper[:] = [function]
    return function


def settings_of(name: str) -> Settings:
    """What staff set of a panel, for pages that say the same words as the home page. One query."""
    kept = _keeper[0](name) if _keeper else None
    return panels()[name].settings(kept)


def _translated(default: Any) -> Any:
    """Texts in the reader's language, line by line. An empty one stays empty: gettext would give its own header."""
    if not isinstance(default, str):
        return default
    return "\n".join(gettext(line) if line else "" for line in default.splitlines())
