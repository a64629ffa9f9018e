"""`manage.py rebuild_search`: write the search index afresh, as after a restore or a change of its rules."""

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import transaction

from psg import search
from psg.models import SearchEntry
from psg.publishing.models import Publishable

BATCH = 500


class Command(BaseCommand):
    """Readers can search all the while: each batch is swapped in one transaction."""

    help = __doc__

    def handle(self, **options) -> None:
        models = [model for model in apps.get_models() if issubclass(model, Publishable)]
        total = sum(model._default_manager.count() for model in models)
        done = 0
        for model in models:
            for batch in self._batches(model):
                with transaction.atomic():
                    search.index_many(batch)
                done += len(batch)
                self._show(done, total)
            self._drop_orphans(model)
        gone, _ = SearchEntry.objects.exclude(kind__in=[model._meta.label_lower for model in models]).delete()
        self.stdout.write(
            f"Search index: {SearchEntry.objects.count():,} entries from {total:,} articles, pages and events."
        )
        if gone:
            self.stdout.write(f"{gone:,} entries of kinds that exist no more were dropped.")

    def _batches(self, model: type[Publishable]):
        """All rows by primary key, `BATCH` at a time: the cost does not grow with the place in the table."""
        last = 0
        while batch := list(model._default_manager.filter(pk__gt=last).order_by("pk")[:BATCH]):
            yield batch
            last = batch[-1].pk

    def _drop_orphans(self, model: type[Publishable]) -> None:
        """Entries of rows that were deleted."""
        entries = SearchEntry.objects.filter(kind=model._meta.label_lower)
        entries.exclude(object_id__in=model._default_manager.values("pk")).delete()

    def _show(self, done: int, total: int) -> None:
        """One line that grows on a terminal; nothing in a log."""
        if self.stdout.isatty():
            bar = "█" * round(30 * done / total)
            self.stdout.write(f"\r{bar:░<30} {done:,} of {total:,}", ending="\n" if done == total else "")
            self.stdout.flush()
