"""What all exports share."""

from typing import Any


def defused(cell: Any) -> Any:
    """The cell as a spreadsheet shows it: words that it would take for a formula get an apostrophe before them."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
