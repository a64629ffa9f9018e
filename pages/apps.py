from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PagesConfig(AppConfig):
    """The tree of static pages, the menus, and the home page."""

    name = "pages"

    def ready(self) -> None:
        from pages.home import ensure_panels
        from pages.menus import ensure_menus

        post_migrate.connect(ensure_menus, sender=self)
        post_migrate.connect(ensure_panels, sender=self)
