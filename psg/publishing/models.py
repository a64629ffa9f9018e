"""The life that every publishable thing shares: draft → scheduled → published → withdrawn.

"Scheduled" is not stored: it is `published` with a time that has not come yet. So an article appears at its minute
because the clock says so, whether or not any job runs.
"""

import secrets
from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from django.utils import timezone

from psg.models import SearchText


class State(models.TextChoices):
    """What staff decided. What readers see follows from it and the clock: see `Publishable.status`."""

    DRAFT = "draft", "Draft"
    PUBLISHED = "published", "Published"
    WITHDRAWN = "withdrawn", "Withdrawn"


class Status(models.TextChoices):
    """What is true now."""

    DRAFT = "draft", "Draft"
    SCHEDULED = "scheduled", "Scheduled"
    PUBLISHED = "published", "Published"
    WITHDRAWN = "withdrawn", "Withdrawn"


def public_now() -> Q:
    """The condition under which the public sees something, at this moment."""
    return Q(state=State.PUBLISHED, published_at__lte=timezone.now())


class PublishableQuerySet(models.QuerySet):
    """The questions that lists ask."""

    def public(self):
        """What the public sees now."""
        return self.filter(public_now())

    def with_status(self, status: str):
        """Those whose status is `status` now."""
        now = timezone.now()
        conditions = {
            Status.DRAFT: Q(state=State.DRAFT),
            Status.SCHEDULED: Q(state=State.PUBLISHED, published_at__gt=now),
            Status.PUBLISHED: public_now(),
            Status.WITHDRAWN: Q(state=State.WITHDRAWN),
        }
        return self.filter(conditions[Status(status)])


class Publishable(models.Model):
    """Something staff write and publish.

    `version` rises with each save: a form that was opened on an older version is not saved over a newer one.
    """

    state = models.CharField(max_length=10, choices=State, default=State.DRAFT, editable=False)
    published_at = models.DateTimeField(
        "publication time",
        null=True,
        blank=True,
        help_text="London time. Leave empty to publish at the moment you press “Publish”; "
        "a time to come makes it appear by itself at that minute.",
    )
    first_public_at = models.DateTimeField(
        null=True, editable=False, help_text="When it was first published; corrections count from here (UTC)."
    )
    corrected_at = models.DateTimeField(null=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)
    library_uses = GenericRelation("library.Use")  # so that what is deleted uses nothing any more

    # What no form shows, so it is always as the table has it: restoring an old revision never unpublishes, for one.
    not_in_forms: ClassVar[tuple[str, ...]] = ("state", "first_public_at", "corrected_at", "created_at")

    # Relations that `search_text` reads: fetched together where many are indexed. Those to many are read again after a
    # form wrote them.
    search_reads: tuple[str, ...] = ()

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                name="%(app_label)s_%(class)s_published_has_time",
                condition=~Q(state=State.PUBLISHED) | Q(published_at__isnull=False),
            ),
        ]

    def get_absolute_url(self) -> str:
        """Its address on the site."""
        raise NotImplementedError

    def search_text(self) -> SearchText:
        """What the search reads of it."""
        raise NotImplementedError

    @classmethod
    def take_turn(cls) -> None:
        """Wait until no other transaction saves one of these. Called before any row is locked.

        Nothing to wait for, unless a model's rows depend on each other beyond what a row's lock keeps.
        """

    def follow_move(self, before: "Publishable") -> list[tuple["Publishable", str]]:
        """After a move from where `before` was: move along what hangs on this address; each with its old address."""
        return []

    def note_change(self, before: "Publishable | None") -> None:
        """It is about to be stored, and `before` is how the table has it: for what has to count its changes."""

    @property
    def status(self) -> Status:
        """What is true of it now."""
        if self.state == State.PUBLISHED and self.published_at and self.published_at > timezone.now():
            return Status.SCHEDULED
        return Status(self.state)

    @property
    def is_public(self) -> bool:
        """Whether the public sees it now."""
        return self.status == Status.PUBLISHED

    @property
    def was_public(self) -> bool:
        """Whether readers have seen it, now or before."""
        return self.first_public_at is not None and self.first_public_at <= timezone.now()

    @property
    def is_withdrawn(self) -> bool:
        """Whether it was public once and was taken back."""
        return self.state == State.WITHDRAWN


def _new_token() -> str:
    return secrets.token_urlsafe(24)


def _in_a_week() -> datetime:
    return timezone.now() + timedelta(days=7)


class PreviewLink(models.Model):
    """A secret address that shows one unpublished thing to whoever holds it, until it expires or is revoked."""

    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.BigIntegerField()
    target = GenericForeignKey()
    token = models.CharField(max_length=64, unique=True, default=_new_token)
    expires_at = models.DateTimeField(default=_in_a_week)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)

    class Meta:
        indexes = [models.Index(fields=["content_type", "object_id"], name="preview_link_target")]

    def __str__(self) -> str:
        return f"preview of {self.target} until {self.expires_at:%d %B %Y}"

    @property
    def is_valid(self) -> bool:
        """Whether it still opens."""
        return self.expires_at > timezone.now()


class OpenForm(models.Model):
    """Somebody has something open in the admin: shown to the next person who opens it."""

    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.BigIntegerField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="open_form_once", fields=["content_type", "object_id", "user"])]

    def __str__(self) -> str:
        return f"{self.user} has {self.content_type} {self.object_id} open"


class Redirect(models.Model):
    """An address that is no more, and where its readers go. Written by `psg.publishing.redirects` alone."""

    old_path = models.CharField(
        "old address", max_length=400, unique=True, help_text="From the first slash on: /old/address/"
    )
    new_path = models.CharField(
        "new address", max_length=400, help_text="A path on this site, or a full address (https://…) elsewhere."
    )
    is_automatic = models.BooleanField("left by itself", default=False, editable=False)
    hits = models.PositiveBigIntegerField("followed", default=0, editable=False)
    last_hit_at = models.DateTimeField("last followed", null=True, editable=False)
    created_at = models.DateTimeField("made", auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["old_path"]
        indexes = [models.Index(fields=["new_path"], name="redirect_new_path")]
        constraints = [
            models.CheckConstraint(name="redirect_old_is_a_path", condition=Q(old_path__startswith="/")),
            models.CheckConstraint(name="redirect_leads_elsewhere", condition=~Q(old_path=models.F("new_path"))),
            # Browsers take //host, /\\host and /<tab>/host for another site: what looks like a path has to be one.
            models.CheckConstraint(
                name="redirect_new_is_an_address",
                condition=Q(new_path__regex=r"^(/|https?://)")
                & ~Q(new_path__startswith="//")
                & ~Q(new_path__regex=r"[[:cntrl:]\\]"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.old_path} → {self.new_path}"
