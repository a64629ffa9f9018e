"""What the site noticed and a human should look at: kept once, mailed to staff once."""

from django.db import transaction
from django.utils import timezone

from membership import mails
from membership.models import Concern, Person


@transaction.atomic
def raise_concern(kind: str, *, about: str, text: str, person: Person | None = None) -> bool:
    """Keep it and tell staff; False if the same was told before. `about` names the thing, `text` what to do."""
    concern, is_new = Concern.objects.get_or_create(
        kind=kind, about=about[:220], defaults={"text": text, "person": person}
    )
    if is_new:
        mails.concern(concern)
    return is_new


def settle(concern: Concern, *, by) -> None:
    """Somebody has looked at it."""
    Concern.objects.filter(pk=concern.pk, settled_at__isnull=True).update(settled_at=timezone.now(), settled_by=by)
