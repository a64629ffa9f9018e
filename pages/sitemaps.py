from django.contrib.sitemaps import Sitemap

from pages.models import Page


class PageSitemap(Sitemap):
    """Every public page."""

    def items(self):
        return Page.objects.public().order_by("path").only("path", "updated_at")

    def lastmod(self, page: Page):
        return page.updated_at


sitemaps = {"pages": PageSitemap}
