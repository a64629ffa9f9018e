from django.apps import AppConfig


class EventsConfig(AppConfig):
    """Events that people can come to."""

    name = "events"
