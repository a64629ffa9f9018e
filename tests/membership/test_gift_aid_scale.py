"""A claim of 20,000 gifts is looked at and made in time, with as many queries as one of twenty."""

import time
import uuid
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from membership.actions.claims import make_claim, preview
from tests.membership.conftest import price_of

pytestmark = [pytest.mark.great_numbers, pytest.mark.django_db]
FIRST, LAST = date(2022, 4, 6), date(2026, 11, 19)
LONGEST = 4  # seconds, on a busy machine of two cores

# Each person declared Gift Aid and paid four times, once a year; some payments went back, whole or in part.
FILL = """
INSERT INTO membership_person (kind, title, first_name, last_name, organisation_name, email, phone, address_line1,
    address_line2, town, postcode, country, language, do_not_contact, notes, created_at, sort_name, search_text)
SELECT 'person', '', 'First', 'Last' || n, '', n || '@many.example', '', n || ' Test Street', '', '', 'N1 9GU', '',
    'en', false, '', now(), n, n FROM generate_series({first}, {last}) AS n;
INSERT INTO membership_giftaiddeclaration (person_id, scope, made_on, channel, wording_version, wording, declared_name,
    declared_address, created_at)
SELECT id, 'all', '2024-01-01', 'web', '', '', '', '', now() FROM membership_person WHERE sort_name::int >= {first};
INSERT INTO membership_membership (person_id, plan_id, method, reference, cancel_reason, created_at)
SELECT id, {plan}, 'card', 'X' || id, '', now() FROM membership_person WHERE sort_name::int >= {first};
INSERT INTO membership_payment (person_id, purpose, method, gross_pence, fee_pence, currency, received_on,
    bank_reference, reason, token, stripe_invoice_id, stripe_payment_intent_id, stripe_charge_id, created_at)
SELECT id, 'membership', 'card', 2500, 0, 'GBP', date '2022-06-01' + year * 365, '', '', id || ' ' || year, '', '',
    '', now() FROM membership_person, generate_series(0, 3) AS year WHERE sort_name::int >= {first};
INSERT INTO membership_term (membership_id, price_id, payment_id, starts_on, ends_on, grace_until, invoice_id,
    created_at)
SELECT m.id, {price}, p.id, p.received_on, p.received_on + 364, p.received_on + 390, '', now()
FROM membership_payment p JOIN membership_membership m USING (person_id) WHERE m.reference LIKE 'X%%'
    AND p.reverses_id IS NULL AND NOT EXISTS (SELECT FROM membership_term t WHERE t.payment_id = p.id);
INSERT INTO membership_payment (person_id, purpose, method, gross_pence, fee_pence, currency, received_on, reverses_id,
    bank_reference, reason, token, stripe_invoice_id, stripe_payment_intent_id, stripe_charge_id, created_at)
SELECT person_id, purpose, method, CASE WHEN id %% 2 = 0 THEN -2500 ELSE -1000 END, 0, 'GBP', received_on, id, '',
    'asked for it', 'back ' || token, '', '', '', now() FROM membership_payment
WHERE id %% 10 < 2 AND reverses_id IS NULL AND NOT EXISTS (SELECT FROM membership_payment b
    WHERE b.reverses_id = membership_payment.id);
ANALYZE membership_payment; ANALYZE membership_term; ANALYZE membership_person;
"""


def test_a_claim_of_20_000_gifts_takes_no_more_queries_than_a_small_one(individual, staff, time_machine):
    time_machine.move_to("2026-11-20 12:00+00:00")
    by = staff("Treasurer")
    fill(individual, 1, 10)
    with CaptureQueriesContext(connection) as small:
        preview(FIRST, LAST)
    fill(individual, 11, 5000)
    with CaptureQueriesContext(connection) as large:
        started = time.perf_counter()
        found = preview(FIRST, LAST)
        seconds = time.perf_counter() - started
    assert len(found.lines) + len(found.refused) == 20_000
    assert len(large) == len(small) <= 12
    assert seconds < LONGEST
    made = make_claim(first=FIRST, last=LAST, shown=found.fingerprint, token=uuid.uuid4(), by=by)
    assert made.lines.count() == len(found.lines) == made.lines_count


def fill(plan, first: int, last: int) -> None:
    numbers = {"plan": plan.pk, "price": price_of(plan).pk, "first": first, "last": last}
    with connection.cursor() as cursor:
        cursor.execute(FILL.format(**numbers).replace("%%", "%"))
