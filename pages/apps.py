from django.apps import AppConfig


class PagesConfig(AppConfig):
    """The tree of static pages."""

    name = "pages"
