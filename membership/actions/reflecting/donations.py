"""Donations as Stripe has them: the single payment of a page, and gifts that come every month."""

from membership import gateway
from membership.actions import donating, gift_dunning
from membership.actions.payments import Money
from membership.actions.reflecting import recurring
from membership.actions.reflecting.checkouts import close_checkout
from membership.facts import SessionFacts, SubscriptionFacts
from membership.models import (
    CheckoutState,
    Donation,
    DonationCheckout,
    Payment,
    Person,
    RegularGift,
    StripeCustomer,
)
from membership.models.stripe import ENDED
from membership.money import pounds


def page_of(facts: SessionFacts) -> DonationCheckout | None:
    """The page of ours, by its id or by the key that went along."""
    known = DonationCheckout.objects.select_related("donation", "customer").filter(stripe_id=facts.id).first()
    return known or page_by_key(facts.metadata)


def page_by_key(metadata: dict[str, str]) -> DonationCheckout | None:
    """The page on which a donation is paid whose secret key these metadata carry."""
    key = metadata.get("psg_donation", "")
    found = DonationCheckout.objects.select_related("donation", "customer__person")
    return found.filter(key=key).first() if len(key) == 36 else None


def receive_new(donation: Donation, money: Money) -> list[str]:
    """Record money of a locked donation that is not recorded yet; what changed, in words."""
    if Payment.objects.filter(token=money.token).exists():
        return []
    payment = donating.receive_locked(donation, money=money)
    return [f"{payment.person}: recorded a gift of {pounds(money.gross_pence)} of {money.received_on:%-d %B %Y}"]


# --- Every month ---

Source = tuple[Donation, StripeCustomer, RegularGift | None, DonationCheckout | None]


def gift_of(facts: SubscriptionFacts) -> Source | None:
    """What a monthly gift comes from; None for what is none."""
    row = RegularGift.objects.select_related("donation", "customer__person").filter(stripe_id=facts.id).first()
    page = page_by_key(facts.metadata)
    if row is not None:
        return row.donation, row.customer, row, page
    return (page.donation, page.customer, None, page) if page is not None else None


def monthly(source: Source, facts: SubscriptionFacts) -> list[str]:
    """Make a monthly gift, and every payment for it, agree with Stripe. The caller holds its turn."""
    donation, customer, row, page = source
    invoices = gateway.paid_invoices(facts.id)
    known = set(Payment.objects.filter(token__in=[each.id for each in invoices]).values_list("token", flat=True))
    monies = [money for each in invoices if each.id not in known and (money := recurring.money_of(each))]
    # Nothing is asked of Stripe from here on: rows are locked.
    donation = donating.lock(donation)
    Person.objects.select_for_update().get(pk=donation.person_id)
    row, changes = _write(facts, donation, customer, row)
    for money in monies:
        changes += receive_new(donation, money)
    if page is not None:
        _settle_page(page, row, facts)
    gift_dunning.monthly_failed(row)
    gift_dunning.monthly_ended(row)
    return changes


def _write(
    facts: SubscriptionFacts, donation: Donation, customer: StripeCustomer, before: RegularGift | None
) -> tuple[RegularGift, list[str]]:
    columns = recurring.columns_of(facts, before)
    if before is None:
        columns.setdefault("method", donation.method)
        row = RegularGift.objects.create(stripe_id=facts.id, donation=donation, customer=customer, **columns)
        return row, [f"{donation.person}: gives {pounds(row.amount_pence)} every month"]
    changed = [name for name, value in columns.items() if getattr(before, name) != value]
    for name in changed:
        setattr(before, name, columns[name])
    if changed:
        before.save(update_fields=changed)
    return before, [f"{donation.person}: monthly gift brought up to date"] if changed else []


def _settle_page(page: DonationCheckout, row: RegularGift, facts: SubscriptionFacts) -> None:
    """Pending until money has come, failed if it bounced; what failed never waits again."""
    found = DonationCheckout.objects.select_for_update(of=("self",)).select_related("donation__person")
    page = found.get(pk=page.pk)
    if page.state == CheckoutState.PAID:
        return
    invoice = facts.latest_invoice.status if facts.latest_invoice else ""
    state = CheckoutState.PENDING
    if page.donation.payments.exists() or invoice == "paid":
        state = CheckoutState.PAID
    elif row.status in ENDED or row.unpaid_invoice_id or invoice in ("void", "uncollectible"):
        state = CheckoutState.FAILED
    elif page.state == CheckoutState.FAILED:
        return
    close_checkout(page, state, subscription_id=row.stripe_id)
