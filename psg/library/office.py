"""Office files: ZIP archives whose members say what they are. Nothing is unpacked to disk."""

import re
import zipfile
import zlib
from typing import IO, Any

from psg.library.models import Kind

MAX_MEMBERS = 10_000
MAX_UNPACKED = 500 * 1024 * 1024  # bytes
MAX_PART = 1024 * 1024  # bytes read of a part that says what the archive is
MAX_WORDS = 20 * 1024 * 1024  # bytes of XML read for the words
# What a reader of archives raises for a damaged one.
DAMAGE = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, KeyError, RuntimeError, NotImplementedError)

# Main part → what it makes the archive, and the type by which its table of contents names that part.
_OPENXML = {
    "word/document.xml": (Kind.DOCX, b"wordprocessingml.document.main+xml"),
    "xl/workbook.xml": (Kind.XLSX, b"spreadsheetml.sheet.main+xml"),
    "ppt/presentation.xml": (Kind.PPTX, b"presentationml.presentation.main+xml"),
}
_OPENDOCUMENT = {
    b"application/vnd.oasis.opendocument.text": Kind.ODT,
    b"application/vnd.oasis.opendocument.spreadsheet": Kind.ODS,
    b"application/vnd.oasis.opendocument.presentation": Kind.ODP,
}
_MACRO_MEMBER = re.compile(r"(^|/)vba[^/]*\.bin$|^(basic|scripts)/", re.IGNORECASE)
_WORDS_IN = {
    Kind.DOCX: re.compile(r"word/document\.xml"),
    Kind.XLSX: re.compile(r"xl/sharedStrings\.xml"),
    Kind.PPTX: re.compile(r"ppt/slides/slide\d+\.xml"),
    Kind.ODT: re.compile(r"content\.xml"),
    Kind.ODS: re.compile(r"content\.xml"),
    Kind.ODP: re.compile(r"content\.xml"),
}


class OfficeRefused(Exception):
    """The archive is not taken. The text is for the person who sent it."""


def kind_of(file: IO[bytes] | Any) -> Kind:
    """What the archive is. Raises OfficeRefused if it has macros or a password, is too large or no document."""
    try:
        with zipfile.ZipFile(file) as archive:
            return _kind(archive)
    except DAMAGE:
        raise OfficeRefused(
            "This file is damaged or incomplete. Please open it on your computer, save it again and upload that."
        ) from None


def _kind(archive: zipfile.ZipFile) -> Kind:
    members = archive.infolist()
    if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_UNPACKED:
        raise OfficeRefused("This file unpacks to far more than a document needs. Please save it as PDF instead.")
    names = {member.filename for member in members}
    contents = _part(archive, "[Content_Types].xml") if "[Content_Types].xml" in names else b""
    if any(_MACRO_MEMBER.search(name) for name in names) or b"macroenabled" in contents.lower():
        raise OfficeRefused("This file has macros, which are programs. Please save it without them, or as PDF.")
    if any(member.flag_bits & 1 for member in members) or _is_locked(archive, names):
        raise OfficeRefused("This file is protected with a password. Please save it without and upload that.")
    for part, (kind, content_type) in _OPENXML.items():
        if part in names and content_type in contents:
            return kind
    if {"mimetype", "content.xml"} <= names:
        found = _OPENDOCUMENT.get(_part(archive, "mimetype").strip())
        if found:
            return found
    raise OfficeRefused(
        "That is a ZIP archive, not a document. Please upload the documents in it one by one: PDF, DOCX, ODT, XLSX, "
        "ODS, PPTX, ODP, CSV or TXT."
    )


def _part(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as part:
        return part.read(MAX_PART)


def _is_locked(archive: zipfile.ZipFile, names: set[str]) -> bool:
    """OpenDocument names what it encrypted in its manifest."""
    manifest = "META-INF/manifest.xml"
    return manifest in names and b"encryption-data" in _part(archive, manifest)


def words(file: IO[bytes] | Any, kind: Kind) -> str:
    """The words of the document, without a parser of XML, which could be made to work for hours."""
    parts: list[str] = []
    left = MAX_WORDS
    with zipfile.ZipFile(file) as archive:
        for member in sorted(archive.namelist()):
            if _WORDS_IN[kind].fullmatch(member) and left > 0:
                with archive.open(member) as part:
                    xml = part.read(left)
                left -= len(xml)
                parts.append(_without_tags(xml.decode("utf-8", "ignore")))
    return " ".join(parts)


def _without_tags(xml: str) -> str:
    """Text of paragraphs and cells apart, of runs within a word together."""
    xml = re.sub(r"</(?:w:p|a:p|text:p|text:h|si)>|<(?:w:br|w:tab|text:tab|text:s)\b[^>]*>", " ", xml)
    text = re.sub(r"<[^>]*>", "", xml)
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&")):
        text = text.replace(entity, character)
    return text
