from django.apps import AppConfig


class LibraryConfig(AppConfig):
    """Pictures and documents: uploaded once, used many times."""

    name = "psg.library"
    label = "library"
    verbose_name = "Library"
