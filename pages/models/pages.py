"""Static pages, kept as a tree; a page's address is its place in the tree."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Value
from django.db.models.functions import Concat, Substr
from simple_history.models import HistoricalRecords
from tree_queries.models import OrderableTreeNode
from tree_queries.query import TreeQuerySet

from psg.models import SearchText
from psg.publishing.models import Publishable, PublishableQuerySet
from psg.richtext import RichTextField, plain_text

# First parts of addresses that belong to the rest of the site.
RESERVED_SLUGS = frozenset(
    [
        "accounts",
        "admin",
        "contact",
        "dev",
        "donate",
        "events",
        "healthz",
        "media",
        "membership",
        "news",
        "newsletter",
        "preview",
        "publications",
        "readyz",
        "search",
        "static",
        "weave",
    ]
)


class PageQuerySet(PublishableQuerySet, TreeQuerySet):
    """`public()` and friends, over the tree."""


class Page(Publishable, OrderableTreeNode):  # type: ignore[django-manager-missing]  # the library has no types
    """One page. `path` is the slugs from the root, kept beside them so that an address is one indexed look-up."""

    title = models.CharField(max_length=120)
    slug = models.SlugField(max_length=80, help_text="This page's part of the address.")
    path = models.CharField(max_length=400, unique=True, editable=False)
    summary = models.TextField(
        max_length=700, blank=True, help_text="Shown above the text, on the home page and in searches."
    )
    body = RichTextField(blank=True)
    history = HistoricalRecords()

    objects = PageQuerySet.as_manager()  # type: ignore[django-manager-missing]

    class Meta(Publishable.Meta, OrderableTreeNode.Meta):
        abstract = False
        permissions = [("publish_page", "Can publish, correct and withdraw pages")]

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        super().clean()
        if self.parent_id is None and self.slug in RESERVED_SLUGS:
            raise ValidationError({"slug": f"/{self.slug}/ belongs to another part of the site. Choose another."})
        taken = Page.objects.filter(path=self.make_path()).exclude(pk=self.pk)
        if taken.exists():
            raise ValidationError({"slug": f"There is a page at /{self.make_path()}/ already. Choose another."})

    def make_path(self) -> str:
        """The path that its parent and slug give it."""
        return f"{self.parent.path}/{self.slug}" if self.parent else self.slug

    def save(self, *args, **kwargs) -> None:
        self.path = self.make_path()
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return f"/{self.path}/"

    def search_text(self) -> SearchText:
        return SearchText(summary=self.summary, body=plain_text(self.body))

    def follow_move(self, before: Publishable) -> list[tuple[Publishable, str]]:
        """The pages below move along, in one statement; each with its old address."""
        old, new = f"{before.path}/", f"{self.path}/"  # type: ignore[attr-defined]
        below = list(Page.objects.filter(path__startswith=old).order_by("path"))
        moved = Concat(Value(new), Substr("path", len(old) + 1))
        Page.objects.filter(path__startswith=old).update(path=moved)
        addresses = [page.get_absolute_url() for page in below]
        for page in below:
            page.path = new + page.path.removeprefix(old)
        return list(zip(below, addresses, strict=True))
