"""Pictures to test with, good and bad, made on the spot."""

import io
import struct
import zlib

from PIL import Image as Pillow

from psg.library.files import MAX_BYTES


def encoded(kind: str = "PNG", size: tuple[int, int] = (60, 40), mode: str = "RGB", **options) -> bytes:
    """A picture in a colour that is not black, in the words of Pillow."""
    colours = {"RGB": (168, 21, 42), "RGBA": (168, 21, 42, 128), "CMYK": (0, 200, 150, 30), "L": 90, "1": 1, "P": 5}
    content = io.BytesIO()
    Pillow.new(mode, size, colours.get(mode, 30_000)).save(content, kind, **options)
    return content.getvalue()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_bomb(width: int, height: int) -> bytes:
    """A valid one-bit PNG of one colour: few bytes, many pixels."""
    packer = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    body = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", body) + png_chunk(b"IEND", b"")


def animated(kind: str, frames: int = 3, size: tuple[int, int] = (60, 40)) -> bytes:
    """Frames that go from red to white."""
    pictures = [Pillow.new("RGB", size, (200, 60 * number % 256, 0)) for number in range(frames)]
    content = io.BytesIO()
    pictures[0].save(content, kind, save_all=True, append_images=pictures[1:], duration=50)
    return content.getvalue()


def gif_header(width: int, height: int) -> bytes:
    """A GIF that claims a size, with one tiny frame."""
    small = encoded("GIF", (1, 1), "P")
    return small[:6] + struct.pack("<HH", width, height) + small[10:]


def webp_header(width: int, height: int) -> bytes:
    """An extended WebP that claims a canvas."""
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x10\0\0\0" + canvas + encoded("WEBP")[12:]
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_claim(kind: bytes, width: int, height: int) -> bytes:
    """A plain WebP, lossy (b"VP8 ") or lossless (b"VP8L"), that claims a size and has no pixels."""
    if kind == b"VP8L":
        frame = b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + bytes(20)
    else:
        frame = b"\x30\x01\x00\x9d\x01\x2a" + struct.pack("<HH", width, height) + bytes(20)
    body = b"WEBP" + kind + struct.pack("<I", len(frame)) + frame
    return b"RIFF" + struct.pack("<I", len(body)) + body


def photo(**options) -> bytes:
    """A JPEG of 80 × 60 with a position, a camera, a comment and an orientation: lying on its side."""
    exif = Pillow.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[1] = "S"
    exif.get_ifd(0x8825)[2] = (13.0, 31.0, 30.0)
    picture = Pillow.new("RGB", (80, 60), (0, 0, 200))
    picture.paste((200, 0, 0), (0, 0, 80, 30))  # red above; upright it is to the right
    content = io.BytesIO()
    picture.save(content, "JPEG", exif=exif, comment=b"secret comment", quality=95, **options)
    return content.getvalue()


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'

# What → (name, declared type, content, part of the answer).
REFUSED = {
    "text": ("a.png", "image/png", b"not a picture at all", "not a picture"),
    "HTML that says it is a PNG": ("a.png", "image/png", b"<html><script>alert(1)</script></html>", "not a picture"),
    "an SVG": ("a.svg", "image/svg+xml", SVG, "SVG drawings are not taken"),
    "an SVG that says it is a PNG": ("a.png", "image/png", SVG, "SVG drawings are not taken"),
    "a PDF": ("a.pdf", "application/pdf", b"%PDF-1.7 ...", "PDF"),
    "an iPhone's HEIC": ("a.heic", "image/heic", b"\0\0\0\x18ftypheic" + bytes(50), "JPEG"),
    "a TIFF": ("a.tif", "image/tiff", encoded("TIFF"), "TIFF"),
    "a BMP": ("a.bmp", "image/bmp", encoded("BMP"), "BMP"),
    "a program": ("a.png", "image/png", b"MZ\x90\0" + bytes(200), "not a picture"),
    "nothing": ("a.png", "image/png", b"", "empty"),
    "too many bytes": ("a.jpg", "image/jpeg", encoded("JPEG") + bytes(MAX_BYTES), "too large: 10.0 MB"),
    "too many pixels": ("a.png", "image/png", png_bomb(10_000, 3_601), "10,000 × 3,601 pixels"),
    "too many pixels of a JPEG": (
        "a.jpg",
        "image/jpeg",
        encoded("JPEG", (10_000, 5_001), "L"),
        "at most 50 megapixels",
    ),
    "a PNG bomb": ("a.png", "image/png", png_bomb(20_000, 20_000), "too many pixels"),
    "a GIF bomb": ("a.gif", "image/gif", gif_header(65_535, 65_535), "too many pixels"),
    "a WebP bomb": ("a.webp", "image/webp", webp_header(16_000, 16_000), "16,000 × 16,000 pixels"),
    "a lossless WebP bomb": ("a.webp", "image/webp", webp_claim(b"VP8L", 16_000, 16_000), "16,000 × 16,000 pixels"),
    "a lossy WebP bomb": ("a.webp", "image/webp", webp_claim(b"VP8 ", 16_000, 16_000), "16,000 × 16,000 pixels"),
    "a WebP cut off in its header": ("a.webp", "image/webp", encoded("WEBP")[:24], "damaged"),
    "half a JPEG": ("a.jpg", "image/jpeg", photo()[:700], "damaged"),
    "half a PNG": ("a.png", "image/png", encoded("PNG", (300, 300))[:-60], "damaged"),
    "half a WebP": ("a.webp", "image/webp", encoded("WEBP", (300, 300))[:60], "damaged"),
    "a JPEG called PNG": ("a.png", "image/png", encoded("JPEG"), "says it is “.png”, but it is a JPEG"),
    "a PNG called JPEG": ("a.jpg", "image/jpeg", encoded("PNG"), "but it is a PNG"),
    "a picture called a web page": ("a.html", "image/png", encoded("PNG"), "“.html”"),
    "a picture declared as a web page": ("a.png", "text/html", encoded("PNG"), "“text/html”"),
}
