"""Reminders and goodbyes: each once, however often and however late the job runs."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from membership import mails
from membership.models import Interval, Membership, Notice, NoticeKind, Person, Term

# A lapse that is older than this was not noticed in time: silence is better than a letter months late.
LAPSED_DAYS = 30
REMINDERS = {NoticeKind.REMINDER_7: 7, NoticeKind.REMINDER_30: 30}


def send_reminders() -> int:
    """Remind everybody whose year ends within 30 or 7 days; the number of mails. Late, only the nearer is sent."""
    today = timezone.localdate()
    due = _mailable(Term.objects.ending(today, today + timedelta(days=30))).filter(price__interval=Interval.YEAR)
    sent = 0
    for pk in due.values_list("pk", flat=True):
        sent += _send(pk)
    return sent


def send_lapsed() -> int:
    """Tell those whose grace has just ended; the number of mails."""
    today = timezone.localdate()
    over = Term.objects.ending(today - timedelta(days=400), today)
    ended = _mailable(over).filter(grace_until__lt=today, grace_until__gte=today - timedelta(days=LAPSED_DAYS))
    return sum(_send(pk) for pk in ended.values_list("pk", flat=True))


def _mailable(terms):
    """Of people who may be written to and did not cancel."""
    return terms.filter(membership__cancelled_on__isnull=True, membership__person__do_not_contact=False).exclude(
        membership__person__email=""
    )


@transaction.atomic
def _send(term_pk: int) -> bool:
    """Look again under the membership's lock, note it, queue the mail: all or nothing. Whether it was sent."""
    membership = Membership.objects.select_for_update(skip_locked=True).filter(terms=term_pk).first()
    if membership is None:
        return False  # somebody works on it just now; tomorrow is another day
    today = timezone.localdate()
    due = _mailable(Term.objects.ending(today - timedelta(days=400), today + timedelta(days=30)))
    term = due.filter(pk=term_pk).first()
    kind = _kind(term, today) if term else None
    if term is None or kind is None:
        return False
    is_new = tell_once(membership.person, kind, about=f"term {term.pk}")
    if is_new:
        mails.notice(term, kind)
    return is_new


def tell_once(person: Person, kind: str, *, about: str) -> bool:
    """Note that they are told; False if they were before. The caller's transaction also queues the mail."""
    _, is_new = Notice.objects.get_or_create(kind=kind, about=about, defaults={"person": person})
    return is_new


def _kind(term: Term, today) -> NoticeKind | None:
    """What is to be said about this term today."""
    if term.grace_until is not None and term.grace_until < today:
        return NoticeKind.LAPSED
    days = (term.ends_on - today).days if term.ends_on else None
    if days is None or days < 0:
        return None
    return next((kind for kind, within in REMINDERS.items() if days <= within), None)
