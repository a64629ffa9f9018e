"""What pages give to the home page."""

from typing import Any

from pages.models import Page
from psg.home import panel

# The page whose children are introduced on the home page.
ABOUT = "about"


@panel("about", template="pages/panels/about.html")
def about() -> dict[str, Any] | None:
    """The first three pages of the section "About", with their summaries."""
    pages = Page.objects.public().listed().filter(parent__path=ABOUT).exclude(summary="").order_by("position")
    found = list(pages.only("title", "path", "summary")[:3])
    return {"pages": found} if found else None
