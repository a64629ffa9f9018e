from django.contrib.sitemaps import Sitemap

from pages.models import Page, Publication


class PageSitemap(Sitemap):
    """Every public page."""

    def items(self):
        return Page.objects.public().order_by("path").only("path", "updated_at")

    def lastmod(self, page: Page):
        return page.updated_at


class PublicationSitemap(Sitemap):
    """Every public publication."""

    def items(self):
        return Publication.objects.public().newest_first().only("slug", "updated_at")

    def lastmod(self, publication: Publication):
        return publication.updated_at


sitemaps = {"pages": PageSitemap, "publications": PublicationSitemap}
