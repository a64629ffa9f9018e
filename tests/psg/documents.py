"""What the tests of the library's documents share."""

from django.core.files.uploadedfile import SimpleUploadedFile

from psg.library.document_actions import add_document
from psg.library.models import Document
from tests.psg.papers import pdf


def upload(content: bytes, name: str = "a.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def add(content: bytes | None = None, name: str = "a.pdf", **words) -> Document:
    content = pdf("Mining in Cajamarca") if content is None else content
    return add_document(file=upload(content, name), **{"title": "Mining in Cajamarca"} | words)
