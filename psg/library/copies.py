"""The copies of a stored picture that pages send out: AVIF and WebP in several widths, and the card for other sites.

Speed and quality were chosen by measuring (`python -m tests.benchmarks.copies`). With these a photograph as AVIF has
about two thirds of WebP's bytes and a drawing half, for one second of a processor at 1,600 pixels. Speed 4 takes five
times as long, and for a photograph saves little.
"""

import io
import logging
from dataclasses import dataclass
from functools import cache

from PIL import Image as Pillow
from PIL import ImageOps, features

logger = logging.getLogger("psg")

WIDTHS = (480, 960, 1600)  # pixels
WEBP_QUALITY = 80
AVIF_QUALITY, AVIF_SPEED = 60, 6  # of 100; of 0 (slow) to 10
# Bytes that AVIF may cost more than WebP before it is left out: its header, which a tiny picture does not earn back.
AVIF_ALLOWANCE = 1024
# A drawing of flat colours in its own width: WebP without loss has a tenth of AVIF's bytes, in a tenth of the time.
# Below this it is not even tried. Made smaller, edges blur and nothing is won.
EXACT_BYTES_PER_PIXEL = 0.01
CARD_SIZE = (1200, 630)  # pixels: what Open Graph asks for
CARD_QUALITY = 82
PAPER = "#FBF7F0"  # behind what is transparent, on other sites


@dataclass(frozen=True)
class Copy:
    """A picture in one width and format, encoded. `kind` is "avif" or "webp"."""

    content: bytes
    width: int  # pixels
    height: int  # pixels
    kind: str


def widths_of(width: int) -> list[int]:
    """How wide the copies of a picture of that width are: never wider than it is, narrowest first."""
    return sorted({min(each, width) for each in WIDTHS})


def make_copies(original: bytes, width: int) -> list[Copy]:
    """A stored picture in that width, in pixels: WebP always, AVIF where it is smaller."""
    stored: Pillow.Image = Pillow.open(io.BytesIO(original))
    drawn = stored.format == "PNG"  # photographs are stored as JPEG or WebP
    height = max(1, round(stored.height * width / stored.width))
    picture = stored.convert(_mode(stored))
    webp = _save(picture, "WEBP", lossless=True, method=4) if drawn and width == stored.width else None
    if webp and len(webp) < width * height * EXACT_BYTES_PER_PIXEL:
        return [Copy(webp, width, height, "webp")]
    if picture.size != (width, height):
        picture = picture.resize((width, height), Pillow.Resampling.LANCZOS, reducing_gap=3)
    lossy = _save(picture, "WEBP", quality=WEBP_QUALITY, method=4)
    webp = min(webp or lossy, lossy, key=len)
    avif = _avif(picture, drawn)
    made = [Copy(webp, width, height, "webp")]
    if avif and len(avif) <= len(webp) + AVIF_ALLOWANCE:
        made.append(Copy(avif, width, height, "avif"))
    return made


def make_card(original: bytes, *, focus: tuple[int, int]) -> bytes:
    """The picture as a JPEG of 1200 × 630, cropped so that the point at `focus` (percent) stays in sight.

    The crop is that of the stylesheet's `object-position`, so that the form's preview shows exactly this.
    """
    picture: Pillow.Image = Pillow.open(io.BytesIO(original))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        ground = Pillow.new("RGBA", picture.size, PAPER)
        picture = Pillow.alpha_composite(ground, picture)
    x, y = focus
    card = ImageOps.fit(picture.convert("RGB"), CARD_SIZE, Pillow.Resampling.LANCZOS, centering=(x / 100, y / 100))
    return _save(card, "JPEG", quality=CARD_QUALITY, optimize=True, progressive=True)


@cache
def can_write_avif() -> bool:
    """Whether this Pillow can. If not, readers get WebP, and the log says so once."""
    can = bool(features.check("avif"))
    if not can:
        logger.warning("Pillow was built without AVIF: pictures are offered as WebP only.")
    return can


def _mode(picture: Pillow.Image) -> str:
    return "RGBA" if picture.has_transparency_data else "L" if picture.mode in {"1", "L"} else "RGB"


def _avif(picture: Pillow.Image, drawn: bool) -> bytes | None:
    if not can_write_avif():
        return None
    # Halved colours blur the edges of a drawing; in a photograph nobody sees them.
    subsampling = "4:4:4" if drawn else "4:2:0"
    return _save(picture, "AVIF", quality=AVIF_QUALITY, speed=AVIF_SPEED, subsampling=subsampling)


def _save(picture: Pillow.Image, kind: str, **options: int | bool | str) -> bytes:
    content = io.BytesIO()
    picture.save(content, kind, **options)
    return content.getvalue()
