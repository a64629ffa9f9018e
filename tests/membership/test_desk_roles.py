"""The membership desk: who may."""

import uuid

import pytest
from django.utils import timezone

from membership.actions import memberships
from membership.models import Application, Concern, Membership, Payment, Person, PriceChange, StripeEvent
from tests.factories import PersonFactory, PriceFactory, SubscriptionFactory
from tests.membership.conftest import pay
from tests.membership.desk_pages import LIST

pytestmark = pytest.mark.django_db
# Lists of the stock admin have an inline style, which our policy does not let through.
STOCK = {"concerns", "events", "list", "applications", "payments", "plans", "history"}


@pytest.fixture
def desk(client_as):
    return client_as("Membership")


def _cancelled(plan) -> Membership:
    return memberships.cancel(pay(PersonFactory(), plan).term.membership, reason="x")


def _dearer_than(subscription) -> str:
    """The page on which members are told of another plan's new price."""
    monthly = PriceFactory(interval="month", amount_pence=900)
    SubscriptionFactory(
        membership=subscription.membership, price=monthly, amount_pence=800, customer=subscription.customer
    )
    return f"/admin/membership/plan/prices/{monthly.pk}/tell/"


class TestWhoMay:
    @pytest.fixture
    def paths(self, individual, join) -> dict[str, str]:
        person = PersonFactory()
        payment = pay(person, individual)
        application = join(individual)
        other = PersonFactory()
        subscription = SubscriptionFactory(membership=person.memberships.get())
        concern = Concern.objects.create(kind="dispute", about="x", text="Look.", person=person)
        event = StripeEvent.objects.create(
            stripe_id="evt_1", type="invoice.paid", object_id="in_1", happened_at=timezone.now(), state="applied"
        )
        return {
            "resume": f"{LIST}memberships/{_cancelled(individual).pk}/resume/",
            "change plan": f"{LIST}subscriptions/{subscription.pk}/plan/",
            "concerns": "/admin/membership/concern/",
            "concern": f"/admin/membership/concern/{concern.pk}/change/",
            "events": "/admin/membership/stripeevent/",
            "event": f"/admin/membership/stripeevent/{event.pk}/change/",
            "tell price": _dearer_than(subscription),
            "list": LIST,
            "person": f"{LIST}{person.pk}/change/",
            "history": f"{LIST}{person.pk}/history/",
            "record": f"{LIST}{person.pk}/record/",
            "household": f"{LIST}{person.pk}/household/",
            "duplicates": f"{LIST}duplicates/",
            "merge": f"{LIST}{person.pk}/merge/{other.pk}/",
            "cancel": f"{LIST}memberships/{person.memberships.get().pk}/cancel/",
            "reverse": f"{LIST}payments/{payment.pk}/reverse/",
            "application": f"/admin/membership/application/{application.pk}/change/",
            "applications": "/admin/membership/application/",
            "payments": "/admin/membership/payment/",
            "payment": f"/admin/membership/payment/{payment.pk}/change/",
            "plans": "/admin/membership/plan/",
            "plan": f"/admin/membership/plan/{individual.pk}/change/",
        }

    @pytest.mark.parametrize(
        ("role", "may"),
        [
            ("Membership", None),
            ("Administrator", None),
            ("Treasurer", {"payments", "payment", "plans", "plan", "tell price"}),
            ("Editor", set()),
            ("Writer", set()),
            ("Events", set()),
        ],
    )
    def test_each_role_opens_its_own_pages_and_no_others(self, client_as, paths, role, may):
        client = client_as(role)
        statuses = {name: client.get(path).status_code for name, path in paths.items()}
        expected = set(paths) if may is None else may
        assert {name for name, status in statuses.items() if status == 200} == expected
        assert {status for name, status in statuses.items() if name not in expected} <= {403}

    @pytest.mark.parametrize("role", ["Treasurer", "Editor", "Writer", "Events"])
    def test_nor_act_by_a_forged_request(self, client_as, paths, role):
        client = client_as(role)
        before = (Payment.objects.count(), Person.objects.count(), Membership.objects.filter(cancelled_on=None).count())
        for name in ("record", "household", "merge", "cancel", "reverse", "resume", "change plan"):
            assert client.post(paths[name], {"reason": "x", "token": uuid.uuid4()}).status_code == 403
        application = Application.objects.open().get()
        assert client.post(f"{LIST}applications/{application.pk}/discard/").status_code == 403
        assert client.post(f"{LIST}concerns/{Concern.objects.get().pk}/settle/").status_code == 403
        if role != "Treasurer":
            assert client.post(paths["tell price"]).status_code == 403
        assert PriceChange.objects.count() == 0
        assert Concern.objects.open().count() == 1
        after = (Payment.objects.count(), Person.objects.count(), Membership.objects.filter(cancelled_on=None).count())
        assert before == after

    def test_a_visitor_is_asked_to_sign_in(self, client, paths):
        assert {client.get(path).status_code for path in paths.values()} == {302}

    def test_the_treasurer_sees_names_without_links_to_people(self, client_as, paths):
        html = client_as("Treasurer").get(paths["payments"]).content.decode()
        assert "Test Person" in html
        assert "/admin/membership/person/" not in html

    def test_nobody_adds_changes_or_deletes_a_payment_by_the_stock_forms(self, client_as, paths):
        client = client_as("Superuser")
        assert client.get("/admin/membership/payment/add/").status_code == 403
        assert client.post(paths["payment"], {"gross_pence": 1}).status_code == 403
        assert client.post(paths["payment"].replace("change", "delete"), {"post": "yes"}).status_code == 403

    def test_the_pages_of_the_desk_allow_no_inline_script_or_style(self, client_as, paths):
        client = client_as("Membership")
        for name, path in paths.items():
            response = client.get(path)
            assert "unsafe" not in response["Content-Security-Policy"]
            assert name in STOCK or " style=" not in response.content.decode()
