"""The picture library: each picture once, its smaller copies, and how pages show it."""

import threading

import pytest
from django.core.files.storage import default_storage
from django.db import DatabaseError, IntegrityError, connection
from django.template import Context, Template
from PIL import Image as Pillow

from psg.library import actions
from psg.library.actions import make_renditions, prepare, store
from psg.library.models import Image
from tests.psg.library import WORDS, add, files, upload
from tests.psg.pictures import encoded

# --- Once ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_same_file_again_gives_the_picture_that_is_there(settings):
    first = add()
    again = add(alt_text="Other words")
    assert again == first
    assert again.alt_text == WORDS
    assert files(settings) == [first.file.name]


@pytest.mark.django_db
def test_the_same_file_with_words_describes_the_one_that_had_none():
    first = add(alt_text="", from_editor=True)
    assert add().alt_text == WORDS
    first.refresh_from_db()
    assert first.alt_text == WORDS


@pytest.mark.django_db(transaction=True)
def test_the_same_file_twice_at_once_is_one_picture(monkeypatch, settings):
    both_prepared = threading.Barrier(2, timeout=10)
    store, made = actions.store, []

    def store_together(*args, **kwargs):
        both_prepared.wait()
        return store(*args, **kwargs)

    def send() -> None:
        try:
            made.append(add().pk)
        finally:
            connection.close()

    monkeypatch.setattr(actions, "store", store_together)
    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [Image.objects.get().pk] * 2
    assert files(settings) == [Image.objects.get().file.name]


@pytest.mark.django_db
def test_the_same_file_pasted_twice_still_waits_for_its_words():
    first = add(alt_text="", from_editor=True)
    assert add(alt_text="", from_editor=True) == first
    assert list(Image.objects.undescribed()) == [first]


@pytest.mark.django_db
def test_another_broken_rule_is_not_taken_for_a_second_upload(settings):
    prepared = prepare(upload(encoded()))
    with pytest.raises(IntegrityError, match="library_image_described"):
        store(Image(alt_text=""), prepared)
    assert files(settings) == []


@pytest.mark.django_db
def test_no_file_stays_behind_when_the_row_cannot_be_written(monkeypatch, settings):
    def fail(*args, **kwargs):
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(Image, "save", fail)
    with pytest.raises(DatabaseError):
        add()
    assert files(settings) == []


@pytest.mark.django_db
def test_a_deleted_picture_takes_its_files_with_it_once_that_is_certain(settings, django_capture_on_commit_callbacks):
    kept, one, other = add(), add(encoded("JPEG"), "a.jpg"), add(encoded("WEBP"), "a.webp")
    make_renditions(one.pk)
    one.refresh_from_db()
    with django_capture_on_commit_callbacks() as callbacks:
        one.delete()
        Image.objects.filter(pk=other.pk).delete()
    assert len(files(settings)) == 4, "not before the commit"
    for callback in callbacks:
        callback()
    assert files(settings) == [kept.file.name]


# --- Smaller copies ------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_worker_makes_smaller_copies_of_a_new_picture(run_jobs):
    image = add(encoded("JPEG", (2000, 1000)), "a.jpg")
    assert run_jobs() == 1
    image.refresh_from_db()
    assert [(copy["width"], copy["height"]) for copy in image.renditions] == [(480, 240), (960, 480), (1600, 800)]
    for copy in image.renditions:
        picture = Pillow.open(default_storage.open(copy["name"]))
        assert (picture.format, picture.size) == ("WEBP", (copy["width"], copy["height"]))


@pytest.mark.django_db
@pytest.mark.parametrize(("width", "widths"), [(300, [300]), (480, [480]), (1000, [480, 960, 1000])])
def test_copies_are_never_larger_than_the_picture(width, widths):
    image = add(encoded("JPEG", (width, 100)), "a.jpg")
    make_renditions(image.pk)
    image.refresh_from_db()
    assert [copy["width"] for copy in image.renditions] == widths


@pytest.mark.django_db
def test_making_copies_again_changes_nothing(settings):
    image = add(encoded("JPEG", (700, 500)), "a.jpg")
    make_renditions(image.pk)
    before = files(settings), Image.objects.values_list("renditions").get()
    make_renditions(image.pk)
    assert (files(settings), Image.objects.values_list("renditions").get()) == before
    Image.objects.update(renditions=[])  # as if the worker had been killed before the last step
    make_renditions(image.pk)
    assert (files(settings), Image.objects.values_list("renditions").get()) == before


@pytest.mark.django_db
def test_copies_of_a_picture_that_has_gone_are_not_made(monkeypatch, settings):
    make_renditions(123456)
    image = add(encoded("JPEG", (700, 500)), "a.jpg")
    rendition = actions.rendition

    def deleted_meanwhile(original: bytes, width: int):
        Image.objects.filter(pk=image.pk)._raw_delete("default")
        return rendition(original, width)

    monkeypatch.setattr(actions, "rendition", deleted_meanwhile)
    make_renditions(image.pk)
    assert files(settings) == [image.file.name]


@pytest.mark.django_db
@pytest.mark.parametrize("mode", ["RGBA", "P", "L"])
def test_copies_keep_transparency_and_take_every_mode(mode):
    image = add(encoded("PNG", (600, 400), mode))
    make_renditions(image.pk)
    image.refresh_from_db()
    copy = Pillow.open(default_storage.open(image.renditions[0]["name"]))
    assert copy.has_transparency_data == (mode == "RGBA")


# --- On the page ---------------------------------------------------------------------------------------------------


def show(image: Image | None, arguments: str = "") -> str:
    return Template("{% load library %}{% picture image " + arguments + " %}").render(Context({"image": image}))


@pytest.mark.django_db
def test_a_picture_offers_its_copies_and_its_measures(django_assert_num_queries):
    image = add(encoded("JPEG", (2000, 1000)), "a.jpg")
    make_renditions(image.pk)
    image.refresh_from_db()
    with django_assert_num_queries(0):
        html = show(image, 'sizes="50vw" class="lead"')
    small, middle, large = (copy["name"] for copy in image.renditions)
    assert f'srcset="/media/{small} 480w, /media/{middle} 960w, /media/{large} 1600w"' in html
    assert f'src="/media/{middle}"' in html
    assert 'sizes="50vw"' in html
    assert 'class="lead"' in html
    assert 'width="2000"' in html
    assert 'height="1000"' in html
    assert f'alt="{WORDS}"' in html
    assert 'loading="lazy"' in html


@pytest.mark.django_db
def test_a_picture_shows_before_the_worker_came_and_no_picture_shows_nothing():
    image = add()
    assert f'src="/media/{image.file.name}"' in show(image)
    assert "srcset" not in show(image)
    assert show(None) == ""


@pytest.mark.django_db
def test_a_picture_on_the_first_screen_is_fetched_first():
    html = show(add(), "eager=True alt=''")
    assert 'fetchpriority="high"' in html
    assert "lazy" not in html
    assert 'alt=""' in html


@pytest.mark.django_db
def test_words_of_a_picture_cannot_break_out_of_its_attributes():
    html = show(add(alt_text='"><script>alert(1)</script>'))
    assert "<script" not in html
