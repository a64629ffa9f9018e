"""What happens to a message from the contact form. Each function is one use case in one transaction.

A message is stored and its mails are queued in the same transaction, so it is lost neither with a mail server that is
down nor with a process that dies.
"""

import hashlib
import json
from datetime import datetime
from typing import Any

from django.core.signing import BadSignature, TimestampSigner
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from pages.contact import guard, mails
from pages.models import ContactAnswer, ContactMessage, ContactSubject

_copies = TimestampSigner(salt="pages.contact.copy")


class TooManyMessages(Exception):
    """The sender has written as often as the guard allows; `until` is when the next may come (UTC)."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"no more before {until}")
        self.until = until


class AlreadyAnswered(Exception):
    """Somebody has seen to it. `by` is None where the account is no more."""

    def __init__(self, *, by: str | None, at: datetime) -> None:
        super().__init__(f"answered by {by} at {at}")
        self.by, self.at = by, at


def key_of(token: str, *content: str) -> str:
    """What is the same for the same message sent again from the same form, and for no other."""
    return hashlib.sha256(json.dumps([token, *content]).encode()).hexdigest()


@transaction.atomic
def receive(
    *,
    token: str,
    network: str,
    name: str,
    email: str,
    message: str,
    subject: ContactSubject | None = None,
    wants_copy: bool = False,
) -> None:
    """Keep a message, and queue the mail to those who read it. Sent again from the same form, it is the same message.

    Raises TooManyMessages if the sender has used up a limit; nothing is kept or counted then.
    """
    label = subject.label if subject else ""
    content: dict[str, Any] = {"name": name, "email": email, "subject": label, "message": message}
    # The unique key comes first: of two that arrive at once the second waits here until the first is in.
    try:
        with transaction.atomic():
            kept = ContactMessage.objects.create(key=key_of(token, *content.values()), **content)
    except IntegrityError:
        return
    if until := guard.take(network=network, email=guard.mailbox(email)):
        raise TooManyMessages(until)
    mails.tell_staff(kept, recipients=subject.addresses if subject else None)
    if wants_copy and guard.take(copy=guard.mailbox(email)) is None:
        mails.send_copy_link(email, token=_copies.sign(str(kept.pk)))


def copy_for(token: str) -> ContactMessage | None:
    """The message that a link in a mail opens; None if the link has ended or the message is gone."""
    try:
        pk = _copies.unsign(token, max_age=mails.COPY_OPENS_FOR)
    except BadSignature:
        return None
    return ContactMessage.objects.filter(pk=pk).first()


def lock_open(message: ContactMessage) -> None:
    """Lock the message until the transaction ends. Raises AlreadyAnswered if it waits no longer."""
    locked = ContactMessage.objects.select_for_update(of=("self",)).select_related("answered_by").get(pk=message.pk)
    if locked.answered_at:
        by = locked.answered_by
        raise AlreadyAnswered(by=str(by) if by else None, at=locked.answered_at)


@transaction.atomic
def answer(message: ContactMessage, *, text: str, by) -> ContactAnswer:
    """Mail an answer; replies to it go to the colleague. Raises AlreadyAnswered: one message gets one answer."""
    if not _close(ContactMessage.objects.open().filter(pk=message.pk), by=by):
        lock_open(message)  # says who was first
    kept = ContactAnswer.objects.create(message=message, text=text, sent_by=by)
    mails.send_answer(message, kept)
    return kept


@transaction.atomic
def mark_answered(messages: QuerySet[ContactMessage], *, by) -> int:
    """Note that they were answered in another way; the number that was open. What is answered stays as it is."""
    return _close(messages.open(), by=by)  # type: ignore[attr-defined]


@transaction.atomic
def open_again(messages: QuerySet[ContactMessage]) -> int:
    """They wait for an answer again; the number that did not. Answers that were sent stay with them."""
    return messages.answered().order_by().update(answered_at=None, answered_by=None)  # type: ignore[attr-defined]


def _close(messages: QuerySet[ContactMessage], *, by) -> int:
    return messages.order_by().update(answered_at=timezone.now(), answered_by=by)


def delete_outdated() -> int:
    """Forget what was answered long ago (`KEPT_AFTER_ANSWER`), with its answers; the number of messages."""
    outdated = ContactMessage.objects.outdated()
    number = outdated.count()
    outdated.delete()
    return number
