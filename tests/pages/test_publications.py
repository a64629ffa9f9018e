"""Publications: PDFs by year with their covers, one form for staff, found by their words."""

import json
import re
from datetime import timedelta
from html import unescape

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils import timezone

from pages.models import Publication
from psg.library.models import Document, Image
from psg.library.replacing import replace_document
from psg.models import SearchEntry
from psg.publishing.models import State
from tests.factories import DocumentFactory, PublicationFactory
from tests.psg import documents, library, papers
from tests.psg.library import files
from tests.psg.pictures import encoded

pytestmark = pytest.mark.django_db

ADD = "/admin/pages/publication/add/"
FIELDS = {"title": "Mining report", "slug": "mining-report", "summary": "In short.", "year": "2019", "language": "en"}


def text(response) -> str:
    """The page with its blanks made one, but not those at which no line is broken."""
    return re.sub(r"[ \n]+", " ", unescape(response.content.decode()))


def titles(response) -> list[str]:
    return [publication.title for publication in response.context["page"]]


# --- For readers ---------------------------------------------------------------------------------------------------


def test_the_list_goes_by_year_newest_first_and_says_what_each_is(client):
    PublicationFactory(title="Older", year=2017)
    document = DocumentFactory(bytes=2_516_582, pages=24)
    PublicationFactory(title="Informe", year=2019, language="es", document=document, cover=library.add())
    PublicationFactory(title="Middle", year=2018, document__pages=1)
    answer = client.get("/publications/")
    assert titles(answer) == ["Informe", "Middle", "Older"]
    html = text(answer)
    assert [int(year) for year in re.findall(r'class="month">(\d+)<', html)] == [2019, 2018, 2017]
    assert "2019 · Spanish · 24 pages · PDF, 2.4\xa0MB" in html
    assert "2018 · English · 1 page · PDF" in html
    assert re.search(r'<h3 [^>]*lang="es"><a [^>]*>Informe', html)
    cover = re.search(r"<img [^>]*publication-cover[^>]*>", html)[0]
    assert 'width="60"' in cover
    assert 'height="40"' in cover


def test_only_what_is_public_is_listed_and_opens(client):
    later = timezone.now() + timedelta(days=1)
    PublicationFactory(slug="draft", state=State.DRAFT)
    PublicationFactory(slug="scheduled", published_at=later, first_public_at=None)
    PublicationFactory(slug="withdrawn", state=State.WITHDRAWN)
    assert titles(client.get("/publications/")) == []
    statuses = {slug: client.get(f"/publications/{slug}/").status_code for slug in ("draft", "scheduled", "withdrawn")}
    assert statuses == {"draft": 404, "scheduled": 404, "withdrawn": 410}
    assert client.get("/publications/none/").status_code == 404


def test_an_empty_list_says_what_to_do(client):
    html = text(client.get("/publications/"))
    assert "There are no publications here yet" in html
    assert 'href="/news/"' in html


def test_filters_by_year_and_language_keep_each_other(client):
    for year, language in [(2019, "en"), (2019, "es"), (2018, "en")]:
        PublicationFactory(title=f"{year} {language}", year=year, language=language)
    assert titles(client.get("/publications/?year=2019")) == ["2019 es", "2019 en"]
    answer = client.get("/publications/?year=2019&language=es")
    assert titles(answer) == ["2019 es"]
    assert 'href="?language=es&year=2018"' in text(answer)
    none = client.get("/publications/?year=2018&language=es")
    assert "No publication matches" in text(none)


def test_one_year_and_one_language_need_no_filter(client):
    PublicationFactory()
    assert "By year" not in text(client.get("/publications/"))


@pytest.mark.parametrize("year", ["x", "-1", "0", "9999", "99999999999999999999", "２０１９", "2019 OR 1=1", "<b>"])
def test_a_year_that_is_none_finds_nothing_and_breaks_nothing(year, client):
    PublicationFactory()
    answer = client.get("/publications/", {"year": year, "language": "<b>"})
    assert answer.status_code == 200
    assert titles(answer) == []
    assert "<b>" not in answer.content.decode()


def test_twenty_a_page_and_the_filter_stays_in_the_address(client):
    for _ in range(21):
        PublicationFactory(year=2019)
    PublicationFactory(year=2018)
    assert len(titles(client.get("/publications/"))) == 20
    answer = client.get("/publications/?year=2019&page=2")
    assert len(titles(answer)) == 1
    assert 'href="?year=2019&page=1"' in text(answer)
    assert "/publications/?year=2019&page=2" in answer.context["canonical_url"]
    assert client.get("/publications/?page=3").status_code == 404
    assert client.get("/publications/?page=x").status_code == 404


def test_a_publications_page_leads_to_the_pdf_and_back_and_on(client, run_jobs, settings):
    document = documents.add(papers.pdf("One", "Two"), title="Report")
    run_jobs()
    PublicationFactory(slug="report", title="Report", year=2019, document=document)
    other = PublicationFactory(year=2018)
    html = text(client.get("/publications/report/"))
    assert f'href="{document.get_absolute_url()}"' in html
    assert "Read the PDF (in English, 1\xa0KB)" in html
    assert "Cover of “Report”" in html
    assert 'href="/publications/"' in html
    assert other.get_absolute_url() in html
    data = json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', html)[1])
    assert (data["@type"], data["name"], data["datePublished"], data["numberOfPages"]) == (
        "Report",
        "Report",
        "2019",
        2,
    )
    assert data["encoding"]["contentUrl"] == settings.SITE_URL + document.get_absolute_url()
    assert data["encoding"]["encodingFormat"] == "application/pdf"


def test_a_spanish_publication_is_marked_as_such(client):
    PublicationFactory(slug="informe", language="es")
    html = text(client.get("/publications/informe/"))
    assert '<html lang="es">' in html
    assert "Read the PDF (in Spanish" in html


def test_the_cover_that_staff_chose_wins_over_the_first_page(client, run_jobs):
    document = documents.add()
    run_jobs()
    document.refresh_from_db()
    publication = PublicationFactory(document=document)
    assert publication.shown_cover == document.cover
    publication.cover = library.add()
    assert publication.shown_cover == publication.cover


def test_the_sitemap_has_them(client):
    publication = PublicationFactory()
    html = client.get("/sitemap.xml").content.decode()
    assert publication.get_absolute_url() in html
    assert "/publications/</loc>" in html


def test_an_address_that_changed_leads_on(client_as, client):
    publication = PublicationFactory(slug="old", document=documents.add())
    values = FIELDS | {"slug": "new", "document": publication.document_id, "seen_version": publication.version}
    values |= {"published_at_0": "01/11/2019", "published_at_1": "12:00"}
    answer = client_as("Editor").post(f"/admin/pages/publication/{publication.pk}/change/", values)
    assert answer.status_code == 302
    assert client.get("/publications/old/")["Location"] == "/publications/new/"


# --- Found ---------------------------------------------------------------------------------------------------------


def found(client, words: str) -> list[str]:
    return re.findall(r'href="(/publications/[^"]+)"', text(client.get("/search/", {"q": words})))


def test_a_publication_is_found_by_its_title_and_when_the_worker_has_read_it_by_its_words(client_as, client, run_jobs):
    body = FIELDS | {"upload": documents.upload(papers.pdf("The llamas of Ayacucho")), "_publish": ""}
    assert client_as("Editor").post(ADD, body).status_code == 302
    assert found(client, "mining report") == ["/publications/mining-report/"]
    assert found(client, "llamas") == []
    run_jobs()
    assert found(client, "llamas") == ["/publications/mining-report/"]


def test_a_replaced_pdf_is_found_by_its_new_words_alone(client, run_jobs, staff):
    from psg.library.documents import check

    document = documents.add(papers.pdf("llamas"))
    PublicationFactory(document=document)
    run_jobs()
    assert found(client, "llamas")
    checked = check(documents.upload(papers.pdf("alpacas")))
    replace_document(document, checked, seen_sha256=document.sha256, by=staff())
    assert not found(client, "llamas")
    run_jobs()
    assert found(client, "alpacas")


def test_words_of_a_draft_are_not_found(client, run_jobs):
    PublicationFactory(document=documents.add(papers.pdf("llamas")), state=State.DRAFT)
    run_jobs()
    assert not SearchEntry.objects.filter(published_at__isnull=False).exists()
    assert client.get("/search/?q=llamas").context["counts"].everything == 0


# --- For staff -----------------------------------------------------------------------------------------------------


def test_an_editor_uploads_a_pdf_and_publishes_it_in_one_form(client_as, client, staff, run_jobs, settings):
    answer = client_as("Editor").post(ADD, FIELDS | {"upload": documents.upload(papers.pdf("One")), "_publish": ""})
    assert answer.status_code == 302
    publication = Publication.objects.get()
    document = publication.document
    assert (document.title, document.language, document.created_by) == ("Mining report", "en", staff("Editor"))
    assert publication.history.count() == 1
    run_jobs()
    html = text(client.get("/publications/mining-report/"))
    assert "Cover of “Mining report”" in html


def test_a_pdf_of_the_library_is_chosen(client_as):
    document = documents.add()
    client_as("Editor").post(ADD, FIELDS | {"document": document.pk})
    assert Publication.objects.get().document == document


def test_a_pdf_that_is_in_the_library_already_is_used_and_not_doubled(client_as, settings):
    document = documents.add(papers.pdf("One"))
    client_as("Editor").post(ADD, FIELDS | {"upload": documents.upload(papers.pdf("One"))})
    assert Publication.objects.get().document == document
    assert files(settings) == [document.file.name]


def test_an_upload_wins_over_the_pdf_that_was_there(client_as):
    old = documents.add()
    publication = PublicationFactory(document=old, state=State.DRAFT)
    values = FIELDS | {"document": old.pk, "seen_version": publication.version}
    values["upload"] = documents.upload(papers.pdf("New"))
    client_as("Editor").post(f"/admin/pages/publication/{publication.pk}/change/", values)
    publication.refresh_from_db()
    assert publication.document != old
    assert Document.objects.filter(pk=old.pk).exists(), "it stays in the library"


@pytest.mark.parametrize("what", papers.REFUSED)
def test_what_is_no_pdf_is_refused_beside_the_field(what, client_as, settings):
    name, content, _ = papers.REFUSED[what]
    answer = client_as("Editor").post(ADD, FIELDS | {"upload": documents.upload(content, name)})
    assert list(answer.context["adminform"].form.errors) == ["upload"]
    assert "Mining report" in text(answer)
    assert files(settings) == []


@pytest.mark.parametrize("kind", [kind for kind in papers.TAKEN if kind != "pdf"])
def test_another_kind_of_document_is_no_publication(kind, client_as, settings):
    name, content = papers.TAKEN[kind]
    client = client_as("Editor")
    answer = client.post(ADD, FIELDS | {"upload": documents.upload(content, name)})
    assert "A publication is a PDF" in answer.context["adminform"].form.errors["upload"][0]
    document = documents.add(content, name)
    answer = client.post(ADD, FIELDS | {"document": document.pk})
    assert "not a PDF of the library" in answer.context["adminform"].form.errors["document"][0]
    with pytest.raises(ValidationError, match="A publication is a PDF"):
        Publication(title="T", slug="t", year=2019, document=document).clean()
    offered = {"app_label": "pages", "model_name": "publication", "field_name": "document"}
    assert client.get("/admin/autocomplete/", offered).json()["results"] == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("year", year) for year in ("", "0", "9999", "-5", "x", "99999999999", "1899")),
        *(("title", title) for title in ("", "!!! ¿?", "report.pdf", "x" * 201)),
        *(("slug", slug) for slug in ("", "a b", "../x")),
        ("language", "fr"),
        ("summary", "x" * 701),
        ("cover", "123456"),
        ("document", "123456"),
    ],
)
def test_bad_input_is_said_beside_the_field_and_stores_nothing(field, value, client_as, settings):
    body = FIELDS | {"upload": documents.upload(papers.pdf("One"))} | {field: value}
    answer = client_as("Editor").post(ADD, body)
    assert answer.status_code == 200
    assert list(answer.context["adminform"].form.errors) == [field]
    assert files(settings) == []


def test_a_publication_needs_its_pdf(client_as):
    answer = client_as("Editor").post(ADD, FIELDS)
    assert list(answer.context["adminform"].form.errors) == ["upload"]


def test_two_publications_cannot_share_an_address(client_as, settings):
    PublicationFactory(slug="mining-report")
    answer = client_as("Editor").post(ADD, FIELDS | {"upload": documents.upload(papers.pdf("One"))})
    assert "There is a publication at this address already" in text(answer)
    assert files(settings) == []


def test_when_the_row_cannot_be_written_no_file_stays_behind(client_as, settings, monkeypatch):
    def taken(*args, **kwargs):
        raise IntegrityError("somebody was quicker with this address")

    monkeypatch.setattr(Publication, "save", taken)
    client = client_as("Editor")
    with pytest.raises(IntegrityError), transaction.atomic():
        client.post(ADD, FIELDS | {"upload": documents.upload(papers.pdf("One"))})
    assert files(settings) == []


def test_the_database_itself_refuses_a_year_that_is_none():
    publication = PublicationFactory()
    with pytest.raises(IntegrityError, match="publication_year_is_one"), transaction.atomic():
        Publication.objects.filter(pk=publication.pk).update(year=0)


def test_a_preview_shows_the_page_and_stores_nothing(client_as, settings):
    body = FIELDS | {"upload": documents.upload(papers.pdf("One", "Two"))}
    client = client_as("Editor")
    answer = client.post("/admin/pages/publication/preview/", body)
    html = text(answer)
    assert "<h1>Mining report</h1>" in html
    assert "2 pages" in html
    assert "no-store" in answer["Cache-Control"]
    assert not Document.objects.exists()
    assert files(settings) == []
    assert "There is no PDF yet" in text(client.post("/admin/pages/publication/preview/", {"title": "x"}))


def test_a_preview_link_shows_a_draft(client_as, client):
    publication = PublicationFactory(title="Not yet", state=State.DRAFT, document=documents.add())
    page = f"/admin/pages/publication/{publication.pk}/preview-links/"
    html = text(client_as("Editor").post(page, {"_make": ""}, follow=True))
    link = re.search(r'href="(/preview/[^"]+)"', html)[1]
    assert "<h1>Not yet</h1>" in text(client.get(link))


def test_drafts_are_scheduled_published_and_withdrawn_as_all_else_is(client_as, client):
    editor = client_as("Editor")
    first, second = PublicationFactory(state=State.DRAFT), PublicationFactory(state=State.DRAFT)
    listed = "/admin/pages/publication/"
    editor.post(listed, {"action": "publish_selected", "_selected_action": [first.pk, second.pk]})
    assert len(titles(client.get("/publications/"))) == 2
    editor.post(listed, {"action": "withdraw_selected", "_selected_action": [first.pk]})
    assert client.get(first.get_absolute_url()).status_code == 410
    assert len(titles(client.get("/publications/"))) == 1


def test_a_second_save_of_an_old_form_is_held_back(client_as):
    publication, client = PublicationFactory(state=State.DRAFT), client_as("Editor")
    url = f"/admin/pages/publication/{publication.pk}/change/"
    values = FIELDS | {"document": publication.document_id, "seen_version": publication.version}
    assert client.post(url, values | {"title": "Mine"}).status_code == 302
    answer = client.post(url, values | {"title": "Theirs"})
    assert "saved this at" in text(answer)
    publication.refresh_from_db()
    assert publication.title == "Mine"


def test_the_cover_made_by_the_worker_is_not_lost_to_a_form_that_was_open(client_as, run_jobs):
    publication, client = PublicationFactory(state=State.DRAFT, document=documents.add()), client_as("Editor")
    url = f"/admin/pages/publication/{publication.pk}/change/"
    values = FIELDS | {"document": publication.document_id, "seen_version": publication.version, "cover": ""}
    run_jobs()  # while the form is open
    assert client.post(url, values).status_code == 302
    assert Publication.objects.get().shown_cover


@pytest.mark.parametrize("role", ["Writer", "Events", "Membership", "Treasurer"])
def test_publications_are_for_editors(role, client_as):
    publication = PublicationFactory()
    client = client_as(role)
    for address in (ADD, f"/admin/pages/publication/{publication.pk}/change/"):
        assert client.get(address).status_code == 403


def test_the_pdf_of_a_publication_is_replaced_in_the_library_and_its_address_stays(client_as, client):
    document = documents.add()
    PublicationFactory(document=document, slug="report")
    form = text(client_as("Editor").get(f"/admin/pages/publication/{Publication.objects.get().pk}/change/"))
    assert f"/admin/library/document/{document.pk}/change/" in form
    answer = client_as("Editor").post(
        f"/admin/library/document/{document.pk}/replace/",
        {"file": documents.upload(papers.pdf("One", "Two", "Three")), "seen": document.sha256},
    )
    assert answer.status_code == 302
    html = text(client.get("/publications/report/"))
    assert f'href="{document.get_absolute_url()}"' in html
    assert "3 pages" in html


def test_the_list_of_the_desk_costs_the_same_for_any_number(client_as, django_assert_max_num_queries):
    for number in range(15):
        PublicationFactory(document=documents.add(papers.pdf(str(number)), title=f"Document {number}"))
    client = client_as("Editor")
    with django_assert_max_num_queries(12):
        assert client.get("/admin/pages/publication/").status_code == 200


def test_a_publication_goes_and_its_document_stays(client_as):
    publication = PublicationFactory(state=State.DRAFT, first_public_at=None, document=documents.add())
    client_as("Editor").post(f"/admin/pages/publication/{publication.pk}/delete/", {"post": "yes"})
    assert not Publication.objects.exists()
    assert Document.objects.exists()
    assert default_storage.exists(Document.objects.get().file.name)


def test_a_cover_that_a_publication_uses_is_not_dropped_with_its_document(run_jobs):
    from psg.library.document_actions import delete_document

    document = documents.add()
    run_jobs()
    document.refresh_from_db()
    PublicationFactory(cover=document.cover)
    delete_document(document)
    assert Image.objects.count() == 1


def test_a_picture_of_the_library_can_be_a_cover(client_as):
    image = library.add(encoded("JPEG", (600, 800)), "a.jpg")
    body = FIELDS | {"upload": documents.upload(papers.pdf("One")), "cover": image.pk, "_publish": ""}
    client_as("Editor").post(ADD, body)
    assert Publication.objects.get().shown_cover == image
