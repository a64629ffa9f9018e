"""The site and the Stripe sandbox together: pages to pay on, and events told by the test in the order it wants."""

import json
import time
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import stripe
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from membership import gateway
from membership.actions import catalogue
from membership.models import Application, Checkout, Person, Plan, StripeCustomer, StripePrice, Subscription
from tests.stripe_sandbox import StripeSandbox

WEBHOOK = "/membership/stripe/webhook/"


def signed(body: str, secret: str, *, at: int | None = None) -> str:
    """The header that Stripe would send with this body."""
    return stripe.WebhookSignature.generate_signature_header(body, secret, timestamp=at)


class StripeSite:
    """`sandbox` is the local Stripe; `client` is who calls the webhook. Nothing is told unless the test tells it."""

    def __init__(self, sandbox: StripeSandbox) -> None:
        self.sandbox = sandbox
        self.client = Client(raise_request_exception=False)
        self.told: set[str] = set()

    def post(self, event: dict[str, Any] | str, *, secret: str = "", at: int | None = None) -> HttpResponse:
        """Call the webhook with an event, signed now."""
        body = event if isinstance(event, str) else json.dumps(event)
        header = signed(body, secret or settings.STRIPE_WEBHOOK_SECRET, at=at or int(time.time()))
        return self.client.post(WEBHOOK, body, content_type="application/json", headers={"Stripe-Signature": header})

    def untold(self, *types: str) -> list[dict[str, Any]]:
        return [event for event in self.sandbox.events(*types) if event["id"] not in self.told]

    def tell(self, events: Iterable[dict[str, Any]] | None = None) -> list[int]:
        """Tell these events (all that were not told, the oldest first); the answers' statuses."""
        statuses = []
        for event in list(self.untold() if events is None else events):
            self.told.add(event["id"])
            statuses.append(self.post(event).status_code)
        return statuses

    def forget(self) -> None:
        """Let everything that happened until now be lost."""
        self.told |= {event["id"] for event in self.sandbox.events()}

    # --- Pages to pay on ---

    def open_checkout(self, application: Application) -> Checkout:
        """A page on which this application can be paid."""
        customer = StripeCustomer.objects.filter(person=application.person).first()
        if customer is None:
            customer = StripeCustomer.objects.create(person=application.person)
            customer.stripe_id = gateway.create_customer(
                key=customer.key, email=application.email, name=application.name, metadata={}
            )
            customer.save()
        now = datetime.fromtimestamp(self.sandbox.now, UTC)
        price, _ = StripePrice.objects.get_or_create(price=application.price, amount_pence=application.amount_pence)
        checkout = Checkout.objects.create(
            application=application,
            customer=customer,
            stripe_price=price,
            method=application.method,
            renews=application.renews,
            expires_at=now + timedelta(hours=23),
        )
        what: dict[str, Any] = {"price": catalogue.price_id(price)} if application.renews else {}
        if not application.renews:
            what = {"product": catalogue.product(application.plan), "amount_pence": application.amount_pence}
        facts = gateway.create_session(
            key=checkout.key,
            customer=customer.stripe_id or "",
            **what,
            renews=application.renews,
            method=application.method,
            success_url="http://testserver/paid",
            cancel_url="http://testserver/back",
            reference=application.reference,
            metadata={"psg_checkout": str(checkout.key), "psg_price": str(application.price_id)},
        )
        checkout.stripe_id, checkout.url, checkout.state = facts.id, facts.url, "open"
        checkout.save()
        return checkout

    def member(self, plan: Plan, *, number: str = "4242424242424242", tell: bool = True, **typed: Any) -> Person:
        """Somebody who joined and paid on Stripe's page."""
        application = apply(plan, **typed)
        checkout = self.open_checkout(application)
        how = {"type": "bacs_debit", "account_number": number} if application.method == "debit" else {}
        self.sandbox.pay(checkout.stripe_id or "", number, **how)
        if tell:
            self.tell()
        application.refresh_from_db()
        return application.person


def stripe_price(application: Application) -> str:
    """The application's price at Stripe."""
    return catalogue.stripe_price(application.price, application.amount_pence)


def apply(plan: Plan, *, method: str = "card", renews: bool = True, amount: int | None = None, **details: Any):
    """What somebody filled in on the join page, waiting for its payment."""
    number = uuid.uuid4().hex[:6]
    price = plan.prices.current().order_by("-interval").first()
    details = {"first_name": "Ana", "last_name": f"Quispe {number}", "email": f"ana.{number}@people.example"} | details
    person = Person.objects.create(**details)
    return Application.objects.create(
        token=uuid.uuid4(),
        reference=f"PSG{number}",
        identity=uuid.uuid4().hex,
        person=person,
        plan=plan,
        price=price,
        amount_pence=amount or price.amount_pence,
        method=method,
        renews=renews,
        **details,
    )


def again(site: StripeSite, person: Person, plan: Plan) -> Checkout:
    """The same human paid on another page; nobody told us."""
    application = apply(plan)
    Application.objects.filter(pk=application.pk).update(person=person)
    application.refresh_from_db()
    checkout = site.open_checkout(application)
    site.sandbox.pay(checkout.stripe_id)
    return checkout


def row() -> Subscription:
    """The newest subscription."""
    return Subscription.objects.latest("pk")


def update(site: StripeSite, **params: Any) -> None:
    """What staff do in Stripe's dashboard, or the member in its portal."""
    site.sandbox.client.v1.subscriptions.update(row().stripe_id, params)


def go_on(site: StripeSite, by: str) -> None:
    """Let time pass at Stripe, and tell what happened."""
    site.sandbox.advance(by)
    site.sandbox.advance("2h")
    assert set(site.tell()) <= {200}
