"""What becomes of a file that somebody sends: checked, decoded with care, and written afresh.

No byte of an upload is ever served. What is stored was encoded here, so it carries no position, no camera, no comment
and no second meaning. Limits are checked from the file's header, before anything is decoded.
"""

import hashlib
import io
import struct
import zlib
from dataclasses import dataclass
from pathlib import PurePosixPath

from django.core.files import File
from PIL import Image as Pillow
from PIL import ImageCms, ImageOps, UnidentifiedImageError

MAX_BYTES = 10 * 1024 * 1024
# Megapixels. A few kilobytes can claim millions of pixels, so the limit is what can be decoded within some 200 MB of
# memory: a JPEG is decoded at a smaller size, a PNG whole, a WebP several times over.
MAX_MEGAPIXELS = {"JPEG": 50, "MPO": 50, "PNG": 36, "GIF": 36, "WEBP": 9}
MAX_EDGE = 2400  # pixels of the longer side, as stored
JPEG_QUALITY = 85
# An opaque PNG above this is a photograph in the wrong format; below, most likely a drawing that JPEG would smear.
PNG_MAX_BYTES = 500_000

# Pillow's name → (what people call it, extensions, content types). MPO is what some phones write for JPEG.
_JPEG = ("JPEG", {"jpg", "jpeg", "jpe", "jfif"}, {"image/jpeg", "image/jpg", "image/pjpeg"})
FORMATS = {
    "JPEG": _JPEG,
    "MPO": _JPEG,
    "PNG": ("PNG", {"png", "apng"}, {"image/png", "image/x-png", "image/apng"}),
    "WEBP": ("WebP", {"webp"}, {"image/webp"}),
    "GIF": ("GIF", {"gif"}, {"image/gif"}),
}
_KNOWN_OTHERS = [
    (b"%PDF-", "That is a PDF, not a picture. Save the page you need as JPEG or PNG and upload that."),
    (b"II*\0", "TIFF pictures cannot be shown on the web. Please save it as JPEG or PNG first."),
    (b"MM\0*", "TIFF pictures cannot be shown on the web. Please save it as JPEG or PNG first."),
    (b"BM", "BMP pictures are not taken. Please save it as JPEG or PNG first."),
]
# What a decoder raises for a file that is damaged, on purpose or not.
_DAMAGE = (
    OSError, SyntaxError, ValueError, TypeError, IndexError, KeyError, EOFError, OverflowError, struct.error,
    zlib.error, Pillow.DecompressionBombError, Pillow.DecompressionBombWarning,
)  # fmt: skip


class ImageRefused(Exception):
    """The picture is not taken. The text is for the person who sent it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True)
class Prepared:
    """A picture ready to be stored. `sha256` is that of the file as it came, so that a second upload is noticed."""

    content: bytes
    extension: str
    width: int  # pixels
    height: int  # pixels
    sha256: str


def prepare(file: File) -> Prepared:
    """Check an upload and encode it afresh: upright, sRGB, at most 2400 px, the first frame only, no metadata.

    Raises ImageRefused.
    """
    _check_name(file.name or "")
    raw = _read(file)
    try:
        picture = _open(raw)
        _check_type(picture.format or "", file)
        picture.draft("RGB", (MAX_EDGE, MAX_EDGE))  # a JPEG is decoded no larger than needed
        small = _upright_and_small(picture)
    except _DAMAGE:
        raise ImageRefused(
            "This picture is damaged or incomplete. Please open it on your computer, save it again and upload that."
        ) from None
    content, extension = _encode(small, picture.format or "")
    return Prepared(content, extension, *small.size, hashlib.sha256(raw).hexdigest())


# --- Checks ------------------------------------------------------------------------------------------------------


def _check_name(name: str) -> None:
    """The name is never used, but an honest program sends none like these."""
    if "\0" in name or "/" in name or "\\" in name or name.startswith(".."):
        raise ImageRefused("The file’s name has characters that no file name has. Please rename it and try again.")


def _read(file: File) -> bytes:
    if file.size == 0:
        raise ImageRefused("The file is empty.")
    if file.size > MAX_BYTES:
        raise ImageRefused(
            f"The file is too large: {file.size / 1024 / 1024:.1f} MB. At most {MAX_BYTES // 1024 // 1024} MB are "
            f"taken; {MAX_EDGE} pixels on the longer side are enough."
        )
    file.seek(0)
    raw = file.read(MAX_BYTES + 1)
    file.seek(0)
    return raw


def _open(raw: bytes) -> Pillow.Image:
    """Read the header, and refuse by it. Raises ImageRefused, or one of _DAMAGE."""
    if raw.startswith(b"RIFF"):
        _check_pixels("WEBP", *_webp_size(raw))  # Pillow would set aside the whole canvas to tell us its size
    try:
        picture = Pillow.open(io.BytesIO(raw), formats=[kind for kind in FORMATS if kind != "MPO"])
    except UnidentifiedImageError:
        raise ImageRefused(_what_it_is(raw)) from None
    except Pillow.DecompressionBombError:
        raise ImageRefused(
            f"The picture has too many pixels. At most {MAX_MEGAPIXELS['JPEG']} megapixels are taken."
        ) from None
    _check_pixels(picture.format or "", *picture.size)
    return picture


def _check_pixels(kind: str, width: int, height: int) -> None:
    limit = MAX_MEGAPIXELS[kind]
    if width * height > limit * 1_000_000:
        raise ImageRefused(
            f"The picture is too large: {width:,} × {height:,} pixels. "
            f"Of a {FORMATS[kind][0]} picture at most {limit} megapixels are taken."
        )


def _webp_size(raw: bytes) -> tuple[int, int]:
    """Width and height from the header of a WebP file (RFC 9649, section 2); (0, 0) where there is none."""
    kind, body = raw[12:16], raw[20:30]
    if raw[8:12] != b"WEBP" or len(body) < 10:
        return 0, 0
    if kind == b"VP8X":
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF


def _what_it_is(raw: bytes) -> str:
    """A message for what is none of our formats."""
    start = raw[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in start:
        return "SVG drawings are not taken, because they can carry programs. Please export it as PNG and upload that."
    if raw[4:8] == b"ftyp":
        return "This picture format (HEIC, AVIF or a film) is not taken. Please save it as JPEG and upload that."
    for signature, message in _KNOWN_OTHERS:
        if raw.startswith(signature):
            return message
    return "That is not a picture that can be shown. Please upload a JPEG, PNG, WebP or GIF file."


def _check_type(kind: str, file: File) -> None:
    """A file whose name or declared type says one thing and whose content another is a mistake or a trick."""
    called, extensions, types = FORMATS[kind]
    extension = PurePosixPath(file.name or "").suffix.lstrip(".").lower()
    declared = (getattr(file, "content_type", None) or "").partition(";")[0].strip().lower()
    if (extension and extension not in extensions) or declared not in {
        "",
        "application/octet-stream",
        *types,
    }:
        says = f"“.{extension}”" if extension and extension not in extensions else f"“{declared[:60]}”"
        raise ImageRefused(
            f"The file says it is {says[:70]}, but it is a {called} picture. "
            f"Open it, save it as {called} and upload that."
        )


# --- Pixels ------------------------------------------------------------------------------------------------------


def _plain_mode(picture: Pillow.Image) -> str:
    return "RGBA" if picture.has_transparency_data else "L" if picture.mode in {"1", "L"} else "RGB"


def _plain(picture: Pillow.Image) -> Pillow.Image:
    """In a mode that can be reckoned with: grey, colour, colour with transparency, or a printer's four colours."""
    if picture.mode.startswith("I"):  # 16 bits of grey
        return picture.convert("I").point(lambda value: value / 256).convert("L")
    return picture if picture.mode == "CMYK" else picture.convert(_plain_mode(picture))


def _halved(picture: Pillow.Image) -> Pillow.Image:
    """The picture in a plain mode, brought near its final size by whole steps, a band at a time.

    At no moment is there a second copy of all the pixels that came.
    """
    factor = max(picture.size) // MAX_EDGE
    if factor < 2:
        return _plain(picture)
    width, height = picture.size
    rows = 64 * factor
    reduced = None
    for top in range(0, height, rows):
        band = _plain(picture.crop((0, top, width, min(top + rows, height)))).reduce(factor)
        if reduced is None:
            reduced = Pillow.new(band.mode, (band.width, -(-height // factor)))
        reduced.paste(band, (0, top // factor))
    return reduced or picture


def _upright_and_small(picture: Pillow.Image) -> Pillow.Image:
    """Decode, reduce, turn upright, bring the colours to sRGB, and forget everything else."""
    icc = picture.info.get("icc_profile")
    picture.load()
    orientation = picture.getexif().get(0x0112, 1)
    small = _halved(picture)
    if small is not picture:
        picture.close()  # lets go of its pixels before the next copies are made
    small.thumbnail((MAX_EDGE, MAX_EDGE), Pillow.Resampling.LANCZOS)
    small = _to_srgb(small, icc)
    exif = Pillow.Exif()
    exif[0x0112] = orientation if orientation in range(1, 9) else 1
    small.info = {"exif": exif.tobytes()}
    small = ImageOps.exif_transpose(small)
    small.info = {}
    return small


def _to_srgb(picture: Pillow.Image, icc: bytes | None) -> Pillow.Image:
    """Colours as they were meant, without the profile. A profile that cannot be read is ignored."""
    if icc and picture.mode in {"RGB", "CMYK"}:
        try:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
            converted = ImageCms.profileToProfile(picture, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
            picture = converted or picture
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass
    return picture.convert("RGB") if picture.mode == "CMYK" else picture


def _encode(picture: Pillow.Image, kind: str) -> tuple[bytes, str]:
    """The file's new bytes and its extension."""
    if kind == "WEBP":
        return _save(picture, "WEBP", quality=JPEG_QUALITY, method=4), "webp"
    if kind in {"PNG", "GIF"}:
        png = _save(picture, "PNG", optimize=picture.width * picture.height < 1_000_000)
        if picture.mode == "RGBA" or len(png) <= PNG_MAX_BYTES:
            return png, "png"
    return _save(picture, "JPEG", quality=JPEG_QUALITY, optimize=True, progressive=True), "jpg"


def _save(picture: Pillow.Image, kind: str, **options: int | bool) -> bytes:
    content = io.BytesIO()
    picture.save(content, kind, **options)
    return content.getvalue()
