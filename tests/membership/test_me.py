"""What members see and do by themselves at /membership/me/."""

import uuid
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from membership.actions.memberships import cover_by_name
from membership.actions.merging import merge
from membership.actions.payments import reverse
from membership.models import GiftAidDeclaration, Payment, Person, PersonKind, Plan
from psg.models import User
from tests.factories import PersonFactory, PlanFactory, PriceFactory
from tests.membership.conftest import pay
from tests.membership.member import account_of, words

pytestmark = pytest.mark.django_db
ME = "/membership/me/"
PAGES = ["", "card/", "plan/", "details/", "consents/", "gift-aid/", "data/", "close/"]
ACTS = ["payment-method/", "portal/", "pay/", "cancel/", "resume/"]


@pytest.fixture
def ana(individual) -> Person:
    """A member who pays by cheque."""
    person = PersonFactory(first_name="Ana", last_name="Quispe", email_verified_at=timezone.now())
    pay(person, individual)
    mail.outbox.clear()
    return person


@pytest.fixture
def hers(ana) -> Client:
    return account_of(ana)


def moved(person: Person, days: int) -> None:
    """Let all that was paid have been paid so many days earlier."""
    for term in person.memberships.get().terms.all():
        term.starts_on -= timedelta(days=days)
        term.ends_on -= timedelta(days=days)
        term.grace_until -= timedelta(days=days)
        term.save()


# --- Who may see it ---


def test_without_a_sandbox_forms_may_lead_to_stripes_own_page(hers, settings):
    settings.STRIPE_API_BASE = ""
    assert "https://billing.stripe.com" in hers.get(ME)["Content-Security-Policy"]


@pytest.mark.parametrize("path", [*PAGES, "cancel/", "receipts/1/"])
def test_a_visitor_is_sent_to_sign_in_and_back(client, path):
    answer = client.get(ME + path)
    assert answer["Location"] == f"/accounts/login/code/?next={ME}{path}"


@pytest.mark.parametrize("path", ACTS)
def test_a_visitor_does_nothing(client, path):
    assert client.post(ME + path)["Location"].startswith("/accounts/login/code/")


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_kept_by_nobody(hers, path):
    answer = hers.get(ME + path)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store, private"
    assert answer["X-Robots-Tag"] == "noindex"


@pytest.mark.parametrize("path", ["payment-method/", "portal/", "pay/", "resume/"])
def test_nothing_happens_by_a_link(hers, path):
    assert hers.get(ME + path).status_code == 405


@pytest.mark.parametrize("path", [*PAGES, "cancel/"])
def test_somebody_without_a_record_gets_a_friendly_page(client, individual, path):
    client.force_login(User.objects.create_user("nobody@people.example"))
    html = words(client.get(ME + path))
    assert "We know of no membership of yours" in html
    assert 'href="/membership/"' in html


def test_no_page_shows_anything_of_somebody_else(hers, individual):
    other = PersonFactory(last_name="Secreto", phone="0999 999")
    pay(other, individual)
    for path in PAGES:
        assert "Secreto" not in hers.get(ME + path).content.decode()


# --- What they are ---


def test_an_active_member_who_pays_by_hand(hers, ana):
    html = words(hers.get(ME))
    until = ana.memberships.get().paid_until
    assert f"You are a member until {until.day} {until:%B %Y}" in html
    assert "does not renew by itself" in html
    assert 'href="/membership/join/individual/"' in html
    assert "Change card" not in html


def test_a_member_in_grace(hers, ana):
    moved(ana, 370)
    html = words(hers.get(ME))
    assert "You are still a member until" in html
    assert "Please renew it by then" in html


def test_an_ex_member_can_join_again(hers, ana):
    moved(ana, 500)
    html = words(hers.get(ME))
    assert "Your membership ended on" in html
    assert "Join again" in html
    assert "Cancel your membership" not in html


def test_an_ex_member_of_a_plan_that_is_gone_chooses_another(hers, ana):
    moved(ana, 500)
    Plan.objects.update(is_offered=False)
    assert '<a class="button" href="/membership/">Join again' in words(hers.get(ME))


def test_a_member_for_life(life):
    person = PersonFactory()
    pay(person, life)
    client = account_of(person)
    html = words(client.get(ME))
    assert "member for life" in html
    assert "Cancel your membership" not in html
    assert "for life" in words(client.get(f"{ME}card/"))
    assert "nothing to change" in words(client.get(f"{ME}plan/"))
    assert client.get(f"{ME}cancel/").status_code == 302


def test_somebody_covered_by_a_household(household):
    holder = PersonFactory(first_name="Rosa", last_name="Mamani")
    pay(holder, household)
    cover = cover_by_name(holder.memberships.get(), name="Luis Mamani")
    client = account_of(cover.person)
    html = words(client.get(ME))
    assert "The household membership of Rosa Mamani covers you" in html
    assert "Cancel your membership" not in html
    card = words(client.get(f"{ME}card/"))
    assert "Luis Mamani" in card
    assert holder.memberships.get().reference in card
    assert "Rosa Mamani, who can change the plan" in words(client.get(f"{ME}plan/"))
    assert client.get(f"{ME}receipts/{holder.payments.get().pk}/").status_code == 404


def test_an_organisation(db):
    plan = PlanFactory(name="Organisation", kind=PersonKind.ORGANISATION)
    PriceFactory(plan=plan)
    body = PersonFactory(kind=PersonKind.ORGANISATION, organisation_name="Test Trust")
    pay(body, plan)
    client = account_of(body)
    html = words(client.get(ME))
    assert "Test Trust" in html
    assert "Gift Aid" not in html
    assert "Organisations cannot declare it" in words(client.get(f"{ME}gift-aid/"))
    client.post(f"{ME}gift-aid/", {"declare": "on"})
    assert not GiftAidDeclaration.objects.exists()
    assert "Name of the organisation" in words(client.get(f"{ME}details/"))


def test_somebody_who_has_not_paid_yet(join, individual):
    application = join(individual)
    client = account_of(application.person)
    html = words(client.get(ME))
    assert "We wait for your payment" in html
    assert application.reference in html
    assert application.get_absolute_url() in html
    assert "This card is for members" in words(client.get(f"{ME}card/"))


def test_a_person_without_a_membership(db):
    client = account_of(PersonFactory())
    html = words(client.get(ME))
    assert "You are not a member yet" in html
    assert "We have no payment from you yet" in html
    assert 'href="/events/"' in html
    assert 'href="/membership/"' in words(client.get(f"{ME}card/"))
    assert "Choose a plan to join" in words(client.get(f"{ME}plan/"))


def test_two_records_that_became_one(ana, hers, individual):
    double = PersonFactory(first_name="Ana", last_name="Quispe-Doble")
    pay(double, individual)
    merge(keep=double, drop=ana, chosen={}, by=None)
    html = words(hers.get(ME))
    assert "Quispe-Doble" in html
    assert html.count("Receipt<span") == 2


# --- Receipts ---


def test_a_receipt_says_who_what_and_when(hers, ana):
    payment = ana.payments.get()
    assert f"{ME}receipts/{payment.pk}/" in words(hers.get(ME))
    html = words(hers.get(f"{ME}receipts/{payment.pk}/"))
    membership = ana.memberships.get()
    for said in ["Peru Support Group", "Ana Quispe", "1 Test Street", "£25.00", "Cheque", membership.reference]:
        assert said in html
    assert "Membership (Individual)" in html
    assert "Given back" not in html


def test_a_receipt_tells_what_was_given_back_and_came_again(hers, ana):
    payment = ana.payments.get()

    def row(pence: int, reverses: Payment) -> Payment:
        more = {"method": "card", "gross_pence": pence, "reverses": reverses, "token": str(uuid.uuid4())}
        return Payment.objects.create(person=ana, **more)

    row(-500, payment)
    failed = row(-1000, payment)
    row(1000, failed)
    html = words(hers.get(f"{ME}receipts/{payment.pk}/"))
    assert "<dt>Given back</dt><dd>£5.00</dd>" in html
    assert "<dt>Left of it</dt><dd>£20.00</dd>" in html
    assert "£5.00 given back" in words(hers.get(ME))
    for other in ana.payments.exclude(pk=payment.pk):
        assert hers.get(f"{ME}receipts/{other.pk}/").status_code == 404


def test_a_payment_that_went_back_whole(hers, ana):
    reverse(ana.payments.get(), reason="bounced", token="b")
    html = words(hers.get(ME))
    assert "£25.00 given back" in html


def test_somebody_elses_receipt_is_not_found(hers, individual):
    theirs = pay(PersonFactory(), individual)
    assert hers.get(f"{ME}receipts/{theirs.pk}/").status_code == 404
    assert hers.get(f"{ME}receipts/999999/").status_code == 404
    assert hers.get(f"{ME}receipts/99999999999999999999/").status_code == 404


def test_many_payments_cost_no_more_queries(hers, ana, individual, django_assert_max_num_queries):
    for _ in range(12):
        pay(ana, individual)
    with django_assert_max_num_queries(24):
        hers.get(ME)


# --- Without Stripe ---


def test_the_card(hers, ana):
    html = words(hers.get(f"{ME}card/"))
    for said in ["Ana Quispe", "Individual", ana.memberships.get().reference, "/weave/"]:
        assert said in html


def test_who_pays_by_hand_is_told_that_the_next_payment_decides(hers):
    assert "your next payment decides" in words(hers.get(f"{ME}plan/"))


def test_who_pays_by_hand_cancels_and_stays_after_all(hers, ana):
    until = ana.memberships.get().paid_until
    assert f"You stay a member until {until.day} {until:%B %Y}" in words(hers.get(f"{ME}cancel/"))
    done = hers.post(f"{ME}cancel/", {"reason": "I move\nabroad"}, follow=True)
    assert "Your membership is cancelled" in words(done)
    membership = ana.memberships.get()
    assert (membership.cancelled_on, membership.cancel_reason) == (timezone.localdate(), "I move abroad")
    assert [message.subject for message in mail.outbox] == ["Your membership is cancelled"]
    assert "There is nothing to cancel" in words(hers.post(f"{ME}cancel/", follow=True))
    assert "Stay a member" in words(hers.get(ME))
    hers.post(f"{ME}resume/")
    assert ana.memberships.get().cancelled_on is None


def test_a_reason_that_is_too_long_is_asked_again(hers, ana):
    assert "at most 200" in words(hers.post(f"{ME}cancel/", {"reason": "x" * 300}))
    assert ana.memberships.get().cancelled_on is None


@pytest.mark.parametrize("path", ["payment-method/", "portal/", "pay/", "resume/"])
def test_who_has_nothing_at_stripe_is_told_so(hers, path):
    assert hers.post(ME + path, follow=True).redirect_chain == [(ME, 302)]
