"""The picture library: each picture once, and its files as long as it is there."""

import threading

import pytest
from django.db import DatabaseError, IntegrityError, connection

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
    first = add(alt_text="", words_later=True)
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
    first = add(alt_text="", words_later=True)
    assert add(alt_text="", words_later=True) == first
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
    assert len(files(settings)) == 6, "not before the commit"
    for callback in callbacks:
        callback()
    assert files(settings) == [kept.file.name]
