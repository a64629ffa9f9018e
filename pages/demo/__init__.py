"""The section “About” and the publications of the demonstration site, and what its contact form offers to choose from.

Titles and summaries of aims, history and human rights are the charity's own, of October 2019; everything else was
written for the demo and says so. What only the charity can know stands in [brackets]. Metadata is in pages.json, each
body in bodies/<slug>.html.
"""

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from django.db import transaction

from pages import home, menus
from pages.demo import publications
from pages.models import ContactSubject, Page
from pages.panels import ABOUT
from psg import demo
from psg.publishing import actions

HERE = Path(__file__).parent
SUBJECTS = [
    ("Membership and events", "members@demo.example"),
    ("The news, or a mistake in it", "news@demo.example"),
    ("Press and research", "press@demo.example"),
    ("Something else", "office@demo.example"),
]
PUBLISHED_AT = datetime(2019, 9, 1, 12, tzinfo=ZoneInfo("Europe/London"))


def load() -> dict[str, int]:
    """Add the pages and publications that are missing, and subjects where there are none; what was added."""
    pages = json.loads((HERE / "pages.json").read_text(encoding="utf-8"))
    added = sum(_add_page(position, **page) for position, page in enumerate(pages))
    menus.link_pages()
    if about := Page.objects.filter(path=ABOUT).first():
        home.link_section("about", about)
    return {"pages": added, "publications": publications.load(), "contact subjects": _add_subjects()}


def _add_subjects() -> int:
    if ContactSubject.objects.exists():
        return 0
    made = ContactSubject.objects.bulk_create(
        ContactSubject(label=label, recipients=recipient, position=position * 10)
        for position, (label, recipient) in enumerate(SUBJECTS)
    )
    return len(made)


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
