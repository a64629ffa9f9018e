"""Which account belongs to which person. Asking for a code proves nothing; entering it does."""

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef

from membership.actions.joining import verify_email
from membership.models import Membership, Payment, Person
from psg.accounts import vouch_for_address
from psg.models import User


def account_for(email: str) -> User | None:
    """The account of the person with this address, made if there is none. Nothing of the record changes.

    Staff are reached at their account's own address only: else whoever may edit a record could become them.
    """
    person = _owner(email)
    if person is None:
        return None
    if person.user is not None:
        return None if person.user.is_staff else person.user
    return _make(person)


def _owner(email: str) -> Person | None:
    """Whose verified address it is; else the record with it that has most: a membership or payment, then the oldest."""
    email = email.strip().lower()
    people = Person.objects.select_related("user")
    verified = people.with_verified_email(email).first()
    if verified is not None or not email:
        return verified
    memberships, payments = (model.objects.filter(person=OuterRef("pk")) for model in (Membership, Payment))
    ranked = people.filter(email=email).annotate(
        has_membership=Exists(memberships),
        has_paid=Exists(payments),
        has_account=Exists(User.objects.filter(person=OuterRef("pk"))),
    )
    return ranked.order_by("-has_account", "-has_membership", "-has_paid", "created_at", "pk").first()


def _make(person: Person) -> User | None:
    """An account without a password. Two who ask at once get the same one."""
    try:
        with transaction.atomic():
            user = User.objects.create_user(person.email, name=person.name[:150])
            vouch_for_address(user)
    except IntegrityError:
        return User.objects.filter(email=person.email, is_active=True).first()
    return user


@transaction.atomic
def address_proved(user: User, *, email: str) -> None:
    """They read the mail that was sent to this address: the record with it is theirs, and so is the address."""
    person = _lock(_theirs(user) or _owner(email))
    if person is None or person.email != email.strip().lower() or person.user_id not in (None, user.pk):
        return
    if person.user_id is None:
        person.user = user
        person.save()
    if person.email_verified_at is None:
        verify_email(person)
    if user.email != person.email and not user.is_staff:
        _move(user, person.email)


@transaction.atomic
def link_verified(user: User) -> None:
    """An account with the verified address of a person who has none is theirs, however it was made and used."""
    if _theirs(user) is not None:
        return
    person = _lock(Person.objects.with_verified_email(user.email).filter(user=None).first())
    is_proved = EmailAddress.objects.filter(user=user, email=user.email, verified=True).exists()
    if person is not None and person.user_id is None and is_proved:
        person.user = user
        person.save()


def _theirs(user: User) -> Person | None:
    return Person.objects.filter(user=user).first()


def _lock(person: Person | None) -> Person | None:
    """The row as it is now; None if it was merged away meanwhile."""
    return Person.objects.select_for_update(of=("self",)).filter(pk=person.pk).first() if person else None


def _move(user: User, email: str) -> None:
    """The record has another address, and they have just proved it: the account follows, unless another has it."""
    if not User.objects.filter(email=email).exists():
        user.email = email
        user.save(update_fields=["email"])
        vouch_for_address(user)
