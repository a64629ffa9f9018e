"""The section “About” and the publications of the demonstration site.

Titles and summaries of its three pages are the charity's own, of October 2019; the bodies were written for
the demo and say so. Metadata is in pages.json, each body in bodies/<slug>.html.
"""

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from django.db import transaction

from pages.demo import publications
from pages.models import Page
from psg import demo
from psg.publishing import actions

HERE = Path(__file__).parent
PUBLISHED_AT = datetime(2019, 9, 1, 12, tzinfo=ZoneInfo("Europe/London"))


def load() -> dict[str, int]:
    """Add the pages and publications that are missing, by their address; the number added of each."""
    pages = json.loads((HERE / "pages.json").read_text(encoding="utf-8"))
    added = sum(_add_page(position, **page) for position, page in enumerate(pages))
    return {"pages": added, "publications": publications.load()}


@transaction.atomic
def _add_page(position: int, *, slug: str, title: str, summary: str, parent: str | None = None) -> bool:
    """Write and publish one page; False if its address is taken or staff moved its section away."""
    section = Page.objects.filter(path=parent).first() if parent else None
    page = Page(title=title, slug=slug, summary=summary, parent=section, position=position * 10)
    if Page.objects.filter(path=page.make_path()).exists() or (parent and section is None):
        return False
    body = (HERE / "bodies" / f"{slug}.html").read_text(encoding="utf-8")
    page.body = demo.sample(body)
    page.published_at = PUBLISHED_AT
    actions.publish(page, by=demo.administrator())
    return True
