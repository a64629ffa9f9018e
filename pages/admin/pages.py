"""The tree of pages, and the form for one."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime

from pages import actions
from pages.admin import tree
from pages.admin.menus import MenuTicksMixin
from pages.forms.tree import MoveForm, PageForm, next_to
from pages.models import Page
from pages.models.places import PlaceRefused
from psg.library.admin.fields import PictureFieldsMixin
from psg.publishing.admin import PublishableAdmin, StatusFilter
from psg.publishing.models import Publishable

# How many addresses a preview of a move shows.
SHOWN = 20


@admin.register(Page)
class PageAdmin(MenuTicksMixin, PictureFieldsMixin, PublishableAdmin):
    """Static pages: listed as the tree they are, moved in it, written and published."""

    form = PageForm
    list_display = ["title_in_tree", "status_in_tree", "changed", "links"]
    list_display_links = None
    list_filter = [StatusFilter, "is_listed"]
    list_per_page = 1000  # a tree is not cut into pages
    show_full_result_count = True
    search_fields = ["title", "path", "summary", "body"]
    prepopulated_fields = {"slug": ["title"]}
    readonly_fields = ["address", "address_to_move"]
    fieldsets = [
        (None, {"fields": ["title", "slug", "parent", "summary", "body"]}),
        ("Picture", {"fields": ["lead_image"]}),
        ("Publication", {"fields": ["published_at", "is_listed"]}),
    ]

    # --- The tree --------------------------------------------------------------------------------------------

    def get_changelist(self, request: HttpRequest, **kwargs) -> type[tree.PageTree]:
        return tree.PageTree

    @admin.display(description="title", ordering="title")
    def title_in_tree(self, page: Page) -> str:
        """The title, in its place."""
        return tree.title_cell(page)

    @admin.display(description="status", ordering="state")
    def status_in_tree(self, page: Page) -> str:
        """Its status, and what is out of the ordinary."""
        return tree.status_cell(page, self.status_label(page))

    @admin.display(description="changed", ordering="updated_at")
    def changed(self, page: Page) -> str:
        """The day of its last change, by whomever."""
        return date_format(localtime(page.updated_at), "j M Y")

    @admin.display(description="place")
    def links(self, page: Page) -> str:
        """Move it, or add a page below it."""
        return tree.links_cell(page)

    # --- The form --------------------------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: Page | None = None) -> Any:
        """Its place is chosen once; afterwards the address stands there, with the way to move it."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None:
            return fieldsets
        may_move = self.has_change_permission(request, obj) and actions.may_move(obj, by=request.user)
        place = "address_to_move" if may_move else "address"
        (name, options), *rest = fieldsets
        fields = [place if field == "parent" else field for field in options["fields"]]
        return [(name, options | {"fields": fields}), *rest]

    @admin.display(description="address")
    def address(self, page: Page) -> str:
        """Its address."""
        return page.get_absolute_url()

    @admin.display(description="address")
    def address_to_move(self, page: Page) -> str:
        """Its address, and the way to another."""
        return format_html(
            '{} <a class="tree-link" href="{}">Move it</a>', page.get_absolute_url(), tree.move_url(page)
        )

    def save_model(self, request: HttpRequest, obj: Publishable, form, change: bool) -> None:
        """Remember where it was: the answer says what became of its address."""
        page = cast(Any, obj)
        page.was_at = page.path if change else None
        super().save_model(request, obj, form, change)

    def response_change(self, request: HttpRequest, obj: Page) -> HttpResponse:
        response = super().response_change(request, obj)
        old = getattr(obj, "was_at", None)
        if old and old != obj.path:
            leads = f" /{old}/ leads there by itself, and so it is with the pages under it." if obj.was_public else ""
            self.message_user(request, f"Its address is now {obj.get_absolute_url()}.{leads}", messages.INFO)
        return response

    def _outcome(self, obj: Publishable) -> str:
        outcome = super()._outcome(obj)
        return format_html("{}{}", outcome, "" if obj.is_public else _still_public([cast(Page, obj).path]))

    @admin.action(description="Withdraw selected", permissions=["publish"])
    def withdraw_selected(self, request: HttpRequest, queryset) -> None:
        """Take each back, and say what stays public below."""
        paths = list(queryset.values_list("path", flat=True))
        super().withdraw_selected(request, queryset)
        if note := _still_public(paths):
            self.message_user(request, note.strip(), messages.WARNING)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context=None) -> HttpResponse:
        """Pages below are not deleted unseen, nor left hanging in the air."""
        page = self.get_object(request, unquote(object_id))
        if page is not None and self.has_delete_permission(request, page) and (number := page.children.count()):
            them = "them" if number > 1 else "it"
            text = f"There {'are' if number > 1 else 'is'} {number} page{'s'[: number > 1]} under “{page}”."
            self.message_user(request, f"{text} Move {them} or delete {them} first.", messages.ERROR)
            return HttpResponseRedirect(_in_the_list(page))
        return super().delete_view(request, object_id, extra_context)

    # --- Moving ----------------------------------------------------------------------------------------------

    def get_urls(self):
        view = self.admin_site.admin_view(self.move_view)
        return [path("<path:object_id>/move/", view, name="pages_page_move"), *super().get_urls()]

    def move_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask where to; show what changes of address that means; move. The tree's script sends the same form."""
        page = cast(Page, self._editable(request, object_id))
        if not actions.may_move(page, by=request.user):
            raise PermissionDenied
        data = request.POST if request.method == "POST" else None
        form = MoveForm(data, page=page, initial=_way_back(page))
        if request.method == "POST" and form.is_valid():
            try:
                return self._move(request, page, form)
            except PlaceRefused as refusal:
                form.add_error("target", refusal)
            except Page.DoesNotExist as error:
                raise Http404 from error
        if "from_tree" in request.POST:
            for problem in [each for problems in form.errors.values() for each in problems]:
                self.message_user(request, problem, messages.ERROR)
            return HttpResponseRedirect(_in_the_list(page))
        return self._answer(request, page, "move", {"title": f"Move “{page}”", "form": form})

    def _move(self, request: HttpRequest, page: Page, form: MoveForm) -> HttpResponse:
        place = {name: form.cleaned_data[name] for name in ("parent", "before")}
        back = _way_back(page)
        try:
            plan = actions.move(page, **place, by=request.user, agreed=request.POST.get("agreed", ""))
        except actions.NotAgreed as asked:
            return self._ask(request, form, asked.plan)
        if plan.changes_nothing:
            self.message_user(request, f"“{page}” stands there already.", messages.INFO)
        else:
            context = {"page": plan.page, "plan": plan, "back": back, "move_url": tree.move_url(page)}
            done = render_to_string("admin/pages/page/moved.html", context, request)
            self.message_user(request, done, messages.SUCCESS)
        return HttpResponseRedirect(_in_the_list(page))

    def _ask(self, request: HttpRequest, form: MoveForm, plan: actions.Plan) -> HttpResponse:
        context = {
            "title": f"Move “{plan.page}”?",
            "form": form,
            "plan": plan,
            "shown": plan.addresses[:SHOWN],
            "more": max(len(plan.addresses) - SHOWN, 0),
            "consequences": tree.consequences(plan),
            "changed_meanwhile": "agreed" in request.POST,
        }
        return self._answer(request, plan.page, "move_preview", context)

    def _answer(self, request: HttpRequest, page: Page, template: str, context: dict[str, Any]) -> HttpResponse:
        stock = self.admin_site.each_context(request)
        about = {"opts": self.model._meta, "original": page, "move_url": tree.move_url(page)}
        return TemplateResponse(request, f"admin/pages/page/{template}.html", stock | about | context)


def _way_back(page: Page) -> dict[str, Any]:
    """What to enter in the form to have it where it is now."""
    neighbour = next_to(page)
    if neighbour:
        return {"relation": MoveForm.BEFORE, "target": neighbour.pk}
    return {"relation": MoveForm.UNDER, "target": page.parent_id or ""}


def _in_the_list(page: Page) -> str:
    return f"{reverse('admin:pages_page_changelist')}#page-{page.pk}"


def _still_public(paths: list[str]) -> str:
    """A sentence on the public pages below some that are not public any more; empty if there are none."""
    below = Q()
    for each in paths:
        below |= Q(path__startswith=f"{each}/")
    number = Page.objects.public().filter(below).count() if paths else 0
    if not number:
        return ""
    return f" {number} page{'s' if number > 1 else ''} under it {'are' if number > 1 else 'is'} still public."
