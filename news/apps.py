from django.apps import AppConfig


class NewsConfig(AppConfig):
    """Articles, topics, feeds."""

    name = "news"
