"""What happens to people's records: details taken over, declarations, consents, two records that are one human."""

from typing import Any

from django.utils import timezone

from membership import wordings
from membership.actions.joining import verify_email
from membership.models import (
    Application,
    Channel,
    Consent,
    Donation,
    GiftAidDeclaration,
    GiftAidScope,
    Person,
    PersonKind,
)


def take_over(person: Person, application: Application, *, take_details: bool) -> None:
    """What a paid application says comes true on the (locked) person: details if wished, declaration, consents."""
    if take_details:
        _take_details(person, application)
    if application.gift_aid_version and not person.is_organisation:
        declare_gift_aid(
            person,
            version=application.gift_aid_version,
            declared=application,
            made_on=timezone.localdate(application.created_at),
        )
    for each in application.consents:
        Consent.objects.create(
            person=person,
            purpose=each["purpose"],
            wording=each["wording"],
            at=application.created_at,
        )


def _take_details(person: Person, application: Application) -> None:
    """Copy name and address. A verified address changes only to one that was confirmed, and is verified then."""
    own_email, was_verified = person.email, person.email_verified_at is not None
    for name, value in application.details().items():
        setattr(person, name, value)
    person.kind = PersonKind.ORGANISATION if application.plan.is_for_organisations else PersonKind.PERSON
    if was_verified and application.email != own_email:
        person.email = own_email
    person.save()
    if application.email_confirmed_at and not was_verified and person.email == application.email:
        verify_email(person)


def declare_gift_aid(
    person: Person,
    *,
    declared: Person | Application | Donation,
    version: str = wordings.GIFT_AID_VERSION,
    scope: str = GiftAidScope.ALL,
    channel: str = Channel.WEB,
    made_on: Any = None,
    cancelled_on: Any = None,
) -> GiftAidDeclaration:
    """Keep a declaration with its words, and name and address as they were declared."""
    return GiftAidDeclaration.objects.create(
        person=person,
        scope=scope,
        channel=channel,
        made_on=made_on or timezone.localdate(),
        cancelled_on=cancelled_on,
        wording_version=version,
        wording=wordings.GIFT_AID[version],
        declared_name=f"{declared.title} {declared.contact_name}".strip(),
        declared_address="\n".join(declared.address_lines),
    )
