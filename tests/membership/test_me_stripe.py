"""What members see and do at /membership/me/ when Stripe takes their payments."""

import json

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from membership.actions import reflecting
from membership.models import Consent, Person, Plan, Subscription
from psg.models import User
from tests.factories import PlanFactory, PriceFactory
from tests.membership.conftest import pay
from tests.membership.member import DETAILS, account_of, words
from tests.membership.stripe_site import StripeSite, apply

pytestmark = pytest.mark.django_db
ME = "/membership/me/"


@pytest.fixture
def ana(stripe_site, individual) -> Person:
    """A member whose card is charged each year."""
    person = stripe_site.member(individual)
    mail.outbox.clear()
    return person


@pytest.fixture
def hers(ana) -> Client:
    return account_of(ana)


@pytest.fixture
def patron(db) -> Plan:
    """£60 a year."""
    plan = PlanFactory(name="Patron", slug="patron", position=5)
    PriceFactory(plan=plan, amount_pence=6000)
    return plan


def subscription_of(person: Person) -> Subscription:
    return Subscription.objects.of_person(person).get()


def customer_of(person: Person) -> str:
    return str(subscription_of(person).customer.stripe_id)


def fail_renewal(site: StripeSite, person: Person) -> Subscription:
    """A year later the card is declined."""
    site.sandbox.decline(customer_of(person))
    site.sandbox.advance("1y")
    site.sandbox.advance("1d")
    site.tell()
    return subscription_of(person)


# --- What it says ---


def test_who_renews_by_card_reads_when_how_much_and_by_what(hers, ana):
    html = words(hers.get(ME))
    renews = subscription_of(ana).renews_on
    assert f"£25.00 on {renews.day} {renews:%B %Y}, by Visa card ending in 4242" in html
    assert "You are a member until" in html
    assert "It renews by itself" in html
    assert "Change card or bank account" in html


def test_a_first_debit_that_is_on_its_way(stripe_site, individual):
    application = apply(individual, method="debit")
    checkout = stripe_site.open_checkout(application)
    stripe_site.sandbox.pay(str(checkout.stripe_id), type="bacs_debit", account_number="00012345")
    stripe_site.tell()
    html = words(account_of(application.person).get(ME))
    assert "payment by Direct Debit is on its way" in html
    assert "We wait for your payment" not in html


def test_a_renewal_that_failed_says_what_to_do(stripe_site, hers, ana):
    subscription = fail_renewal(stripe_site, ana)
    html = words(hers.get(ME))
    assert "A payment is open" in html
    assert "We could not take £25.00 by Visa card ending in 4242" in html
    assert f'href="{subscription.unpaid_url}"' in html
    assert "Try the payment again" in html


def test_each_payment_has_its_receipt_with_what_was_refunded(stripe_site, hers, ana):
    payment = ana.payments.get()
    stripe_site.sandbox.client.v1.refunds.create({"payment_intent": payment.stripe_payment_intent_id, "amount": 1000})
    reflecting.refunds(payment.stripe_payment_intent_id)
    html = words(hers.get(f"{ME}receipts/{payment.pk}/"))
    assert "<dt>Given back</dt><dd>£10.00</dd>" in html
    assert "<dt>Paid by</dt><dd>Card</dd>" in html


# --- Card and portal ---


def test_the_buttons_lead_to_stripes_pages_and_back(stripe_site, hers, settings):
    for path, flow in (("payment-method/", "payment_method_update"), ("portal/", None)):
        answer = hers.post(ME + path)
        assert answer.status_code == 303
        assert answer["Location"].startswith(stripe_site.sandbox.url)
        asked = stripe_site.sandbox.requests("POST /v1/billing_portal/sessions")[-1]["params"]
        assert flow is None or flow in json.dumps(asked)
        assert f"{settings.SITE_URL}{ME}?from=portal" in json.dumps(asked)
    assert f"form-action 'self' {stripe_site.sandbox.url}" in hers.get(ME)["Content-Security-Policy"]


def test_another_card_is_seen_at_once_on_coming_back(stripe_site, hers, ana):
    stripe_site.sandbox.change_card(customer_of(ana), "5555555555554444")
    answer = hers.get(f"{ME}?from=portal", follow=True)
    assert answer.redirect_chain == [(ME, 302)]
    assert "Mastercard card ending in 4444" in words(answer)


def test_coming_back_while_stripe_is_away_says_so(stripe_site, hers):
    stripe_site.sandbox.fault("GET /v1/subscriptions/*", 503, times=9)
    assert "will show here in a few minutes" in words(hers.get(f"{ME}?from=portal", follow=True))


@pytest.mark.parametrize("path", ["payment-method/", "portal/"])
def test_when_stripe_is_away_the_buttons_say_so(stripe_site, hers, path):
    stripe_site.sandbox.fault("POST /v1/billing_portal/*", 503, times=9)
    assert "does not answer just now" in words(hers.post(ME + path, follow=True))


# --- A payment that failed ---


def test_a_payment_is_tried_again(stripe_site, hers, ana):
    fail_renewal(stripe_site, ana)
    assert "did not go through" in words(hers.post(f"{ME}pay/", follow=True))
    stripe_site.sandbox.decline(customer_of(ana), None)
    assert "asked for the payment again" in words(hers.post(f"{ME}pay/", follow=True))
    assert subscription_of(ana).unpaid_invoice_id == ""
    assert ana.payments.count() == 2
    assert "nothing to pay" in words(hers.post(f"{ME}pay/", follow=True))


def test_a_payment_that_was_made_meanwhile_is_not_asked_again(stripe_site, hers, ana):
    subscription = fail_renewal(stripe_site, ana)
    stripe_site.sandbox.decline(customer_of(ana), None)
    stripe_site.sandbox.client.v1.invoices.pay(subscription.unpaid_invoice_id)
    assert "Thank you" in words(hers.post(f"{ME}pay/", follow=True))
    assert ana.payments.count() == 2


def test_trying_again_while_stripe_is_away(stripe_site, hers, ana):
    fail_renewal(stripe_site, ana)
    stripe_site.sandbox.fault("*", 503, times=30)
    assert "does not answer just now" in words(hers.post(f"{ME}pay/", follow=True))
    stripe_site.sandbox.clear_faults()


# --- Leaving and staying ---


def test_cancelling_reaches_stripe_and_can_be_undone(stripe_site, hers, ana):
    hers.post(f"{ME}cancel/", {"reason": "moving"})
    subscription = subscription_of(ana)
    assert subscription.is_ending
    html = words(hers.get(ME))
    assert "Cancelled: you are a member until" in html
    assert "Next payment" not in html
    hers.post(f"{ME}resume/")
    assert not subscription_of(ana).is_ending
    assert "Next payment" in words(hers.get(ME))


def test_cancelling_while_stripe_is_away_changes_nothing(stripe_site, hers, ana):
    stripe_site.sandbox.fault("POST /v1/subscriptions/*", 503, times=9)
    assert "nothing was changed" in words(hers.post(f"{ME}cancel/", {"reason": ""}, follow=True))
    assert ana.memberships.get().cancelled_on is None
    assert mail.outbox == []


def test_what_has_ended_at_stripe_is_joined_again(stripe_site, hers, ana):
    hers.post(f"{ME}cancel/", {"reason": ""})
    stripe_site.sandbox.client.v1.subscriptions.cancel(subscription_of(ana).stripe_id)
    assert "Please join again" in words(hers.post(f"{ME}resume/", follow=True))
    assert ana.memberships.get().cancelled_on


def test_a_change_that_is_not_possible_is_explained(hers, ana, patron):
    hers.post(f"{ME}cancel/", {"reason": ""})
    assert "Undo the cancellation first" in words(hers.post(f"{ME}plan/", change(patron)))


def test_a_change_that_stripe_refuses_is_explained(stripe_site, hers, ana, patron):
    stripe_site.sandbox.fault("POST /v1/subscriptions/*", 404, times=9)
    assert "does not allow this change" in words(hers.post(f"{ME}plan/", change(patron)))


def test_staying_while_stripe_is_away_changes_nothing(stripe_site, hers, ana):
    hers.post(f"{ME}cancel/", {"reason": ""})
    stripe_site.sandbox.fault("POST /v1/subscriptions/*", 503, times=9)
    assert "does not answer just now" in words(hers.post(f"{ME}resume/", follow=True))
    assert ana.memberships.get().cancelled_on


# --- Another plan ---


def change(plan: Plan, **more: str) -> dict[str, str]:
    return {"price": str(plan.prices.current().get().pk), "amount": "", "when": "renewal"} | more


def test_another_plan_from_the_next_payment(hers, ana, patron):
    html = words(hers.get(f"{ME}plan/"))
    assert "Patron: £60.00 a year" in html
    assert "pay £25.00 a year, by Visa card ending in 4242" in html
    assert "from your next payment on" in words(hers.post(f"{ME}plan/", change(patron), follow=True))
    assert "£60.00 on" in words(hers.get(ME))
    assert ana.payments.count() == 1


def test_a_dearer_plan_now_paying_the_difference(hers, ana, patron):
    assert "from today on" in words(hers.post(f"{ME}plan/", change(patron, when="now"), follow=True))
    ana.memberships.get().refresh_from_db()
    assert ana.memberships.get().plan == patron


def test_a_declined_difference_changes_nothing(stripe_site, hers, ana, patron):
    stripe_site.sandbox.decline(customer_of(ana))
    html = words(hers.post(f"{ME}plan/", change(patron, when="now")))
    assert "declined the payment of the difference" in html
    assert subscription_of(ana).amount_pence == 2500


def test_more_than_the_price(hers, ana, individual):
    hers.post(f"{ME}plan/", change(individual, amount="£40"))
    assert subscription_of(ana).amount_pence == 4000


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"amount": "5"}, "The least is"),
        ({"amount": "lots"}, "Please write an amount in pounds"),
        ({"amount": "99999"}, "at most"),
        ({"price": "999999"}, "Select a valid choice"),
        ({"price": "x"}, "Select a valid choice"),
        ({"when": "never"}, "Select a valid choice"),
        ({}, "This is what you pay already"),
    ],
)
def test_what_cannot_be_is_asked_again(hers, ana, individual, typed, said):
    assert said in words(hers.post(f"{ME}plan/", change(individual) | typed))
    assert subscription_of(ana).amount_pence == 2500


def test_what_costs_less_begins_with_the_next_payment(hers, ana, db):
    unwaged = PlanFactory(name="Unwaged", is_concession=True, concession_wording="I have a low income.")
    PriceFactory(plan=unwaged, amount_pence=1000)
    assert "By choosing this you declare: “I have a low income.”" in words(hers.get(f"{ME}plan/"))
    assert "Only what costs more can begin now" in words(hers.post(f"{ME}plan/", change(unwaged, when="now")))
    hers.post(f"{ME}plan/", change(unwaged))
    assert subscription_of(ana).amount_pence == 1000


def test_plans_of_another_kind_or_interval_are_not_offered(hers, life, db):
    PriceFactory(plan=PlanFactory(name="Trust", kind="organisation"))
    PriceFactory(plan=PlanFactory(name="Monthly"), interval="month", amount_pence=300)
    PriceFactory(plan=PlanFactory(name="Gone", is_offered=False))
    html = words(hers.get(f"{ME}plan/"))
    for name in ("Trust", "Monthly", "Gone", "Life"):
        assert f"{name}: £" not in html


def test_by_direct_debit_a_change_waits_for_the_next_payment(stripe_site, individual, patron):
    person = stripe_site.member(individual, number="90000018", method="debit")
    stripe_site.sandbox.advance("10h")
    stripe_site.tell()
    client = account_of(person)
    assert "pay the difference" not in words(client.get(f"{ME}plan/"))
    assert "Select a valid choice" in words(client.post(f"{ME}plan/", change(patron, when="now")))


def test_another_plan_while_stripe_is_away(stripe_site, hers, ana, patron):
    stripe_site.sandbox.fault("POST /v1/*", 503, times=9)
    assert "does not answer just now" in words(hers.post(f"{ME}plan/", change(patron), follow=True))
    assert subscription_of(ana).amount_pence == 2500


# --- Details, and good bye ---


def test_stripe_hears_of_another_name(stripe_site, hers, ana, settings, run_jobs):
    hers.post(f"{ME}details/", DETAILS)
    run_jobs()
    (customer,) = [each for each in stripe_site.sandbox.objects("customer") if each["id"] == customer_of(ana)]
    assert customer["name"] == "Ana María Quispe"


def test_a_customer_that_is_gone_at_stripe_is_no_trouble(stripe_site, hers, ana, run_jobs):
    customer = customer_of(ana)
    stripe_site.sandbox.client.v1.customers.delete(customer)
    hers.post(f"{ME}details/", DETAILS)
    run_jobs()
    ana.refresh_from_db()
    assert ana.town == "Leeds"


def test_closing_the_account_ends_what_renews(stripe_site, hers, ana):
    hers.post(f"{ME}close/", {"sure": "on"})
    assert subscription_of(ana).is_ending
    assert ana.memberships.get().cancelled_on
    assert not User.objects.filter(pk=ana.user_id).exists()


def test_closing_the_account_while_stripe_is_away_changes_nothing(stripe_site, hers, ana):
    Consent.objects.create(person=ana, purpose="post", wording="Words.")
    stripe_site.sandbox.fault("POST /v1/subscriptions/*", 503, times=9)
    assert "nothing was changed" in words(hers.post(f"{ME}close/", {"sure": "on"}, follow=True))
    ana.refresh_from_db()
    assert ana.user is not None
    assert Consent.objects.count() == 1
    assert ana.memberships.get().cancelled_on is None
    assert mail.outbox == []


def test_closing_the_account_while_the_first_debit_is_on_its_way_ends_what_would_renew(stripe_site, individual):
    application = apply(individual, method="debit")
    checkout = stripe_site.open_checkout(application)
    stripe_site.sandbox.pay(str(checkout.stripe_id), type="bacs_debit", account_number="00012345")
    stripe_site.tell()
    account_of(application.person).post(f"{ME}close/", {"sure": "on"})
    assert subscription_of(application.person).is_ending


def test_the_download_has_what_stripe_holds_for_us(hers, ana, individual):
    records = json.loads(hers.get(f"{ME}data/").content)["records"]
    assert records["subscriptions"][0]["last4"] == "4242"
    assert records["stripe customers"][0]["stripe_id"] == customer_of(ana)


def test_who_renews_by_card_and_pays_by_hand_too_sees_both(hers, ana, individual):
    pay(ana, individual)
    html = words(hers.get(ME))
    assert "Cheque" in html
    assert ana.memberships.get().paid_until > timezone.localdate()
