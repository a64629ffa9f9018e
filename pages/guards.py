"""Two people on one thing: the second is told. For what `pages.models.guarded` marks."""

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

from pages.models.guarded import Guarded
from psg.publishing.actions import EditConflict


def lock(obj: Guarded, *, seen_version: int | None) -> None:
    """Lock the row until the transaction ends and take the next version. Raises EditConflict if it is a newer one."""
    current = type(obj)._default_manager.select_for_update().get(pk=obj.pk)
    if current.version != seen_version:
        raise EditConflict(at=current.updated_at, by=last_editor(type(obj), obj), version=current.version)
    obj.version = current.version + 1


def last_editor(model: type[Model], obj: Model | None = None) -> str | None:
    """Who last saved it, or any of its kind, by the history of the admin."""
    entries = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(model))
    if obj is not None:
        entries = entries.filter(object_id=str(obj.pk))
    last = entries.select_related("user").order_by("-action_time", "-pk").first()
    return str(last.user) if last else None
