"""The publications of the demonstration site: small PDFs, written for it and saying so on every page.

Words are in publications.json; the PDFs are made when they are loaded.
"""

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from django.core.files.base import ContentFile
from django.db import transaction

from pages.demo.paper import paper
from pages.models import Publication
from psg import demo
from psg.library.document_actions import filed
from psg.library.documents import check
from psg.library.models import Language
from psg.publishing import actions

CONTENT = Path(__file__).parent / "publications.json"
LONDON = ZoneInfo("Europe/London")


def load() -> int:
    """Add the publications that are missing, by their address; the number added."""
    rows = json.loads(CONTENT.read_text(encoding="utf-8"))
    return sum(_add(**row) for row in rows)


@transaction.atomic
def _add(
    *,
    slug: str,
    title: str,
    year: int,
    seed: str,
    summary: str,
    paragraphs: list[str],
    language: str = Language.ENGLISH,
) -> bool:
    """Make one PDF, file it and publish it; False if its address is taken."""
    if Publication.objects.filter(slug=slug).exists():
        return False
    publisher = demo.administrator()
    mark = demo.SAMPLE_MARK[language]
    content = paper(title=title, subtitle=str(year), paragraphs=paragraphs, mark=mark, seed=seed)
    checked = check(ContentFile(content, name="sample.pdf"))
    with filed(checked, title=title, language=language, by=publisher) as document:
        publication = Publication(
            slug=slug, title=title, year=year, summary=summary, language=language, document=document
        )
        publication.published_at = datetime(year, 11, 1, 12, tzinfo=LONDON)
        actions.publish(publication, by=publisher)
    return True
