"""The membership page: why join, and what it costs."""

import pytest

from membership.models import Plan
from membership.reasons import REASONS
from tests.factories import PlanFactory, PriceFactory

pytestmark = pytest.mark.django_db


def test_the_page_gives_every_reason_and_every_offered_plan_with_its_current_price(client):
    individual = PlanFactory(name="Individual", slug="individual")
    PriceFactory(plan=individual, amount_pence=2500)
    PriceFactory(plan=individual, amount_pence=250, interval="month")
    PriceFactory(plan=PlanFactory(name="Withdrawn plan", is_offered=False))
    PlanFactory(name="Plan without a price")
    html = client.get("/membership/").content.decode()
    assert [reason for reason in REASONS if reason not in html] == []
    assert 'href="/membership/join/individual/"' in html
    assert "<strong>£25.00</strong> a year" in html
    assert "<strong>£2.50</strong> a month" in html
    assert "Withdrawn plan" not in html
    assert "Plan without a price" not in html


def test_plans_come_in_the_order_that_staff_gave_them(client):
    for position, name in [(2, "Second"), (1, "First"), (3, "Third")]:
        PriceFactory(plan=PlanFactory(name=name, position=position))
    assert [plan.name for plan in client.get("/membership/").context["plans"]] == ["First", "Second", "Third"]


def test_without_a_plan_the_page_says_what_to_do(client):
    assert not Plan.objects.exists()
    html = client.get("/membership/").content.decode()
    assert "Joining online is closed just now" in html
    assert 'href="/contact/"' in html
