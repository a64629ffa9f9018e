"""Documents of the library: what is taken, what is refused and how, what the worker reads, what browsers are told."""

import io
import threading
from urllib.parse import quote

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db import DatabaseError, IntegrityError, connection, transaction

from psg.library import document_actions, pdf
from psg.library.document_actions import add_document, delete_document, make_cover, read_text
from psg.library.documents import MAX_BYTES, DocumentRefused, check
from psg.library.models import Document, Image, Kind, validate_title
from tests.psg import papers
from tests.psg.documents import add, upload
from tests.psg.library import files

MB = 1024 * 1024

# --- Taken ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("kind", papers.TAKEN)
def test_documents_of_these_kinds_are_kept_byte_for_byte(kind, settings):
    name, content = papers.TAKEN[kind]
    document = add(content, name)
    document.refresh_from_db()
    assert (document.kind, document.bytes) == (kind, len(content))
    assert document.file.open().read() == content
    assert document.pages == (2 if kind == "pdf" else None)
    assert files(settings) == [document.file.name]


@pytest.mark.django_db
@pytest.mark.parametrize("kind", papers.TAKEN)
def test_the_worker_takes_out_the_words(kind, run_jobs):
    document = add(papers.TAKEN[kind][1], papers.TAKEN[kind][0])
    assert document.text == ""
    run_jobs()
    document.refresh_from_db()
    assert "Palabras y niños" in document.text
    assert document.read_at


@pytest.mark.django_db
def test_content_decides_what_it_is_and_the_name_does_not():
    assert add(papers.TAKEN["pdf"][1], "holiday.exe").kind == Kind.PDF
    assert add(papers.TAKEN["odt"][1], "a.docx").kind == Kind.ODT


@pytest.mark.django_db
def test_the_address_can_be_read_and_not_guessed_and_has_nothing_of_the_uploaded_name():
    document = add(name="../../Señora <x>.pdf", title="¿Qué pasó? Niños y minería, 2019")
    folder, _, name = document.file.name.rpartition("/")
    assert name == "que-paso-ninos-y-mineria-2019.pdf"
    assert folder.startswith("library/documents/20")
    assert len(folder.rpartition("/")[2]) == 16
    assert document.get_absolute_url() == f"/media/{document.file.name}"


@pytest.mark.django_db
def test_a_title_in_letters_that_an_address_cannot_have_is_no_error():
    assert add(title="秘魯").file.name.endswith("/document.pdf")


@pytest.mark.django_db
def test_a_pdf_that_only_forbids_changes_is_taken():
    assert add(papers.pdf("open to read", password="")).pages == 1


# --- Refused -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("what", papers.REFUSED)
def test_everything_else_is_refused_with_a_reason_and_leaves_nothing(what, settings):
    name, content, reason = papers.REFUSED[what]
    with pytest.raises(DocumentRefused, match=reason):
        add(content, name)
    assert not Document.objects.exists()
    assert files(settings) == []


def test_a_bomb_of_an_archive_is_refused_before_it_is_unpacked(monkeypatch):
    monkeypatch.setattr("psg.library.office.MAX_UNPACKED", 5 * MB)
    bomb = papers.openxml(*papers.WORD, **{"word/media/x.bin": b"\0" * (6 * MB)})
    assert len(bomb) < 100_000
    with pytest.raises(DocumentRefused, match="unpacks to far more"):
        check(upload(bomb, "a.docx"))
    monkeypatch.setattr("psg.library.office.MAX_MEMBERS", 2)
    with pytest.raises(DocumentRefused, match="unpacks to far more"):
        check(upload(papers.openxml(*papers.WORD, more="x"), "a.docx"))


def sparse(size: int, head: bytes = b"", tail: bytes = b"") -> TemporaryUploadedFile:
    """A file of that size on disk, as Django hands on large uploads, that takes no room."""
    file = TemporaryUploadedFile("a.pdf", "application/pdf", size, None)
    file.write(head)
    file.seek(size - len(tail))
    file.write(tail or b"")
    file.truncate(size)
    file.seek(0)
    return file


def test_a_hundred_megabytes_are_refused_with_their_size_and_the_limit():
    with pytest.raises(DocumentRefused, match=r"100\.0\sMB\. At most 50 MB"):
        check(sparse(100 * MB, b"%PDF-1.4\n", b"%%EOF\n"))


class Watched(TemporaryUploadedFile):
    """Knows the largest piece that was ever read of it."""

    largest = 0

    def read(self, size: int = -1) -> bytes:
        content = self.file.read(size)
        self.largest = max(self.largest, len(content))
        return content


@pytest.mark.django_db
def test_a_large_document_is_never_in_memory_as_a_whole(settings):
    room = 45 * MB
    content = papers.pdf("Large", room=room)
    file = Watched("a.pdf", "application/pdf", 0, None)
    file.write(papers.HEADER)
    for _ in range(45):
        file.write(b"%" + b"x" * (MB - 2) + b"\n")
    file.write(content.removeprefix(papers.HEADER))
    file.size = file.tell()
    document = add_document(file=file, title="Large")
    assert document.bytes == room + len(content)
    assert default_storage.size(document.file.name) == document.bytes
    assert 0 < file.largest <= MB
    file.close()


@pytest.mark.parametrize("title", ["", "  ", "!!! ???", "——", "report.pdf", "Final version (3).docx"])
def test_a_title_of_signs_or_a_files_name_is_refused(title):
    with pytest.raises(ValidationError):
        validate_title(title)


@pytest.mark.parametrize("title", ["Año 1", "2019", "Mining. A report", "Informe v2.1", "秘魯"])
def test_a_title_in_words_is_taken(title):
    validate_title(title)


@pytest.mark.django_db
def test_the_database_itself_refuses_what_cannot_be(settings):
    document = add()
    for change in ({"bytes": 0}, {"pages": None}, {"pages": 0}, {"kind": "exe"}, {"kind": "txt"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Document.objects.filter(pk=document.pk).update(**change)


# --- Once ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_same_file_again_gives_the_document_that_is_there(settings):
    first = add()
    assert add(title="Other words") == first
    assert files(settings) == [first.file.name]


@pytest.mark.django_db(transaction=True)
def test_the_same_file_twice_at_once_is_one_document(monkeypatch, settings):
    both_checked = threading.Barrier(2, timeout=10)
    store, made = document_actions.store, []

    def store_together(*args, **kwargs):
        both_checked.wait()  # neither has seen the other's row
        return store(*args, **kwargs)

    def send() -> None:
        try:
            made.append(add().pk)
        finally:
            connection.close()

    monkeypatch.setattr(document_actions, "store", store_together)
    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [Document.objects.get().pk] * 2
    assert files(settings) == [Document.objects.get().file.name]


@pytest.mark.django_db
def test_no_file_stays_behind_when_the_row_cannot_be_written(monkeypatch, settings):
    def fail(*args, **kwargs):
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(Document, "save", fail)
    with pytest.raises(DatabaseError):
        add()
    assert files(settings) == []


@pytest.mark.django_db
def test_a_storage_that_fails_leaves_no_row(monkeypatch):
    def fail(*args, **kwargs):
        raise OSError("no space left")

    monkeypatch.setattr(default_storage._wrapped, "save", fail)
    with pytest.raises(OSError, match="no space"):
        add()
    assert not Document.objects.exists()


@pytest.mark.django_db
def test_a_deleted_document_takes_its_file_and_cover_with_it(settings, run_jobs, django_capture_on_commit_callbacks):
    document = add()
    run_jobs()
    document.refresh_from_db()
    with django_capture_on_commit_callbacks() as callbacks:
        delete_document(document)
    assert files(settings), "not before the commit"
    for callback in callbacks:
        callback()
    assert files(settings) == []
    assert not Image.objects.exists()


# --- Read by the worker --------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "words"), [("en", "Cover of “Title”"), ("es", "Portada de «Title»")])
def test_a_pdf_gets_a_picture_of_its_first_page_with_words_in_its_language(language, words, run_jobs):
    document = add(title="Title", language=language)
    run_jobs()
    document.refresh_from_db()
    assert (document.cover.alt_text, document.cover.credit) == (words, "")
    assert document.cover.height == pytest.approx(1400, abs=2)
    assert document.cover.renditions


@pytest.mark.django_db
def test_jobs_that_run_again_change_nothing(run_jobs):
    document = add()
    run_jobs()
    before = Document.objects.values("cover", "text", "read_at").get(), Image.objects.count()
    make_cover(document.pk, document.sha256)
    assert (Document.objects.values("cover", "text", "read_at").get(), Image.objects.count()) == before
    read_text(document.pk, document.sha256)
    assert Document.objects.get().text == before[0]["text"]


@pytest.mark.django_db
def test_two_pdfs_with_the_same_first_page_have_covers_of_their_own(run_jobs):
    one, other = add(papers.pdf("Same", "one"), title="One"), add(papers.pdf("Same", "other"), title="Other")
    run_jobs()
    one.refresh_from_db(), other.refresh_from_db()
    assert (one.cover.alt_text, other.cover.alt_text) == ("Cover of “One”", "Cover of “Other”")


@pytest.mark.django_db
@pytest.mark.parametrize("box", ["0 0 14400 14400", "0 0 14400 1", "0 0 10000000 10000000"])
def test_a_page_of_any_size_costs_no_more_than_a_cover(box, run_jobs):
    document = add(papers.pdf("Huge", box=box))
    run_jobs()
    document.refresh_from_db()
    assert max(document.cover.width, document.cover.height) <= 1401


@pytest.mark.django_db
def test_a_document_that_cannot_be_read_is_usable_all_the_same(monkeypatch, run_jobs, client, caplog):
    document = add()

    def fail(*args, **kwargs):
        raise pdf.PdfBroken("damaged inside")

    monkeypatch.setattr(pdf, "words", fail)
    monkeypatch.setattr(pdf, "first_page", fail)
    run_jobs()
    document.refresh_from_db()
    assert (document.text, document.cover) == ("", None)
    assert document.read_at
    assert client.get(document.get_absolute_url()).status_code == 200


@pytest.mark.django_db
def test_a_job_for_a_document_that_has_gone_does_nothing():
    read_text(123456, "x")
    make_cover(123456, "x")


def test_reading_ends_at_its_limits(monkeypatch):
    many = papers.pdf(*["word " * 10] * 30)
    assert len(pdf.words(io.BytesIO(many)).split()) == 300
    assert pdf.words(io.BytesIO(many), seconds=-1) == ""
    monkeypatch.setattr(pdf, "MAX_CHARACTERS", 150)
    assert len(pdf.words(io.BytesIO(many))) <= 150
    monkeypatch.setattr(pdf, "MAX_CHARACTERS", 10_000)
    monkeypatch.setattr(pdf, "MAX_PAGES_READ", 3)
    assert len(pdf.words(io.BytesIO(many)).split()) == 30


def test_words_are_such_as_the_database_takes():
    assert pdf.tidy_words("a\0b \ud800c\n\n d conti\x02\r\nnued") == "a b c d continued"


def test_pdfs_are_opened_one_at_a_time():
    content, inside, most = papers.pdf("One"), [], []
    real = pdf.pypdfium2.PdfDocument

    class Watched(real):
        def __init__(self, *args, **kwargs):
            inside.append(1)
            most.append(len(inside))
            super().__init__(*args, **kwargs)

        def close(self, *args, **kwargs):
            inside.pop()
            return super().close(*args, **kwargs)

    pdf.pypdfium2.PdfDocument = Watched
    try:
        threads = [threading.Thread(target=lambda: pdf.words(io.BytesIO(content))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        pdf.pypdfium2.PdfDocument = real
    assert (len(most), max(most), inside) == (8, 1, [])


# --- What browsers are told ----------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_pdf_is_shown_in_the_browsers_viewer_and_nothing_in_it_may_run(client):
    document = add(title="Niños y “minería”: ¿qué?\r\nX-Evil: 1")
    answer = client.get(document.get_absolute_url())
    assert answer["Content-Type"] == "application/pdf"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"] == "inline; filename*=utf-8''" + quote(
        "Niños y “minería” ¿qué X-Evil 1.pdf", safe=""
    )
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert "sandbox" not in answer["Content-Security-Policy"]
    assert b"".join(answer.streaming_content) == papers.pdf("Mining in Cajamarca")
    assert "X-Evil" not in answer.headers


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [kind for kind in papers.TAKEN if kind != "pdf"])
def test_every_other_document_is_a_download(kind, client):
    document = add(papers.TAKEN[kind][1], papers.TAKEN[kind][0], title="Figures 2019")
    answer = client.get(document.get_absolute_url())
    assert answer["Content-Disposition"] == f'attachment; filename="Figures 2019.{kind}"'
    assert answer["Content-Type"] == document.content_type
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.django_db
def test_an_address_may_be_kept_but_is_asked_again(client):
    address = add().get_absolute_url()
    answer = client.get(address, headers={"accept-encoding": "gzip"})
    assert answer["Cache-Control"] == "public, no-cache"
    assert answer["Content-Length"] == str(Document.objects.get().bytes), "sent as it is"
    again = client.get(address, headers={"if-none-match": answer["ETag"]})
    assert (again.status_code, again["ETag"], again.content) == (304, answer["ETag"], b"")


@pytest.mark.django_db
def test_a_way_round_leads_to_no_document(client):
    document = add()
    for address in ["library/x/../documents", "library//documents", "./library/documents"]:
        path = document.get_absolute_url().replace("library/documents", address)
        assert client.get(path).status_code == 404
    assert client.get("/media/library/documents/2019/none/none.pdf").status_code == 404


@pytest.mark.django_db
def test_the_picker_finds_documents_by_the_words_of_their_titles_newest_first():
    first = add(title="Minería en Cajamarca")
    second = add(papers.pdf("x"), title="La minería y el agua")
    assert list(Document.objects.for_picker()) == [second, first]
    assert list(Document.objects.for_picker("mineria cajamarca")) == [first]
    assert list(Document.objects.for_picker("MINERIA")) == [second, first]
    assert not Document.objects.for_picker("%").exists()
    Document.objects.for_picker("x\0y").exists()


def test_the_limit_is_fifty_megabytes():
    assert MAX_BYTES == 50 * MB
