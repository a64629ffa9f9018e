"""Who somebody is at Stripe, and the right to debit their account."""

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from membership import gateway, postcodes
from membership.actions import donating, dunning
from membership.actions.reflecting.turns import NotOurs, read_back, take_turn
from membership.models import DonationCheckout, Person, RegularGift, StripeCustomer, Subscription


@transaction.atomic
def customer(stripe_id: str) -> list[str]:
    """An address that was changed at Stripe follows here; a customer that was deleted there is not used again.

    Stripe tells of any change, so its address is remembered: an old one there must not undo a newer one here.
    Only a full British address follows: Stripe knows countries by code, and a card's postcode alone is no address.
    Their e-mail address is theirs to change here, where it is verified.
    """
    take_turn(stripe_id)
    row = StripeCustomer.objects.filter(stripe_id=stripe_id).first()
    if row is None:
        raise NotOurs(f"{stripe_id} was not made by this site")
    facts = read_back(gateway.customer, stripe_id)
    if facts.is_deleted:
        if row.deleted_at is None:
            StripeCustomer.objects.filter(pk=row.pk).update(deleted_at=timezone.now())
            return [f"{row.person}: deleted at Stripe"]
        return []
    if facts.address == row.address:
        return []
    StripeCustomer.objects.filter(pk=row.pk).update(address=facts.address)
    if any(not donating.may_change(row.person, page.donation) for page in _gifts_paid_as(row)):
        return []  # whoever gave in this name need not be them
    return _follow_address(row.person_id, facts.address)


def _gifts_paid_as(row: StripeCustomer) -> QuerySet[DonationCheckout]:
    return DonationCheckout.objects.filter(customer=row).select_related("donation")


def _follow_address(person_id: int, address: dict[str, str]) -> list[str]:
    if address.get("country") != "GB" or not (address.get("line1") and address.get("postal_code")):
        return []
    person = Person.objects.select_for_update().get(pk=person_id)
    columns = {
        "address_line1": address["line1"][:150],
        "address_line2": address.get("line2", "")[:150],
        "town": address.get("city", "")[:100],
        "postcode": postcodes.normalised(address["postal_code"])[:20],
        "country": "United Kingdom",
    }
    if all(getattr(person, name) == value for name, value in columns.items()):
        return []
    for name, value in columns.items():
        setattr(person, name, value)
    person.save()
    return [f"{person}: address changed at Stripe"]


@transaction.atomic
def mandate(stripe_id: str) -> list[str]:
    """The right to debit an account was taken back at the bank: ask for another way to pay."""
    take_turn(stripe_id)
    facts = read_back(gateway.mandate, stripe_id)
    paid_by_it = Subscription.objects.filter(payment_method_id=facts.payment_method)
    people = Person.objects.filter(stripe_customers__subscriptions__in=paid_by_it)
    list(Person.objects.select_for_update().filter(pk__in=people).order_by("pk"))  # people before what is theirs
    rows = list(paid_by_it.select_for_update(of=("self",)).select_related("customer__person"))
    gifts = RegularGift.objects.filter(payment_method_id=facts.payment_method)
    if not rows and not gifts.exists():
        raise NotOurs(f"no subscription of ours is paid by {stripe_id}")
    changes = []
    for row in rows if not facts.is_active else []:
        if row.is_live and not row.needs_new_method:
            row.needs_new_method = True
            row.save(update_fields=["needs_new_method"])
            dunning.new_method_needed(row, about=stripe_id)
            changes.append(f"{row.customer.person}: the Direct Debit was ended at their bank")
    if not facts.is_active and gifts.live().filter(needs_new_method=False).update(needs_new_method=True):
        changes.append(f"monthly gift by {stripe_id}: the Direct Debit was ended at the bank")
    return changes
