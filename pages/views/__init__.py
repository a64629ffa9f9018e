"""What visitors see of it, one file a subject. `show_<model>` is what previews call (`psg.publishing.views`)."""

from pages.views.pages import page, show_page

__all__ = ["page", "show_page"]
