"""What happens to appeals: saved, ended. An address that changed leads on."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from membership.models import Appeal
from psg.library import uses
from psg.publishing import redirects


class ChangedMeanwhile(Exception):
    """Somebody saved the appeal after the form was opened: `by` whom, `at` when. `version` is the save's number."""

    def __init__(self, *, by: Any, at: datetime, version: int) -> None:
        super().__init__(f"saved by {by} at {at}")
        self.by, self.at, self.version = by, at, version


class NotRunning(Exception):
    """What does not run cannot be ended."""


def version_of(appeal: Appeal) -> int:
    """The number of the last save."""
    newest = appeal.history.first()
    return newest.history_id if newest else 0


def lock(appeal: Appeal, *, seen: int | None) -> Appeal:
    """The appeal as the table has it, locked to the end of the transaction.

    `seen` is the save that the form was opened on. Raises ChangedMeanwhile if there is a newer one.
    """
    locked = Appeal.objects.select_for_update().get(pk=appeal.pk)
    newest = locked.history.select_related("history_user").first()
    if newest is not None and newest.history_id != seen:
        raise ChangedMeanwhile(by=newest.history_user, at=newest.history_date, version=newest.history_id)
    return locked


@transaction.atomic
def save(appeal: Appeal, *, by: Any) -> None:
    """Write it. Readers of an address that was public are led to the new one; the library knows what the text uses."""
    before = Appeal.objects.select_for_update().filter(pk=appeal.pk).first() if appeal.pk else None
    appeal._history_user = by  # type: ignore[attr-defined]  # simple_history's own way
    appeal.save()
    uses.record(appeal)
    if before is not None and before.is_public and before.has_begun and before.slug != appeal.slug:
        redirects.moved_many([(before.get_absolute_url(), appeal.get_absolute_url())])


@transaction.atomic
def end(appeal: Appeal, *, by: Any) -> Appeal:
    """Today is its last day: its page stays, and says so from tomorrow on. Raises NotRunning."""
    appeal = Appeal.objects.select_for_update().get(pk=appeal.pk)
    if not appeal.has_begun or appeal.is_over:
        raise NotRunning(appeal)
    appeal.ends_on = timezone.localdate()
    save(appeal, by=by)
    return appeal
