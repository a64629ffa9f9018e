"""What happens to publishable things. Each function is one use case in one transaction."""

from datetime import datetime, timedelta

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from psg import search
from psg.library import uses
from psg.publishing import redirects
from psg.publishing.models import OpenForm, PreviewLink, Publishable, State

# How long an open form counts as "being edited" without a sign of life.
OPEN_FORM_MINUTES = 30


class EditConflict(Exception):
    """Somebody saved version `version` since this form was opened. `by` is None where it is not known."""

    def __init__(self, *, at: datetime, by: str | None, version: int) -> None:
        super().__init__(f"saved by {by or 'somebody else'} at {at}")
        self.at, self.by, self.version = at, by, version


def may_publish(user, model: type[Model]) -> bool:
    """Whether the user may publish, correct and withdraw things of this kind."""
    return user.has_perm(f"{model._meta.app_label}.publish_{model._meta.model_name}")


def require_publisher(user, model: type[Model]) -> None:
    """Raises PermissionDenied unless the user may publish things of this kind."""
    if not may_publish(user, model):
        raise PermissionDenied(f"{user} may not publish {model._meta.verbose_name_plural}.")


def lock_version(obj: Publishable, *, seen_version: int | None) -> None:
    """Lock the row until the transaction ends and take the next version.

    What a form does not show (state, times) comes from the row as it is now, so that restoring an old revision never
    unpublishes. Raises EditConflict if somebody saved since `seen_version`.
    """
    obj.take_turn()
    current = type(obj)._default_manager.select_for_update(of=("self",)).get(pk=obj.pk)
    if current.version != seen_version:
        raise EditConflict(at=current.updated_at, by=_last_editor(current), version=current.version)
    for name in obj.not_in_forms:
        setattr(obj, name, getattr(current, name))
    obj.version = current.version + 1


def _last_editor(obj: Publishable) -> str | None:
    revision = obj.history.select_related("history_user").first()  # type: ignore[attr-defined]
    return str(revision.history_user) if revision and revision.history_user else None


@transaction.atomic
def save(obj: Publishable) -> None:
    """Keep an edit: a new revision. Where it is public already, readers see it at once, marked as corrected."""
    if obj.is_public and obj.was_public:
        obj.corrected_at = timezone.now()
    store(obj)


@transaction.atomic
def publish(obj: Publishable, *, by, at: datetime | None = None) -> None:
    """Publish now, or at the time it carries or is given (UTC); a time to come means: scheduled.

    Raises PermissionDenied if `by` may not publish.
    """
    require_publisher(by, type(obj))
    obj.state = State.PUBLISHED
    obj.published_at = at or obj.published_at or timezone.now()
    store(obj)


@transaction.atomic
def withdraw(obj: Publishable, *, by) -> None:
    """Take it back: readers get "gone" (410) and every list forgets it. What never was public becomes a draft again.

    Raises PermissionDenied if `by` may not publish.
    """
    require_publisher(by, type(obj))
    if obj.state == State.PUBLISHED:
        obj.state = State.WITHDRAWN if obj.was_public else State.DRAFT
        obj.first_public_at = obj.first_public_at if obj.was_public else None
        store(obj)


@transaction.atomic
def store(obj: Publishable) -> None:
    """Save it as it is. Search and library uses follow, and readers of public addresses that changed, by redirects."""
    obj.take_turn()
    before = type(obj)._default_manager.filter(pk=obj.pk).first() if obj.pk else None
    if obj.state == State.PUBLISHED and not obj.was_public:
        obj.first_public_at = obj.published_at  # a time that is moved before it has come moves this along
    obj.note_change(before)
    obj.save()
    uses.record(obj)
    if before is None or before.get_absolute_url() == obj.get_absolute_url():
        search.index(obj)
        return
    moved = [(obj, before.get_absolute_url()), *obj.follow_move(before)]
    search.index_many([each for each, _old in moved])
    redirects.moved_many([(old, each.get_absolute_url()) for each, old in moved if each.was_public])


def relations_written(obj: Publishable) -> None:
    """What hangs on it was written after it, as a form does with topics: the search reads it afresh."""
    late = {field.name for field in obj._meta.many_to_many}
    if late & set(obj.search_reads):
        search.index(type(obj)._default_manager.get(pk=obj.pk))


@transaction.atomic
def delete(obj: Publishable) -> None:
    """Delete it and whatever goes with it, here and in the search."""
    _, deleted = obj.delete()
    for model in search.searchable():
        if model._meta.label in deleted:
            search.drop_orphans(model)


@transaction.atomic
def change_each(queryset, action, *, by) -> int:
    """Apply `action` (publish or withdraw) to each row, locked in one order; the number done."""
    done = 0
    queryset.model.take_turn()
    for obj in queryset.order_by("pk").select_for_update(of=("self",)):
        obj.version += 1
        action(obj, by=by)
        done += 1
    return done


def make_preview_link(obj: Publishable, *, by) -> PreviewLink:
    """A new secret address for a week's preview of the object as it is saved."""
    return PreviewLink.objects.create(target=obj, created_by=by)


def revoke_preview_links(obj: Publishable) -> int:
    """End every preview link of the object; the number ended."""
    links = PreviewLink.objects.filter(
        content_type=ContentType.objects.get_for_model(obj), object_id=obj.pk, expires_at__gt=timezone.now()
    )
    return links.update(expires_at=timezone.now())


def live_preview_links(obj: Publishable):
    """The object's preview links that still open, newest first."""
    return PreviewLink.objects.filter(
        content_type=ContentType.objects.get_for_model(obj), object_id=obj.pk, expires_at__gt=timezone.now()
    ).order_by("-created_at")


def note_open_form(obj: Publishable, *, user) -> list[OpenForm]:
    """Note that the user has the form open; who else has had it open in the last half hour."""
    about = {"content_type": ContentType.objects.get_for_model(obj), "object_id": obj.pk}
    now = timezone.now()
    OpenForm.objects.update_or_create(**about, user=user, defaults={"seen_at": now})
    others = OpenForm.objects.filter(**about, seen_at__gt=now - timedelta(minutes=OPEN_FORM_MINUTES))
    return list(others.exclude(user=user).select_related("user"))


def close_form(obj: Publishable, *, user) -> None:
    """The user saved and left."""
    OpenForm.objects.filter(content_type=ContentType.objects.get_for_model(obj), object_id=obj.pk, user=user).delete()
