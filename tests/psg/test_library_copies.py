"""The copies that the worker makes of a picture: formats, widths, names, and what becomes of old ones."""

import io
import threading

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction
from PIL import Image as Pillow

from psg import weave
from psg.library import actions, copies
from psg.library.actions import make_card, make_renditions, move_focus
from psg.library.models import Image
from tests.psg.library import add, files, made, photograph
from tests.psg.pictures import encoded

pytestmark = pytest.mark.django_db


def measures(image: Image, kind: str) -> list[tuple[int, int]]:
    return [(copy["width"], copy["height"]) for copy in image.copies(kind)]


def opened(name: str) -> Pillow.Image:
    return Pillow.open(io.BytesIO(default_storage.open(name).read()))


def test_the_worker_makes_avif_and_webp_of_a_new_picture(run_jobs):
    image = add(photograph(2000, 1000), "a.jpg")
    assert run_jobs() == 1
    image.refresh_from_db()
    widths = [(480, 240), (960, 480), (1600, 800)]
    assert (measures(image, "webp"), measures(image, "avif")) == (widths, widths)
    for copy in image.renditions:
        picture = opened(copy["name"])
        assert (picture.format.lower(), picture.size) == (copy["type"], (copy["width"], copy["height"]))
        assert copy["name"].startswith(image.copies_stem)
        assert copy["name"].endswith(f"-{copy['width']}.{copy['type']}")


def test_copies_lie_in_a_folder_of_their_own_under_the_pictures_token():
    image = made(add(photograph(700, 500), "a.jpg"))
    year, name = image.file.name.split("/")[1:]
    stem = f"library/copies/{year}/{name.removesuffix('.jpg')}-"
    assert image.copies_stem == stem
    assert {copy["name"][: len(stem)] for copy in image.renditions} == {stem}


@pytest.mark.parametrize(("width", "widths"), [(300, [300]), (480, [480]), (1000, [480, 960, 1000])])
def test_copies_are_never_larger_than_the_picture(width, widths):
    image = made(add(encoded("JPEG", (width, 100)), "a.jpg"))
    assert [copy["width"] for copy in image.copies("webp")] == widths


def test_avif_saves_bytes_on_a_photograph_and_on_a_drawing():
    drawing = io.BytesIO()
    weave.picture("a seed", 900, 600).save(drawing, "PNG")
    for content, name in [(photograph(900, 600), "a.jpg"), (drawing.getvalue(), "a.png")]:
        sizes = {copy.kind: len(copy.content) for copy in copies.make_copies(content, 480)}
        assert sizes["avif"] < 0.85 * sizes["webp"], name


def test_where_webp_is_much_smaller_there_is_no_avif():
    """A drawing in its own width: WebP without loss is a tenth of AVIF."""
    drawing = io.BytesIO()
    weave.picture("a seed", 1500, 1000).save(drawing, "PNG")
    assert [copy.kind for copy in copies.make_copies(drawing.getvalue(), 1500)] == ["webp"]


def test_a_drawing_in_its_own_width_loses_nothing():
    woven = weave.picture("a seed", 600, 400)
    drawing = io.BytesIO()
    woven.save(drawing, "PNG")
    webp = copies.make_copies(drawing.getvalue(), 600)[0]
    assert Pillow.open(io.BytesIO(webp.content)).convert("RGB").tobytes() == woven.convert("RGB").tobytes()


def test_a_pillow_without_avif_makes_webp_and_says_so_in_the_log(monkeypatch, caplog):
    monkeypatch.setattr("PIL.features.check", lambda feature: feature != "avif")
    copies.can_write_avif.cache_clear()
    image = made(add(photograph(700, 500), "a.jpg"))
    copies.can_write_avif.cache_clear()
    assert {copy["type"] for copy in image.renditions} == {"webp"}
    assert caplog.text.count("without AVIF") == 1


@pytest.mark.parametrize("mode", ["RGBA", "P", "L", "1"])
def test_copies_keep_transparency_and_take_every_mode(mode):
    image = made(add(encoded("PNG", (600, 400), mode)))
    assert {copy["type"] for copy in image.renditions} == {"avif", "webp"}
    for copy in image.renditions:
        assert opened(copy["name"]).has_transparency_data == (mode == "RGBA")


# --- Again ---------------------------------------------------------------------------------------------------------


def test_making_copies_again_changes_nothing(settings):
    image = made(add(encoded("JPEG", (700, 500)), "a.jpg"))
    before = files(settings), image.renditions
    assert (files(settings), made(image).renditions) == before


def test_every_making_has_new_names_and_the_old_files_go_on_commit(settings, django_capture_on_commit_callbacks):
    image = made(add(photograph(700, 500), "a.jpg"))
    old = {copy["name"] for copy in image.renditions} | {image.card}
    left_behind = default_storage.save(f"{image.copies_stem}0badcafe-480.webp", ContentFile(b"cut short"))
    somebody_elses = default_storage.save("library/copies/2019/ffff-0badcafe-480.webp", ContentFile(b"other"))
    Image.objects.update(renditions=[])  # as when the file is replaced
    with django_capture_on_commit_callbacks() as callbacks:
        new = {copy["name"] for copy in made(image).renditions} | {image.card}
    assert not old & new
    assert old <= set(files(settings)), "not before the commit"
    for callback in callbacks:
        callback()
    assert set(files(settings)) == new | {image.file.name, somebody_elses}
    assert left_behind not in files(settings)


def test_copies_of_a_picture_that_has_gone_are_not_made(monkeypatch, settings):
    make_renditions(123456)
    image = add(encoded("JPEG", (700, 500)), "a.jpg")
    _meanwhile(monkeypatch, lambda: Image.objects.filter(pk=image.pk)._raw_delete("default"))
    make_renditions(image.pk)
    assert files(settings) == [image.file.name]


def test_copies_of_a_file_that_was_replaced_meanwhile_are_thrown_away(monkeypatch, settings):
    image = add(encoded("JPEG", (700, 500)), "a.jpg")
    _meanwhile(monkeypatch, lambda: Image.objects.update(sha256="another"))
    make_renditions(image.pk)
    image.refresh_from_db()
    assert image.renditions == []
    assert files(settings) == [image.file.name]


def _meanwhile(monkeypatch, what) -> None:
    """Something happens while the copies are drawn."""
    draw = copies.make_copies

    def draw_slowly(original: bytes, width: int):
        what()
        return draw(original, width)

    monkeypatch.setattr(copies, "make_copies", draw_slowly)


@pytest.mark.django_db(transaction=True)
def test_two_workers_on_one_picture_leave_one_set_of_files(monkeypatch, settings):
    image = add(encoded("JPEG", (400, 300)), "a.jpg")
    both_drawing = threading.Barrier(2, timeout=10)
    _meanwhile(monkeypatch, both_drawing.wait)

    def work() -> None:
        try:
            make_renditions(image.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    image.refresh_from_db()
    expected = {image.file.name, image.card, *(copy["name"] for copy in image.renditions)}
    assert set(files(settings)) == expected
    assert len(expected) == 4


# --- The card for other sites --------------------------------------------------------------------------------------


def halves() -> bytes:
    """Red to the left, blue to the right, six times as wide as high."""
    picture = Pillow.new("RGB", (2400, 400), (200, 0, 0))
    picture.paste((0, 0, 200), (1200, 0, 2400, 400))
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=90)
    return content.getvalue()


def colour(image: Image, x: int) -> str:
    red, _green, blue = opened(image.card).getpixel((x, 300))
    return "red" if red > blue else "blue"


def test_the_card_is_cropped_around_the_focal_point(run_jobs, django_capture_on_commit_callbacks, settings):
    image = made(add(halves(), "a.jpg"))
    first = image.card
    card = opened(first)
    assert (card.format, card.size) == ("JPEG", (1200, 630))
    assert (colour(image, 50), colour(image, 1150)) == ("red", "blue")
    with django_capture_on_commit_callbacks(execute=True):
        move_focus(image, x=100, y=50)
        run_jobs()
    image.refresh_from_db()
    assert (colour(image, 50), colour(image, 1150)) == ("blue", "blue")
    assert image.card != first
    assert first not in files(settings)
    assert image.renditions, "the copies stay as they are"


def test_a_card_has_no_transparency():
    image = made(add(encoded("PNG", (600, 400), "RGBA")))
    assert opened(image.card).mode == "RGB"


def test_a_card_of_a_picture_that_has_gone_is_not_made(settings):
    make_card(123456)
    assert files(settings) == []


def test_the_focal_point_lies_inside_the_picture():
    image = add()
    with pytest.raises(actions.IntegrityError, match="library_image_focus_inside"), transaction.atomic():
        Image.objects.filter(pk=image.pk).update(focal_x=101)
