"""What the tests of membership share: plans, a filled-in form, money that comes."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from membership.actions.payments import Money, record
from membership.models import Application, Payment, Person, Plan, Price
from tests.factories import PlanFactory, PriceFactory
from tests.membership.stripe_site import StripeSite


@pytest.fixture
def individual(db) -> Plan:
    """£25 a year."""
    plan = PlanFactory(name="Individual", slug="individual", position=1)
    PriceFactory(plan=plan)
    return plan


@pytest.fixture
def household(db) -> Plan:
    """£35 a year, four people."""
    plan = PlanFactory(name="Household", slug="household", max_people=4, position=2)
    PriceFactory(plan=plan, amount_pence=3500)
    return plan


@pytest.fixture
def life(db) -> Plan:
    """£400 once."""
    plan = PlanFactory(name="Life", slug="life", is_life=True, position=3)
    PriceFactory(plan=plan, amount_pence=40_000, interval="once")
    return plan


@pytest.fixture
def stripe_site(db, settings, stripe_sandbox) -> StripeSite:
    """The site, paying into an empty sandbox."""
    settings.STRIPE_SECRET_KEY = stripe_sandbox.key
    settings.STRIPE_WEBHOOK_SECRET = stripe_sandbox.secret
    settings.STRIPE_API_BASE = stripe_sandbox.url
    return StripeSite(stripe_sandbox)


def price_of(plan: Plan) -> Price:
    return plan.prices.current().get()


def typed(plan: Plan, **changes: Any) -> dict[str, Any]:
    """What a browser sends when Ana joins; `changes` with None leave a field out."""
    data = {
        "token": uuid.uuid4(),
        "first_name": "Ana",
        "last_name": "Quispe",
        "email": "ana@people.example",
        "address_line1": "1 Test Street",
        "town": "London",
        "postcode": "n1 9gu",
        "country": "United Kingdom",
        "price": plan.prices.current().first().pk,
        "amount": "",
        "method": "cheque",
    } | changes
    return {name: value for name, value in data.items() if value is not None}


@pytest.fixture
def join(client) -> Callable[..., Application]:
    """Fill in the join page as a visitor; the application that came of it."""

    def fill_in(plan: Plan, *, by: Client | None = None, **changes: Any) -> Application:
        response = (by or client).post(plan.get_absolute_url(), typed(plan, **changes))
        assert response.status_code == 302, response.context["form"].errors
        return Application.objects.get(secret=response["Location"].split("/")[-2])

    return fill_in


def pay(person: Person, plan: Plan, **changes: Any) -> Payment:
    """Money for a membership, recorded now."""
    money = {
        "gross_pence": price_of(plan).amount_pence,
        "method": "cheque",
        "received_on": timezone.localdate(),
        "token": str(uuid.uuid4()),
    }
    options = {name: changes.pop(name) for name in ("application", "take_details", "last_seen") if name in changes}
    return record(person=person, price=price_of(plan), money=Money(**money | changes), **options)
