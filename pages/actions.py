"""What happens to the tree of pages. Words, times and states are those of everything publishable: `psg.publishing`."""

import hashlib
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q

from pages.models import Page
from pages.models.places import PlaceGone
from psg.publishing.actions import may_publish, require_publisher, store

# Positions count in tens, as the tree's library does it.
STEP = 10


@dataclass(frozen=True)
class Address:
    """One page of a move. Only where readers have seen it does its old address go on working."""

    title: str
    old: str
    new: str
    was_public: bool


@dataclass(frozen=True)
class Plan:
    """What a move would do: `addresses` change, the page's own first (none if only the order does).

    `siblings` are those under `parent` in their new order, the page among them.
    """

    page: Page
    parent: Page | None
    siblings: list[Page]
    addresses: list[Address]
    changes_nothing: bool

    @property
    def redirects(self) -> int:
        """How many old addresses go on working, as redirects."""
        return sum(address.was_public for address in self.addresses)

    @property
    def fingerprint(self) -> str:
        """Tells these changes of address from any others."""
        lines = "\n".join(f"{address.old} {address.new} {address.was_public}" for address in self.addresses)
        return hashlib.sha256(lines.encode()).hexdigest()


class NotAgreed(Exception):
    """The move changes addresses, and nobody has said yes to just these changes. `plan` says which."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(f"{len(plan.addresses)} addresses would change")
        self.plan = plan


def may_move(page: Page, *, by) -> bool:
    """Whether the user may move it: what is or was public, itself or below it, is moved by publishers only."""
    if may_publish(by, Page):
        return True
    return by.has_perm("pages.change_page") and not _subtree(page).ever_public().exists()


@transaction.atomic
def move(page: Page, *, parent: Page | None, before: Page | None = None, by, agreed: str | None = None) -> Plan:
    """Put a page, with all below it, under `parent` (None: at the top), before a page there or last; what it did.

    Everybody sees the old tree or the new one. Old addresses that were public lead on, the search follows, forms that
    are open on a page that moved are out of date. A page that stands there already is left alone.

    `agreed`: the fingerprint of the plan that somebody said yes to; None asks nobody.
    Raises PlaceRefused (see `pages.models.places`), NotAgreed, PermissionDenied, Page.DoesNotExist.
    """
    Page.take_turn()
    plan = plan_move(page, parent=parent, before=before)
    if not may_move(plan.page, by=by):
        require_publisher(by, Page)
        raise PermissionDenied(f"{by} may not move pages.")
    if agreed is not None and plan.addresses and agreed != plan.fingerprint:
        raise NotAgreed(plan)
    if not plan.changes_nothing:
        _carry_out(plan, by=by)
    return plan


def plan_move(page: Page, *, parent: Page | None, before: Page | None = None) -> Plan:
    """What `move` would do now. Raises PlaceRefused, Page.DoesNotExist."""
    wanted = {_pk(each) for each in (page, parent, before)} - {None}
    found = Page.objects.in_bulk(wanted)
    if len(found) < len(wanted):
        raise Page.DoesNotExist
    page, parent = found[page.pk], found[parent.pk] if parent else None
    page.check_place(parent)
    siblings = list(Page.objects.filter(parent=parent).exclude(pk=page.pk).order_by("position", "pk"))
    if before is not None and before not in siblings:
        raise PlaceGone
    siblings.insert(siblings.index(before) if before else len(siblings), page)
    addresses = _addresses(page, page.path_under(parent))
    stands = not addresses and siblings == sorted(siblings, key=lambda sibling: (sibling.position, sibling.pk))
    return Plan(page, parent, siblings, addresses, changes_nothing=stands)


def _addresses(page: Page, new: str) -> list[Address]:
    if new == page.path:
        return []
    moved = _subtree(page).order_by("path").only("title", "path", "first_public_at")
    return [
        Address(each.title, f"/{each.path}/", f"/{new}{each.path.removeprefix(page.path)}/", each.was_public)
        for each in moved
    ]


def _carry_out(plan: Plan, *, by) -> None:
    page = plan.page
    places = {sibling.pk: number * STEP for number, sibling in enumerate(plan.siblings, start=1)}
    others = [sibling for sibling in plan.siblings if sibling != page and sibling.position != places[sibling.pk]]
    for sibling in others:
        sibling.position = places[sibling.pk]
    Page.objects.bulk_update(others, ["position"])
    page.parent, page.position = plan.parent, places[page.pk]
    page._history_user, page._change_reason = by, "Moved"
    if plan.addresses:
        page.version += 1  # no form sets its place, but whoever has one open should know its address
    store(page)


def _subtree(page: Page):
    return Page.objects.filter(Q(pk=page.pk) | Q(path__startswith=f"{page.path}/"))


def _pk(page: Page | None) -> int | None:
    return page.pk if page else None
