from django.contrib.sitemaps import Sitemap

from events.models import Event


class EventSitemap(Sitemap):
    """Every public event."""

    def items(self):
        return Event.objects.public().order_by("-starts_at").only("slug", "updated_at")

    def lastmod(self, event: Event):
        return event.updated_at


sitemaps = {"events": EventSitemap}
