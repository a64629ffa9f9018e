"""Documents to try the library with, made by hand: PDFs, office files, and what only looks like them."""

import hashlib
import io
import zipfile

_PAD = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")  # PDF 1.4, algorithm 3.2
_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"


def _rc4(key: bytes, data: bytes) -> bytes:
    box, j = list(range(256)), 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    out, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        out.append(byte ^ box[(box[i] + box[j]) % 256])
    return bytes(out)


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def _lock(password: str) -> tuple[bytes, bytes]:
    """The key, and the entries of the trailer, of 40-bit encryption."""
    padded, name = (password.encode() + _PAD)[:32], b"0123456789abcdef"
    owner = _rc4(_md5(padded)[:5], padded)
    key = _md5(padded + owner + (-4 & 0xFFFFFFFF).to_bytes(4, "little") + name)[:5]
    user = _rc4(key, _PAD)
    entries = f" /Encrypt << /Filter /Standard /V 1 /R 2 /O <{owner.hex()}> /U <{user.hex()}> /P -4 >> "
    return key, f"{entries}/ID [<{name.hex()}> <{name.hex()}>]".encode()


HEADER = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"


def pdf(*pages: str, box: str = "0 0 595 842", password: str | None = None, room: int = 0) -> bytes:
    """A PDF with these pages; with a password (which may be empty) it is encrypted.

    `room`: so many bytes have still to be put between the header and the rest.
    """
    key, locked = _lock(password) if password is not None else (b"", b"")
    kids = " ".join(f"{4 + 2 * page} 0 R" for page in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        _FONT,
    ]
    for page, text in enumerate(pages):
        number = 5 + 2 * page
        words = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)").encode("cp1252")
        content = b"BT /F 12 Tf 60 780 Td (" + words + b") Tj ET"
        if key:
            content = _rc4(_md5(key + number.to_bytes(3, "little") + b"\0\0")[:10], content)
        resources = "<< /Font << /F 3 0 R >> >>"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [{box}] /Resources {resources} /Contents {number} 0 R >>".encode()
        )
        objects.append(f"<< /Length {len(content)} >>\nstream\n".encode() + content + b"\nendstream")
    out, places = bytearray(HEADER), []
    for number, each in enumerate(objects, start=1):
        places.append(len(out) + room)
        out += f"{number} 0 obj\n".encode() + each + b"\nendobj\n"
    start, size = len(out) + room, len(objects) + 1
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    out += f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R".encode()
    return bytes(out + locked + f" >>\nstartxref\n{start}\n%%EOF\n".encode())


def archive(**members: str | bytes) -> bytes:
    """A ZIP archive of members by name."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as made:
        for name, body in members.items():
            made.writestr(name, body)
    return content.getvalue()


def openxml(part: str, kind: str, words: str = "Palabras y niños", **more: str | bytes) -> bytes:
    contents = (
        '<Types><Override PartName="/x" '
        f'ContentType="application/vnd.openxmlformats-officedocument.{kind}.main+xml"/></Types>'
    )
    return archive(**{"[Content_Types].xml": contents, part: f"<a><w:p>{words}</w:p></a>"} | more)


def opendocument(kind: str, words: str = "Palabras y niños", **more: str | bytes) -> bytes:
    mimetype = f"application/vnd.oasis.opendocument.{kind}"
    return archive(**{"mimetype": mimetype, "content.xml": f"<a><text:p>{words}</text:p></a>"} | more)


WORD = ("word/document.xml", "wordprocessingml.document")
EXCEL = ("xl/workbook.xml", "spreadsheetml.sheet")
SLIDES = ("ppt/presentation.xml", "presentationml.presentation")
TAKEN = {
    "pdf": ("a.pdf", pdf("Palabras y niños", "two")),
    "docx": ("a.docx", openxml(*WORD)),
    "xlsx": ("a.xlsx", openxml(*EXCEL, **{"xl/sharedStrings.xml": "<si>Palabras y niños</si>"})),
    "pptx": ("a.pptx", openxml(*SLIDES, **{"ppt/slides/slide1.xml": "<a:p>Palabras y niños</a:p>"})),
    "odt": ("a.odt", opendocument("text")),
    "ods": ("a.ods", opendocument("spreadsheet")),
    "odp": ("a.odp", opendocument("presentation")),
    "csv": ("a.csv", "año,palabras\n2019,Palabras y niños\n".encode()),
    "txt": ("a.txt", "\ufeffPalabras y niños".encode()),
}  # fmt: skip

# What is refused → the name it comes with, its bytes, and part of the reason that is given.
REFUSED = {
    "an empty file": ("a.pdf", b"", "empty"),
    "a web page called PDF": ("a.pdf", b"<!doctype html><script>alert(1)</script>", "web page"),
    "a web page after blanks": ("a.txt", b"\n\n  <HTML><body>", "web page"),
    "an SVG called TXT": ("a.txt", b'<?xml version="1.0"?><svg onload="alert(1)">', "web page"),
    "a script in a CSV": ("a.csv", b"a,b\n1,<script>alert(1)</script>", "web page"),
    "a program": ("a.pdf", b"MZ\x90\0\3\0\0\0", "Programs"),
    "a Linux program called DOCX": ("a.docx", b"\x7fELF\2\1\1", "Programs"),
    "a shell script called TXT": ("a.txt", b"#!/bin/sh\nrm -rf x", "Programs"),
    "bytes called TXT": ("a.txt", b"abc" * 1000 + b"\0\1\2", "not a document"),
    "plain text called PDF": ("a.pdf", b"Just some words", "not a document"),
    "a picture": ("a.pdf", b"\x89PNG\r\n\x1a\n" + b"\0" * 30, "under Pictures"),
    "an old Word file": ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old Word"),
    "an RTF file": ("a.rtf", b"{\\rtf1 Hello}", "RTF"),
    "a text in UTF-16": ("a.txt", "Hola".encode("utf-16"), "UTF-8"),
    "a PDF's first bytes": ("a.pdf", b"%PDF-1.4\n", "incomplete"),
    "half a PDF": ("a.pdf", pdf("one", "two")[:600], "incomplete"),
    "a PDF that only says so": ("a.pdf", b"%PDF-1.4\nhello\n%%EOF\n", "cannot be opened"),
    "a PDF without pages": ("a.pdf", pdf(), "cannot be opened"),
    "a PDF with a password": ("a.pdf", pdf("secret", password="sesame"), "password"),
    "a PDF behind a web page": ("a.pdf", b"<p>x</p>" + pdf("one"), "something else than a PDF"),
    "a PDF that is an archive too": ("a.pdf", pdf("one") + archive(x="y"), "archive hidden"),
    "an archive": ("a.zip", archive(**{"a.txt": "x"}), "ZIP archive"),
    "an archive called DOCX": ("a.docx", archive(**{"word/document.xml": "x"}), "ZIP archive"),
    "an empty archive": ("a.docx", b"PK\x05\x06" + b"\0" * 18, "archive"),
    "half a DOCX": ("a.docx", openxml(*WORD)[:200], "damaged"),
    "a macro file called DOCX": ("a.docx", openxml(*WORD, **{"word/vbaProject.bin": b"x"}), "macros"),
    "a DOCM": ("a.docm", openxml(*WORD, **{"[Content_Types].xml": "ms-word.document.macroEnabled.main+xml"}), "macros"),
    "an XLSM": ("a.xlsm", openxml(*EXCEL, **{"xl/vbaProject.bin": b"x"}), "macros"),
    "an ODT with macros": ("a.odt", opendocument("text", **{"Basic/Standard/Module1.xml": "x"}), "macros"),
    "a locked ODT": ("a.odt", opendocument("text", **{"META-INF/manifest.xml": "<encryption-data/>"}), "password"),
}  # fmt: skip
