"""What staff are asked about the tree."""

from typing import Any

from django import forms
from django.utils.html import format_html
from tree_queries.forms import TreeNodeChoiceField

from pages.models import Page
from psg.publishing.admin import PublishableForm
from psg.publishing.models import State


class PageInTree(TreeNodeChoiceField):
    """A choice of pages in the order of the tree, each as far in as it is deep."""

    def label_from_instance(self, obj: Page) -> str:
        return "\N{EM SPACE}" * obj.tree_depth + str(obj)


class PageForm(PublishableForm):
    """A page. Its place is chosen when it is made; afterwards it is moved, with a look at what that changes."""

    class Meta:
        field_classes = {"parent": PageInTree}

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if parent := self.fields.get("parent"):
            parent.queryset = Page.objects.with_tree_fields().exclude(state=State.WITHDRAWN)  # type: ignore[attr-defined]
            parent.empty_label = "The top of the site"  # type: ignore[attr-defined]
            for icon in ("add", "change", "delete", "view"):
                setattr(parent.widget, f"can_{icon}_related", False)
        if self.instance.pk and "slug" in self.fields and (hint := _hint(self.instance)):
            self.fields["slug"].help_text = hint


def _hint(page: Page) -> str:
    """What a change of its slug would do."""
    below = Page.objects.below(page.path).count()
    others = f" The addresses of the {below} pages under it change too." if below > 1 else ""
    if below == 1:
        others = " The address of the page under it changes too."
    if page.was_public:
        old = page.get_absolute_url()
        return format_html("Change it, and <b>{}</b> leads on to the new address by itself.{}", old, others)
    return "This page's part of the address." + others


class MoveForm(forms.Form):
    """Where a page should go: next to another one, or under it. `parent` and `before` are what that comes to."""

    UNDER, BEFORE, AFTER = "under", "before", "after"

    relation = forms.ChoiceField(
        label="Put it",
        choices=[(UNDER, "Under, as the last one there"), (BEFORE, "Before"), (AFTER, "After")],
        widget=forms.RadioSelect,
        initial=UNDER,
        error_messages={
            "required": "Say whether it goes under, before or after.",
            "invalid_choice": "Choose one of these.",
        },
    )
    target = PageInTree(
        label="Which page",
        queryset=Page.objects.none(),
        required=False,
        empty_label="The top of the site",
        error_messages={"invalid_choice": "This page is not there any more, or lies under the one that you move."},
    )

    def __init__(self, *args, page: Page, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.page = page
        others = Page.objects.with_tree_fields().exclude(pk=page.pk).exclude(path__startswith=f"{page.path}/")
        self.fields["target"].queryset = others  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        relation, target = cleaned.get("relation"), cleaned.get("target")
        if relation in (self.BEFORE, self.AFTER) and target is None and "target" not in self.errors:
            self.add_error("target", f"Choose the page that it goes {relation}.")
        elif not self.errors:
            cleaned["parent"], cleaned["before"] = self._place(str(relation), target)
        return cleaned

    def _place(self, relation: str, target: Page | None) -> tuple[Page | None, Page | None]:
        if relation == self.UNDER or target is None:
            return target, None
        if relation == self.BEFORE:
            return target.parent, target
        return target.parent, next_to(target, besides=self.page)


def next_to(page: Page, *, besides: Page | None = None) -> Page | None:
    """The page that follows it in its section, `besides` left out; None if it is the last."""
    siblings = list(Page.objects.filter(parent=page.parent_id).order_by("position", "pk"))
    following = [sibling for sibling in siblings[siblings.index(page) + 1 :] if sibling != besides]
    return following[0] if following else None
