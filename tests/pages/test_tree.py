"""Moving pages in their tree: what follows, what is refused, and what it costs."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pages import actions
from pages.models import Page
from pages.models.places import AddressTaken, AddressTooLong, BelowItself, PlaceGone, ReservedAddress
from psg.publishing import actions as publishing
from psg.publishing import redirects
from psg.publishing.models import Redirect, State
from tests.factories import PageFactory

pytestmark = pytest.mark.django_db

DRAFT = {"state": State.DRAFT, "published_at": None}


def tree() -> list[str]:
    """The addresses from the top down, in the order of the tree."""
    return list(Page.objects.with_tree_fields().values_list("path", flat=True).order_by("tree_ordering"))


def leads_to(client, path: str) -> str | None:
    response = client.get(path)
    return response["Location"] if response.status_code == 301 else None


@pytest.fixture
def editor(staff):
    return staff("Editor")


@pytest.fixture
def writer(staff):
    """Somebody who may write pages, and not publish them."""
    user = staff("Writer")
    user.user_permissions.add(*Permission.objects.filter(codename__in=["add_page", "change_page", "view_page"]))
    return type(user).objects.get(pk=user.pk)


@pytest.fixture
def about():
    return PageFactory(title="About", slug="about")


@pytest.fixture
def work():
    return PageFactory(title="Our work", slug="work")


class TestWhatFollows:
    def test_the_page_and_all_below_have_their_new_addresses_and_the_old_ones_lead_there(
        self, client, editor, about, work
    ):
        aims = PageFactory(slug="aims", parent=about)
        PageFactory(slug="detail", parent=aims)
        PageFactory(slug="aims-too", parent=about)  # begins alike, and stays
        actions.move(aims, parent=work, by=editor)
        assert tree() == ["about", "about/aims-too", "work", "work/aims", "work/aims/detail"]
        assert leads_to(client, "/about/aims/") == "/work/aims/"
        assert leads_to(client, "/about/aims/detail/") == "/work/aims/detail/"
        assert client.get("/work/aims/detail/").status_code == 200

    def test_the_search_follows(self, client, editor, about, work):
        aims = PageFactory(slug="aims", parent=about)
        PageFactory(slug="detail", title="Quinoa in detail", parent=aims)
        actions.move(aims, parent=work, by=editor)
        (entry,) = client.get("/search/?q=quinoa").context["page"]
        assert entry.url == "/work/aims/detail/"

    def test_what_readers_never_saw_leaves_no_redirect_and_what_was_withdrawn_does(self, client, editor, about, work):
        section = PageFactory(slug="section", parent=about, first_public_at=None, **DRAFT)
        PageFactory(slug="soon", parent=section, published_at=timezone.now() + timedelta(days=1))
        PageFactory(slug="gone", parent=section, state=State.WITHDRAWN)
        PageFactory(slug="open", parent=section)
        plan = actions.move(section, parent=work, by=editor)
        assert len(plan.addresses) == 4
        assert plan.redirects == 2
        assert set(Redirect.objects.values_list("old_path", flat=True)) == {
            "/about/section/gone/",
            "/about/section/open/",
        }
        assert client.get("/work/section/gone/").status_code == 410

    def test_there_and_back_again_no_living_address_is_shadowed_and_nobody_goes_in_a_circle(
        self, client, editor, about, work
    ):
        aims = PageFactory(slug="aims", parent=about)
        for parent in (work, about, None, about, work, about):
            actions.move(aims, parent=parent, by=editor)
        assert client.get("/about/aims/").status_code == 200
        assert leads_to(client, "/work/aims/") == leads_to(client, "/aims/") == "/about/aims/"
        assert Redirect.objects.count() == 2

    def test_chains_stay_one_step_long_staffs_own_redirects_included(self, client, editor, about, work):
        aims = PageFactory(slug="aims", parent=about)
        redirects.add("/ziele/", "/about/aims/")
        actions.move(aims, parent=work, by=editor)
        actions.move(aims, parent=None, by=editor)
        assert leads_to(client, "/ziele/") == leads_to(client, "/about/aims/") == leads_to(client, "/work/aims/")
        assert leads_to(client, "/ziele/") == "/aims/"

    def test_no_browser_remembers_a_redirect_that_may_be_taken_back(self, client, editor, about, work):
        actions.move(PageFactory(slug="aims", parent=about), parent=work, by=editor)
        assert client.get("/about/aims/")["Cache-Control"] == "no-cache"

    def test_the_history_says_who_moved_it(self, editor, about, work):
        aims = PageFactory(title="Aims", slug="aims", parent=about)
        detail = PageFactory(slug="detail", parent=aims)
        actions.move(aims, parent=work, by=editor)
        for page, reason in ((aims, "Moved"), (detail, "Moved with “Aims”")):
            latest = page.history.first()
            assert (latest.history_user, latest.history_change_reason) == (editor, reason)
            assert latest.path.startswith("work/aims")

    def test_a_form_that_somebody_has_open_is_out_of_date(self, editor, about, work):
        aims = PageFactory(slug="aims", parent=about)
        detail = PageFactory(slug="detail", parent=aims)
        actions.move(aims, parent=work, by=editor)
        for page in (aims, detail):
            with pytest.raises(publishing.EditConflict):
                publishing.lock_version(page, seen_version=1)

    def test_readers_are_not_told_that_the_words_changed(self, editor, about, work):
        aims = PageFactory(slug="aims", parent=about)
        changed = aims.last_changed
        actions.move(aims, parent=work, by=editor)
        aims.refresh_from_db()
        assert aims.last_changed == changed


class TestOrder:
    @pytest.fixture
    def three(self, about):
        return [PageFactory(slug=slug, parent=about) for slug in "abc"]

    def test_before_a_neighbour_or_last(self, editor, about, three):
        a, b, c = three
        actions.move(c, parent=about, before=a, by=editor)
        assert tree() == ["about", "about/c", "about/a", "about/b"]
        actions.move(c, parent=about, before=b, by=editor)
        assert tree() == ["about", "about/a", "about/c", "about/b"]
        actions.move(a, parent=about, by=editor)
        assert tree() == ["about", "about/c", "about/b", "about/a"]

    def test_into_another_section_at_a_place_there(self, editor, about, three, work):
        page = PageFactory(slug="new", parent=work)
        actions.move(page, parent=about, before=three[1], by=editor)
        assert tree() == ["about", "about/a", "about/new", "about/b", "about/c", "work"]

    def test_pages_that_share_a_position_are_told_apart(self, editor, about, three):
        Page.objects.filter(parent=about).update(position=10)
        _a, b, c = three
        actions.move(c, parent=about, before=b, by=editor)
        assert tree() == ["about", "about/a", "about/c", "about/b"]

    def test_a_new_order_changes_no_address_and_disturbs_nobody_who_writes(self, editor, about, three):
        plan = actions.move(three[2], parent=about, before=three[0], by=editor)
        assert (plan.addresses, plan.changes_nothing, Redirect.objects.count()) == ([], False, 0)
        with transaction.atomic():
            publishing.lock_version(three[2], seen_version=1)

    def test_a_page_that_stands_there_already_is_left_alone(self, editor, about, three):
        before = list(Page.objects.order_by("pk").values())
        assert actions.move(three[0], parent=about, before=three[1], by=editor).changes_nothing
        assert actions.move(three[2], parent=about, by=editor).changes_nothing
        assert list(Page.objects.order_by("pk").values()) == before
        assert three[0].history.count() == 1

    def test_a_neighbour_that_has_left_is_no_place(self, editor, about, three, work):
        actions.move(three[0], parent=work, by=editor)
        with pytest.raises(PlaceGone):
            actions.move(three[2], parent=about, before=three[0], by=editor)
        with pytest.raises(PlaceGone):
            actions.move(three[2], parent=about, before=three[2], by=editor)


class TestRefusals:
    def test_under_itself_or_a_page_below(self, editor, about):
        deep = PageFactory(title="Deep", slug="deep", parent=PageFactory(slug="aims", parent=about))
        with pytest.raises(BelowItself, match=r"“About” cannot go under itself\."):
            actions.move(about, parent=about, by=editor)
        with pytest.raises(BelowItself, match="“Deep” is one of the pages under it"):
            actions.move(about, parent=deep, by=editor)

    def test_the_database_refuses_a_page_under_itself(self, about):
        with pytest.raises(IntegrityError), transaction.atomic():
            Page.objects.filter(pk=about.pk).update(parent=about)

    def test_an_address_of_another_part_of_the_site(self, editor, about):
        page = PageFactory(slug="news", parent=about)
        with pytest.raises(ReservedAddress, match="/news/ belongs to another part of the site"):
            actions.move(page, parent=None, by=editor)

    def test_an_address_that_is_taken(self, editor, about, work):
        page = PageFactory(slug="aims", parent=about)
        PageFactory(slug="aims", parent=work, state=State.WITHDRAWN)
        with pytest.raises(AddressTaken, match="There is a page at /work/aims/ already"):
            actions.move(page, parent=work, by=editor)

    def test_an_address_that_would_be_too_long_also_far_below(self, editor, about):
        parent = about
        for _ in range(3):
            parent = PageFactory(slug="x" * 80, parent=parent)
        page = PageFactory(slug="y" * 80, parent=PageFactory(slug="z" * 80))
        with pytest.raises(AddressTooLong, match="400 is the most"):
            actions.move(page.parent, parent=parent, by=editor)
        shorter = PageFactory(slug="w" * 80)
        actions.move(shorter, parent=parent, by=editor)

    def test_a_refused_move_changes_nothing(self, editor, about):
        page = PageFactory(slug="events", parent=about)
        before = list(Page.objects.order_by("pk").values())
        with pytest.raises(ReservedAddress):
            actions.move(page, parent=None, by=editor)
        assert list(Page.objects.order_by("pk").values()) == before

    def test_a_page_that_is_gone(self, editor, about, work):
        page = PageFactory(slug="x", **DRAFT)
        Page.objects.filter(pk=page.pk).delete()
        with pytest.raises(Page.DoesNotExist):
            actions.move(page, parent=work, by=editor)


class TestWhoMay:
    def test_a_draft_is_moved_by_whoever_may_write_it(self, writer, about):
        page = PageFactory(slug="idea", first_public_at=None, **DRAFT)
        actions.move(page, parent=about, by=writer)
        assert tree() == ["about", "about/idea"]

    @pytest.mark.parametrize(
        "state",
        [
            {},
            {"state": State.WITHDRAWN},
            {"published_at": timezone.now() + timedelta(days=1)},
            {"state": State.DRAFT, "published_at": None, "first_public_at": timezone.now()},
        ],
    )
    def test_what_is_was_or_will_be_public_is_moved_by_publishers_only(self, writer, about, work, state):
        page = PageFactory(slug="page", parent=about, **state)
        with pytest.raises(PermissionDenied):
            actions.move(page, parent=work, by=writer)

    def test_so_is_a_draft_with_something_public_below(self, writer, about, work):
        page = PageFactory(slug="page", parent=about, first_public_at=None, **DRAFT)
        PageFactory(slug="below", parent=page)
        with pytest.raises(PermissionDenied):
            actions.move(page, parent=work, by=writer)

    def test_nobody_else_moves_anything(self, staff, about):
        page = PageFactory(slug="idea", first_public_at=None, **DRAFT)
        with pytest.raises(PermissionDenied):
            actions.move(page, parent=about, by=staff("Events"))


class TestAgreement:
    def test_addresses_change_only_as_agreed(self, editor, about, work):
        aims = PageFactory(slug="aims", parent=about)
        with pytest.raises(actions.NotAgreed) as asked:
            actions.move(aims, parent=work, by=editor, agreed="")
        PageFactory(slug="new", parent=aims)  # between the question and the answer
        with pytest.raises(actions.NotAgreed) as asked_again:
            actions.move(aims, parent=work, by=editor, agreed=asked.value.plan.fingerprint)
        actions.move(aims, parent=work, by=editor, agreed=asked_again.value.plan.fingerprint)
        assert "work/aims/new" in tree()

    def test_a_new_order_needs_none(self, editor, about, work):
        actions.move(work, parent=None, before=about, by=editor, agreed="")
        assert tree() == ["work", "about"]


def cost(act) -> int:
    with CaptureQueriesContext(connection) as captured:
        act()
    return len(captured)


def section(slug: str, size: int) -> Page:
    """A section of `size` public pages below one."""
    top = PageFactory(slug=slug)
    for number in range(size):
        PageFactory(slug=f"page-{number}", parent=top)
    return top


def test_fifty_pages_below_cost_as_many_queries_as_five_to_move_and_to_rename(editor, about):
    few, many = section("few", 5), section("many", 50)
    editor.has_perm("pages.publish_page")  # asked once for a request
    moving = [cost(lambda page=page: actions.move(page, parent=about, by=editor)) for page in (few, many)]
    assert moving[0] == moving[1] <= 27
    renaming = []
    for page in (few, many):
        page.refresh_from_db()
        page.slug += "-renamed"
        renaming.append(cost(lambda page=page: publishing.save(page)))
    assert renaming[0] == renaming[1] <= 22
    assert Redirect.objects.count() == 2 * (6 + 51)
    assert not Redirect.objects.exclude(new_path__startswith="/about/").exclude(new_path__contains="renamed").exists()


def test_renaming_a_page_raises_the_versions_below_and_keeps_a_revision(about):
    aims = PageFactory(slug="aims", parent=about)
    about.slug = "who-we-are"
    publishing.save(about)
    aims.refresh_from_db()
    assert (aims.path, aims.version) == ("who-we-are/aims", 2)
    assert aims.history.first().history_change_reason == "Moved with “About”"


def test_restoring_old_words_moves_no_page_back(editor, client_as, about, work):
    aims = PageFactory(title="Aims as they were", slug="aims", parent=about)
    revision = aims.history.first()
    actions.move(aims, parent=work, by=editor)
    aims.refresh_from_db()
    values = {"title": "Aims as they were", "slug": "aims", "summary": "", "body": "", "is_listed": "on"}
    values |= {"published_at_0": "01/10/2019", "published_at_1": "12:00", "seen_version": aims.version}
    response = client_as("Editor").post(f"/admin/pages/page/{aims.pk}/history/{revision.pk}/", values)
    assert response.status_code == 302
    aims.refresh_from_db()
    assert (aims.path, aims.parent) == ("work/aims", work)
