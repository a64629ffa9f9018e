"""The forms of a menu: its heading, its lines, and the ticks on a page's own form."""

from typing import Any, cast

from django import forms
from django.http import QueryDict

from pages import guards, menus
from pages.addresses import is_of_pages, normalised, page_at
from pages.models import Menu, MenuItem, Page, Slot
from psg.backoffice.fields import LoadedChoiceField
from psg.publishing.admin import VersionedForm


class MenuForm(VersionedForm):
    """The heading of a column; of the main menu, nothing but its version."""

    advice = (
        "Nothing of yours is lost: it is below. Theirs is what the site shows now. "
        "Compare the two, then save again to put yours in its place."
    )

    class Meta:
        model = Menu
        fields = ["heading"]

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if "heading" in self.fields:  # the main menu has none
            self.fields["heading"].required = True

    def lock(self, seen_version: int | None) -> None:
        guards.lock(self.instance, seen_version=seen_version)


def page_label(page: Page) -> str:
    """A page in a list of all: set in by its depth, with its state where visitors do not see it."""
    state = "" if page.is_public else f" ({page.status.label.lower()})"
    return "\N{EM SPACE}" * page.path.count("/") + page.title + state


def all_pages() -> list[Page]:
    """All pages in the order of the tree, to be chosen from. One query, shared by all lines of a form."""
    return list(Page.objects.with_tree_fields().only("title", "path", "state", "published_at", "is_listed"))


def page_choices(pages: list[Page]) -> list[tuple[Any, str]]:
    """Those pages as choices; none of them means that the line has an address."""
    return [("", "(an address)"), *((page.pk, page_label(page)) for page in pages)]


class MenuItemForm(forms.ModelForm):
    """One line of a menu."""

    class Meta:
        model = MenuItem
        fields = ["position", "label", "page", "address", "is_button"]
        widgets = {
            "position": forms.NumberInput(attrs={"min": 0, "aria-label": "Order"}),
            "label": forms.TextInput(attrs={"aria-label": "Label"}),
            "address": forms.TextInput(attrs={"aria-label": "Address", "inputmode": "url"}),
            "is_button": forms.CheckboxInput(attrs={"aria-label": "As a button"}),
        }

    position = forms.IntegerField(
        label="Order",
        required=False,
        min_value=0,
        max_value=1_000_000,
        widget=Meta.widgets["position"],
        help_text="Small numbers come first: 15 goes between 10 and 20. Empty: last.",
    )
    page = LoadedChoiceField(
        Page.objects.all(),
        required=False,
        empty_label="(an address)",
        widget=forms.Select(attrs={"aria-label": "Page"}),
    )

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["label"].help_text = "Empty: the page’s title."
        self.fields["address"].help_text = "Instead of a page: /news/, or https://… on another site."
        if not self.instance.pk:
            self.initial["position"] = ""

    def has_changed(self) -> bool:
        """A new line that has nothing but a number is no line."""
        return bool(set(self.changed_data) - (set() if self.instance.pk else {"position"}))

    def clean_address(self) -> str:
        address = self.cleaned_data["address"]
        return normalised(address) if address.strip() else ""

    def clean(self) -> dict[str, Any]:
        """One of page and address; an address of a page becomes that page, so that the line follows it."""
        cleaned = super().clean() or self.cleaned_data
        page, address = cleaned.get("page"), cleaned.get("address")
        if page and address:
            self.add_error("address", "Choose a page or write an address, not both.")
        elif address and is_of_pages(address) and (found := page_at(address)):
            cleaned["page"], cleaned["address"] = found, ""
        elif address and not cleaned.get("label") and "label" not in self.errors:
            self.add_error("label", "Write what the link says.")
        elif not page and not address and not {"page", "address"} & set(self.errors):
            self.add_error("page", "Choose a page, or write an address.")
        return cleaned

    def _get_validation_exclusions(self) -> set[str]:
        """What concerns several lines is the formset's to check: two may swap their pages in one save."""
        excluded = super()._get_validation_exclusions()  # type: ignore[misc]
        return excluded | {"is_button", "menu", "position"}


class MenuItemFormSet(forms.BaseInlineFormSet):
    """The lines of a menu: what is saved is what the form shows, whatever was added or taken out meanwhile.

    That is safe, as the menu's own form refuses to be saved over a version that nobody saw.
    """

    def __init__(self, *args, **kwargs) -> None:
        self.pages = all_pages()
        self.choices = page_choices(self.pages)
        super().__init__(*args, **kwargs)
        if self.is_bound:
            self.data = self._with_lost_lines_as_new(cast(QueryDict, self.data))

    def _with_lost_lines_as_new(self, data: QueryDict) -> QueryDict:
        """Lines that somebody else took out meanwhile are made anew: they come last in the data, without their ids."""
        prefix = self.prefix
        try:
            total, initial = (int(str(data[f"{prefix}-{name}_FORMS"])) for name in ("TOTAL", "INITIAL"))
        except (KeyError, ValueError):
            return data  # the management form will say so
        changed = data.copy()
        if not 0 <= initial <= total <= self.absolute_max:
            changed[f"{prefix}-INITIAL_FORMS"] = ""
            return changed
        there = {str(pk) for pk in self.get_queryset().values_list("pk", flat=True)}
        known = [number for number in range(initial) if data.get(f"{prefix}-{number}-id") in there]
        if len(known) == initial:
            return data
        order = [*known, *(number for number in range(total) if number not in known)]
        fields = [*MenuItemForm.base_fields, "id", "menu", "DELETE"]
        for new, old in enumerate(order):
            for name in fields:
                changed.pop(f"{prefix}-{new}-{name}", None)
                key = f"{prefix}-{old}-{name}"
                if key in data and (name != "id" or new < len(known)):
                    changed.setlist(f"{prefix}-{new}-{name}", data.getlist(key))
        changed[f"{prefix}-INITIAL_FORMS"] = str(len(known))
        return changed

    def get_queryset(self):
        """With what each line leads to, so that it can say whether visitors see it."""
        if not hasattr(self, "_lines"):
            self._lines = MenuItem.objects.with_targets().filter(menu=self.instance.pk).order_by("position", "pk")
        return self._lines

    def add_fields(self, form: forms.ModelForm, index: int | None) -> None:
        super().add_fields(form, index)
        own = LoadedChoiceField(MenuItem.objects.none(), required=False, widget=forms.HiddenInput)
        own.initial = form.instance.pk
        own.load(self.get_queryset())
        form.fields["id"] = own
        if "DELETE" in form.fields:
            form.fields["DELETE"].widget.attrs["aria-label"] = "Delete"
        if isinstance(page := form.fields.get("page"), LoadedChoiceField):
            page.load(self.pages)
            cast(forms.Select, page.widget).choices = self.choices
        if "is_button" in form.fields and not self.instance.is_main:
            del form.fields["is_button"]

    def clean(self) -> None:
        super().clean()
        has_button, pages = False, set()
        for form in self.live_forms():
            page, is_button = form.cleaned_data.get("page"), form.cleaned_data.get("is_button")
            if is_button and has_button:
                form.add_error("is_button", "One line can be a button. Another one is ticked already.")
            if page and page in pages:
                form.add_error("page", f"“{page}” is in this menu already.")
            has_button |= bool(is_button)
            pages.add(page)

    def validate_unique(self) -> None:
        """`clean` says it in better words."""

    def live_forms(self) -> list[forms.ModelForm]:
        """The forms of the lines that the menu is to have, in their order."""
        live = [form for form in self.forms if hasattr(form, "cleaned_data") and not form.cleaned_data.get("DELETE")]
        return sorted((form for form in live if form.instance.pk or form.has_changed()), key=_order)

    def save(self, commit: bool = True) -> list[MenuItem]:
        """The posted lines are the menu; numbered afresh in their order."""
        lines = [form.instance for form in self.live_forms()]
        for line in lines:
            line.position = line.position or 0  # numbered below
        self._take_out_unseen()
        # One line is the button: it gives way before another takes its place.
        MenuItem.objects.filter(menu=self.instance, is_button=True).update(is_button=False)
        saved = super().save(commit)
        menus.arrange(lines)
        return saved

    def _take_out_unseen(self) -> None:
        shown = [form.instance.pk for form in self.initial_forms]
        self.unseen = list(MenuItem.objects.filter(menu=self.instance).exclude(pk__in=shown).select_related("page"))
        MenuItem.objects.filter(pk__in=[line.pk for line in self.unseen]).delete()

    def save_existing_objects(self, commit: bool = True) -> list[MenuItem]:
        """With what was taken out unseen among the deleted: the history says so."""
        saved = super().save_existing_objects(commit)
        self.deleted_objects += self.unseen
        return saved


def _order(form: forms.ModelForm) -> tuple[bool, int, bool]:
    """By the numbers; of two with one number, the one just typed comes first. Without a number: last."""
    position = form.cleaned_data.get("position")
    return position is None, position or 0, "position" not in form.changed_data


class MenuTicks(forms.ModelForm):
    """On a page's form: the menus that it is in."""

    menus = forms.MultipleChoiceField(
        label="Show in",
        choices=Slot.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "desk-ticks"}),
        show_hidden_initial=True,
        help_text="A new link comes last; put it in its place under Menus. Visitors see it while the page is public.",
    )

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.initial["menus"] = menus.slots_of(self.instance) if self.instance.pk else []

    def menus_when_opened(self) -> list[str]:
        """What was ticked when the form was opened: whatever somebody else did since is left alone."""
        return cast(QueryDict, self.data).getlist(self["menus"].html_initial_name)
