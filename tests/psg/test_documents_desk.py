"""Documents in the back office: adding, finding, copying the address, and what each role may."""

import pytest
from django.test import Client
from django.urls import reverse

from psg.library.document_actions import store
from psg.library.models import Document
from tests.psg import papers
from tests.psg.documents import add, upload
from tests.psg.library import files

ADD = "admin:library_document_add"


def fill_in(client: Client, content: bytes, name: str = "a.pdf", **words):
    return client.post(
        reverse(ADD), {"title": "Annual report", "language": "en"} | words | {"upload": upload(content, name)}
    )


@pytest.mark.django_db
def test_staff_add_a_document_by_the_form(client_as, staff, settings):
    assert fill_in(client_as("Writer"), papers.pdf("One")).status_code == 302
    document = Document.objects.get()
    assert (document.title, document.kind, document.pages, document.created_by) == (
        "Annual report",
        "pdf",
        1,
        staff("Writer"),
    )
    assert files(settings) == [document.file.name]


@pytest.mark.django_db
@pytest.mark.parametrize("what", papers.REFUSED)
def test_the_form_says_beside_the_file_what_is_wrong_and_keeps_what_was_typed(what, client_as, settings):
    name, content, reason = papers.REFUSED[what]
    answer = fill_in(client_as("Editor"), content, name, title="Typed before")
    errors = answer.context["adminform"].form.errors
    assert list(errors) == ["upload"]
    assert reason in errors["upload"][0] or "empty" in errors["upload"][0]
    assert "Typed before" in answer.content.decode()
    assert files(settings) == []


@pytest.mark.django_db
def test_a_large_file_is_refused_with_its_size(client_as, monkeypatch):
    monkeypatch.setattr("psg.library.documents.MAX_BYTES", 1024 * 1024)
    answer = fill_in(client_as("Editor"), b"%PDF-1.4" + b"x" * (3 * 1024 * 1024))
    assert "3.0\xa0MB. At most 1 MB" in answer.context["adminform"].form.errors["upload"][0]


@pytest.mark.django_db
@pytest.mark.parametrize("title", ["!!!", "report.pdf", "x" * 201])
def test_a_bad_title_is_said_beside_it(title, client_as, settings):
    answer = fill_in(client_as("Editor"), papers.pdf("One"), title=title)
    assert list(answer.context["adminform"].form.errors) == ["title"]
    assert files(settings) == []


@pytest.mark.django_db
def test_a_second_upload_is_told_where_the_first_is(client_as):
    document = add()
    answer = fill_in(client_as("Editor"), papers.pdf("Mining in Cajamarca"))
    assert f'<a href="/admin/library/document/{document.pk}/change/">“{document}”</a>' in answer.content.decode()
    assert Document.objects.count() == 1


@pytest.mark.django_db
def test_a_double_click_on_save_adds_one_document(client_as, monkeypatch, settings):
    def store_second(*args, **kwargs):
        add()  # the first click, between the second one's check and its save
        return store(*args, **kwargs)

    monkeypatch.setattr("psg.library.document_actions.store", store_second)
    monkeypatch.setattr("tests.psg.documents.add_document", lambda **kwargs: quick(**kwargs))
    assert fill_in(client_as("Editor"), papers.pdf("Mining in Cajamarca")).status_code == 302
    assert files(settings) == [Document.objects.get().file.name]


def quick(*, file, title):
    """The first click's whole way, whatever is patched."""
    from psg.library.documents import check

    return store(Document(title=title), check(file))


@pytest.mark.django_db
def test_an_upload_that_was_cut_off_is_refused_and_leaves_nothing(client_as, settings):
    whole = papers.pdf("One", "Two")
    boundary = "xyz"
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="title"\r\n\r\nAnnual report\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="upload"; filename="a.pdf"\r\n\r\n'
    ).encode() + whole[:500]
    answer = client_as("Editor").generic(
        "POST", reverse(ADD), body, content_type=f"multipart/form-data; boundary={boundary}"
    )
    assert answer.status_code == 200
    assert "upload" in answer.context["adminform"].form.errors
    assert "Annual report" in answer.content.decode()
    assert not Document.objects.exists()
    assert files(settings) == []


@pytest.mark.django_db
def test_the_page_of_a_document_tells_its_address_its_size_and_how_far_the_worker_is(client_as, settings, run_jobs):
    document, client = add(), client_as("Editor")
    url = reverse("admin:library_document_change", args=[document.pk])
    page = client.get(url).content.decode()
    assert f'value="{settings.SITE_URL}{document.get_absolute_url()}"' in page
    assert "copy-address.js" in page
    assert "being read" in page
    run_jobs()
    page = client.get(url).content.decode()
    assert "3 words, read on" in page
    assert "library-cover" in page


@pytest.mark.django_db
def test_a_scan_says_that_no_words_were_found(client_as, run_jobs):
    document = add(papers.pdf(""))
    run_jobs()
    page = client_as("Editor").get(reverse("admin:library_document_change", args=[document.pk])).content.decode()
    assert "perhaps a scan" in page


@pytest.mark.django_db
def test_words_are_changed_and_the_address_stays(client_as):
    document, client = add(), client_as("Editor")
    before = document.get_absolute_url()
    answer = client.post(
        reverse("admin:library_document_change", args=[document.pk]), {"title": "Minería", "language": "es"}
    )
    assert answer.status_code == 302
    document.refresh_from_db()
    assert (document.title, document.language, document.get_absolute_url()) == ("Minería", "es", before)


@pytest.mark.django_db
def test_the_list_is_searched_by_title_and_by_what_stands_in_the_document(client_as, run_jobs):
    add(papers.pdf("Something about llamas"), title="Report"), add(papers.pdf("Nothing"), title="Other")
    run_jobs()
    found = client_as("Editor").get(reverse("admin:library_document_changelist"), {"q": "llamas"}).content.decode()
    assert "Report" in found
    assert "1 result" in found


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "add_status", "delete_status"),
    [("Writer", 200, 403), ("Events", 200, 403), ("Editor", 200, 200), ("Treasurer", 403, 403)],
)
def test_who_may_add_and_who_may_delete(role, add_status, delete_status, client_as):
    document, client = add(), client_as(role)
    assert client.get(reverse(ADD)).status_code == add_status
    assert client.get(reverse("admin:library_document_delete", args=[document.pk])).status_code == delete_status
    assert client.get(reverse("admin:library_document_replace", args=[document.pk])).status_code == delete_status


@pytest.mark.django_db
def test_the_pages_of_documents_allow_no_inline_script(client_as):
    document = add()
    for address in ("change", "delete", "replace"):
        answer = client_as("Editor").get(reverse(f"admin:library_document_{address}", args=[document.pk]))
        assert "unsafe" not in answer["Content-Security-Policy"]
