"""What visitors see of it, one file a subject. `show_<model>` is what previews call (`psg.publishing.views`)."""

from pages.views.contact import contact, contact_copy, contact_thanks
from pages.views.pages import page, show_page

__all__ = ["contact", "contact_copy", "contact_thanks", "page", "show_page"]
