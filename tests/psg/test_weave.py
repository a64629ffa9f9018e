"""The woven band: the same for the same seed, mirrored, and social cards that hold whatever title comes."""

import io
import re
import time

import pytest
from lxml import etree
from PIL import Image, ImageChops

from psg import weave

SVG = "{http://www.w3.org/2000/svg}"


def drawn(svg: str) -> list[list[str]]:
    """The colours of the cells of an SVG, read back from its paths."""
    root = etree.fromstring(svg)
    _, _, columns, rows = map(int, root.get("viewBox").split())
    grid = [[""] * columns for _ in range(rows)]
    for path in root.iter(f"{SVG}path"):
        for x, y, width, height in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)", path.get("d")):
            for row in range(int(y), int(y) + int(height)):
                grid[row][int(x) : int(x) + int(width)] = [path.get("fill")] * int(width)
    return grid


def test_a_seed_always_gives_the_same_cloth_and_another_seed_another():
    assert weave.field_svg("unrest-in-the-mining-corridor") == weave.field_svg("unrest-in-the-mining-corridor")
    assert len({weave.field_svg(f"article-{number}") for number in range(60)}) > 50


def test_the_cloth_of_a_seed_does_not_change_with_a_new_version_of_python_or_of_the_site():
    """Pictures already shared or cached would otherwise differ from the page's own."""
    assert weave._choose(weave._draws("Cusco"), "abcdefgh", 4) == ["e", "d", "a", "g"]


@pytest.mark.parametrize("seed", ["", "a", "Ñandú", "漢字", "\ud800", "x" * 10_000])
def test_any_seed_makes_well_formed_svg_of_every_kind(seed):
    for svg in (weave.field_svg(seed), weave.band_svg(seed)):
        assert all(colour for row in drawn(svg) for colour in row)


def test_svg_holds_no_style_script_or_text_so_that_a_strict_policy_lets_it_through():
    tags = {element.tag for element in etree.fromstring(weave.field_svg("a")).iter()}
    assert tags == {f"{SVG}svg", f"{SVG}path"}
    assert "style" not in weave.field_svg("a")


@pytest.mark.parametrize("name", weave.QUARTERS)
def test_every_motif_is_twelve_cells_square_and_mirrored_both_ways(name):
    motif = weave._motif(name, weave.FAMILIES[0][0])
    assert [len(row) for row in motif] == [12] * 12
    assert motif == motif[::-1]
    assert all(row == row[::-1] for row in motif)


def test_svg_and_grid_agree():
    assert drawn(weave.band_svg("Puno", cells=100)) == weave._band("Puno", 100)


@pytest.mark.parametrize("size", [(1500, 1000), (390, 260), (1200, 630), (7, 5), (1, 1)])
def test_a_picture_has_exactly_the_size_asked_for(size):
    assert weave.picture("Ica", *size).size == size


@pytest.mark.parametrize(
    "title",
    [
        "New cabinet sworn in",
        "Appeal for a multi-sector Commission to consider contamination by toxic waste",
        "Fujimorismo seeks to re-group " * 20,
        "W" * 400,
        "«¿Qué pasó?» — Martín Vizcarra’s ‘mesa de diálogo’…",
        "漢字 العربية 🙂 \ud800 \x00\n\t Ωμέγα",
        "",
    ],
)
def test_a_card_survives_any_title_and_leaves_its_margins_free(title):
    card = Image.open(io.BytesIO(weave.card_png(title, title, "seed"))).convert("RGB")
    assert card.size == (1200, 630)
    paper = Image.new("RGB", card.size, weave.PAPER)
    for margin in [(0, 130, 70, 630), (1130, 130, 1200, 630), (0, 524, 1200, 548)]:
        furthest = max(high for _, high in ImageChops.difference(card.crop(margin), paper.crop(margin)).getextrema())
        assert furthest <= 8, margin  # not 0: the palette of 64 colours comes near to the paper's, not upon it


def test_a_long_title_ends_in_an_ellipsis_and_a_short_one_is_set_large():
    font, lines = weave._set_title("word " * 100, 1056, 296)
    assert lines[-1].endswith("…")
    assert len(lines) * font.size * 1.1 <= 296
    large, lines = weave._set_title("New cabinet sworn in", 1056, 296)
    assert (large.size, lines) == (84, ["New cabinet sworn in"])


def test_a_card_is_quick():
    weave.card_png("warm", "up", "fonts")
    best = min(_seconds(lambda: weave.card_png("Unrest in the mining corridor", "Mining", "x")) for _ in range(5))
    assert best < 0.15


def _seconds(call) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def test_the_files_in_static_img_are_those_that_the_module_writes():
    for name, content in weave.fixed_files().items():
        kept = (weave.STATIC / "img" / name).read_bytes()
        if name.endswith(".png"):  # compression differs between versions of zlib
            assert Image.open(io.BytesIO(kept)).convert("RGB") == Image.open(io.BytesIO(content)).convert("RGB")
        else:
            assert kept == content


def test_the_site_band_can_be_repeated_without_a_seam():
    twice = weave._band(weave.SITE_SEED, 8 * weave.MOTIF)
    once = drawn((weave.STATIC / "img" / "band.svg").read_text())
    shift = next(n for n in range(48) if all(a[n : n + 48] == b for a, b in zip(twice, once, strict=True)))
    assert all(a[n] == b[(n - shift) % 48] for a, b in zip(twice, once, strict=True) for n in range(96))
