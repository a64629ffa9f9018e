"""A small PDF made by hand: a cover with a woven pattern, then pages of text that can be searched and copied."""

import io
import textwrap

from psg import weave

WIDTH, HEIGHT, MARGIN = 595, 842, 72  # points: A4
LEADING, LINES, COLUMNS = 17, 36, 78
CLOTH = (WIDTH, 360)  # points, at the top of the cover


def paper(*, title: str, subtitle: str, paragraphs: list[str], mark: str, seed: str) -> bytes:
    """The PDF's bytes, the same for the same words. `mark` stands at the foot of every page."""
    lines = [line for paragraph in paragraphs for line in [*textwrap.wrap(paragraph, COLUMNS), ""]]
    sheets = [lines[start : start + LINES] for start in range(0, len(lines), LINES)]
    contents = [
        _cover(title, subtitle, mark),
        *(_sheet(sheet, number + 2, mark) for number, sheet in enumerate(sheets)),
    ]
    return _assemble(contents, _jpeg(seed))


def _jpeg(seed: str) -> bytes:
    content = io.BytesIO()
    weave.picture(seed, CLOTH[0] * 2, CLOTH[1] * 2).convert("RGB").save(content, "JPEG", quality=85)
    return content.getvalue()


def _text(words: str, *, font: str, size: int, x: int, y: int) -> bytes:
    escaped = words.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"BT /{font} {size} Tf {x} {y} Td (".encode() + escaped.encode("cp1252", "replace") + b") Tj ET\n"


def _cover(title: str, subtitle: str, mark: str) -> bytes:
    content = f"q {CLOTH[0]} 0 0 {CLOTH[1]} 0 {HEIGHT - CLOTH[1]} cm /Cloth Do Q\n".encode()
    content += _text("Peru Support Group", font="Sans", size=12, x=MARGIN, y=430)
    y = 385
    for line in textwrap.wrap(title, 26):
        content += _text(line, font="Serif", size=32, x=MARGIN, y=y)
        y -= 38
    content += _text(subtitle, font="Sans", size=14, x=MARGIN, y=y - 8)
    return content + _text(mark, font="Sans", size=9, x=MARGIN, y=48)


def _sheet(lines: list[str], number: int, mark: str) -> bytes:
    top = HEIGHT - 90
    content = b"".join(
        _text(line, font="Serif", size=12, x=MARGIN, y=top - LEADING * place) for place, line in enumerate(lines)
    )
    return content + _text(f"{number}     {mark}", font="Sans", size=9, x=MARGIN, y=48)


def _assemble(contents: list[bytes], cloth: bytes) -> bytes:
    """Objects, their places, and where the places are told (PDF 1.4)."""
    first = 6  # the number of the first page's object
    kids = " ".join(f"{first + 2 * page} 0 R" for page in range(len(contents)))
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /{} /Encoding /WinAnsiEncoding >>"
    picture = (
        f"<< /Type /XObject /Subtype /Image /Width {CLOTH[0] * 2} /Height {CLOTH[1] * 2} /ColorSpace /DeviceRGB "
        f"/BitsPerComponent 8 /Filter /DCTDecode /Length {len(cloth)} >>\nstream\n"
    )
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(contents)} >>".encode(),
        font.format("Times-Roman").encode(),
        font.format("Helvetica").encode(),
        picture.encode() + cloth + b"\nendstream",
    ]
    resources = "<< /Font << /Serif 3 0 R /Sans 4 0 R >> /XObject << /Cloth 5 0 R >> >>"
    for page, content in enumerate(contents):
        box = f"/MediaBox [0 0 {WIDTH} {HEIGHT}] /Resources {resources} /Contents {first + 2 * page + 1} 0 R"
        objects.append(f"<< /Type /Page /Parent 2 0 R {box} >>".encode())
        objects.append(f"<< /Length {len(content)} >>\nstream\n".encode() + content + b"endstream")
    out, places = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, each in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + each + b"\nendobj\n"
    start, size = len(out), len(objects) + 1
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    out += f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>\n".encode()
    return bytes(out + f"startxref\n{start}\n%%EOF\n".encode())
