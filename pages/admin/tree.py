"""The list of pages as a tree: its order, and how a row is shown. What a move does is in `pages.actions`."""

from typing import Any

from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.views.main import ORDER_VAR
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from tree_queries.admin import TreeChangeList

from pages.actions import Plan
from pages.models import Page
from psg.publishing.actions import may_publish


class PageTree(TreeChangeList):
    """The tree from the top down; a plain list while it is searched, filtered or sorted."""

    def get_queryset(self, request: HttpRequest, *args, **kwargs):
        """With what the order of the tree needs."""
        self.root_queryset = self.root_queryset.with_tree_fields()  # type: ignore[has-type]
        return super().get_queryset(request, *args, **kwargs)

    def get_results(self, request: HttpRequest) -> None:
        """Tell each row what it needs to show itself, in at most one query for all."""
        super().get_results(request)
        self.is_tree = not (self.query or self.has_active_filters or ORDER_VAR in self.params)
        fixed = self._fixed_paths(request)
        may_add = self.model_admin.has_add_permission(request)
        kept = {"preserved_filters": self.preserved_filters, "opts": self.opts}
        for page in self.result_list:
            page.depth = page.tree_depth if self.is_tree else 0
            page.is_movable = page.path not in fixed
            page.has_handle = self.is_tree and page.is_movable
            page.change_url = add_preserved_filters(kept, reverse("admin:pages_page_change", args=[page.pk]))
            page.may_add_below = may_add and not page.is_withdrawn
        self.can_move = self.is_tree and any(page.has_handle for page in self.result_list)

    def _fixed_paths(self, request: HttpRequest) -> set[str]:
        """What the user may not move: for who may not publish, pages with anything public at or below them."""
        if may_publish(request.user, Page):
            return set()
        if not self.model_admin.has_change_permission(request):
            return {page.path for page in self.result_list}
        paths = Page.objects.ever_public().values_list("path", flat=True)
        parts = [path.split("/") for path in paths]
        return {"/".join(each[:depth]) for each in parts for depth in range(1, len(each) + 1)}


def title_cell(page: Any) -> str:
    """Title and address, as deep in as the page is, behind the handle to move it by, which the script shows."""
    indent = format_html_join("", '<span class="{}"></span>', [("tree-indent",)] * page.depth)
    handle = (
        format_html('<button type="button" class="tree-handle" hidden aria-label="Move “{}”"></button>', page.title)
        if page.has_handle
        else ""
    )
    shown = f"…/{page.slug}/" if page.depth else page.get_absolute_url()  # the rest of it stands above
    return format_html(
        '<span class="tree-node" data-page="{}" data-depth="{}" data-move="{}">{}{}'
        '<span class="tree-words"><a class="tree-title" id="page-{}" href="{}">{}</a>'
        '<span class="tree-address">{}</span></span></span>',
        page.pk,
        page.depth,
        move_url(page),
        indent,
        handle,
        page.pk,
        page.change_url,
        page.title,
        shown,
    )


def links_cell(page: Any) -> str:
    """What can be done with its place, without a script."""
    links = []
    if page.is_movable:
        links.append((move_url(page), "Move", page.title))
    if page.may_add_below:
        links.append((f"{reverse('admin:pages_page_add')}?parent={page.pk}", "Add below", page.title))
    return format_html_join(
        " ", '<a class="tree-link" href="{}">{}<span class="visually-hidden"> “{}”</span></a>', links
    )


def status_cell(page: Page, status: str) -> str:
    """Its status, and whether it is out of the lists."""
    return status if page.is_listed else format_html("{} <span>not listed</span>", status)


def move_url(page: Page) -> str:
    """Where staff move it."""
    return reverse("admin:pages_page_move", args=[page.pk])


def consequences(plan: Plan) -> str:
    """What a move means for readers, in a sentence or two."""
    number, known = len(plan.addresses), plan.redirects
    change = "One address changes." if number == 1 else f"{number} addresses change."
    if not known:
        return f"{change} Readers do not know {'it' if number == 1 else 'them'} yet, so no redirect is made."
    who = "Readers know it" if number == 1 else f"Readers know {'all' if known == number else known} of them"
    if known == 1:
        return f"{change} {who}, so one redirect is made: the old address leads to the new."
    return f"{change} {who}, so {known} redirects are made: the old addresses lead to the new."
