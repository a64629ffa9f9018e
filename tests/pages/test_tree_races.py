"""Two people in the tree at the same moment: whatever they do, it stays a tree, and nobody waits for ever."""

from threading import Barrier, Event

import pytest
from django.db import transaction
from django.test import Client

from pages import actions
from pages.models import Page
from pages.models.places import AddressTaken, BelowItself, PlaceRefused
from psg.publishing import actions as publishing
from psg.publishing.models import State
from tests.at_once import at_once
from tests.factories import PageFactory

pytestmark = pytest.mark.django_db(transaction=True)

WAIT = 15  # seconds after which a test that hangs has failed


def is_a_tree() -> bool:
    """Every page's address is that of the page above, and its own part: there is no circle."""
    pages = Page.objects.in_bulk()
    return all(
        page.path == (f"{pages[page.parent_id].path}/{page.slug}" if page.parent_id else page.slug)
        for page in pages.values()
    )


@pytest.fixture
def editor(staff):
    user = staff("Editor")
    user.has_perm("pages.publish_page")
    return user


@pytest.fixture
def two():
    return PageFactory(slug="one"), PageFactory(slug="two")


@pytest.fixture
def two_drafts():
    draft = {"state": State.DRAFT, "published_at": None}
    return PageFactory(slug="one", **draft), PageFactory(slug="two", **draft)


@pytest.fixture
def without_turns(monkeypatch):
    """Nobody waits for a turn: both look at the tree, and then change it one after the other."""
    both_have_looked, first_is_done = Barrier(2), Event()
    plan_move, carry_out = actions.plan_move, actions._carry_out

    def plan_and_wait(*args, **kwargs):
        plan = plan_move(*args, **kwargs)
        if both_have_looked.wait(WAIT) == 1:
            first_is_done.wait(WAIT)
        return plan

    def carry_out_and_tell(*args, **kwargs):
        carry_out(*args, **kwargs)
        transaction.on_commit(first_is_done.set)

    monkeypatch.setattr(Page, "take_turn", classmethod(lambda cls: None))
    monkeypatch.setattr(actions, "plan_move", plan_and_wait)
    monkeypatch.setattr(actions, "_carry_out", carry_out_and_tell)


def swap(two, editor) -> list:
    one, other = two
    return at_once(
        lambda: actions.move(one, parent=other, by=editor), lambda: actions.move(other, parent=one, by=editor)
    )


def test_each_under_the_other_at_once_one_goes_and_one_is_refused(two_drafts, editor):
    results = swap(two_drafts, editor)
    assert [type(result) for result in results if isinstance(result, Exception)] == [BelowItself]
    assert is_a_tree()


def test_without_taking_turns_they_end_up_under_each_other(two_drafts, editor, without_turns):
    assert not any(isinstance(result, Exception) for result in swap(two_drafts, editor))
    assert not is_a_tree()
    assert not Page.objects.filter(parent=None).exists()


def test_the_same_address_is_given_once(two, editor):
    one, other = two
    first, second = PageFactory(slug="same", parent=one), PageFactory(slug="same", parent=other)
    results = at_once(
        lambda: actions.move(first, parent=None, by=editor), lambda: actions.move(second, parent=None, by=editor)
    )
    assert [type(result) for result in results if isinstance(result, Exception)] == [AddressTaken]
    assert is_a_tree()


def test_a_page_made_while_its_section_moves_goes_along(two, editor):
    one, other = two

    def make():
        page = Page(title="New", slug="new", parent=Page.objects.get(pk=one.pk), state=State.DRAFT)
        publishing.save(page)

    for _ in range(5):
        at_once(make, lambda: actions.move(one, parent=other, by=editor))
        assert is_a_tree()
        Page.objects.filter(slug="new").delete()
        actions.move(one, parent=None, by=editor)


def test_saving_publishing_and_moving_at_once_blocks_nobody_for_ever(two, editor, client_as):
    """Each locks the same things in the same order; otherwise the database would end one of them."""
    one, other = two
    clients = [client_as("Editor") for _ in range(2)]

    def save(client: Client, number: int):
        values = {"title": f"By {number}", "slug": "one", "summary": "", "body": "", "is_listed": "on"}
        values |= {"published_at_0": "01/10/2019", "published_at_1": "12:00"}
        version = Page.objects.get(pk=one.pk).version
        return client.post(f"/admin/pages/page/{one.pk}/change/", values | {"seen_version": version}).status_code

    def publish_both():
        return publishing.change_each(Page.objects.all(), publishing.publish, by=editor)

    for round_ in range(6):
        results = at_once(
            lambda: save(clients[0], 1),
            lambda: save(clients[1], 2),
            publish_both,
            lambda under=None if round_ % 2 else other: actions.move(one, parent=under, by=editor),
        )
        assert not [result for result in results if isinstance(result, Exception)]
        assert set(results[:2]) <= {200, 302}
        assert is_a_tree()


def test_two_clicks_on_add_make_one_page_and_say_so(client_as):
    clients = [client_as("Editor") for _ in range(2)]
    values = {"title": "New", "slug": "new", "summary": "", "body": "", "is_listed": "on", "_save": ""}
    answers = at_once(*[lambda client=client: client.post("/admin/pages/page/add/", values) for client in clients])
    assert sorted(answer.status_code for answer in answers) == [200, 302]
    (refused,) = [answer for answer in answers if answer.status_code == 200]
    assert "There is a page at /new/ already" in refused.content.decode()


def test_readers_get_the_old_tree_or_the_new_one(two, editor):
    one, other = two
    PageFactory(title="Deep", slug="deep", parent=PageFactory(title="Middle", slug="middle", parent=one))
    done = Event()
    seen = set()

    def read():
        client = Client()
        while not done.is_set():
            response = client.get("/one/middle/deep/", follow=True)
            way = [page.path for page in response.context.get("ancestors", [])] if response.context else []
            seen.add((response.status_code, *way))

    def move():
        try:
            for under in (other, None) * 6:
                actions.move(one, parent=under, by=editor)
        finally:
            done.set()

    assert at_once(read, move) == [None, None]
    assert seen <= {(200, "one", "one/middle"), (200, "two", "two/one", "two/one/middle")}


def test_a_move_that_is_refused_lets_the_next_one_pass(two, editor):
    one, _other = two
    with pytest.raises(PlaceRefused):
        actions.move(one, parent=one, by=editor)
    assert at_once(lambda: actions.move(one, parent=None, by=editor).changes_nothing) == [False]
