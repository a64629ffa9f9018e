"""What visitors see of it, one file a subject. `show_<model>` is what previews call (`psg.publishing.views`)."""

from pages.views.pages import page, show_page
from pages.views.publications import publication, publication_list, show_publication

__all__ = ["page", "publication", "publication_list", "show_page", "show_publication"]
