"""From an address below MEDIA_URL to the file that is there now."""

import mimetypes
from dataclasses import dataclass

from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header

from psg.library.models import Document, Image

DOCUMENTS = "library/documents/"


@dataclass(frozen=True)
class LastingFile:
    """What a picture's or a document's address leads to."""

    name: str  # in the storage
    content_type: str
    sha256: str
    disposition: str
    is_pdf: bool = False


def lasting_file(address: str) -> LastingFile | None:
    """The file whose address it is; None for a name that is nobody's address, like that of a picture's smaller copy.

    One query. Raises Http404 for a name under `library/documents/` that is nobody's address: what a document may do in
    a browser hangs on its row, so none is shown without.
    """
    if address.startswith(DOCUMENTS):
        rows = Document.objects.only("file", "address", "kind", "title", "sha256")
        return _document(get_object_or_404(rows, address=address))
    found = Image.objects.filter(address=address).values_list("file", "sha256").first()
    if found is None:
        return None
    name, sha256 = found
    # A replaced picture may be of another format than its address says.
    content_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return LastingFile(name, content_type, sha256, content_disposition_header(False, name.rpartition("/")[2]) or "")


def _document(document: Document) -> LastingFile:
    disposition = content_disposition_header(not document.is_pdf, document.download_name)
    return LastingFile(
        str(document.file.name), document.content_type, document.sha256, disposition or "inline", document.is_pdf
    )
