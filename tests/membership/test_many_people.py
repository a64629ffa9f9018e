"""With 50,000 people the desk's search uses its index and the list stays quick."""

import time

import pytest
from django.db import connection

from membership.models import Person
from tests.factories import ApplicationFactory, PersonFactory
from tests.membership.conftest import pay

pytestmark = [pytest.mark.great_numbers, pytest.mark.django_db]
MANY = 50_000
LONGEST = 4  # seconds: four times what it takes on a busy machine of two cores

FILL = """
INSERT INTO membership_person (kind, title, first_name, last_name, organisation_name, email, phone, address_line1,
    address_line2, town, postcode, country, language, do_not_contact, notes, created_at, sort_name, search_text)
SELECT 'person', '', first, last, '', email, '', '', '', '', postcode, '', 'en', false, '', now(), last || ' ' || first,
    first || ' ' || last || ' ' || email || ' ' || postcode
FROM (SELECT 'first' || n AS first, substr(md5(n::text), 1, 10) AS last, n || '@many.example' AS email,
    'N' || n %% 20 || ' ' || n %% 10 || 'AA' AS postcode FROM generate_series(1, %s) AS n) AS made
"""


# Each of them has a membership, a term that ends within the year, and a subscription; some fail, some were cancelled.
RENEW = """
INSERT INTO membership_membership (person_id, plan_id, method, reference, cancel_reason, created_at)
SELECT id, {plan}, 'card', 'X' || id, '', now() FROM membership_person WHERE email LIKE '%%@many.example';
INSERT INTO membership_term (membership_id, price_id, starts_on, ends_on, grace_until, invoice_id, created_at)
SELECT id, {price}, current_date - 365 + id::int %% 365, current_date + id::int %% 365,
    current_date + 30 + id::int %% 365, '', now() FROM membership_membership WHERE reference LIKE 'X%%';
INSERT INTO membership_stripecustomer (person_id, key, stripe_id, address, created_at)
SELECT person_id, gen_random_uuid(), 'cus_' || id, '{{}}', now() FROM membership_membership WHERE reference LIKE 'X%%';
INSERT INTO membership_subscription (stripe_id, customer_id, application_id, membership_id, price_id, amount_pence,
    item_id, status, started_at, period_ends_at, end_reason, method, payment_method_id, card_brand, last4,
    needs_new_method, unpaid_invoice_id, unpaid_pence, unpaid_attempts, unpaid_url)
SELECT 'sub_' || m.id, c.id, {application}, m.id, {price}, 2500, '', CASE WHEN m.id %% 50 = 0 THEN 'past_due' ELSE
    'active' END, now(), now() + interval '1 day' * (m.id %% 365), '', 'card', '', 'visa', '4242', false, '', 0, 0, ''
FROM membership_membership m JOIN membership_stripecustomer c ON c.stripe_id = 'cus_' || m.id;
ANALYZE membership_membership; ANALYZE membership_term; ANALYZE membership_subscription;
ANALYZE membership_stripecustomer;
"""


@pytest.fixture
def crowd(individual) -> Person:
    """One member among many others."""
    person = PersonFactory(first_name="Ana", last_name="Quispe")
    pay(person, individual)
    with connection.cursor() as cursor:
        cursor.execute(FILL, [MANY])
        cursor.execute("ANALYZE membership_person")
    return person


@pytest.fixture
def renewing_crowd(crowd, individual) -> Person:
    """The same, and all the others have memberships that renew by themselves."""
    term = crowd.payments.get().term
    application = ApplicationFactory(person=crowd, price=term.price)
    numbers = {"plan": individual.pk, "price": term.price_id, "application": application.pk}
    with connection.cursor() as cursor:
        cursor.execute(RENEW.format(**numbers).replace("%%", "%"))
    return crowd


def test_search_goes_through_the_index(crowd):
    plan = Person.objects.search("quispe ana").explain()
    assert "person_search" in plan
    assert list(Person.objects.search("QUISPE ana")) == [crowd]


def test_search_list_filters_and_duplicates_are_answered_in_time(crowd, client_as):
    desk = client_as("Membership")
    reference = crowd.memberships.get().reference
    queries = ["", "?q=quispe", f"?q={reference}", "?standing=members", "?standing=lapsing", "?p=900"]
    assert slow(desk, [*queries, "duplicates/"]) == {}


def test_every_question_is_answered_in_time_if_all_of_them_renew_by_themselves(renewing_crowd, client_as):
    desk = client_as("Membership")
    questions = [
        *("members", "joined", "lapsing", "past_due", "failing", "lapsed", "pending", "on_its_way", "renewing"),
        "cancelled",
    ]
    assert slow(desk, [f"?standing={question}" for question in questions]) == {}


def slow(desk, paths: list[str]) -> dict[str, float]:
    """The pages that took too long, in seconds. A slow one is asked once more: the machine may be busy with others."""
    found = {}
    for path in paths:
        seconds = took(desk, path)
        if seconds > LONGEST and (again := took(desk, path)) > LONGEST:
            found[path] = min(seconds, again)
    return found


def took(desk, path: str) -> float:
    started = time.perf_counter()
    assert desk.get(f"/admin/membership/person/{path}").status_code == 200
    return time.perf_counter() - started
