"""`manage.py rebuild_search`: write the search index afresh, as after a restore or a change of its rules."""

from collections.abc import Iterator, Sequence

from django.core.management.base import BaseCommand
from django.db import transaction

from psg import search
from psg.models import SearchEntry
from psg.publishing.models import Publishable
from psg.search import words

BATCH = 500


class Command(BaseCommand):
    """Readers can search and editors can save all the while, and it may run twice at once.

    Each batch is one transaction that holds its rows. A row that somebody else holds is not waited for together with
    others, so nobody waits in a circle: it comes again at the end, alone.
    """

    help = __doc__

    def handle(self, **options) -> None:
        models = search.searchable()
        total = sum(model._default_manager.count() for model in models)
        done = gone = 0
        for model in models:
            held: list[int] = []
            for keys in self._batches(model):
                held += self._index(model, keys)
                done += len(keys)
                self._show(done, total)
            for key in held:
                self._index(model, [key], wait=True)
            gone += search.drop_orphans(model)
        gone += SearchEntry.objects.exclude(kind__in=[model._meta.label_lower for model in models]).delete()[0]
        forgotten = words.tidy()
        kinds = ", ".join(sorted(str(model._meta.verbose_name_plural) for model in models))
        self.stdout.write(f"Search index: {SearchEntry.objects.count():,} entries ({kinds}).")
        if gone or forgotten:
            self.stdout.write(f"Dropped: {gone:,} entries of what is no more, {forgotten:,} words that nothing has.")

    def _batches(self, model: type[Publishable]) -> Iterator[list[int]]:
        """All primary keys in their order, `BATCH` at a time: the cost does not grow with the place in the table."""
        last = 0
        rows = model._default_manager.order_by("pk").values_list("pk", flat=True)
        while keys := list(rows.filter(pk__gt=last)[:BATCH]):
            yield keys
            last = keys[-1]

    @transaction.atomic
    def _index(self, model: type[Publishable], keys: Sequence[int], *, wait: bool = False) -> list[int]:
        """Write the entries of these rows; the keys of those that somebody else holds."""
        rows = model._default_manager.filter(pk__in=keys).order_by("pk")
        batch = list(rows.select_for_update(of=("self",), no_key=True, skip_locked=not wait))
        search.index_many(batch)
        free = {obj.pk for obj in batch}
        return [key for key in keys if key not in free]

    def _show(self, done: int, total: int) -> None:
        """One line that grows on a terminal; nothing in a log."""
        if self.stdout.isatty():
            bar = "█" * round(30 * done / max(done, total))
            self.stdout.write(f"\r{bar:░<30} {done:,} of {total:,}", ending="\n" if done >= total else "")
            self.stdout.flush()
