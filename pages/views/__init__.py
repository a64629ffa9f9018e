"""What visitors see of it, one file a subject. `show_<model>` is what previews call (`psg.publishing.views`)."""

from pages.views.contact import contact, contact_copy, contact_thanks
from pages.views.home import home, show_home
from pages.views.pages import page, show_page
from pages.views.publications import publication, publication_list, show_publication

__all__ = [
    "contact",
    "contact_copy",
    "contact_thanks",
    "home",
    "page",
    "publication",
    "publication_list",
    "show_home",
    "show_page",
    "show_publication",
]
