from django.contrib.sitemaps import Sitemap

from pages.models import Page, Publication


class PageSitemap(Sitemap):
    """Every public page, listed or not: the search finds them too."""

    def items(self):
        return Page.objects.public().order_by("path").only("path", "published_at", "corrected_at")

    def lastmod(self, page: Page):
        return page.last_changed


class PublicationSitemap(Sitemap):
    """Every public publication."""

    def items(self):
        return Publication.objects.public().newest_first().only("slug", "updated_at")

    def lastmod(self, publication: Publication):
        return publication.updated_at


sitemaps = {"pages": PageSitemap, "publications": PublicationSitemap}
