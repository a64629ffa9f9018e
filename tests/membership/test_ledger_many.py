"""With 50,000 payments the ledger's pages and files stay quick."""

import time

import pytest
from django.db import connection

from membership.models import Payment
from tests.factories import PersonFactory
from tests.membership.conftest import pay

pytestmark = [pytest.mark.great_numbers, pytest.mark.django_db]
MANY = 50_000
LONGEST = 3  # seconds for a page: many times what it takes on a busy machine of two cores
LONGEST_FILE = 60  # seconds for all 50,000 rows as a spreadsheet

# Each payment buys a month; every tenth is given back.
FILL = """
INSERT INTO membership_payment (person_id, purpose, method, gross_pence, fee_pence, currency, received_on,
    bank_reference, reason, token, stripe_invoice_id, stripe_payment_intent_id, stripe_charge_id, created_at)
SELECT {person}, 'membership', (ARRAY['card', 'debit', 'cheque', 'transfer'])[1 + n % 4], 2500, 58, 'GBP',
    current_date - n % 3650, '', '', 'many ' || n, '', '', '', now() FROM generate_series(1, {number}) AS n;
INSERT INTO membership_membership (person_id, plan_id, method, reference, cancel_reason, created_at)
SELECT {person}, {plan}, 'card', 'Y' || id, '', now() FROM membership_payment WHERE token LIKE 'many %';
INSERT INTO membership_term (membership_id, price_id, payment_id, starts_on, ends_on, grace_until, invoice_id,
    created_at)
SELECT m.id, {price}, p.id, p.received_on, p.received_on + 30, p.received_on + 60, '', now()
FROM membership_payment p JOIN membership_membership m ON m.reference = 'Y' || p.id;
ANALYZE membership_payment; -- the triggers look there, and plan by what was known when they began
INSERT INTO membership_payment (person_id, purpose, method, gross_pence, fee_pence, currency, received_on, reverses_id,
    bank_reference, reason, token, stripe_invoice_id, stripe_payment_intent_id, stripe_charge_id, created_at)
SELECT person_id, purpose, method, -2500, 0, 'GBP', received_on, id, '', 'refunded', 'back ' || id, '', '', '', now()
FROM membership_payment WHERE token LIKE 'many %0';
ANALYZE membership_payment; ANALYZE membership_term; ANALYZE membership_membership;
"""


@pytest.fixture
def many(individual) -> Payment:
    first = pay(PersonFactory(), individual)
    numbers = {"person": PersonFactory().pk, "plan": individual.pk, "price": first.term.price_id, "number": MANY}
    with connection.cursor() as cursor:
        cursor.execute(FILL.format(**numbers))
    return first


def test_pages_and_files_of_the_ledger_are_answered_in_time(many, client_as):
    treasurer = client_as("Treasurer")
    ledger = "/admin/membership/payment/ledger/"
    pages = [ledger, f"{ledger}?month=2020-02", "/admin/membership/payment/", f"{ledger}rows.csv?first=2026-01-01"]
    pages.append(f"/admin/membership/payment/statement/{many.person_id}/")
    assert {page: seconds for page in pages if (seconds := taken(treasurer, page)) > LONGEST} == {}
    assert taken(treasurer, f"{ledger}rows.xlsx") < LONGEST_FILE


def taken(client, path: str) -> float:
    started = time.perf_counter()
    assert client.get(path).status_code == 200
    seconds = time.perf_counter() - started
    print(f"{path}: {seconds:.2f} s")
    return seconds


def test_a_month_is_found_by_its_index(many):
    assert "payment_booked" in Payment.objects.booked_in(many.received_on.replace(day=1)).explain()
