"""What membership gives to the home page."""

from typing import Any

from django.utils.translation import gettext_noop as _

from membership import appeals
from membership.reasons import REASONS
from psg.home import Offer, Settings, panel


@panel(
    "why_join",
    template="membership/panels/why_join.html",
    title="Why join",
    about="The reasons to become a member, and the button to the membership page, which gives the same reasons.",
    position=60,
    width="side",
    offers={
        "heading": Offer(_("Why join?")),
        "text": Offer("\n".join(REASONS), label="Reasons", help="One a line. The page “Membership” gives them too."),
        "link_label": Offer(_("Become a member"), label="Words on the button"),
    },
)
def why_join(settings: Settings) -> dict[str, Any]:
    """The reasons, and the way to become a member."""
    return {"words": settings}


@panel(
    "running_appeal",
    template="membership/panels/running_appeal.html",
    title="Donations",
    about=(
        "The appeal for donations that runs now (of several, the one that began last), what it has raised, and the "
        "button to its page. Nothing while none runs. Its words are under “Appeals”."
    ),
    position=20,
    offers={
        "heading": Offer(_("Appeal"), label="Word above the title"),
        "link_label": Offer(_("Give now"), label="Words on the button"),
    },
    looks_up=appeals.look_up_running,
)
def running_appeal(settings: Settings) -> dict[str, Any] | None:
    """The running appeal with its bar; left out while none runs."""
    if settings.found is None:
        return None
    page = appeals.read_running(settings.found)
    return {"appeal": page.appeal, "raised": page.raised, "words": settings}
