from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class PublishingConfig(AppConfig):
    """What articles, pages and events share: states, scheduling, revisions, preview links, edit conflicts."""

    name = "psg.publishing"
    label = "publishing"

    def ready(self) -> None:
        autodiscover_modules("jobs")
