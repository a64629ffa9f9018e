from django.contrib.sitemaps import Sitemap
from django.urls import reverse

from membership.models import Appeal


class AppealSitemap(Sitemap):
    """Every appeal that is shown, running or over."""

    def items(self):
        return Appeal.objects.public().only("slug", "starts_on").order_by("-starts_on", "-pk")


class GivingSitemap(Sitemap):
    """The page to give on."""

    def items(self):
        return ["donate:index"]

    def location(self, item):
        return reverse(item)


sitemaps = {"appeals": AppealSitemap, "giving": GivingSitemap}
