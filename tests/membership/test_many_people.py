"""With 50,000 people the desk's search uses its index and the list stays quick."""

import time

import pytest
from django.db import connection

from membership.models import Person
from tests.factories import PersonFactory
from tests.membership.conftest import pay

pytestmark = pytest.mark.django_db
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


@pytest.fixture
def crowd(individual) -> Person:
    """One member among many others."""
    person = PersonFactory(first_name="Ana", last_name="Quispe")
    pay(person, individual)
    with connection.cursor() as cursor:
        cursor.execute(FILL, [MANY])
        cursor.execute("ANALYZE membership_person")
    return person


def test_search_goes_through_the_index(crowd):
    plan = Person.objects.search("quispe ana").explain()
    assert "person_search" in plan
    assert list(Person.objects.search("QUISPE ana")) == [crowd]


def test_search_list_filters_and_duplicates_are_answered_in_time(crowd, client_as):
    desk = client_as("Membership")
    reference = crowd.memberships.get().reference
    queries = ["", "?q=quispe", f"?q={reference}", "?standing=members", "?standing=lapsing", "?p=900"]
    slow = {}
    for path in [*queries, "duplicates/"]:
        started = time.perf_counter()
        assert desk.get(f"/admin/membership/person/{path}").status_code == 200
        if (seconds := time.perf_counter() - started) > LONGEST:
            slow[path] = seconds
    assert slow == {}
