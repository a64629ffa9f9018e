"""The mails that the contact form makes. What a stranger typed never gets into a header."""

from datetime import timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from pages.models import ContactAnswer, ContactMessage
from psg.mail import send

COPY_OPENS_FOR = timedelta(days=30)


def tell_staff(message: ContactMessage, *, recipients: list[str] | None) -> None:
    """Those who read messages on this subject get it by mail; a reply goes to whoever wrote it."""
    link = settings.SITE_URL + reverse("admin:pages_contactmessage_change", args=[message.pk])
    send(
        "pages/mail/contact_message",
        to=recipients or [settings.CONTACT_EMAIL],
        reply_to=[message.email],
        context={"message": message, "link": link},
    )


def send_copy_link(email: str, *, token: str) -> None:
    """A link to the copy. The address may be somebody else's, so not one word of this mail is the sender's."""
    link = settings.SITE_URL + reverse("contact_copy", args=[token])
    until = timezone.localtime(timezone.now() + COPY_OPENS_FOR)
    send("pages/mail/contact_copy", to=[email], context={"link": link, "until": until})


def send_answer(message: ContactMessage, answer: ContactAnswer) -> None:
    """The answer, with the message below it. A reply goes to the colleague who wrote it."""
    quoted = "\n".join(f"> {line}".rstrip() for line in message.message.splitlines())
    send(
        "pages/mail/contact_answer",
        to=[message.email],
        reply_to=[answer.sent_by.email] if answer.sent_by else [],
        context={"message": message, "answer": answer, "quoted": quoted},
    )
