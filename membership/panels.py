"""What membership gives to the home page."""

from typing import Any

from membership.reasons import REASONS
from psg.home import panel


@panel("why_join", template="membership/panels/why_join.html")
def why_join() -> dict[str, Any]:
    """The reasons, and the way to become a member."""
    return {"reasons": REASONS}
