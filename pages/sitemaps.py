from django.contrib.sitemaps import Sitemap

from pages.models import Page


class PageSitemap(Sitemap):
    """Every public page, listed or not: the search finds them too."""

    def items(self):
        return Page.objects.public().order_by("path").only("path", "published_at", "corrected_at")

    def lastmod(self, page: Page):
        return page.last_changed


sitemaps = {"pages": PageSitemap}
