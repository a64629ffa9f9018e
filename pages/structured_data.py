"""What search engines read: schema.org as JSON-LD."""

from typing import Any

from django.conf import settings

from pages.models import Publication
from psg.json_ld import JsonLd
from psg.library.models import Document, Image


def publication_json_ld(
    publication: Publication, document: Document | None, *, url: str, cover: Image | None
) -> JsonLd:
    """The publication as schema.org's Report, with its PDF."""
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Report",
        "name": publication.title,
        "url": url,
        "inLanguage": publication.language,
        "datePublished": str(publication.year),
        "publisher": {"@type": "Organization", "name": settings.SITE_NAME, "url": settings.SITE_URL},
    }
    if publication.summary:
        data["description"] = publication.summary
    if cover:
        data["image"] = settings.SITE_URL + cover.file.url
    if document:
        data["numberOfPages"] = document.pages
        data["encoding"] = {
            "@type": "MediaObject",
            "encodingFormat": document.content_type,
            "contentSize": str(document.bytes),
        }
        if document.file:
            data["encoding"]["contentUrl"] = settings.SITE_URL + document.get_absolute_url()
    return JsonLd(data)
