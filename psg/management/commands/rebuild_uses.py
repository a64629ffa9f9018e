"""`manage.py rebuild_uses`: find out afresh which texts show which pictures and link to which documents."""

from collections.abc import Iterator

from django.contrib.contenttypes.models import ContentType
from django.core.management.base import BaseCommand
from django.db import models, transaction

from psg.library import uses
from psg.library.models import Use

BATCH = 500


class Command(BaseCommand):
    """As after a restore or an import. A second run writes nothing; staff can work all the while."""

    help = __doc__

    def handle(self, **options) -> None:
        written = dropped = read = 0
        kept = []
        for model in uses.models_with_rich_text():
            kept.append(ContentType.objects.get_for_model(model))
            for keys in self._batches(model):
                new, stale = self._record(model, keys)
                written, dropped, read = written + new, dropped + stale, read + len(keys)
            dropped += self._drop_orphans(model, kept[-1])
        dropped += Use.objects.exclude(content_type__in=kept).delete()[0]
        self.stdout.write(
            f"Uses: {Use.objects.count():,} in {read:,} texts; {written:,} written, {dropped:,} dropped by this run."
        )

    def _batches(self, model: type[models.Model]) -> Iterator[list[int]]:
        """All primary keys, `BATCH` at a time."""
        last = 0
        keys = model._base_manager.order_by("pk").values_list("pk", flat=True)
        while batch := list(keys.filter(pk__gt=last)[:BATCH]):
            yield batch
            last = batch[-1]

    @transaction.atomic
    def _record(self, model: type[models.Model], keys: list[int]) -> tuple[int, int]:
        """Locked, so that a save in between is not undone."""
        rows = model._base_manager.filter(pk__in=keys).only("pk", *uses.rich_text_fields(model))
        return uses.record_many(list(rows.order_by("pk").select_for_update(of=("self",))))

    def _drop_orphans(self, model: type[models.Model], kind: ContentType) -> int:
        """Uses by rows that were deleted."""
        gone = Use.objects.filter(content_type=kind).exclude(object_id__in=model._base_manager.values("pk"))
        return gone.delete()[0]
