"""Where pictures and documents are used: kept with each save, shown in the back office, asked before deleting."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from news.models import Article
from pages.models import Page, Publication
from psg.library import uses
from psg.library.models import Document, Image, Use
from psg.publishing import actions
from psg.publishing.models import State
from tests.factories import ArticleFactory, EventFactory, PageFactory
from tests.psg import documents, library, papers
from tests.psg.library import files
from tests.psg.pictures import encoded

pytestmark = pytest.mark.django_db


def showing(*things: Image | Document) -> str:
    """A text with the pictures shown and the documents linked."""
    return "".join(
        f'<p><img src="{thing.file.url}" alt="x"></p>'
        if isinstance(thing, Image)
        else f'<p><a href="{thing.get_absolute_url()}">it</a></p>'
        for thing in things
    )


def targets(thing: Image | Document) -> list:
    return [place.target for place in uses.where_used(thing).places]


# --- What a text names ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "names"),
    [
        ('<img src="/media/library/2019/a.jpg" alt="">', {"library/2019/a.jpg"}),
        ('<a href="/media/library/documents/2019/x/a%20b.pdf?x=1#page=2">x</a>', {"library/documents/2019/x/a b.pdf"}),
        ('<a href="{site}/media/library/a.pdf">x</a>', {"library/a.pdf"}),
        ('<a href="https://evil.example/media/library/a.pdf">x</a>', set()),
        ('<a href="//evil.example/media/library/a.pdf">x</a>', set()),
        ('<a title="/media/library/a.pdf" href="/news/">/media/library/a.pdf</a>', set()),
        ('<a href="http://[/media/library/a.pdf">x</a>', set()),
        ("<p>/media/ in words</p>", set()),
        ("", set()),
    ],
)
def test_addresses_in_a_text(html, names, settings):
    assert uses.library_names(html.replace("{site}", settings.SITE_URL)) == names


# --- Kept with each save -------------------------------------------------------------------------------------------


def test_a_save_keeps_what_the_text_shows_and_links(client_as):
    image, document, client = library.add(), documents.add(), client_as("Editor")
    values = {"title": "T", "slug": "t", "summary": "", "position": "1", "body": showing(image, document)}
    client.post(reverse("admin:pages_page_add"), values)
    page = Page.objects.get()
    assert targets(image) == targets(document) == [page]
    client.post(
        reverse("admin:pages_page_change", args=[page.pk]),
        values | {"body": showing(document), "seen_version": page.version},
    )
    assert (targets(image), targets(document)) == ([], [page])


def test_the_same_thing_twice_in_a_text_is_one_use():
    image = library.add()
    actions.save(page := PageFactory(body=showing(image, image)))
    assert Use.objects.count() == 1
    actions.save(page)
    assert Use.objects.count() == 1


def test_a_save_that_fails_keeps_nothing(monkeypatch):
    image = library.add()
    page = PageFactory(body=showing(image))

    def fail(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr("psg.publishing.redirects.moved_many", fail)
    page.slug, page.first_public_at = "elsewhere", page.published_at
    with pytest.raises(RuntimeError):
        actions.save(page)
    assert not Use.objects.exists()


def test_a_text_that_names_what_is_not_there_is_no_error():
    actions.save(PageFactory(body='<p><a href="/media/library/documents/2019/none/none.pdf">x</a></p>'))
    assert not Use.objects.exists()


def test_what_is_deleted_uses_nothing_any_more():
    image = library.add()
    actions.save(page := PageFactory(body=showing(image), state=State.DRAFT))
    page.delete()
    assert not Use.objects.exists()


def test_a_replaced_picture_is_still_known_by_its_address(staff):
    from psg.library.actions import prepare
    from psg.library.replacing import replace_image

    image = library.add()
    actions.save(page := PageFactory(body=showing(image)))
    replace_image(image, prepare(library.upload(encoded("GIF"), "b.gif", "")), seen_sha256=image.sha256, by=staff())
    actions.save(page)
    assert targets(image) == [page]


# --- Rebuilt -------------------------------------------------------------------------------------------------------


def rebuild() -> str:
    out = StringIO()
    call_command("rebuild_uses", stdout=out)
    return out.getvalue()


def test_the_table_is_rebuilt_from_the_texts_and_a_second_run_writes_nothing():
    image, document = library.add(), documents.add()
    page, article = PageFactory(body=showing(image)), ArticleFactory(body=showing(image, document))
    EventFactory(body="<p>Nothing.</p>")
    stale = PageFactory(body="<p>Nothing any more.</p>")
    uses_of_gone = Use(target=stale, image=image)
    uses_of_gone.save()
    Use.objects.create(content_type=uses_of_gone.content_type, object_id=999_999, image=image)
    assert "3 written, 2 dropped" in rebuild()
    assert set(targets(image)) == {page, article}
    assert targets(document) == [article]
    assert "0 written, 0 dropped" in rebuild()


# --- Shown ---------------------------------------------------------------------------------------------------------


def test_uses_by_field_and_in_texts_are_all_found():
    image, document = library.add(), documents.add()
    article = ArticleFactory(lead_image=image, body=showing(document))
    event = EventFactory(image=image)
    publication = Publication.objects.create(title="P", slug="p", year=2019, document=document, cover=image)
    actions.save(article)
    assert set(targets(image)) == {article, event, publication}
    assert {place.field for place in uses.where_used(image).places} == {"lead image", "image", "cover"}
    assert set(targets(document)) == {article, publication}
    found = uses.where_used(document)
    assert (found.total, found.in_texts, found.holds) == (2, 1, True)


def test_histories_and_the_table_itself_do_not_count():
    image = library.add()
    article = ArticleFactory(lead_image=image)
    article.save(), article.save()
    assert article.history.count() > 1
    assert targets(image) == [article]
    named = {relation.related_model.__name__ for relation in uses.references(Image)}
    assert {"Article", "Event", "Document", "Publication"} <= named
    assert not any(name.startswith("Historical") or name == "Use" for name in named)


def test_the_page_of_a_picture_lists_its_uses_with_links_and_what_readers_see(client_as):
    image = library.add()
    published = ArticleFactory(title="Shown to all", lead_image=image)
    draft = PageFactory(title="Not yet", body=showing(image), state=State.DRAFT)
    actions.save(draft)
    page = client_as("Editor").get(reverse("admin:library_image_change", args=[image.pk])).content.decode()
    assert f'<a href="/admin/news/article/{published.pk}/change/">Shown to all</a>' in page
    assert f'<a href="/admin/pages/page/{draft.pk}/change/">Not yet</a>' in page
    assert "status-published" in page
    assert "status-draft" in page


def test_whoever_may_not_see_a_thing_learns_only_that_it_is_there(client_as):
    image = library.add()
    EventFactory(title="Secret meeting", image=image, state=State.DRAFT)
    page = client_as("Writer").get(reverse("admin:library_image_change", args=[image.pk])).content.decode()
    assert "Secret meeting" not in page
    assert "not yours to see" in page


def test_a_picture_that_is_used_nowhere_says_so(client_as):
    image = library.add()
    page = client_as("Editor").get(reverse("admin:library_image_change", args=[image.pk])).content.decode()
    assert "Nowhere" in page


def test_the_list_of_uses_costs_the_same_for_any_number_of_them():
    image = library.add()

    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            [str(place.target) + place.status for place in uses.where_used(image).places]
        return len(captured)

    for number in range(2):
        ArticleFactory(lead_image=image)
        actions.save(PageFactory(body=showing(image), slug=f"first-{number}"))
    few = cost()
    for number in range(30):
        ArticleFactory(lead_image=image)
        actions.save(PageFactory(body=showing(image), slug=f"more-{number}"))
    assert cost() == few
    assert uses.where_used(image).total == 64


def test_a_long_list_is_cut_and_counted(monkeypatch):
    monkeypatch.setattr(uses, "SHOWN", 3)
    image = library.add()
    for _ in range(5):
        ArticleFactory(lead_image=image)
    found = uses.where_used(image)
    assert (len(found.places), found.total, found.more) == (3, 5, 2)


def test_the_lists_count_uses_in_the_same_query_and_find_what_is_used_nowhere(client_as):
    client = client_as("Editor")
    used, unused = library.add(title="Used"), library.add(encoded("GIF"), "a.gif", title="Unused")
    ArticleFactory(lead_image=used), EventFactory(image=used)
    actions.save(PageFactory(body=showing(used)))
    url = reverse("admin:library_image_changelist")
    with CaptureQueriesContext(connection) as one:
        rows = client.get(url).context["cl"].result_list
    assert {row.pk: row.use_count for row in rows} == {used.pk: 3, unused.pk: 0}
    for size in range(1, 9):
        library.add(encoded("PNG", (size, 7)))
    with CaptureQueriesContext(connection) as many:
        client.get(url)
    assert len(many) == len(one)
    assert list(client.get(url, {"used": "no", "q": "used"}).context["cl"].result_list) == [unused]
    assert list(client.get(url, {"used": "yes"}).context["cl"].result_list) == [used]
    assert client.get(url, {"o": "-6", "_facets": "True"}).status_code == 200


# --- Deleting ------------------------------------------------------------------------------------------------------


def delete_url(thing: Image | Document) -> str:
    return reverse(f"admin:library_{thing._meta.model_name}_delete", args=[thing.pk])


def test_what_a_field_points_to_is_not_deleted_and_the_page_says_where(client_as):
    image, client = library.add(), client_as("Editor")
    article = ArticleFactory(title="Its article", lead_image=image)
    for answer in (client.get(delete_url(image)), client.post(delete_url(image), {"post": "yes", "leave_gaps": "yes"})):
        html = answer.content.decode()
        assert answer.status_code == 200
        assert f'<a href="/admin/news/article/{article.pk}/change/">Its article</a>' in html
        assert "is in use and cannot be deleted" in html
        assert "Delete it" not in html
    assert Image.objects.filter(pk=image.pk).exists()


def test_what_texts_show_is_deleted_with_a_tick_alone(client_as, settings, django_capture_on_commit_callbacks):
    document, client = documents.add(), client_as("Editor")
    actions.save(PageFactory(title="One page", body=showing(document)))
    actions.save(PageFactory(body=showing(document)))
    html = client.get(delete_url(document)).content.decode()
    assert "2 texts will show a gap" in html
    assert "Cannot delete" not in html
    assert "One page" in html
    html = client.post(delete_url(document), {"post": "yes"}).content.decode()
    assert "Nothing has been deleted" in html
    assert Document.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(delete_url(document), {"post": "yes", "leave_gaps": "yes"}).status_code == 302
    assert not Document.objects.exists()
    assert not Use.objects.exists()
    assert files(settings) == []


def test_what_is_used_nowhere_is_deleted_with_its_files(client_as, settings, django_capture_on_commit_callbacks):
    image, document, client = library.add(), documents.add(), client_as("Editor")
    for thing in (image, document):
        assert "not used anywhere" in client.get(delete_url(thing)).content.decode()
        with django_capture_on_commit_callbacks(execute=True):
            assert client.post(delete_url(thing), {"post": "yes"}).status_code == 302
    assert files(settings) == []


def test_a_field_that_comes_to_point_to_it_in_between_keeps_it(client_as, monkeypatch):
    image, client = library.add(), client_as("Editor")
    delete = Image.delete

    def used_meanwhile(self, *args, **kwargs):
        ArticleFactory(lead_image=self)
        return delete(self, *args, **kwargs)

    monkeypatch.setattr(Image, "delete", used_meanwhile)
    answer = client.post(delete_url(image), {"post": "yes"}, follow=True)
    assert Image.objects.exists()
    assert answer.status_code == 200


@pytest.mark.parametrize("kind", ["image", "document"])
def test_together_with_others_only_what_is_used_nowhere_is_deleted(kind, client_as):
    if kind == "image":
        used, free = library.add(), [library.add(encoded("GIF"), "a.gif"), library.add(encoded("WEBP"), "a.webp")]
    else:
        used, free = documents.add(), [documents.add(papers.pdf(words), title=words) for words in ("Two", "Three")]
    actions.save(PageFactory(body=showing(used)))
    client, url = client_as("Editor"), reverse(f"admin:library_{kind}_changelist")

    def delete(*things):
        body = {"action": "delete_selected", "_selected_action": [thing.pk for thing in things], "post": "yes"}
        return client.post(url, body | {"leave_gaps": "yes"} if len(things) > 1 else body)

    answer = delete(used, *free)
    assert "Some of these are in use" in answer.content.decode()
    assert delete(used).status_code == 200
    assert type(used).objects.count() == 3
    assert delete(*free).status_code == 302
    assert list(type(used).objects.all()) == [used]


def test_the_cover_of_a_document_is_not_deleted_under_it(client_as, run_jobs):
    document = documents.add()
    run_jobs()
    document.refresh_from_db()
    html = client_as("Editor").post(delete_url(document.cover), {"post": "yes"}).content.decode()
    assert str(document) in html
    assert Image.objects.exists()


def test_every_kind_of_thing_with_a_rich_text_is_covered():
    assert {Article, Page} <= set(uses.models_with_rich_text())
