"""What the copies of a picture cost: `python -m tests.benchmarks.copies [a-photograph.jpg]`.

Bytes, seconds of a processor and likeness (PSNR, decibel; 40 and more: nobody sees the difference) of WebP
and AVIF at several speeds and qualities, on a photograph (the one given, else soft noise) and on a woven drawing,
opaque and transparent. The constants in `psg/library/copies.py` come from it.
"""

import io
import math
import sys
import time

from PIL import Image, ImageChops, ImageStat

from psg import weave
from psg.library.copies import AVIF_QUALITY, AVIF_SPEED, WEBP_QUALITY

SIZE = (1600, 1067)


def _photograph() -> Image.Image:
    if len(sys.argv) > 1:
        return Image.open(sys.argv[1]).convert("RGB")
    shades = [Image.effect_noise((SIZE[0] // 20, SIZE[1] // 20), 90).resize(SIZE) for _ in "RGB"]
    return Image.blend(Image.merge("RGB", shades), Image.effect_noise(SIZE, 30).convert("RGB"), 0.15)


def _likeness(one: Image.Image, other: Image.Image) -> float:
    squares = sum(ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).sum2)
    return 10 * math.log10(255**2 * 3 * one.width * one.height / squares) if squares else math.inf


def _measure(picture: Image.Image, kind: str, **options) -> None:
    started, content = time.process_time(), io.BytesIO()
    picture.save(content, kind, **options)
    seconds = time.process_time() - started
    said = " ".join(f"{name}={value}" for name, value in options.items())
    likeness = _likeness(picture, Image.open(content))
    print(f"  {kind:5}{said:46}{len(content.getvalue()):>9,} bytes {seconds:6.2f} s {likeness:5.1f} dB")


def main() -> None:
    """Print the table."""
    woven = weave.picture("a seed", *SIZE).convert("RGB")
    veiled = woven.convert("RGBA")
    veiled.putalpha(Image.linear_gradient("L").resize(SIZE))
    for name, picture in {"photograph": _photograph(), "drawing": woven, "transparent drawing": veiled}.items():
        print(f"{name}, {picture.width} × {picture.height}")
        _measure(picture, "WEBP", quality=WEBP_QUALITY, method=4)
        _measure(picture, "WEBP", lossless=True, method=4)
        for subsampling in ("4:2:0", "4:4:4"):
            _measure(picture, "AVIF", quality=AVIF_QUALITY, speed=AVIF_SPEED, subsampling=subsampling)
        for speed in (4, 8):
            _measure(picture, "AVIF", quality=AVIF_QUALITY, speed=speed, subsampling="4:2:0")
        for quality in (50, 70):
            _measure(picture, "AVIF", quality=quality, speed=AVIF_SPEED, subsampling="4:2:0")


if __name__ == "__main__":
    main()
