"""Static pages, kept as a tree; a page's address is its place in the tree."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.models import F, Max, Q, Value
from django.db.models.functions import Concat, Length, Substr
from django.utils import timezone
from simple_history.models import HistoricalRecords
from tree_queries.fields import TreeNodeForeignKey
from tree_queries.models import OrderableTreeNode
from tree_queries.query import TreeQuerySet

from pages.models.places import (
    ADDRESS_MAX_LENGTH,
    RESERVED_SLUGS,
    AddressTaken,
    AddressTooLong,
    BelowItself,
    PlaceRefused,
    ReservedAddress,
)
from psg.library.models import Image
from psg.models import SearchText
from psg.publishing.models import Publishable, PublishableQuerySet, State
from psg.richtext import RichTextField, plain_text


class PageQuerySet(PublishableQuerySet, TreeQuerySet):
    """The questions that the tree asks."""

    def listed(self):
        """Those that lists and menus name; the others are reached by their address, links and the search."""
        return self.filter(is_listed=True)

    def below(self, path: str):
        """All pages under the one at `path`, however deep."""
        return self.filter(path__startswith=f"{path}/")

    def with_way(self, path: str):
        """The page at `path` and those above it, from the top down: one question, so that no move comes between."""
        parts = path.split("/")
        ways = ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
        return self.filter(path__in=ways).order_by(Length("path"))

    def ever_public(self):
        """Those whose address readers may know, or are about to: what only publishers may move."""
        return self.exclude(state=State.DRAFT, first_public_at=None)

    def relocate(self, old: str, new: str) -> int:
        """Give every page here that is below `old` the same place below `new`, in one statement; the number moved.

        A form that somebody has open on one of them is out of date from now on, so versions rise.
        """
        path = Concat(Value(new), Substr("path", len(old) + 1))
        return self.update(path=path, version=F("version") + 1, updated_at=timezone.now())


class Page(Publishable, OrderableTreeNode):  # type: ignore[django-manager-missing]  # the library has no types
    """One page. `path` is the slugs from the root, kept beside them so that an address is one indexed look-up."""

    title = models.CharField(max_length=120)
    slug = models.SlugField(max_length=80, help_text="This page's part of the address.")
    path = models.CharField(max_length=ADDRESS_MAX_LENGTH, unique=True, editable=False)
    parent = TreeNodeForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,  # what hangs below is moved or deleted first, by somebody who has seen it
        related_name="children",
        verbose_name="under",
    )
    summary = models.TextField(
        max_length=700, blank=True, help_text="Shown above the text, on the home page and in searches."
    )
    body = RichTextField(blank=True)
    lead_image = models.ForeignKey(
        Image, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name="picture at the top"
    )
    is_listed = models.BooleanField(
        "listed",
        default=True,
        help_text="Off: reachable by its address and in search, but not listed in its section or any menu.",
    )
    history = HistoricalRecords()

    objects = PageQuerySet.as_manager()  # type: ignore[django-manager-missing]

    not_in_forms = (*Publishable.not_in_forms, "parent_id", "position", "path")

    class Meta(Publishable.Meta, OrderableTreeNode.Meta):
        abstract = False
        permissions = [("publish_page", "Can publish, correct and withdraw pages")]
        constraints = [
            *Publishable.Meta.constraints,
            models.CheckConstraint(name="page_not_below_itself", condition=Q(parent=None) | ~Q(parent=F("id"))),
        ]

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        super().clean()
        try:
            self.check_place(self.parent)
        except PlaceRefused as refusal:
            raise ValidationError({"slug": refusal}) from refusal

    def check_place(self, parent: "Page | None") -> None:
        """Raises a PlaceRefused unless this page, with all below it, can stand under `parent` (None: at the top)."""
        new = self.path_under(parent)
        if parent and self.pk and f"{parent.path}/".startswith(f"{self.path}/"):
            raise BelowItself(self, parent)
        if parent is None and self.slug in RESERVED_SLUGS:
            raise ReservedAddress(self.slug)
        if Page.objects.filter(path=new).exclude(pk=self.pk).exists():
            raise AddressTaken(new)
        deepest = Page.objects.below(self.path).aggregate(length=Max(Length("path")))["length"] if self.pk else None
        length = len(f"/{new}/") + (deepest - len(self.path) if deepest else 0)
        if length > ADDRESS_MAX_LENGTH:
            raise AddressTooLong(length)

    def path_under(self, parent: "Page | None") -> str:
        """The path that it would have there."""
        return f"{parent.path}/{self.slug}" if parent else self.slug

    def make_path(self) -> str:
        """The path that its slug and the place of its parent give it now."""
        if self.parent_id is None:
            return self.slug
        above = Page.objects.filter(pk=self.parent_id).values_list("path", flat=True).first()
        return f"{above}/{self.slug}"

    def save(self, *args, **kwargs) -> None:
        self.path = self.make_path()
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return f"/{self.path}/"

    @property
    def last_changed(self) -> datetime | None:
        """When its words last changed for readers."""
        return max((time for time in (self.published_at, self.corrected_at) if time), default=None)

    def search_text(self) -> SearchText:
        return SearchText(summary=self.summary, body=plain_text(self.body))

    @classmethod
    def take_turn(cls) -> None:
        """One change to the tree at a time: an address depends on every page above, and no row's lock keeps those.

        Readers do not wait. Outside a transaction it keeps nothing.
        """
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s::regclass::oid::bigint)", [cls._meta.db_table])

    def follow_move(self, before: Publishable) -> list[tuple[Publishable, str]]:
        """The pages below move along, in one statement, each with a revision; each with its old address."""
        old = before.path  # type: ignore[attr-defined]
        if not Page.objects.below(old).relocate(old, self.path):
            return []
        below = list(Page.objects.below(self.path).order_by("path"))
        reason, by = f"Moved with “{self.title[:80]}”", getattr(self, "_history_user", None)
        Page.history.bulk_history_create(below, update=True, default_user=by, default_change_reason=reason)
        return [(page, f"/{old}{page.path.removeprefix(self.path)}/") for page in below]
