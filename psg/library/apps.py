from django.apps import AppConfig


class LibraryConfig(AppConfig):
    """Pictures: uploaded once, described once, used many times."""

    name = "psg.library"
    label = "library"
    verbose_name = "Picture library"
