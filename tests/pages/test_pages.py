"""Static pages: addresses by their place in the tree, states as for news."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import URLPattern, URLResolver
from django.utils import timezone

from pages.models import RESERVED_SLUGS, Page
from psg import development, urls
from psg.publishing.models import State
from tests.factories import PageFactory
from tests.psg.library import WORDS, add

pytestmark = pytest.mark.django_db


def test_a_page_is_found_at_its_place_in_the_tree_with_the_way_back_and_on(client):
    about = PageFactory(title="About", slug="about")
    aims = PageFactory(title="Aims", slug="aims", parent=about)
    response = client.get("/about/aims/")
    assert response.context["ancestors"] == [about]
    assert "<h1>Aims</h1>" in response.content.decode()
    assert list(client.get("/about/").context["children"]) == [aims]
    assert client.get("/aims/").status_code == 404


def test_drafts_are_a_404_withdrawn_pages_are_gone_scheduled_ones_come_by_themselves(client):
    PageFactory(slug="draft", state=State.DRAFT)
    PageFactory(slug="withdrawn", state=State.WITHDRAWN)
    PageFactory(slug="soon", published_at=timezone.now() + timedelta(hours=1))
    assert client.get("/draft/").status_code == 404
    assert client.get("/withdrawn/").status_code == 410
    assert client.get("/soon/").status_code == 404


def test_an_unpublished_parent_is_not_named_in_the_way_back(client):
    parent = PageFactory(slug="secret", title="Secret plans", state=State.DRAFT)
    PageFactory(slug="child", parent=parent)
    response = client.get("/secret/child/")
    assert response.status_code == 200
    assert "Secret plans" not in response.content.decode()


@pytest.mark.parametrize("path", ["x" * 5000, "a/" * 2000, "a//b", "//", "%0a", "ñ", "'%22<b>"])
def test_an_address_that_makes_no_sense_is_a_404(client, path):
    assert client.get(f"/x{path}/").status_code == 404


class TestAround:
    def test_a_page_names_its_section_in_the_order_of_the_tree_with_itself_marked(self, client):
        about = PageFactory(slug="about")
        pages = [PageFactory(title=title, parent=about) for title in ("Aims", "History", "Rights")]
        PageFactory(title="Secret", parent=about, state=State.DRAFT)
        PageFactory(title="Elsewhere")
        response = client.get(pages[1].get_absolute_url())
        assert response.context["siblings"] == pages
        assert f'href="{pages[1].get_absolute_url()}" aria-current="page"' in response.content.decode()

    def test_an_only_child_and_a_page_at_the_top_name_none(self, client):
        about, _other = PageFactory(slug="about"), PageFactory(slug="other")
        PageFactory(slug="aims", parent=about)
        assert client.get("/about/").context["siblings"] == client.get("/about/aims/").context["siblings"] == []

    def test_a_page_that_is_not_listed_is_reached_and_found_and_nowhere_named(self, client):
        about = PageFactory(slug="about")
        aims = PageFactory(slug="aims", parent=about)
        PageFactory(title="Quinoa", slug="quinoa", parent=about, is_listed=False)
        assert client.get("/about/quinoa/").status_code == 200
        assert len(client.get("/search/?q=quinoa").context["page"]) == 1
        assert "/about/quinoa/" in client.get("/sitemap.xml").content.decode()
        for path in ("/", "/about/", "/about/aims/"):
            assert "Quinoa" not in client.get(path).content.decode()
        assert client.get("/about/").context["children"] == [aims]

    def test_it_says_when_its_words_last_changed(self, client):
        page = PageFactory(slug="about", published_at=timezone.now() - timedelta(days=400))
        assert f"{page.published_at:%Y}" in client.get("/about/").content.decode().split("Last changed")[1][:80]
        page.corrected_at = timezone.now()
        page.save()
        assert f"{page.corrected_at:%Y}-" in client.get("/about/").content.decode().split("Last changed")[1][:80]

    def test_its_picture_stands_at_the_top_with_its_words(self, client):
        image = add(caption="Cajamarca in March", credit="Ana Ruiz")
        PageFactory(slug="about", lead_image=image)
        html = client.get("/about/").content.decode()
        assert f'alt="{WORDS}"' in html
        assert "Cajamarca in March" in html
        assert f'property="og:image" content="http://127.0.0.1:8000{image.file.url}"' in html

    def test_it_costs_two_queries_and_the_menus_however_deep_and_however_many(self, client, django_assert_num_queries):
        parent = None
        for _ in range(6):
            parent = PageFactory(parent=parent, lead_image=add() if parent is None else None)
        for _ in range(20):
            PageFactory(parent=parent)
            page = PageFactory(parent=parent.parent)
        for each in (parent, page):
            with django_assert_num_queries(3):
                client.get(each.get_absolute_url())


class TestAddresses:
    @pytest.mark.parametrize("slug", sorted(RESERVED_SLUGS))
    def test_an_address_of_another_part_of_the_site_is_refused(self, slug):
        page = Page(title="Mine", slug=slug)
        with pytest.raises(ValidationError, match="belongs to another part"):
            page.full_clean()

    def test_no_part_of_the_site_is_forgotten(self):
        first_parts = {_first_part(pattern) for pattern in [*urls.urlpatterns, *development.urlpatterns]}
        slugs = {part for part in first_parts if part and "." not in part and "<" not in part}
        assert {"news", "events", "admin", "dev"} <= slugs, "the map was read"
        assert slugs <= RESERVED_SLUGS

    def test_what_answers_before_the_map_is_reserved_too(self):
        assert {"healthz", "static"} <= RESERVED_SLUGS

    def test_a_reserved_word_is_fine_further_down(self):
        Page(title="News of ours", slug="news", parent=PageFactory(slug="about")).full_clean()

    def test_two_pages_cannot_share_an_address(self):
        PageFactory(slug="about")
        with pytest.raises(ValidationError, match="There is a page at /about/ already"):
            Page(title="Again", slug="about").full_clean()


def _first_part(pattern: URLPattern | URLResolver) -> str:
    return str(pattern.pattern).split("/")[0]


def test_an_editor_makes_a_page_and_sees_it_first(client_as, client):
    editor = client_as("Editor")
    values = {"title": "Who we are", "slug": "who-we-are", "summary": "", "body": "<p>People.</p>", "is_listed": "on"}
    preview = editor.post("/admin/pages/page/preview/", values)
    assert "<h1>Who we are</h1>" in preview.content.decode()
    assert not Page.objects.exists()
    editor.post("/admin/pages/page/add/", values | {"_publish": ""})
    assert client.get("/who-we-are/").status_code == 200


def test_preview_of_a_new_page_shows_where_it_will_be(client_as):
    about = PageFactory(title="About", slug="about")
    aims = PageFactory(title="Aims", parent=about)
    unfinished = {"title": "", "slug": "", "parent": about.pk, "body": "<p>People.</p>", "is_listed": "on"}
    response = client_as("Editor").post("/admin/pages/page/preview/", unfinished)
    assert response.context["ancestors"] == [about]
    assert response.context["siblings"] == [aims]


def test_preview_shows_the_subpages_of_a_saved_page(client_as):
    about = PageFactory(slug="about")
    PageFactory(title="Aims", parent=about)
    values = {"title": "About", "slug": "about"}
    assert "Aims" in client_as("Editor").post(f"/admin/pages/page/{about.pk}/preview/", values).content.decode()
