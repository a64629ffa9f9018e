"""Old addresses go on working: those that a change leaves behind, staff's own, and the old site's."""

import pytest
from django.db import IntegrityError, transaction

from psg.publishing import actions, redirects
from psg.publishing.models import Redirect, State
from tests.factories import ArticleFactory, EventFactory, PageFactory

pytestmark = pytest.mark.django_db


def leads_to(client, path: str) -> str | None:
    response = client.get(path)
    return response["Location"] if response.status_code == 301 else None


@pytest.mark.parametrize("factory", [ArticleFactory, PageFactory, EventFactory])
def test_a_changed_slug_leaves_a_redirect_behind(client, factory):
    thing = factory(slug="before")
    old = thing.get_absolute_url()
    thing.slug = "after"
    actions.save(thing)
    assert leads_to(client, old) == thing.get_absolute_url()
    assert client.get(thing.get_absolute_url()).status_code == 200


def test_a_draft_leaves_none(client):
    page = PageFactory(slug="before", state=State.DRAFT, published_at=None)
    page.slug = "after"
    actions.save(page)
    assert not Redirect.objects.exists()


def test_a_second_change_leads_to_the_last_address_in_one_step(client):
    page = PageFactory(slug="one")
    for slug in ("two", "three"):
        page.slug = slug
        actions.save(page)
    assert leads_to(client, "/one/") == leads_to(client, "/two/") == "/three/"


def test_a_change_taken_back_leads_nobody_in_a_circle(client):
    page = PageFactory(slug="one")
    for slug in ("two", "one"):
        page.slug = slug
        actions.save(page)
    assert client.get("/one/").status_code == 200
    assert leads_to(client, "/two/") == "/one/"
    assert Redirect.objects.count() == 1


def test_the_pages_below_move_along_and_are_found_and_redirected(client):
    about = PageFactory(slug="about")
    aims = PageFactory(slug="aims", title="Aims", parent=about)
    PageFactory(slug="detail", title="Quinoa in detail", parent=aims)
    PageFactory(slug="about-us")  # begins alike, and stays
    about.slug = "who-we-are"
    actions.save(about)
    assert leads_to(client, "/about/aims/detail/") == "/who-we-are/aims/detail/"
    assert client.get("/who-we-are/aims/detail/").status_code == 200
    assert client.get("/about-us/").status_code == 200
    (entry,) = client.get("/search/?q=quinoa").context["page"]
    assert entry.url == "/who-we-are/aims/detail/"


def test_a_redirect_never_shadows_a_living_page(client):
    redirects.add("/about/", "/elsewhere/")
    assert leads_to(client, "/about/") == "/elsewhere/"
    PageFactory(slug="about")
    assert client.get("/about/").status_code == 200


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/2019/12/some-article/", "/news/2019/12/some-article/"),
        ("/2019/12/some-article", "/news/2019/12/some-article/"),
        ("/news.php", "/news/"),
        ("/articles.php", "/news/"),
        ("/about.php", "/about/"),
    ],
)
def test_the_old_sites_addresses_work_and_staff_can_overrule_them(client, old, new):
    assert leads_to(client, old) == new
    redirects.add(old, "/contact-us/")
    assert leads_to(client, old) == "/contact-us/"


def test_an_address_with_a_query_is_told_from_the_one_without(client):
    redirects.add("/articles.php?id=7", "/news/2019/10/seven/")
    assert leads_to(client, "/articles.php?id=7") == "/news/2019/10/seven/"
    assert leads_to(client, "/articles.php?id=8") == "/news/"


def test_hits_are_counted(client):
    made = redirects.add("/old/", "/news/")
    for _ in range(3):
        client.get("/old/")
    made.refresh_from_db()
    assert made.hits == 3
    assert made.last_hit_at is not None


def test_a_form_sent_to_a_dead_address_is_not_sent_on(client):
    redirects.add("/old/", "/news/")
    assert client.post("/old/").status_code == 404


class TestInTheAdmin:
    ADD = "/admin/publishing/redirect/add/"

    def test_staff_enter_their_own_to_a_page_here_or_elsewhere(self, client, client_as):
        editor = client_as("Editor")
        editor.post(self.ADD, {"old_path": "/old.html", "new_path": "/news/"})
        editor.post(self.ADD, {"old_path": "/shop/", "new_path": "https://shop.example/"})
        assert leads_to(client, "/old.html") == "/news/"
        assert leads_to(client, "/shop/") == "https://shop.example/"

    def test_an_entry_is_corrected(self, client, client_as):
        made = redirects.add("/old/", "/news/")
        values = {"old_path": "/older/", "new_path": "/events/"}
        client_as("Editor").post(f"/admin/publishing/redirect/{made.pk}/change/", values)
        assert leads_to(client, "/older/") == "/events/"
        assert client.get("/old/").status_code == 404

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ("old", "/news/", "Start with a slash"),
            ("https://psg.example/old/", "/news/", ""),
            ("//evil.example/", "/news/", "Start with a slash"),
            ("/old/", "javascript:alert(1)", "full address"),
            ("/old/", "//evil.example/", "full address"),
            ("/old/", "/old/", "in a circle"),
            ("/a/", "/b/", "in a circle"),
        ],
    )
    def test_bad_addresses_and_loops_are_refused_beside_the_field(self, client_as, old, new, message):
        redirects.add("/b/", "/a/")
        response = client_as("Editor").post(self.ADD, {"old_path": old, "new_path": new})
        if message:
            assert message in response.content.decode()
            assert Redirect.objects.count() == 1
        else:  # the site's own name is taken off
            assert Redirect.objects.filter(old_path="/old/").exists()


def test_the_database_refuses_a_redirect_to_itself():
    with pytest.raises(IntegrityError, match="redirect_leads_elsewhere"), transaction.atomic():
        Redirect.objects.create(old_path="/a/", new_path="/a/")


def test_a_draft_below_moves_along_and_leaves_no_redirect(client):
    about = PageFactory(slug="about")
    draft = PageFactory(slug="draft", parent=about, state=State.DRAFT, published_at=None)
    about.slug = "who-we-are"
    actions.save(about)
    draft.refresh_from_db()
    assert draft.path == "who-we-are/draft"
    assert [redirect.old_path for redirect in Redirect.objects.all()] == ["/about/"]
