"""How mail leaves: every message is queued as a job in the database and sent by the worker.

A mail server that is down delays mail and loses none: the job is tried again, and a job that failed for good is listed
in the admin under Jobs → Failed tasks.
"""

import email
import email.policy
import logging
import time
import uuid
from email.message import EmailMessage as Message
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string

from psg.jobs import enqueue

logger = logging.getLogger("psg.mail")


def send(template: str, *, to: list[str], context: dict[str, Any], reply_to: list[str] | None = None) -> None:
    """Send one mail in text and HTML, made of `<template>_subject.txt`, `.txt` and `.html`."""
    context = {"site_url": settings.SITE_URL} | context
    subject = " ".join(render_to_string(f"{template}_subject.txt", context).split())
    message = EmailMultiAlternatives(subject, render_to_string(f"{template}.txt", context), to=to, reply_to=reply_to)
    message.attach_alternative(render_to_string(f"{template}.html", context), "text/html")
    message.send()


class RawMessage(EmailMessage):
    """A finished message: it is sent byte for byte as it was queued, so a repeat has the same Message-ID."""

    def __init__(self, from_email: str, recipients: list[str], raw: bytes) -> None:
        super().__init__(from_email=from_email, to=recipients)
        self.raw = raw

    def message(self, **_kwargs) -> Message:
        return email.message_from_bytes(self.raw, policy=email.policy.default.clone(linesep="\n"))


class QueueBackend(BaseEmailBackend):
    """Django's mail backend here: hands each message to the worker, in the caller's own transaction."""

    def send_messages(self, email_messages) -> int:
        """Queue the messages; the number queued."""
        sendable = [message for message in email_messages if message.recipients()]
        for message in sendable:
            enqueue(
                "psg.mail.deliver",
                message.from_email or settings.DEFAULT_FROM_EMAIL,
                message.recipients(),
                message.message().as_bytes(),
                keep=False,  # what was sent is personal, and nobody needs a second copy of it
            )
        return len(sendable)


def deliver(from_email: str, recipients: list[str], raw: bytes) -> None:
    """Send one queued message. Raises what the mail server answers, so that the job is tried again."""
    get_connection(settings.MAIL_TRANSPORT).send_messages([RawMessage(from_email, recipients, raw)])


class DevelopmentBackend(BaseEmailBackend):
    """Keeps mail in a folder, where /dev/mail/ shows it, and names each message in the terminal."""

    def send_messages(self, email_messages) -> int:
        """Store the messages; the number stored."""
        settings.DEVELOPMENT_MAIL_DIR.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            name = f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:8]}"
            (settings.DEVELOPMENT_MAIL_DIR / f"{name}.eml").write_bytes(message.message().as_bytes())
            subject = message.message()["Subject"] or message.subject
            logger.info(
                "Mail to %s: “%s” → %s/dev/mail/%s/",
                ", ".join(message.recipients()),
                subject,
                settings.SITE_URL,
                name,
            )
        return len(email_messages)


def stored_messages() -> list[Path]:
    """The files of the development mailbox, newest first."""
    return sorted(settings.DEVELOPMENT_MAIL_DIR.glob("*.eml"), reverse=True)


def read_stored(path: Path) -> Message:
    """Parse one message of the development mailbox."""
    return email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
