from django.contrib.sitemaps import Sitemap

from membership.models import Appeal


class AppealSitemap(Sitemap):
    """Every appeal that is shown, running or over."""

    def items(self):
        return Appeal.objects.public().only("slug", "starts_on").order_by("-starts_on", "-pk")


sitemaps = {"appeals": AppealSitemap}
