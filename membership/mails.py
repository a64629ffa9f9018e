"""Every mail that membership sends. Subject, text and HTML of each are templates in membership/mail/."""

from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse

from membership.models import Application, Concern, Membership, NoticeKind, Payment, Person, Term
from membership.paying import way_to_pay, ways_to_pay
from membership.standing import main_membership


def application_received(application: Application) -> None:
    """How to pay, and the button that confirms the address. A member is told so here, and only here."""
    person = application.person
    current = _membership_of_owner(application)
    _send(
        "application",
        to=application.email,
        application=application,
        name=application.contact_name,
        way=way_to_pay(application.method),
        confirm_url=_link("membership:confirm", application.confirm_secret),
        is_confirmed=application.email_confirmed_at is not None or person.email_verified_at is not None,
        current=current,
    )


def _membership_of_owner(application: Application) -> Membership | None:
    """The running membership of whom the address verifiably belongs to."""
    person = application.person
    is_theirs = person.email_verified_at is not None and person.email == application.email
    if not is_theirs or not person.is_member():
        return None
    return main_membership(Person.objects.with_standing().get(pk=person.pk))


def receipt(payment: Payment) -> None:
    """What came, and until when it pays. Not all money buys time: the difference after a change of plan does not."""
    term = Term.objects.select_related("membership", "price__plan").filter(payment=payment).first()
    about = {"membership": term.membership, "plan": term.price.plan} if term else {}
    _send_to(payment.person, "receipt", payment=payment, term=term, **about)


def refunded(back: Payment) -> None:
    """What was given back, and of which payment."""
    _send_to(back.person, "refunded", amount_pence=-back.gross_pence, payment=back.reverses)


def cancelled(membership: Membership) -> None:
    """That it ends, and when."""
    _send_to(membership.person, "cancelled", membership=membership, plan=membership.plan)


def notice(term: Term, kind: str) -> None:
    """A reminder before the end, or a word after it."""
    membership = term.membership
    _send_to(
        membership.person,
        "lapsed" if kind == NoticeKind.LAPSED else "reminder",
        term=term,
        membership=membership,
        price=membership.plan.prices.current().filter(interval=term.price.interval).first(),
        ways=ways_to_pay(),
        join_url=settings.SITE_URL + reverse("membership:why_join"),
    )


def concern(concern: Concern) -> None:
    """To staff: something that the site noticed and a human should look at."""
    link = _link("admin:membership_person_change", concern.person_id) if concern.person_id else ""
    _send("concern", to=settings.CONTACT_EMAIL, concern=concern, person=concern.person, link=link)


def _send_to(person: Person, template: str, **context: Any) -> None:
    if person.may_be_mailed:
        _send(template, to=person.email, name=person.contact_name or person.name, **context)


def _send(template: str, *, to: str, **context: Any) -> None:
    """Queue one mail. Only the bare address goes into a header, so that no name can add one."""
    context |= {"site_url": settings.SITE_URL, "site_name": settings.SITE_NAME}
    subject = " ".join(render_to_string(f"membership/mail/{template}_subject.txt", context).split())
    message = EmailMultiAlternatives(subject, render_to_string(f"membership/mail/{template}.txt", context), to=[to])
    message.attach_alternative(render_to_string(f"membership/mail/{template}.html", context), "text/html")
    message.send()


def _link(name: str, *args: Any) -> str:
    return settings.SITE_URL + reverse(name, args=args)
