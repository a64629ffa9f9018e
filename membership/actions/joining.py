"""From the join page to an application that waits for its payment."""

import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet, Sum
from django.utils import timezone

from membership import mails, references
from membership.models import Application, ApplicationState, Interval, Method, Person, PersonKind, Plan, Price
from membership.models.applications import new_secret
from membership.paying import ONLINE

# Anybody can type anybody's address: more mails than this to one address in a day are not sent.
MAILS_A_DAY = 5


@dataclass(frozen=True)
class Wish:
    """What somebody asked for on the join page, checked. `details` are the columns of `ContactDetails`."""

    plan: Plan
    price: Price
    amount_pence: int
    method: str
    details: dict[str, str]
    renews: bool = False
    household: list[str] = field(default_factory=list)
    concession_declared: str = ""
    gift_aid_version: str = ""
    consents: list[dict[str, Any]] = field(default_factory=list)

    def columns(self) -> dict[str, Any]:
        """As columns of `Application`."""
        own = {name: value for name, value in vars(self).items() if name != "details"}
        return own | self.details | {"email": self.details["email"].lower()}


@transaction.atomic
def apply(*, token: uuid.UUID, wish: Wish) -> Application:
    """Keep what was filled in, and mail how to pay. Nobody's own record changes.

    The same form sent again changes its application; the same words from another tab make no second one; other words
    from the same human replace the first. Safe when all of this happens at once.
    """
    columns = wish.columns()
    identity = Application(**columns).identify()
    _one_at_a_time(token.int, int(identity, 16))
    application = Application.objects.select_for_update().filter(token=token).first()
    if application is None:
        application = Application(token=token)
    elif not application.is_open or _holds(application, columns) or is_on_its_way(application):
        return application
    _change(application, columns)
    application.identity = identity
    others = Application.objects.open().filter(identity=identity).exclude(pk=application.pk)
    earlier = others.select_for_update().first()
    if earlier is not None:
        if application.pk is None and (_holds(earlier, columns) or is_on_its_way(earlier)):
            return earlier
        Application.objects.filter(pk=earlier.pk).update(state=ApplicationState.REPLACED)
    application.reference = application.reference or references.new_reference()
    _attach_person(application, earlier)
    _mail(application)
    return application


def _one_at_a_time(*numbers: int) -> None:
    """Wait until nobody else is busy with the same form or the same human; held to the end of the transaction.

    There may be no row yet that could be locked. The table's constraints stand behind this.
    """
    with connection.cursor() as cursor:
        for number in numbers:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number % 2**63])


def _holds(application: Application, columns: dict[str, Any]) -> bool:
    return all(getattr(application, name) == value for name, value in columns.items())


def _change(application: Application, columns: dict[str, Any]) -> None:
    """Take over what was typed. Another address has confirmed nothing, and the link in the first one's mail dies."""
    if application.email != columns["email"]:
        application.email_confirmed_at = None
        application.confirm_secret = new_secret()
    for name, value in columns.items():
        setattr(application, name, value)


def is_on_its_way(application: Application) -> bool:
    """Whether it is being paid by a debit that takes days; until then nothing of it changes."""
    return application.checkouts.pending().exists()


def _attach_person(application: Application, earlier: Application | None) -> None:
    """Find whom it seems to be, or make a provisional record; save the application."""
    before = application.person if application.person_id else None
    owner = Person.objects.with_verified_email(application.email).first()
    if owner is not None:
        application.person = owner
    elif before is not None and is_provisional(before, apart_from=application):
        _fill(before, application)
    elif earlier is not None and earlier.person.email_verified_at is None:
        application.person = earlier.person
    else:
        application.person = _fill(Person(), application)
    application.save()
    if before is not None and before != application.person:
        forget_if_provisional(before, heir=application.person)


def _fill(person: Person, application: Application) -> Person:
    """Give a provisional record the details as typed."""
    organisation = application.plan.is_for_organisations
    person.kind = PersonKind.ORGANISATION if organisation else PersonKind.PERSON
    for name, value in application.details().items():
        setattr(person, name, value)
    person.save()
    return person


def is_provisional(person: Person, *, apart_from: Application | None = None) -> bool:
    """Whether the record holds nothing but what an application says, so that it may follow it or go."""
    if person.email_verified_at or person.user_id or person.notes:
        return False
    if person.history.filter(history_user__isnull=False).exists():  # staff worked on it
        return False
    others = person.applications.all()
    if apart_from is not None:
        others = others.exclude(pk=apart_from.pk)
    rows: list[QuerySet] = [
        others,
        person.memberships.all(),
        person.payments.all(),
        person.donations.all(),
        person.cover_set.all(),
        person.consents.all(),
        person.gift_aid_declarations.all(),
        person.donations.all(),
        person.merges.all(),
        person.stripe_customers.filter(subscriptions__isnull=False),
    ]
    return not any(each.exists() for each in rows)


def forget_if_provisional(person: Person, *, heir: Person) -> bool:
    """Delete a record that an application made and nothing else refers to; whether it went.

    Who it was at Stripe, where they may have opened a page to pay on, goes over to the heir.
    """
    if not is_provisional(person):
        return False
    person.stripe_customers.update(person=heir)
    person.concerns.update(person=heir)
    person.notices.update(person=heir)
    person.delete()
    return True


def _mail(application: Application) -> None:
    """Say how to pay, unless this address had enough of our mail today."""
    since = timezone.now() - timedelta(days=1)
    today = Application.objects.filter(email=application.email, created_at__gte=since)
    if (today.aggregate(number=Sum("mails_sent"))["number"] or 0) < MAILS_A_DAY:
        application.mails_sent += 1
        application.save(update_fields=["mails_sent"])
        mails.application_received(application)


@transaction.atomic
def confirm_email(*, secret: str) -> Application:
    """Whoever has the mail pressed its button: the address is theirs. Raises Application.DoesNotExist.

    The record gets the verified address unless another has it: then staff see the two as possible duplicates.
    """
    application = Application.objects.select_for_update(of=("self",)).get(confirm_secret=secret)
    if application.email_confirmed_at is None:
        application.email_confirmed_at = timezone.now()
        application.save(update_fields=["email_confirmed_at"])
    known = _known_as(application)
    # By number, as everywhere.
    numbers = {application.person_id, known.pk if known else application.person_id}
    people = {each.pk: each for each in Person.objects.select_for_update().filter(pk__in=numbers).order_by("pk")}
    person = people[application.person_id]
    heir = people.get(known.pk) if known else None
    if heir is not None and is_provisional(person, apart_from=application):
        application.person = heir
        application.save(update_fields=["person"])
        forget_if_provisional(person, heir=heir)
        person = heir
    if person.email == application.email and person.email_verified_at is None:
        verify_email(person)
    return application


def _known_as(application: Application) -> Person | None:
    """Whom we know already of the human who wrote this open application and reads its mail; else None.

    Who paid without confirming the address, and fills in the form again, gets a provisional record at first. Left
    alone it would be the one with the verified address, and its owner would sign in to a record that holds nothing.
    """
    if not application.is_open or is_on_its_way(application):
        return None
    earlier = Application.objects.filter(identity=application.identity, state=ApplicationState.ACCEPTED)
    same = Person.objects.filter(email=application.email, applications__in=earlier).order_by("pk")
    found = Person.objects.with_verified_email(application.email).first() or same.first()
    return None if found is None or found.pk == application.person_id else found


def verify_email(person: Person) -> bool:
    """Count the address of the (locked) record as its own; False if another record has it."""
    person.email_verified_at = timezone.now()
    try:
        with transaction.atomic():
            person.save()
    except IntegrityError:
        person.email_verified_at = None
        return False
    return True


@transaction.atomic
def discard(application: Application) -> None:
    """It is not coming. A record that it alone had made goes with it; the application stays, to be found."""
    application = Application.objects.select_for_update(of=("self",)).get(pk=application.pk)
    if application.is_open:
        application.state = ApplicationState.DISCARDED
        application.save(update_fields=["state"])


@transaction.atomic
def pay_otherwise(application: Application, *, method: str) -> Application:
    """They would rather pay by transfer or cheque: mail how. Or by card instead of debit: they go on to Stripe at once.

    Nothing changes once it is paid, or on its way. A month is not paid by cheque: then it is a transfer.
    """
    application = (
        Application.objects.select_for_update(of=("self",))
        .select_related("price", "plan", "person")
        .get(pk=application.pk)
    )
    at_stripe = method in ONLINE
    if application.price.interval == Interval.MONTH and not at_stripe:
        method = Method.TRANSFER
    if application.is_open and application.method != method and not is_on_its_way(application):
        application.method, application.renews = method, application.renews and at_stripe
        application.save(update_fields=["method", "renews"])
        if not at_stripe:
            _mail(application)
    return application
