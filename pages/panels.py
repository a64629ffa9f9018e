"""What pages give to the home page: the introduction to a section, and an appeal."""

from typing import Any

from pages.models import Page, Tone
from psg.home import Offer, Settings, panel

# The section that is introduced until staff choose one.
ABOUT = "about"


@panel(
    "appeal",
    template="pages/panels/appeal.html",
    title="Appeal",
    about="A few words across the page, with a button: for an urgent action or a collection. From one day to another.",
    position=10,
    shown=False,
    offers={
        "heading": Offer(required=True),
        "text": Offer(help="One or two sentences."),
        "link_label": Offer(label="Words on the button", help="Say what happens: “Write to the minister”."),
        "link_address": Offer(
            label="The button leads to", help="A path on this site, like /news/, or https://… on another site."
        ),
        "tone": Offer(Tone.OCHRE, label="Colour"),
        "shown_from": Offer(help="London time. Empty: as soon as it is ticked as shown."),
        "shown_until": Offer(help="London time. It goes by itself at this minute. Empty: until you hide it."),
    },
)
def appeal(settings: Settings) -> dict[str, Any] | None:
    """What staff wrote; nothing until they have."""
    return {"words": settings} if settings.heading else None


@panel(
    "about",
    template="pages/panels/about.html",
    title="About the group",
    about="The first pages of a section, each with its summary.",
    position=70,
    offers={
        "section_id": Offer(None, help="Its pages are shown, in the order that they have there. Empty: “About”."),
        "count": Offer(3, label="How many pages", limits=(1, 6)),
    },
)
def about(settings: Settings) -> dict[str, Any] | None:
    """The first pages of the section that have a summary."""
    pages = Page.objects.public().listed().exclude(summary="").order_by("position", "pk")
    pages = pages.filter(parent=settings.section_id) if settings.section_id else pages.filter(parent__path=ABOUT)
    found = list(pages.only("title", "path", "summary")[: settings.count])
    return {"pages": found} if found else None
