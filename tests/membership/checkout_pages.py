"""What the tests of Stripe's page share: sending the join form, pressing Pay now, counting at Stripe."""

from django.test import Client

from membership.actions import joining
from membership.models import (
    Application,
)
from membership.models.details import DETAIL_FIELDS
from tests.membership.conftest import price_of, typed
from tests.membership.stripe_site import StripeSite


def send(client: Client, plan, **changes):
    return client.post(plan.get_absolute_url(), typed(plan, **{"method": "card"} | changes))


def only() -> Application:
    return Application.objects.get()


def counts(site: StripeSite) -> dict[str, int]:
    return {kind: len(site.sandbox.objects(kind)) for kind in ("customer", "price", "checkout.session")}


ONE_EACH = {"customer": 1, "price": 1, "checkout.session": 1}


def sessions(site: StripeSite, status: str = "open") -> list[dict]:
    return [each for each in site.sandbox.objects("checkout.session") if each["status"] == status]


def press_pay(client: Client, application: Application, **data):
    return client.post(f"/membership/pay/{application.secret}/", data)


def wish(plan, **details: str) -> joining.Wish:
    """What somebody asks for who pays by card."""
    columns = dict.fromkeys(DETAIL_FIELDS, "") | {"first_name": "Ana", "last_name": "Quispe"} | details
    price = price_of(plan)
    return joining.Wish(plan, price, price.amount_pence, "card", columns, renews=True)
