"""The membership desk: plans, prices, and telling members of a new one."""

from html import unescape

import pytest
from django.utils import timezone

from membership.actions.plans import set_price
from membership.models import Person, Plan, Price
from tests.factories import PersonFactory, PlanFactory, SubscriptionFactory
from tests.membership.conftest import pay, price_of
from tests.membership.desk_pages import said

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client_as):
    return client_as("Membership")


def sent(plan, **changes):
    """What a browser sends from the plan's page, with a new price of £30 a year."""
    return {
        "name": plan.name, "slug": plan.slug, "kind": "person", "max_people": 1, "position": 1, "is_offered": "on",
        "prices-TOTAL_FORMS": 1, "prices-INITIAL_FORMS": 0, "prices-0-interval": "year", "prices-0-amount": "£30",
        "prices-2-TOTAL_FORMS": 0, "prices-2-INITIAL_FORMS": 0,
    } | changes  # fmt: skip


class TestPlans:
    @pytest.mark.parametrize("role", ["Membership", "Treasurer"])
    def test_a_new_price_takes_the_place_of_the_old_which_stays_in_sight(self, client_as, individual, role):
        path = f"/admin/membership/plan/{individual.pk}/change/"
        assert client_as(role).post(path, sent(individual)).status_code == 302
        assert price_of(individual).amount_pence == 3000
        html = client_as(role).get(path).content.decode()
        assert "£25.00 a year" in html
        assert "£30.00 a year" in html

    @pytest.mark.parametrize(
        "changes",
        [
            {"prices-0-amount": "0"},
            {"prices-0-amount": "-1"},
            {"prices-0-amount": "1,000,000"},
            {"prices-0-amount": "x"},
            {"prices-0-interval": "once"},
            {"is_concession": "on"},
            {"max_people": 0},
            {"max_people": 100},
        ],
    )
    def test_what_cannot_be_is_refused_in_words(self, desk, individual, changes):
        response = desk.post(f"/admin/membership/plan/{individual.pk}/change/", sent(individual, **changes))
        assert response.status_code == 200
        assert Price.objects.count() == 1

    def test_a_plan_is_made_with_its_price(self, desk):
        plan = PlanFactory.build(name="New", slug="new")
        assert desk.post("/admin/membership/plan/add/", sent(plan)).status_code == 302
        assert price_of(Plan.objects.get()).amount_pence == 3000

    def test_a_plan_that_somebody_has_is_withdrawn_not_deleted(self, client_as, individual):
        response = client_as("Superuser").post(f"/admin/membership/plan/{individual.pk}/delete/", {"post": "yes"})
        assert response.status_code == 403


class TestTellingOfANewPrice:
    @pytest.fixture
    def renewing(self, individual):
        """Two memberships that renew by themselves for £25."""
        return [SubscriptionFactory(membership=pay(PersonFactory(), individual).term.membership) for _ in range(2)]

    def test_the_desk_offers_to_tell_and_shows_whom_and_what(self, desk, individual, renewing, mailoutbox, run_jobs):
        path = f"/admin/membership/plan/{individual.pk}/change/"
        mailoutbox.clear()
        response = desk.post(path, sent(individual) | {"_continue": "1"}, follow=True)
        tell = f"/admin/membership/plan/prices/{price_of(individual).pk}/tell/"
        assert "2 memberships renew by themselves for less than £30.00 a year" in said(response)
        assert response.content.decode().count(tell) == 2, "in the message, and above the form"
        html = unescape(desk.get(tell).content.decode())
        first_day = timezone.localdate(renewing[0].period_ends_at)
        person = renewing[0].customer.person
        day = f"{first_day:%-d %B %Y}"
        for words in ["2 memberships", "£25.00", "£30.00", day, person.name, "costs £30.00 a year"]:
            assert words in html, words
        assert mailoutbox == [], "looking tells nobody"
        for _ in range(2):
            assert "2 people are told" in said(desk.post(tell, follow=True))
        assert run_jobs() == 2
        assert "Nothing was sent" in said(desk.post(tell, follow=True))
        assert len(mailoutbox) == 2
        assert tell not in desk.get(path).content.decode()

    def test_who_gets_no_mail_is_counted(self, desk, individual, renewing):
        Person.objects.filter(pk=renewing[0].customer.person_id).update(email="")
        price = set_price(plan=individual, interval="year", amount_pence=3000)
        assert "1 of them gets no mail" in desk.get(f"/admin/membership/plan/prices/{price.pk}/tell/").content.decode()

    def test_a_price_that_is_gone_or_concerns_nobody_leads_back(self, desk, individual, renewing):
        old = price_of(individual)
        assert "Nobody is left" in said(desk.get(f"/admin/membership/plan/prices/{old.pk}/tell/", follow=True))
        set_price(plan=individual, interval="year", amount_pence=3000)
        response = desk.post(f"/admin/membership/plan/prices/{old.pk}/tell/", follow=True)
        assert "not in force any more" in said(response)

    def test_of_many_a_part_is_shown(self, desk, individual, django_assert_max_num_queries):
        for _ in range(55):
            SubscriptionFactory(membership=pay(PersonFactory(), individual).term.membership)
        price = set_price(plan=individual, interval="year", amount_pence=3000)
        with django_assert_max_num_queries(12):
            html = desk.get(f"/admin/membership/plan/prices/{price.pk}/tell/").content.decode()
        assert "The first 50 of 55 are shown." in html
