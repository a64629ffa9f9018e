"""The tree in the back office: its list, the form of a page, and moving without a script."""

import re

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from pages.models import Page
from psg.library.models import Image
from psg.publishing.models import Redirect, State
from tests.factories import PageFactory
from tests.psg.library import WORDS, add

pytestmark = pytest.mark.django_db

LIST = "/admin/pages/page/"
DRAFT = {"state": State.DRAFT, "published_at": None, "first_public_at": None}


def move_url(page: Page) -> str:
    return f"{LIST}{page.pk}/move/"


def put(client: Client, page: Page, relation: str, target: Page | None = None, **more):
    return client.post(move_url(page), {"relation": relation, "target": target.pk if target else "", **more})


def agree(client: Client, page: Page, answer):
    """Press “Move” on the preview."""
    names = ("relation", "target", "agreed")
    html = answer.content.decode()
    found = {name: re.search(rf'name="{name}" value="([^"]*)"', html) for name in names}
    assert all(found.values()), html
    return client.post(move_url(page), {name: match[1] for name, match in found.items()}, follow=True)


def messages(response) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def values(page: Page | None = None, **changes) -> dict:
    given = {"title": "Aims", "slug": "aims", "summary": "", "body": "", "is_listed": "on"}
    if page:
        given |= {"title": page.title, "slug": page.slug, "seen_version": page.version}
        if page.state == State.PUBLISHED:
            given |= {"published_at_0": "01/10/2019", "published_at_1": "12:00"}
    return given | changes


@pytest.fixture
def editor(client_as):
    return client_as("Editor")


@pytest.fixture
def writer(client_as, staff):
    """A client of somebody who may write pages, and not publish them."""
    codes = ["add_page", "change_page", "delete_page", "view_page"]
    staff("Writer").user_permissions.add(*Permission.objects.filter(codename__in=codes))
    return client_as("Writer")


@pytest.fixture
def about():
    return PageFactory(title="About", slug="about")


@pytest.fixture
def aims(about):
    return PageFactory(title="Aims", slug="aims", parent=about)


@pytest.fixture
def work():
    return PageFactory(title="Our work", slug="work")


class TestTheList:
    def titles(self, response) -> list[str]:
        return re.findall(r'class="tree-title"[^>]*>([^<]*)</a>', response.content.decode())

    def test_it_is_the_tree_from_the_top_down(self, editor, work, about, aims):
        PageFactory(title="Detail", parent=aims)
        PageFactory(title="History", parent=about)
        response = editor.get(LIST)
        assert self.titles(response) == ["Our work", "About", "Aims", "Detail", "History"]
        depths = re.findall(r'data-depth="(\d)"', response.content.decode())
        assert depths == ["0", "0", "1", "2", "1"]

    def test_searched_filtered_or_sorted_it_is_a_plain_list(self, editor, about, aims):
        PageFactory(title="Secret aims", parent=about, **DRAFT)
        for query, expected in {
            "?q=aims": ["Aims", "Secret aims"],
            "?status=draft": ["Secret aims"],
            "?is_listed__exact=1": ["About", "Aims", "Secret aims"],
            "?o=-1": ["Secret aims", "Aims", "About"],
        }.items():
            response = editor.get(LIST + query)
            assert self.titles(response) == expected, query
            assert 'data-depth="1"' not in response.content.decode()
            assert "tree-handle" not in response.content.decode()

    def test_it_says_what_is_a_draft_and_what_is_not_listed(self, editor):
        PageFactory(title="Thanks", is_listed=False, **DRAFT)
        html = editor.get(LIST).content.decode()
        assert "status-draft" in html
        assert "not listed" in html

    def test_it_costs_the_same_for_five_pages_and_for_three_hundred(self, editor, writer):
        def cost(client) -> int:
            with CaptureQueriesContext(connection) as captured:
                assert client.get(LIST).status_code == 200
            return len(captured)

        parent = None
        for _ in range(5):
            parent = PageFactory(parent=parent)
        before = [cost(editor), cost(writer)]
        Page.objects.bulk_create(
            Page(title=f"P {n}", slug=f"p-{n}", path=f"{parent.path}/p-{n}", parent=parent, position=n)
            for n in range(295)
        )
        assert [cost(editor), cost(writer)] == before
        assert len(self.titles(editor.get(LIST))) == 300

    def test_what_staff_may_not_change_offers_no_move(self, writer, about):
        PageFactory(title="Open", parent=PageFactory(title="Draft above", **DRAFT))
        PageFactory(title="Idea", **DRAFT)
        html = writer.get(LIST).content.decode()
        assert re.findall(r'aria-label="Move “([^”]*)”"', html) == ["Idea"]
        assert html.count(">Move<") == 1

    def test_who_may_only_look_moves_nothing(self, client_as, staff, about):
        PageFactory(title="Idea", **DRAFT)
        staff("Treasurer").user_permissions.add(Permission.objects.get(codename="view_page"))
        html = client_as("Treasurer").get(LIST).content.decode()
        assert "Idea" in html
        assert "/move/" not in html.replace("data-move", "") or ">Move<" not in html
        assert "tree-handle" not in html

    def test_no_style_and_no_script_is_written_into_the_page(self, editor, about, aims):
        html = editor.get(LIST).content.decode()
        assert " style=" not in html
        assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", html)
        assert "unsafe" not in editor.get(LIST)["Content-Security-Policy"]

    def test_many_are_published_and_withdrawn_from_the_tree(self, editor, about):
        page = PageFactory(parent=about, **DRAFT)
        chosen = {"_selected_action": [about.pk, page.pk]}
        editor.post(LIST, chosen | {"action": "publish_selected"})
        assert Page.objects.public().count() == 2
        PageFactory(parent=page)
        answer = editor.post(LIST, chosen | {"action": "withdraw_selected"}, follow=True)
        assert "2 withdrawn" in messages(answer)
        assert "1 page under it is still public." in messages(answer)


class TestMoving:
    def test_new_addresses_are_shown_first_and_made_when_agreed(self, editor, client, aims, work):
        PageFactory(title="Draft below", slug="draft", parent=aims, **DRAFT)
        answer = put(editor, aims, "under", work)
        html = answer.content.decode()
        assert "2 addresses change. Readers know 1 of them, so one redirect is made: the old" in html
        assert "/about/aims/draft/" in html
        assert "/work/aims/draft/" in html
        assert client.get("/about/aims/").status_code == 200, "nothing has happened yet"
        done = agree(editor, aims, answer)
        assert "“Aims” is now at /work/aims/. 1 old address leads on by itself." in messages(done)
        assert client.get("/about/aims/")["Location"] == "/work/aims/"

    def test_a_long_preview_shows_twenty_and_says_how_many_more(self, editor, about, work):
        for _ in range(50):
            PageFactory(parent=about)
        answer = put(editor, about, "under", work)
        assert len(answer.context["shown"]) == 20
        assert "and 31 more" in answer.content.decode()
        assert "51 addresses change. Readers know all of them, so 51 redirects are made" in answer.content.decode()

    def test_a_new_order_happens_at_once_and_can_be_undone(self, editor, about, aims):
        history = PageFactory(title="History", parent=about)
        answer = put(editor, history, "before", aims)
        assert answer.status_code == 302
        assert [page.title for page in about.children.all()] == ["History", "Aims"]
        message = messages(editor.get(LIST))
        assert "“History” has its new place" in message
        undo = {name: re.search(rf'name="{name}" value="([^"]*)"', message)[1] for name in ("relation", "target")}
        editor.post(move_url(history), undo)
        assert [page.title for page in about.children.all()] == ["Aims", "History"]

    def test_after_a_page_is_before_the_one_that_follows_it(self, editor, about, aims):
        history, rights = PageFactory(title="History", parent=about), PageFactory(title="Rights", parent=about)
        put(editor, rights, "after", aims)
        assert [page.title for page in about.children.all()] == ["Aims", "Rights", "History"]
        put(editor, aims, "after", history)
        assert [page.title for page in about.children.all()] == ["Rights", "History", "Aims"]

    def test_the_form_comes_with_the_place_it_has(self, editor, about, aims):
        html = editor.get(move_url(aims)).content.decode()
        assert f'<option value="{about.pk}" selected>About</option>' in html
        assert "“Aims” stands there already" in messages(
            editor.post(move_url(aims), {"relation": "under", "target": about.pk}, follow=True)
        )

    def test_two_clicks_on_move_move_it_once(self, editor, aims, work):
        preview = put(editor, aims, "under", work)
        agree(editor, aims, preview)
        assert "stands there already" in messages(agree(editor, aims, preview))
        assert Redirect.objects.count() == 1

    def test_when_the_pages_changed_meanwhile_it_asks_again(self, editor, aims, work):
        preview = put(editor, aims, "under", work)
        PageFactory(title="Added just now", parent=aims)
        again = agree(editor, aims, preview)
        assert "The pages have changed since you looked" in again.content.decode()
        assert "Added just now" in again.content.decode()
        agree(editor, aims, again)
        assert Page.objects.get(pk=aims.pk).path == "work/aims"

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            ({}, "Say whether it goes under, before or after."),
            ({"relation": "inside"}, "Choose one of these."),
            ({"relation": "before"}, "Choose the page that it goes before."),
            ({"relation": "under", "target": "999999"}, "is not there any more, or lies under the one that you move"),
            ({"relation": "under", "target": "x"}, "is not there any more, or lies under the one that you move"),
        ],
    )
    def test_bad_input_is_answered_beside_the_field(self, editor, aims, data, message):
        answer = editor.post(move_url(aims), data)
        assert answer.status_code == 200
        assert message in answer.content.decode()
        assert Page.objects.get(pk=aims.pk).path == "about/aims"

    def test_a_place_below_itself_is_not_offered_and_refused_when_asked_for(self, editor, about, aims):
        assert "Aims" not in editor.get(move_url(about)).content.decode()
        assert "lies under the one that you move" in put(editor, about, "under", aims).content.decode()

    def test_an_address_that_is_taken_is_refused_beside_the_field(self, editor, aims, work):
        PageFactory(slug="aims", parent=work)
        html = put(editor, aims, "under", work).content.decode()
        assert "There is a page at /work/aims/ already" in html
        assert f'<option value="{work.pk}" selected' in html

    def test_from_the_tree_a_refusal_comes_back_to_the_tree(self, editor, about):
        page = PageFactory(title="Ours", slug="events", parent=about)
        answer = editor.post(move_url(page), {"relation": "under", "target": "", "from_tree": "1"}, follow=True)
        assert answer.redirect_chain[0][0] == f"{LIST}#page-{page.pk}"
        assert "/events/ belongs to another part of the site" in messages(answer)

    def test_moving_is_by_post_with_a_token(self, staff, aims, work):
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(staff("Editor"))
        assert put(strict, aims, "under", work).status_code == 403
        strict.get(f"{move_url(aims)}?relation=under&target={work.pk}")
        assert Page.objects.get(pk=aims.pk).path == "about/aims"

    def test_who_may_not_is_told_so(self, writer, client, client_as, aims, work):
        idea = PageFactory(title="Idea", **DRAFT)
        assert writer.get(move_url(idea)).status_code == 200
        assert writer.get(move_url(aims)).status_code == 403
        assert put(writer, aims, "under", work).status_code == 403
        above = PageFactory(**DRAFT)
        PageFactory(parent=above)
        assert put(writer, above, "under", work).status_code == 403
        assert client_as("Events").get(move_url(idea)).status_code == 403
        assert client.get(move_url(idea)).status_code == 302
        assert writer.get(f"{LIST}999999/move/").status_code == 404
        assert writer.get(f"{LIST}x/move/").status_code == 404


class TestTheForm:
    def test_the_place_is_chosen_when_a_page_is_made(self, editor, about, aims):
        withdrawn = PageFactory(title="Withdrawn section", state=State.WITHDRAWN)
        html = editor.get(f"{LIST}add/?parent={aims.pk}").content.decode()
        assert f'<option value="{aims.pk}" selected>\N{EM SPACE}Aims</option>' in html
        assert withdrawn.title not in html
        editor.post(f"{LIST}add/", values(slug="detail", parent=aims.pk, _publish=""))
        assert Page.objects.public().get(path="about/aims/detail").parent == aims

    def test_a_new_page_is_the_last_of_its_section(self, editor, about, aims):
        editor.post(f"{LIST}add/", values(title="New", slug="new", parent=about.pk))
        assert [page.title for page in about.children.all()] == ["Aims", "New"]

    def test_afterwards_its_address_stands_there_with_the_way_to_move_it(self, editor, writer, aims):
        html = editor.get(f"{LIST}{aims.pk}/change/").content.decode()
        assert "/about/aims/" in html
        assert f'href="{move_url(aims)}"' in html
        assert 'name="parent"' not in html
        above = PageFactory(title="Above", slug="above", **DRAFT)
        PageFactory(parent=above)
        html = writer.get(f"{LIST}{above.pk}/change/").content.decode()
        assert "/above/" in html
        assert f'href="{move_url(above)}"' not in html

    def test_a_parent_that_is_sent_along_afterwards_moves_nothing(self, editor, aims, work):
        editor.post(f"{LIST}{aims.pk}/change/", values(aims, parent=work.pk))
        assert Page.objects.get(pk=aims.pk).path == "about/aims"

    def test_it_says_what_another_slug_would_do_and_then_what_it_did(self, editor, client, about, aims):
        html = editor.get(f"{LIST}{about.pk}/change/").content.decode()
        assert "Change it, and <b>/about/</b> leads on to the new address by itself." in html
        assert "The address of the page under it changes too." in html
        answer = editor.post(f"{LIST}{about.pk}/change/", values(about, slug="us"), follow=True)
        assert "Its address is now /us/. /about/ leads there by itself" in messages(answer)
        assert client.get("/about/aims/")["Location"] == "/us/aims/"

    def test_a_slug_that_is_taken_is_refused_beside_the_field_and_keeps_what_was_typed(self, editor, aims, about):
        PageFactory(slug="history", parent=about)
        answer = editor.post(f"{LIST}{aims.pk}/change/", values(aims, slug="history", title="Typed at length"))
        assert answer.status_code == 200
        assert "There is a page at /about/history/ already" in str(answer.context["errors"])
        assert "Typed at length" in answer.content.decode()

    def test_a_slug_that_would_make_an_address_below_too_long_is_refused(self, editor):
        top = page = PageFactory(slug="a")
        for _ in range(4):
            page = PageFactory(slug="x" * 80, parent=page)
        answer = editor.post(f"{LIST}{top.pk}/change/", values(top, slug="b" * 80))
        assert "400 is the most" in str(answer.context["errors"])

    def test_whoever_had_the_form_open_during_a_move_is_told_and_undoes_nothing(self, editor, aims, work):
        opened = values(aims, title="My words")
        agree(editor, aims, put(editor, aims, "under", work))
        answer = editor.post(f"{LIST}{aims.pk}/change/", opened)
        assert "saved this at" in answer.content.decode()
        opened["seen_version"] = 2
        editor.post(f"{LIST}{aims.pk}/change/", opened)
        aims.refresh_from_db()
        assert (aims.title, aims.path) == ("My words", "work/aims")

    def test_withdrawing_says_what_stays_public_below(self, editor, client, about, aims):
        answer = editor.post(f"{LIST}{about.pk}/change/", values(about, _withdraw=""), follow=True)
        assert "“About” is withdrawn. 1 page under it is still public." in messages(answer)
        assert client.get("/about/").status_code == 410
        assert client.get("/about/aims/").status_code == 200

    def test_a_draft_with_pages_below_is_not_deleted_from_under_them(self, editor, client):
        section = PageFactory(title="Section", slug="section", **DRAFT)
        PageFactory(title="Public below", slug="public", parent=section)
        answer = editor.post(f"{LIST}{section.pk}/delete/", {"post": "yes"}, follow=True)
        assert "There is 1 page under “Section”. Move it or delete it first." in messages(answer)
        assert client.get("/section/public/").status_code == 200
        Page.objects.filter(slug="public").delete()
        editor.post(f"{LIST}{section.pk}/delete/", {"post": "yes"})
        assert not Page.objects.exists()

    def test_a_picture_in_use_is_not_deleted(self, editor, aims):
        aims.lead_image = add()
        aims.save()
        editor.post(f"/admin/library/image/{aims.lead_image.pk}/delete/", {"post": "yes"})
        assert Image.objects.filter(alt_text=WORDS).exists()

    def test_a_draft_of_what_is_public_now_is_restored_by_publishers_only(self, writer, editor):
        page = PageFactory(title="Then", slug="page", **DRAFT)
        revision = page.history.first()
        editor.post(f"{LIST}{page.pk}/change/", values(page, title="Now", _publish=""))
        page.refresh_from_db()
        address, again = f"{LIST}{page.pk}/history/{revision.pk}/", values(page, title="Then")
        assert writer.post(address, again).status_code == 403
        assert Page.objects.get().title == "Now"
        assert editor.post(address, again).status_code == 302
        assert Page.objects.get().title == "Then"
