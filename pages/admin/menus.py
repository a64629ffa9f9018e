"""The menus, arranged by staff; and the ticks on a page's form that put it into them."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.views.decorators.http import require_POST

from pages import menus, views
from pages.admin.menu_forms import MenuForm, MenuItemForm, MenuItemFormSet, MenuTicks
from pages.models import Menu, MenuItem, Page
from psg.publishing.views import Preview, as_preview


class MenuItemInline(admin.TabularInline):
    """The lines of one menu."""

    model = MenuItem
    form = MenuItemForm
    formset = MenuItemFormSet
    fields = ["position", "label", "page", "address", "is_button", "seen"]
    readonly_fields = ["seen"]
    extra = 1  # "Add another link" needs JavaScript; this one does not
    max_num = 40

    def get_fields(self, request: HttpRequest, obj: Menu | None = None) -> Any:
        """A button stands in the main menu only."""
        return [name for name in self.fields if name != "is_button" or obj is None or obj.is_main]

    @admin.display(description="Shown?")
    def seen(self, item: MenuItem) -> str:
        """Whether visitors see the line; if not, why not."""
        if not item.pk:
            return ""
        reason = menus.why_left_out(item)
        if not reason:
            return "Yes"
        return format_html("<strong>No: {}</strong>", reason.lower())

    # The lines belong to their menu: who may change that may change them.

    def has_add_permission(self, request: HttpRequest, obj: Menu | None = None) -> bool:
        return request.user.has_perm("pages.change_menu")

    has_change_permission = has_delete_permission = has_add_permission

    def has_view_permission(self, request: HttpRequest, obj: Menu | None = None) -> bool:
        return request.user.has_perm("pages.view_menu")


@admin.register(Menu)
class MenuAdmin(admin.ModelAdmin):
    """Menus. Each is there from the start; staff fill it."""

    form = MenuForm
    inlines = [MenuItemInline]
    list_display = ["__str__", "heading", "entries"]
    actions = None
    change_form_template = "admin/pages/menu/change_form.html"

    class Media:
        css = {"all": ["css/desk.css", "css/arrange.css"]}
        js = [forms.Script("js/arrange-rows.js", type="module")]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Menu | None = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """All menus, each in one line."""
        return super().changelist_view(request, {"title": "Menus"} | (extra_context or {}))

    def get_queryset(self, request: HttpRequest):
        lines = MenuItem.objects.with_targets()
        return super().get_queryset(request).prefetch_related(Prefetch("items", lines))

    @admin.display(description="links")
    def entries(self, menu: Menu) -> str:
        """The menu in one line; struck out what visitors do not see."""
        lines = [(item.words, menus.why_left_out(item)) for item in menu.items.all()]
        if not lines:
            return "Empty"
        marked = [(format_html("<s>{}</s> ({})", *line) if line[1] else line[0],) for line in lines]
        return format_html_join(" · ", "{}", marked)

    def get_fields(self, request: HttpRequest, obj: Menu | None = None) -> Any:
        """A column has a heading; the version goes with what can be changed."""
        heading = ["heading"] if obj is None or not obj.is_main else []
        return [*heading, "seen_version"] if self.has_change_permission(request, obj) else heading

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        """Tell the template where the preview is."""
        context["preview_url"] = reverse("admin:pages_menu_preview", args=[obj.pk]) if obj else None
        return super().render_change_form(request, context, add, change, form_url, obj)

    # --- Preview ---------------------------------------------------------------------------------------------

    def get_urls(self):
        """The stock addresses, and that of the preview."""
        preview = self.admin_site.admin_view(require_POST(self.preview_view))
        return [path("<path:object_id>/preview/", preview, name="pages_menu_preview"), *super().get_urls()]

    def preview_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The home page with the menu as the form has it. Saves nothing; what is not valid is left out."""
        menu = self.get_object(request, unquote(object_id))
        if menu is None:
            raise Http404
        if not self.has_change_permission(request, menu):
            raise PermissionDenied
        form = cast(MenuForm, self.get_form(request, menu, change=True)(request.POST, instance=menu))
        form.is_preview = True
        form.is_valid()
        lines = [*MenuItem.objects.with_targets().exclude(menu=menu), *self._posted_lines(request, menu)]
        return as_preview(views.show_home(request, preview=Preview(), menu_items=lines))

    def _posted_lines(self, request: HttpRequest, menu: Menu) -> list[MenuItem]:
        lines = []
        for formset_class, _inline in self.get_formsets_with_inlines(request, menu):
            formset = formset_class(request.POST, instance=menu, prefix=formset_class.get_default_prefix())
            formset.is_valid()
            for form in formset.live_forms():
                if not form.errors:
                    form.instance.menu, form.instance.has_page = menu, False  # a page's address is a page by now
                    lines.append(form.instance)
        return lines


class MenuTicksMixin:
    """For the admin of pages: ticks that put a page into menus, for who may change those."""

    def _may_tick(self, request: HttpRequest, obj: Page | None) -> bool:
        may_edit = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)  # type: ignore[attr-defined]
        return may_edit and request.user.has_perm("pages.change_menu")

    def get_fieldsets(self, request: HttpRequest, obj: Page | None = None) -> list[tuple[str | None, dict[str, Any]]]:
        """With the ticks before the last fieldset, which holds the publication."""
        fieldsets = list(super().get_fieldsets(request, obj))  # type: ignore[misc]
        if self._may_tick(request, obj):
            fieldsets.insert(-1, ("Menus", {"fields": ["menus"]}))
        return fieldsets

    def get_form(self, request: HttpRequest, obj: Page | None = None, change: bool = False, **kwargs) -> Any:
        """The page's form with the ticks."""
        if self._may_tick(request, obj):
            base: type = kwargs.get("form") or self.form  # type: ignore[attr-defined]
            kwargs["form"] = type(base.__name__, (MenuTicks, base), {})
        return super().get_form(request, obj, change, **kwargs)  # type: ignore[misc]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Do what was ticked or unticked here; a line that names this page's address becomes its own."""
        super().save_related(request, form, formsets, change)  # type: ignore[misc]
        menus.link_pages()
        if "menus" in form.changed_data:
            before, ticked = set(form.menus_when_opened()), set(form.cleaned_data["menus"])
            now = set(menus.slots_of(form.instance))
            menus.set_menus(form.instance, (now | ticked) - (before - ticked), by=request.user)
