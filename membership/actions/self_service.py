"""What members do by themselves on their own pages. Whatever touches Stripe happens there first, with no row locked."""

from allauth.account.models import EmailAddress
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone

from membership import gateway, mails, wordings
from membership.actions import people, reflecting, subscriptions
from membership.mine import Mine
from membership.models import Consent, GiftAidDeclaration, Membership, Person, StripeCustomer, Subscription
from psg.jobs import enqueue
from psg.models import User


class StaffAccount(Exception):
    """Accounts of staff are closed in the back office."""


class AddressMissing(Exception):
    """A declaration needs a name and a home address."""


# --- Details ---


@transaction.atomic
def change_details(person: Person, *, details: dict[str, str]) -> Person:
    """Change name, address, telephone (columns of `ContactDetails`, without the e-mail). Stripe is told afterwards."""
    person = _locked(person)
    changed = {name: value for name, value in details.items() if name != "email" and getattr(person, name) != value}
    if changed:
        for name, value in changed.items():
            setattr(person, name, value)
        person.save()
        if person.stripe_customers.filter(stripe_id__isnull=False, deleted_at=None).exists():
            enqueue("membership.actions.self_service.tell_stripe", person.pk)
    return person


def tell_stripe(person_pk: int) -> None:
    """A job: Stripe writes invoices to the name that we know. Raises gateway.Unavailable, so that it is tried again."""
    person = Person.objects.filter(pk=person_pk).first()
    if person is None:  # merged since
        return
    for customer in StripeCustomer.objects.filter(person=person, stripe_id__isnull=False, deleted_at=None):
        try:
            gateway.update_customer(str(customer.stripe_id), email=person.email, name=person.name)
        except gateway.Missing:
            reflecting.customer(str(customer.stripe_id))


# --- What they allow ---


@transaction.atomic
def set_consents(person: Person, *, wanted: dict[str, bool]) -> list[Consent]:
    """Note what changed, by purpose: each a row with its words and time, yes or no. What stays is not said again."""
    return _note(_locked(person), wanted)


def _note(person: Person, wanted: dict[str, bool]) -> list[Consent]:
    current = given(person)
    changed = [
        Consent(person=person, purpose=each.purpose, given=wanted[each.purpose], wording=each.words)
        for each in wordings.CONSENTS
        if each.purpose in wanted and wanted[each.purpose] != current[each.purpose]
    ]
    return Consent.objects.bulk_create(changed)


def given(person: Person) -> dict[str, bool]:
    """What they said last on each purpose; no for what they were never asked."""
    said = {each.purpose: each.given for each in Consent.objects.filter(person=person).latest()}
    return {each.purpose: said.get(each.purpose, False) for each in wordings.CONSENTS}


@transaction.atomic
def declare_gift_aid(person: Person) -> GiftAidDeclaration:
    """Make a declaration with today's words; the one in force if there is one. Raises AddressMissing."""
    person = _locked(person)
    in_force = person.gift_aid_declarations.in_force().lasting().first()
    if in_force is not None:
        return in_force
    if person.is_organisation or not (person.first_name and person.last_name and person.address_line1):
        raise AddressMissing
    return people.declare_gift_aid(person, declared=person)


@transaction.atomic
def cancel_gift_aid(person: Person) -> int:
    """Claim on nothing that they give from today on; the number of declarations that end."""
    declarations = list(_locked(person).gift_aid_declarations.in_force())
    for each in declarations:
        each.cancelled_on = timezone.localdate()
        each.save()
    return len(declarations)


# --- Money ---


def refresh(person: Person) -> list[str]:
    """Read back from Stripe what they may just have changed there; what changed here. Raises gateway.Unavailable."""
    live = Subscription.objects.of_person(person).live().values_list("stripe_id", flat=True)
    return [change for stripe_id in live for change in reflecting.subscription(stripe_id)]


def pay_again(subscription: Subscription) -> None:
    """Try once more to collect what could not be taken. Raises gateway.Declined, Unavailable.

    Paid meanwhile (two clicks, two tabs, the page of the invoice) is as good.
    """
    try:
        gateway.pay_invoice(subscription.unpaid_invoice_id)
    except gateway.Declined:
        raise
    except gateway.Refused:
        if gateway.invoice(subscription.unpaid_invoice_id).status == "open":
            raise
    finally:
        reflecting.subscription(subscription.stripe_id)


# --- Good bye ---


def close_account(mine: Mine, *, user: AbstractBaseUser) -> Membership | None:
    """End what renews, withdraw every consent, delete the sign-in account; the membership that was ended, if any.

    What was paid for runs to its end. The record stays as long as tax law wants to see it. Done twice is done once.
    Raises StaffAccount; gateway.Unavailable, and then nothing has changed.
    """
    account = User.objects.get(pk=user.pk)
    if account.is_staff:
        raise StaffAccount
    ended = _end_what_renews(mine)
    with transaction.atomic():
        locked = _locked(mine.person)
        _note(locked, {each.purpose: False for each in wordings.CONSENTS})
        mails.account_closed(locked, ended)
        locked.user = None
        locked.save()
        _delete(account)
    return ended


def _end_what_renews(mine: Mine) -> Membership | None:
    """At Stripe first. Also what has no membership yet, since its first debit is under way."""
    if mine.can_cancel and mine.membership is not None:
        subscriptions.cancel(mine.membership, reason="Account closed by the member")
    for each in Subscription.objects.of_person(mine.person).live().filter(cancel_at=None):
        gateway.set_ending(each.stripe_id, ends=True, comment="Account closed by the member")
        reflecting.subscription(each.stripe_id)
    return mine.membership if mine.has_own else None


def _delete(account: User) -> None:
    """Who once recorded payments as staff cannot be deleted, since each says who recorded it: it is shut instead."""
    try:
        with transaction.atomic():
            account.delete()
    except ProtectedError:
        account.is_active = False
        account.set_unusable_password()
        account.save()
        EmailAddress.objects.filter(user=account).delete()


def _locked(person: Person) -> Person:
    return Person.objects.select_for_update(of=("self",)).get(pk=person.pk)
