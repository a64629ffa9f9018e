"""Static pages: addresses by their place in the tree, states as for news."""

import pytest
from django.core.exceptions import ValidationError

from pages.models import RESERVED_SLUGS, Page
from psg.publishing.models import State
from tests.factories import PageFactory

pytestmark = pytest.mark.django_db


def test_a_page_is_found_at_its_place_in_the_tree_with_the_way_back_and_on(client):
    about = PageFactory(title="About", slug="about")
    aims = PageFactory(title="Aims", slug="aims", parent=about)
    response = client.get("/about/aims/")
    assert response.context["ancestors"] == [about]
    assert "<h1>Aims</h1>" in response.content.decode()
    assert list(client.get("/about/").context["children"]) == [aims]
    assert client.get("/aims/").status_code == 404


def test_drafts_are_a_404_withdrawn_pages_are_gone(client):
    PageFactory(slug="draft", state=State.DRAFT)
    PageFactory(slug="withdrawn", state=State.WITHDRAWN)
    assert client.get("/draft/").status_code == 404
    assert client.get("/withdrawn/").status_code == 410


def test_an_unpublished_parent_is_not_named_in_the_way_back(client):
    parent = PageFactory(slug="secret", title="Secret plans", state=State.DRAFT)
    PageFactory(slug="child", parent=parent)
    assert "Secret plans" not in client.get("/secret/child/").content.decode()


@pytest.mark.parametrize("slug", sorted(RESERVED_SLUGS))
def test_an_address_of_another_part_of_the_site_is_refused(slug):
    page = Page(title="Mine", slug=slug)
    with pytest.raises(ValidationError, match="belongs to another part"):
        page.full_clean()


def test_a_reserved_word_is_fine_further_down():
    Page(title="News of ours", slug="news", parent=PageFactory(slug="about")).full_clean()


def test_two_pages_cannot_share_an_address():
    PageFactory(slug="about")
    with pytest.raises(ValidationError, match="There is a page at /about/ already"):
        Page(title="Again", slug="about").full_clean()


def test_an_editor_makes_a_page_and_sees_it_first(client_as, client):
    editor = client_as("Editor")
    values = {"title": "Who we are", "slug": "who-we-are", "summary": "", "body": "<p>People.</p>", "position": "10"}
    preview = editor.post("/admin/pages/page/preview/", values)
    assert "<h1>Who we are</h1>" in preview.content.decode()
    assert not Page.objects.exists()
    editor.post("/admin/pages/page/add/", values | {"_publish": ""})
    assert client.get("/who-we-are/").status_code == 200


def test_preview_shows_the_subpages_of_a_saved_page(client_as):
    about = PageFactory(slug="about")
    PageFactory(title="Aims", parent=about)
    values = {"title": "About", "slug": "about", "position": "10"}
    assert "Aims" in client_as("Editor").post(f"/admin/pages/page/{about.pk}/preview/", values).content.decode()
