"""The woven band: stepped motifs in the site's colours, the same for the same seed, for ever.

The model is tocapu, the square motifs of Andean tapestry: drawn on a grid of 12 × 12 cells, mirrored about both
axes, repeated along diagonals, between plain stripes. A cloth is a grid of colours; from it come

* `band_svg`    one row of motifs, for rules and edges;
* `field_svg`   a whole cloth, where a picture is missing;
* `picture`     the same cloth as pixels, with the ribs of the yarn, for demonstration pictures;
* `card_png`    the picture that other sites show beside a link (1200 × 630).

A cloth keeps its dyes by day and by night, so the colours are fixed and suit light and dark paper alike.
Nothing here needs Django. `python -m psg.weave` writes the fixed files in static/img/ afresh.
"""

import hashlib
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from PIL import Image, ImageChops, ImageDraw, ImageFont

T = TypeVar("T")
Grid = list[list[str]]  # rows of "#RRGGBB"

MOTIF = 12  # cells on each side of a motif
STATIC = Path(__file__).resolve().parent.parent / "static"
FONT_FILE = STATIC / "fonts" / "newsreader.woff2"
SITE_NAME = "Peru Support Group"
SITE_SEED = "Paracas"  # the band under the header

PAPER, INK, MUTED = "#FBF7F0", "#211A17", "#635850"
COCHINEAL, WINE, GOLD, BONE = "#A8152A", "#6B1020", "#D69E3A", "#F1E6D2"
INDIGO, NIGHT, UMBER, OCHRE, MOSS, FOREST = "#22406B", "#14233D", "#4A2E22", "#B0742C", "#4F7340", "#24331F"

Colourway = tuple[str, str, str, str]  # ground, first, second, heart: what ".", "a", "b" and "c" in a motif become

# One family to a cloth, as a weaver prepares a few vats of dye. No ground is light: a cloth stands off the paper.
FAMILIES: tuple[tuple[Colourway, ...], ...] = (
    (
        (COCHINEAL, BONE, INK, GOLD),
        (WINE, COCHINEAL, BONE, GOLD),
        (INK, COCHINEAL, GOLD, BONE),
        (COCHINEAL, WINE, GOLD, BONE),
    ),
    (
        (INDIGO, BONE, COCHINEAL, GOLD),
        (NIGHT, INDIGO, BONE, COCHINEAL),
        (COCHINEAL, BONE, NIGHT, GOLD),
        (INDIGO, NIGHT, GOLD, BONE),
    ),
    (
        (UMBER, GOLD, BONE, COCHINEAL),
        (INK, OCHRE, BONE, COCHINEAL),
        (COCHINEAL, GOLD, UMBER, BONE),
        (OCHRE, UMBER, BONE, INK),
    ),
    (
        (FOREST, MOSS, GOLD, BONE),
        (WINE, GOLD, BONE, FOREST),
        (MOSS, BONE, FOREST, GOLD),
        (FOREST, BONE, COCHINEAL, GOLD),
    ),
)

# The top left quarter of each motif; the rest is its reflection.
QUARTERS = {
    "diamond": (".....a", "....aa", "...aab", "..aabb", ".aabbc", "aabbcc"),
    "cross": ("......", "....aa", "....aa", "..aabb", ".aabbb", ".aabbc"),
    "nested": ("aaaaaa", "a.....", "a.bbbb", "a.b...", "a.b.cc", "a.b.cc"),
    "four": ("......", ".aaaa.", ".acca.", ".acca.", ".aaaa.", "......"),
    "hourglass": ("aaaaaa", ".aaaaa", "..aaaa", "b..aaa", "bb..aa", "bbb..c"),
    "steps": ("aa..bb", "aa..bb", "aaaa..", "..aaaa", "bb..aa", "bb..cc"),
    "star": ("a....b", ".a..bb", "..abbb", "..baac", ".bbaac", "bbbccc"),
    "key": ("aaaaaa", "a.....", "a.aaaa", "a.a...", "a.a.bb", "a...bc"),
}


def band_svg(seed: str, cells: int = 240) -> str:
    """One row of motifs, `cells` wide and 12 high, as SVG text."""
    return _svg(_band(seed, cells))


def field_svg(seed: str, columns: int = 72, rows: int = 48) -> str:
    """A cloth of `columns` × `rows` cells as SVG text that fills whatever box it is put in."""
    return _svg(_cloth(seed, columns, rows), cover=True)


def picture(seed: str, width: int, height: int) -> Image.Image:
    """The cloth of `field_svg` as an RGB image of `width` × `height` pixels, about 48 cells high."""
    cell = max(1, round(height / 48))
    columns, rows = -(-width // cell), -(-height // cell)
    woven = _raster(_cloth(seed, columns, rows), cell)
    left, top = (woven.width - width) // 2, (woven.height - height) // 2
    return woven.crop((left, top, left + width, top + height))


def card_png(title: str, kicker: str, seed: str) -> bytes:
    """A 1200 × 630 Open Graph card: a band, the kicker, the title as large as fits, the name of the site."""
    card = Image.new("RGB", (1200, 630), PAPER)
    draw = ImageDraw.Draw(card)
    _lay_band(card, seed, top=0, cell=10)
    small, left, width = _font(30), 72, 1056
    draw.text((left, 172), _fit(_legible(kicker).upper(), small, width), COCHINEAL, small)
    font, lines = _set_title(_legible(title) or SITE_NAME, width, height=296)
    for number, line in enumerate(lines):
        draw.text((left, 222 + number * font.size * 1.1), line, INK, font)
    draw.line((left, 552, left + width, 552), "#DDD3C4", 2)
    draw.text((left, 568), SITE_NAME, MUTED, small)
    # 64 colours are enough for flat ink and cut the file to a third.
    out = io.BytesIO()
    card.quantize(64, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(out, "PNG", compress_level=6)
    return out.getvalue()


# Weaving


def _draws(seed: str) -> Iterator[int]:
    """Endless numbers from a seed. Not `random`: its methods may change between Python versions."""
    counter = 0
    while True:
        yield from hashlib.sha256(f"{counter}:{seed}".encode("utf-8", "replace")).digest()
        counter += 1


def _choose(draws: Iterator[int], options: Sequence[T], count: int) -> list[T]:
    """`count` different options, in drawn order."""
    left = list(options)
    return [left.pop(next(draws) % len(left)) for _ in range(count)]


@lru_cache
def _motif(name: str, colours: Colourway) -> tuple[tuple[str, ...], ...]:
    dye = dict(zip(".abc", colours, strict=True))
    top = [[dye[role] for role in row + row[::-1]] for row in QUARTERS[name]]
    return tuple(tuple(row) for row in top + top[::-1])


def _strip(motifs: Sequence[tuple[str, Colourway]], columns: int, *, shift: int = 0, rule: str = "") -> Grid:
    """Motifs side by side, in turn, with a line of colour `rule` between, if any; centred; cut at `columns` cells."""
    pitch = MOTIF + bool(rule)
    count = columns // pitch + 3
    spare = count * pitch - columns
    grid: Grid = []
    for row in range(MOTIF):
        cells: list[str] = []
        for place in range(count):
            cells += _motif(*motifs[(place + shift) % len(motifs)])[row]
            cells += [rule] * bool(rule)
        grid.append(cells[spare // 2 :][:columns])
    return grid


def _band(seed: str, columns: int) -> Grid:
    draws = _draws(seed)
    family = FAMILIES[next(draws) % len(FAMILIES)]
    names = _choose(draws, ("cross", "nested", "four", "key"), 2)
    motifs = [("diamond", family[0]), (names[0], family[1]), ("diamond", family[2]), (names[1], family[3])]
    return _strip(motifs, columns)


def _cloth(seed: str, columns: int, rows: int) -> Grid:
    """One of three ways to lay out a cloth and one family of dyes, by the seed."""
    draws = _draws(seed)
    layout = (_tapestry, _mantle, _diamonds)[next(draws) % 3]
    family = FAMILIES[next(draws) % len(FAMILIES)]
    return layout(draws, family, columns, rows)


def _tapestry(draws: Iterator[int], family: Sequence[Colourway], columns: int, rows: int) -> Grid:
    """Tocapu in a frame of thin lines, the same motif along each diagonal."""
    motifs = list(zip(_choose(draws, list(QUARTERS), 4), _choose(draws, family, 4), strict=True))
    rule = family[next(draws) % 4][3]
    step = 1 + 2 * (next(draws) % 2)
    grid: Grid = []
    for number in range(rows // (MOTIF + 1) + 3):
        grid += [[rule] * columns, *_strip(motifs, columns, shift=number * step, rule=rule)]
    return _centred(grid, rows)


def _mantle(draws: Iterator[int], family: Sequence[Colourway], columns: int, rows: int) -> Grid:
    """A carrying cloth: rows of motifs between plain and narrow stripes, the same above and below the middle."""
    ground, edge, *ways = _choose(draws, family, 4)
    names = _choose(draws, list(QUARTERS), 3)
    plain = [[colour] * columns for colour in _stripes(ground, edge)]
    half = _strip([("diamond", ways[0]), (names[0], edge)], columns)[MOTIF // 2 :] + plain
    while len(half) < rows // 2 + 1:
        half += _strip([(names[1], ways[1]), (names[2], ways[0])], columns) + plain
    half = half[: rows // 2 + 1]
    return _centred(half[::-1] + half, rows)


def _stripes(ground: Colourway, edge: Colourway) -> list[str]:
    wide, thin, line = ground[0], edge[0], edge[3]
    side = [thin, line, thin, thin, wide]
    return [*side, wide, line, wide, *side[::-1]]


def _diamonds(draws: Iterator[int], family: Sequence[Colourway], columns: int, rows: int) -> Grid:
    """Large stepped diamonds, each ring another dye, meeting tip to tip."""
    first, second = _choose(draws, family, 2)
    radius, step = 12, 2
    rings = [first[1], first[1], first[2], first[3], first[3], first[0], second[1]]
    ground = [second[0], second[0], second[2], second[0], second[0], second[3], second[1]]
    grid: Grid = []
    for y in range(rows):
        row = []
        for x in range(columns):
            across = _fold(x - columns // 2, radius) // step
            down = _fold(y - rows // 2, radius) // step
            away = across + down
            row.append(rings[6 - away] if away < radius // step else ground[min(6, 11 - away)])
        grid.append(row)
    return grid


def _fold(place: int, radius: int) -> int:
    """Distance in cells from the middle of the nearest diamond, 0 to `radius` - 1."""
    around = place % (2 * radius)
    return min(around, 2 * radius - 1 - around)


def _centred(grid: Grid, rows: int) -> Grid:
    return grid[(len(grid) - rows) // 2 :][:rows]


# From cells to SVG and pixels


def _svg(grid: Grid, *, cover: bool = False) -> str:
    """The grid as one path for each colour, on a ground of the commonest."""
    columns, rows = len(grid[0]), len(grid)
    ground = Counter(colour for row in grid for colour in row).most_common(1)[0][0]
    paths: dict[str, list[str]] = {}
    for x, y, width, height, colour in _blocks(grid):
        if colour != ground:
            paths.setdefault(colour, []).append(f"M{x} {y}h{width}v{height}h-{width}z")
    body = "".join(f'<path fill="{colour}" d="{"".join(parts)}"/>' for colour, parts in sorted(paths.items()))
    fill = ' preserveAspectRatio="xMidYMid slice"' if cover else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {columns} {rows}" width="{columns * 10}" '
        f'height="{rows * 10}"{fill} shape-rendering="crispEdges">'
        f'<path fill="{ground}" d="M0 0h{columns}v{rows}H0z"/>{body}</svg>\n'
    )


def _blocks(grid: Grid) -> Iterator[tuple[int, int, int, int, str]]:
    """The grid as rectangles: runs along a row, joined with equal runs below. Short files, no hairline seams."""
    taken = [[False] * len(grid[0]) for _ in grid]
    for y, row in enumerate(grid):
        x = 0
        while x < len(row):
            if taken[y][x]:
                x += 1
                continue
            width = 1
            while x + width < len(row) and row[x + width] == row[x] and not taken[y][x + width]:
                width += 1
            height = 1
            while y + height < len(grid) and _same_run(grid[y + height], taken[y + height], x, width, row[x]):
                height += 1
            for below in range(y, y + height):
                taken[below][x : x + width] = [True] * width
            yield x, y, width, height, row[x]
            x += width


def _same_run(row: list[str], taken: list[bool], x: int, width: int, colour: str) -> bool:
    return all(row[i] == colour and not taken[i] for i in range(x, x + width))


def _raster(grid: Grid, cell: int) -> Image.Image:
    """The grid as pixels, each cell `cell` pixels wide, with the ribs of the weave when there is room for them."""
    small = Image.new("RGB", (len(grid[0]), len(grid)))
    dyes = {colour: tuple(bytes.fromhex(colour[1:])) for row in grid for colour in row}
    small.putdata([dyes[colour] for row in grid for colour in row])
    large = small.resize((small.width * cell, small.height * cell), Image.Resampling.NEAREST)
    return ImageChops.multiply(large, _ribs(large.size, cell)) if cell >= 6 else large


def _ribs(size: tuple[int, int], cell: int) -> Image.Image:
    """Two weft threads to a cell, the second half a cell on: darker where one goes under the next."""
    tile = Image.new("L", (cell, cell), 255)
    draw, half, thread = ImageDraw.Draw(tile), cell // 2, max(1, cell // 8)
    for top, offset in ((0, 0), (half, half)):
        draw.rectangle((0, top + half - thread, cell, top + half - 1), fill=222)
        draw.line((offset, top, offset, top + half), fill=232, width=thread)
    sheet = Image.new("L", size)
    for x in range(0, size[0], cell):
        sheet.paste(tile, (x, 0))
    row = sheet.crop((0, 0, size[0], cell))
    for y in range(cell, size[1], cell):
        sheet.paste(row, (0, y))
    return Image.merge("RGB", (sheet, sheet, sheet))


# Setting type on the card


def _lay_band(card: Image.Image, seed: str, *, top: int, cell: int) -> None:
    card.paste(_raster(_band(seed, card.width // cell), cell), (0, top))
    ImageDraw.Draw(card).rectangle((0, top + MOTIF * cell, card.width, top + MOTIF * cell + 5), fill=COCHINEAL)


@lru_cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    # The basic layout: the other depends on a library that need not be there, and is slower.
    font = ImageFont.truetype(str(FONT_FILE), size, layout_engine=ImageFont.Layout.BASIC)
    font.set_variation_by_axes([600])
    return font


def _legible(text: str) -> str:
    """The text without control characters and without characters that the font does not have."""
    return " ".join("".join(c if c.isspace() or _has_glyph(c) else "" for c in text).split())


@lru_cache(maxsize=4096)
def _has_glyph(character: str) -> bool:
    if not character.isprintable():  # also lone surrogates, which cannot be encoded
        return False
    font = _font(30)
    return bytes(font.getmask(character)) != bytes(font.getmask("\uffff"))


def _set_title(text: str, width: int, height: int) -> tuple[ImageFont.FreeTypeFont, list[str]]:
    """The largest of a few sizes at which the text fits; at the smallest it is cut with an ellipsis."""
    for size in (84, 74, 64, 56, 48):
        font = _font(size)
        lines = _wrap(text, font, width)
        most = int(height / (size * 1.1))
        if len(lines) <= most:
            return font, lines
    return font, [*lines[: most - 1], _fit(" ".join(lines[most - 1 :]), font, width)]


def _wrap(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """Lines no wider than `width` pixels; a word that is wider by itself is cut."""
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if font.getlength(longer) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        while font.getlength(word) > width:
            head = _head(word, font, width)
            lines.append(head)
            word = word[len(head) :]
        line = word
    return [*lines, line] if line else lines


def _head(word: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    """As many characters as fit; at least one."""
    end = 1
    while end < len(word) and font.getlength(word[: end + 1]) <= width:
        end += 1
    return word[:end]


def _fit(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    """The text, or its beginning and an ellipsis, on one line."""
    if font.getlength(text) <= width:
        return text
    room = width - int(font.getlength("…"))
    return _head(text, font, room).rstrip(" ,;:–—-") + "…"


# The fixed files


def icon() -> Grid:
    """One diamond on cochineal, 16 × 16 cells: a cell is a pixel in a browser's tab."""
    diamond = _motif("diamond", (COCHINEAL, BONE, INK, GOLD))
    edge = [[COCHINEAL] * 16] * 2
    return [*edge, *([*edge[0][:2], *row, *edge[0][:2]] for row in diamond), *edge]


def fixed_files() -> dict[str, bytes]:
    """What lies in static/img/: the band as one repeat of four motifs, and the icons."""
    touch = io.BytesIO()
    _raster(icon(), 12).crop((6, 6, 186, 186)).quantize(64).save(touch, "PNG")
    return {
        "band.svg": band_svg(SITE_SEED, 4 * MOTIF).encode(),
        "favicon.svg": _svg(icon()).encode(),
        "touch-icon.png": touch.getvalue(),
    }


if __name__ == "__main__":
    for name, content in fixed_files().items():
        (STATIC / "img" / name).write_bytes(content)
