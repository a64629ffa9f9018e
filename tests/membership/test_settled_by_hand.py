"""A renewal fails at Stripe, and the member sends a cheque: the money is not taken a second time."""

import pytest

from membership.models import Payment, Subscription
from tests.membership.desk_pages import opened, record, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def overdue(stripe_site, individual):
    """Their card failed at the renewal, and Stripe goes on trying."""
    person = stripe_site.member(individual)
    customer = person.stripe_customers.get().stripe_id
    stripe_site.sandbox.decline(customer, "insufficient_funds")
    stripe_site.sandbox.advance("1y")
    stripe_site.sandbox.advance("2h")
    stripe_site.tell()
    assert Subscription.objects.get().status == "past_due"
    return person


def test_a_cheque_settles_the_open_invoice_and_the_card_is_charged_no_more(client_as, stripe_site, overdue):
    desk = client_as("Membership")
    answer = record(desk, overdue, opened(desk, overdue) | {"method": "cheque"})
    assert "does not try any more" in said(answer)
    stripe_site.sandbox.decline(overdue.stripe_customers.get().stripe_id, None)
    stripe_site.sandbox.advance("25d")
    stripe_site.tell()
    row = Subscription.objects.get()
    assert (row.status, row.unpaid_invoice_id) == ("active", "")
    assert sorted(Payment.objects.values_list("method", flat=True)) == ["card", "cheque"]
    assert overdue.memberships.get().terms.count() == 2
    assert not overdue.concerns.exists()


def test_if_stripe_cannot_be_told_staff_are(client_as, stripe_site, overdue):
    stripe_site.sandbox.fault("POST /v1/invoices/*", 500, times=9)
    desk = client_as("Membership")
    answer = record(desk, overdue, opened(desk, overdue) | {"method": "cheque"})
    assert "Mark the open invoice as paid outside of Stripe" in said(answer)
    assert Payment.objects.count() == 2
