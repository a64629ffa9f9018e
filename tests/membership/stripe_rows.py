"""Rows as they stand after something was read back from Stripe."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from membership import references
from membership.models import (
    Application,
    Checkout,
    Membership,
    Person,
    Plan,
    Price,
    PriceChange,
    StripeCustomer,
    StripePrice,
    Subscription,
)

FAILING = {
    "status": "past_due",
    "unpaid_invoice_id": "in_1",
    "unpaid_pence": 2500,
    "unpaid_attempts": 1,
    "unpaid_url": "https://invoice.stripe.example/in_1",
}


def application_of(person: Person, plan: Plan, **changes: Any) -> Application:
    """What they filled in, to pay by card."""
    price = plan.prices.order_by("pk").first()
    own = {"token": uuid.uuid4(), "reference": references.new_reference(), "identity": uuid.uuid4().hex}
    paid = {"price": price, "amount_pence": price.amount_pence, "method": "card", "renews": True}
    return Application.objects.create(person=person, plan=plan, **person.details() | own | paid | changes)


def customer_of(person: Person) -> StripeCustomer:
    customer, _ = StripeCustomer.objects.get_or_create(person=person, defaults={"stripe_id": f"cus_{person.pk}"})
    return customer


def subscription_of(person: Person, plan: Plan, *, renews: str, **changes: Any) -> Subscription:
    """One that renews their membership at that moment (ISO, UTC), by Visa card."""
    facts = {
        "stripe_id": f"sub_{uuid.uuid4().hex[:8]}",
        "customer": customer_of(person),
        "membership": Membership.objects.filter(person=person).first(),
        "price": plan.prices.order_by("pk").first(),
        "amount_pence": 2500,
        "item_id": "si_1",
        "status": "active",
        "started_at": timezone.now(),
        "period_ends_at": datetime.fromisoformat(renews).replace(tzinfo=UTC),
        "method": "card",
        "payment_method_id": "pm_1",
        "card_brand": "visa",
        "last4": "4242",
    } | changes
    if "application" not in facts:
        facts["application"] = application_of(person, plan, state="replaced")
    return Subscription.objects.create(**facts)


def checkout_of(application: Application, state: str = "failed") -> Checkout:
    """The page to pay on that they used."""
    wanted = {"price": application.price, "amount_pence": application.amount_pence}
    return Checkout.objects.create(
        application=application,
        customer=customer_of(application.person),
        stripe_price=StripePrice.objects.get_or_create(**wanted)[0],
        method=application.method,
        renews=application.renews,
        state=state,
        expires_at=timezone.now() + timedelta(hours=1),
    )


def announce(subscription: Subscription, *, pence: int, on: str) -> PriceChange:
    """A new price from that renewal on."""
    price = Price.objects.create(
        plan=subscription.price.plan,
        amount_pence=pence,
        interval=subscription.price.interval,
        retired_at=timezone.now(),
    )
    return PriceChange.objects.create(
        subscription=subscription,
        price=price,
        amount_before_pence=subscription.amount_pence,
        amount_pence=pence,
        effective_on=on,
    )
