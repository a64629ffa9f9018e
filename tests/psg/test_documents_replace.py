"""A new file in the place of an old one, for pictures and documents: the address stays, all or nothing happens."""

import io
import re
import threading

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection
from django.urls import reverse
from PIL import Image as Pillow

from psg.library import replacing
from psg.library.actions import make_renditions, prepare
from psg.library.documents import check
from psg.library.models import Document, Image
from psg.library.replacing import ReplacementRefused, replace_document, replace_image
from tests.factories import ArticleFactory
from tests.psg import documents, library, papers
from tests.psg.library import files
from tests.psg.pictures import encoded

NEW = papers.pdf("New words", "second page")


def send(client, thing, content: bytes, name: str, seen: str | None = None):
    url = reverse(f"admin:library_{thing._meta.model_name}_replace", args=[thing.pk])
    return client.post(url, {"file": library.upload(content, name, ""), "seen": thing.sha256 if seen is None else seen})


def body(client, address: str) -> bytes:
    answer = client.get(address)
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


@pytest.mark.django_db(transaction=True)
def test_a_replaced_document_keeps_its_address_and_is_read_afresh(client_as, client, run_jobs, settings, staff):
    document = documents.add(papers.pdf("Old words"))
    run_jobs()
    document.refresh_from_db()
    address, old_cover = document.get_absolute_url(), document.cover
    etag = client.get(address)["ETag"]
    answer = send(client_as("Editor"), document, NEW, "b.pdf")
    assert answer.status_code == 302
    assert body(client, address) == NEW
    assert client.get(address, headers={"if-none-match": etag}).status_code == 200, "caches see that it is another"
    document.refresh_from_db()
    assert (document.get_absolute_url(), document.bytes, document.pages, document.text) == (address, len(NEW), 2, "")
    run_jobs()
    document.refresh_from_db()
    assert document.text == "New words second page"
    assert document.cover != old_cover
    assert not Image.objects.filter(pk=old_cover.pk).exists()
    assert set(files(settings)) == {document.file.name, *document.cover.stored_names()}, "the old bytes are gone"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_replaced_picture_of_any_format_is_served_at_the_old_address_as_what_it_is(kind, client_as, client, settings):
    image = library.add(encoded("JPEG", (700, 500)), "a.jpg")
    make_renditions(image.pk)
    image.refresh_from_db()
    address, old_copies = image.file.url, set(image.stored_names())
    article = ArticleFactory(lead_image=image, body=f'<p><img src="{address}" alt="x"></p>')
    assert send(client_as("Editor"), image, encoded(kind, (90, 30)), f"b.{kind.lower()}").status_code == 302
    image.refresh_from_db()
    assert (image.file.url, image.width, image.height) == (address, 90, 30)
    answer = client.get(address)
    content = b"".join(answer.streaming_content)
    opened = Pillow.open(io.BytesIO(content))
    assert (opened.size, answer["Content-Type"]) == ((90, 30), f"image/{opened.format.lower()}")
    assert image.bytes == len(content)
    assert address in client.get(article.get_absolute_url()).content.decode()
    make_renditions(image.pk)
    image.refresh_from_db()
    assert image.renditions
    assert not set(image.stored_names()) & old_copies, "copies are kept for ever, so new ones have new names"
    assert set(files(settings)) == set(image.stored_names())


@pytest.mark.django_db
def test_the_worker_is_asked_for_new_copies(run_jobs, staff):
    image = library.add(encoded("JPEG", (700, 500)), "a.jpg")
    run_jobs()
    replace_image(
        image, prepare(library.upload(encoded("JPEG", (60, 50)), "b.jpg", "")), seen_sha256=image.sha256, by=staff()
    )
    assert image.renditions == []
    assert run_jobs() == 1
    image.refresh_from_db()
    assert {copy["width"] for copy in image.renditions} == {60}


@pytest.mark.django_db
def test_replacing_again_and_again_keeps_the_first_address(staff, client, django_capture_on_commit_callbacks, settings):
    document = documents.add()
    address = document.get_absolute_url()
    for number in range(3):
        with django_capture_on_commit_callbacks(execute=True):
            checked = check(documents.upload(papers.pdf(f"Version {number}")))
            replace_document(document, checked, seen_sha256=document.sha256, by=staff())
    assert body(client, address) == papers.pdf("Version 2")
    assert len(files(settings)) == 1


@pytest.mark.django_db
def test_who_replaced_it_and_when_is_in_the_history(client_as, staff):
    document, client = documents.add(), client_as("Editor")
    send(client, document, NEW, "b.pdf")
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id) == (staff("Editor"), str(document.pk))
    page = client.get(reverse("admin:library_document_history", args=[document.pk])).content.decode()
    assert re.search(r"Replaced the file, 1\sKB, by one of 1\sKB", page)


# --- All or nothing ------------------------------------------------------------------------------------------------


def replace_one(staff) -> Document:
    document = documents.add()
    checked = check(documents.upload(NEW))
    with pytest.raises((DatabaseError, OSError)):
        replace_document(document, checked, seen_sha256=document.sha256, by=staff())
    return Document.objects.get()


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_fails_leaves_the_old_file_and_no_other(monkeypatch, staff, settings, client):
    def fail(*args, **kwargs):
        raise DatabaseError("the connection is lost")

    monkeypatch.setattr(replacing.LogEntry.objects, "log_actions", fail)  # the last step
    document = replace_one(staff)
    assert files(settings) == [document.file.name]
    assert body(client, document.get_absolute_url()) == papers.pdf("Mining in Cajamarca")


@pytest.mark.django_db(transaction=True)
def test_a_commit_that_fails_leaves_the_old_file_and_no_other(monkeypatch, staff, settings, client):
    documents.add()

    def fail(*args, **kwargs):
        raise DatabaseError("the connection is lost")

    document, checked = Document.objects.get(), check(documents.upload(NEW))
    with monkeypatch.context() as broken:
        broken.setattr(connection, "_commit", fail)
        with pytest.raises(DatabaseError):
            replace_document(document, checked, seen_sha256=document.sha256, by=staff())
    document = Document.objects.get()
    assert files(settings) == [document.file.name]
    assert body(client, document.get_absolute_url()) == papers.pdf("Mining in Cajamarca")


@pytest.mark.django_db(transaction=True)
def test_a_storage_that_takes_nothing_leaves_everything_as_it_was(monkeypatch, staff, settings, client):
    document = documents.add()
    before = Document.objects.values().get()

    def fail(*args, **kwargs):
        raise OSError("no space left")

    checked = check(documents.upload(NEW))
    monkeypatch.setattr(default_storage._wrapped, "save", fail)
    with pytest.raises(OSError, match="no space"):
        replace_document(document, checked, seen_sha256=document.sha256, by=staff())
    assert Document.objects.values().get() == before
    assert body(client, document.get_absolute_url()) == papers.pdf("Mining in Cajamarca")


@pytest.mark.django_db(transaction=True)
def test_a_storage_that_deletes_nothing_still_shows_the_new_file(monkeypatch, staff, client):
    document = documents.add()

    def fail(*args, **kwargs):
        raise OSError("read only")

    monkeypatch.setattr(default_storage._wrapped, "delete", fail)
    replace_document(document, check(documents.upload(NEW)), seen_sha256=document.sha256, by=staff())
    assert body(client, document.get_absolute_url()) == NEW


@pytest.mark.django_db(transaction=True)
def test_of_two_who_replace_one_file_at_once_the_second_is_told(staff, settings):
    document = documents.add()
    person, told = staff(), []
    start = threading.Barrier(2, timeout=10)

    def send_one(words: str) -> None:
        try:
            mine, checked = Document.objects.get(), check(documents.upload(papers.pdf(words)))
            start.wait()
            replace_document(mine, checked, seen_sha256=document.sha256, by=person)
        except ReplacementRefused as refused:
            told.append(refused.message)
        finally:
            connection.close()

    threads = [threading.Thread(target=send_one, args=[words]) for words in ("One", "Other")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 1
    assert "Somebody else" in told[0]
    assert files(settings) == [Document.objects.get().file.name]


# --- Refused -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (papers.pdf("secret", password="x"), "a.pdf", "password"),
        (b"<html>", "a.pdf", "web page"),
        (b"", "a.pdf", "empty"),
        (papers.TAKEN["docx"][1], "a.docx", "has to be of the same kind"),
        (papers.pdf("Mining in Cajamarca"), "a.pdf", "there already"),
        (papers.pdf("Another"), "a.pdf", "in the library already, as “Another”"),
    ],
)
def test_a_new_file_is_checked_as_a_new_document_is(content, name, reason, client_as, settings):
    document = documents.add()
    documents.add(papers.pdf("Another"), title="Another")
    before = files(settings)
    answer = send(client_as("Editor"), document, content, name)
    assert answer.status_code == 200
    assert reason in answer.context["replace_form"].errors["file"][0]
    assert "Nothing has been changed" in answer.content.decode()
    assert files(settings) == before


@pytest.mark.django_db
def test_a_new_picture_is_checked_as_a_new_picture_is(client_as, settings):
    image = library.add()
    answer = send(client_as("Editor"), image, b"<svg>", "a.svg")
    assert "SVG" in answer.context["replace_form"].errors["file"][0]
    assert files(settings) == [image.file.name]


@pytest.mark.django_db
def test_a_file_that_a_colleague_replaced_meanwhile_is_not_replaced_unseen(client_as):
    document, client = documents.add(), client_as("Editor")
    seen = document.sha256
    send(client, document, NEW, "b.pdf")
    answer = send(client, document, papers.pdf("Mine"), "c.pdf", seen=seen)
    assert "Somebody else has replaced this file" in answer.context["replace_form"].errors["file"][0]
    now = re.search(r'name="seen" value="(\w+)"', answer.content.decode())[1]
    assert send(client, document, papers.pdf("Mine"), "c.pdf", seen=now).status_code == 302


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["Writer", "Events"])
def test_who_may_not_publish_may_not_change_published_pages_by_a_new_file(role, client_as):
    document, image = documents.add(), library.add()
    client = client_as(role)
    assert send(client, document, NEW, "b.pdf").status_code == 403
    assert send(client, image, encoded("GIF"), "b.gif").status_code == 403
    page = client.get(reverse("admin:library_document_change", args=[document.pk])).content.decode()
    assert "Replace the file" not in page


@pytest.mark.django_db
def test_replacing_without_a_file_or_what_is_not_there(client_as):
    document, client = documents.add(), client_as("Editor")
    url = reverse("admin:library_document_replace", args=[document.pk])
    assert "required" in client.post(url, {}).context["replace_form"].errors["file"][0]
    assert client.get(reverse("admin:library_document_replace", args=[123456])).status_code == 404
    assert client.get(reverse("admin:library_document_replace", args=["x"])).status_code == 404
