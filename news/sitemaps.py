"""News in the sitemap, with Google's news extension on articles of the last two days."""

from datetime import timedelta

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.utils import timezone

from news.models import Article, Topic

# The news extension is for articles of the last two days, at most 1,000
# (Google Search Central, "Create a news sitemap").
NEWS_DAYS = 2


class ArticleSitemap(Sitemap):
    """Every public article."""

    def items(self):
        return Article.objects.public().newest_first().only("title", "slug", "published_at", "language", "corrected_at")

    def lastmod(self, article: Article):
        return article.corrected_at or article.published_at

    def get_urls(self, *args, **kwargs):
        urls = super().get_urls(*args, **kwargs)
        since = timezone.now() - timedelta(days=NEWS_DAYS)
        for url in urls:
            article = url["item"]
            if article.published_at >= since:
                url["news"] = {
                    "publication": settings.SITE_NAME,
                    "language": article.language,
                    "published_at": article.published_at.isoformat(),
                    "title": article.title,
                }
        return urls


class TopicSitemap(Sitemap):
    """Topics that have articles."""

    def items(self):
        return Topic.objects.with_counts().filter(article_count__gt=0)


sitemaps = {"articles": ArticleSitemap, "topics": TopicSitemap}
