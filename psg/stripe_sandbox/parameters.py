"""Parameters of API calls: `a[b][0][c]=x` is read into a tree, which is then checked against what the call declares.

A declaration is a dictionary from a name (with `!` at its end if required) to a kind: a function that takes the text
that came and the parameter's name, and returns the value or raises `ApiError`.
"""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from .errors import invalid, missing, unknown

Kind = Callable[[Any, str], Any]
Declared = dict[str, Any]  # name -> Kind, or a Declared of its own
BIGGEST_AMOUNT = 99_999_999


def parse(encoded: str) -> dict[str, Any]:
    """Read form-encoded text into a tree; lists become dictionaries with the positions as keys.

    Raises ApiError if names contradict each other.
    """
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(encoded, keep_blank_values=True):
        head, _, rest = name.partition("[")
        steps = [head, *re.findall(r"\[?([^\[\]]*)\]", rest)] if rest else [head]
        place = tree
        for step, following in zip(steps, [*steps[1:], None], strict=True):
            key = step or str(len(place))
            if following is None:
                place[key] = value
                break
            place = place.setdefault(key, {})
            if not isinstance(place, dict):
                raise invalid(f"Invalid parameter: {name}", name)
    return tree


def read(tree: dict[str, Any], declared: Declared, prefix: str = "") -> dict[str, Any]:
    """Check a tree against a declaration. Values that did not come are absent; an empty text is None.

    Raises ApiError: unknown, missing or senseless parameter.
    """
    kinds = {name.rstrip("!"): kind for name, kind in declared.items()}
    full = {name: f"{prefix}[{name}]" if prefix else name for name in [*kinds, *tree]}
    values = {}
    for name, given in tree.items():
        if name not in kinds:
            raise unknown(full[name])
        kind = kinds[name]
        values[name] = shape(kind)(given, full[name]) if isinstance(kind, dict) else kind(given, full[name])
    for name in declared:
        if name.endswith("!") and values.get(name[:-1]) is None:
            raise missing(full[name[:-1]])
    return values


def shape(declared: Declared) -> Kind:
    """An object with declared parts; empty text unsets it."""

    def kind(given: Any, name: str) -> Any:
        if given == "":
            return None
        if not isinstance(given, dict):
            raise invalid("Invalid object", name)
        return read(given, declared, name)

    return kind


def each(kind: Kind | Declared) -> Kind:
    """A list."""
    one = shape(kind) if isinstance(kind, dict) else kind

    def read_list(given: Any, name: str) -> Any:
        if given == "":
            return []
        if not isinstance(given, dict) or not all(key.isdigit() for key in given):
            raise invalid("Invalid array", name)
        return [one(given[key], f"{name}[{key}]") for key in sorted(given, key=int)]

    read_list.each = kind  # type: ignore[attr-defined]  # so that declarations can be looked through
    return read_list


def text(longest: int = 5000) -> Kind:
    """Words, at most so many characters; empty text unsets."""

    def kind(given: Any, name: str) -> str | None:
        if not isinstance(given, str):
            raise invalid("Invalid string", name)
        if len(given) > longest:
            raise invalid(f"Invalid string: must be at most {longest} characters", name, "parameter_invalid_string")
        return given or None

    return kind


def integer(least: int | None = None, most: int | None = None) -> Kind:
    """A whole number."""

    def kind(given: Any, name: str) -> int | None:
        if given == "":
            return None
        if not isinstance(given, str) or not re.fullmatch(r"-?\d{1,18}", given):
            raise invalid(f"Invalid integer: {given}", name, "parameter_invalid_integer")
        number = int(given)
        if least is not None and number < least:
            raise invalid(f"This value must be greater than or equal to {least}.", name, "parameter_invalid_integer")
        if most is not None and number > most:
            raise invalid(f"This value must be less than or equal to {most}.", name, "parameter_invalid_integer")
        return number

    return kind


def boolean(given: Any, name: str) -> bool | None:
    """true or false."""
    if given == "":
        return None
    if given not in ("true", "false"):
        raise invalid(f"Invalid boolean: {given}", name)
    return given == "true"


def one_of(*choices: str) -> Kind:
    """One of some words."""

    def kind(given: Any, name: str) -> str | None:
        if given == "":
            return None
        if given not in choices:
            raise invalid(f"Invalid {name}: must be one of {', '.join(choices)}", name)
        return given

    return kind


def either(word: str, kind: Kind) -> Kind:
    """A certain word, or something else."""
    return lambda given, name: word if given == word else kind(given, name)


def metadata(given: Any, name: str) -> dict[str, str] | None:
    """At most 50 pairs, keys up to 40 and values up to 500 characters. An empty value takes its key away."""
    if given == "":
        return None
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise invalid("Invalid metadata: must be pairs of texts", name)
    for key, value in given.items():
        if len(key) > 40:
            raise invalid(f"Metadata keys can have up to 40 characters, but “{key}” has {len(key)}.", name)
        if len(value) > 500:
            raise invalid(
                f"Metadata values can have up to 500 characters, but you passed in a value that is {len(value)} "
                f"characters. Invalid value: {value[:40]}…",
                f"{name}[{key}]",
            )
    if len(given) > 50:
        raise invalid("You can have at most 50 metadata keys.", name)
    return given


def merge_metadata(old: dict[str, str] | None, given: dict[str, str] | None) -> dict[str, str]:
    """Old pairs with the given ones put over them; None empties."""
    if given is None:
        return {}
    return {key: value for key, value in ((old or {}) | given).items() if value != ""}


def created(given: Any, name: str) -> dict[str, int]:
    """A time or a range of times, in seconds."""
    if isinstance(given, dict):
        moment = integer(0)
        return read(given, {"gt": moment, "gte": moment, "lt": moment, "lte": moment}, name)
    exact = integer(0)(given, name)
    return {"gte": exact, "lte": exact}


amount = integer(0, BIGGEST_AMOUNT)
string = text()
ADDRESS: Declared = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"), string)
SHIPPING: Declared = {"address!": ADDRESS, "name!": string, "phone": text(20)}
PAGING: Declared = {"limit": integer(1, 100), "starting_after": string, "ending_before": string}
