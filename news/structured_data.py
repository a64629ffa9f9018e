"""What search engines read: schema.org NewsArticle as JSON-LD."""

from typing import Any

from django.conf import settings

from news.models import Article, Author
from psg.json_ld import JsonLd


def article_json_ld(article: Article, *, url: str, image: str, authors: list[Author]) -> JsonLd:
    """The article as schema.org describes it. Dates in UTC, ISO 8601."""
    publisher = {"@type": "Organization", "name": settings.SITE_NAME, "url": settings.SITE_URL}
    published = article.published_at
    changed = article.corrected_at or published
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": article.title,
        "description": article.seo_description or article.standfirst,
        "inLanguage": article.language,
        "mainEntityOfPage": url,
        "url": url,
        "image": [image],
        "datePublished": published.isoformat() if published else None,
        "dateModified": changed.isoformat() if changed else None,
        "author": [{"@type": "Person" if author.user_id else "Organization", "name": author.name} for author in authors]
        or [publisher],
        "publisher": publisher,
    }
    if article.members_only:
        # As Google asks of pages of which everybody sees a part ("Structured data for paywalled content").
        part = {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": ".members-part"}
        data |= {"isAccessibleForFree": False, "hasPart": part}
    return JsonLd(data)
