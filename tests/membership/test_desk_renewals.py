"""The membership desk: what Stripe renews, and what staff tell Stripe."""

from datetime import date, timedelta
from html import unescape

import pytest
from django.utils import timezone

from membership.actions import memberships
from membership.models import Concern, Dispute, Payment, Person, PriceChange, StripeEvent, Subscription
from membership.standing import standing
from tests.factories import (
    ApplicationFactory,
    CheckoutFactory,
    PersonFactory,
    StripeCustomerFactory,
    SubscriptionFactory,
)
from tests.membership.conftest import pay, price_of
from tests.membership.desk_pages import LIST, listed, opened, record, said

pytestmark = pytest.mark.django_db
TOKEN = "5b1c6bf6-9d1e-4b0e-8f6e-1f3ad0f4b9c1"


@pytest.fixture
def desk(client_as):
    return client_as("Membership")


@pytest.fixture
def subscription(individual) -> Subscription:
    """A membership that renews by itself, in rows alone: nothing is asked of Stripe."""
    return SubscriptionFactory(membership=pay(PersonFactory(), individual).term.membership)


def shown(desk, person) -> str:
    """The person's page, as one line of text."""
    response = desk.get(f"{LIST}{person.pk}/change/")
    assert response.status_code == 200
    return " ".join(unescape(response.content.decode()).split())


def set_to(subscription, **columns) -> None:
    Subscription.objects.filter(pk=subscription.pk).update(**columns)


class TestThePage:
    def test_says_what_renews_by_which_card_and_when(self, desk, subscription):
        set_to(subscription, card_expires_on=date(2031, 9, 30))
        html = shown(desk, subscription.customer.person)
        day = timezone.localdate(subscription.period_ends_at)
        for words in [
            "Renews by itself",
            "£25.00 a year, by Visa card ending in 4242, runs out 09/31",
            f"Next payment: <strong>{day:%-d %B %Y}</strong>",
            "Change the plan",
            "Cancel the membership",
        ]:
            assert words in html, words

    def test_warns_of_a_card_that_runs_out_before_the_next_payment(self, desk, subscription):
        set_to(subscription, card_expires_on=timezone.localdate() + timedelta(days=30))
        assert "the card runs out before" in shown(desk, subscription.customer.person)

    def test_says_what_failed_how_often_and_when_it_is_tried_again(self, desk, subscription):
        set_to(
            subscription,
            status="past_due",
            unpaid_invoice_id="in_1",
            unpaid_pence=2500,
            unpaid_attempts=2,
            unpaid_url="https://invoice.stripe.example/1",
            next_attempt_at=timezone.now() + timedelta(days=3),
        )
        html = shown(desk, subscription.customer.person)
        again = timezone.localdate() + timedelta(days=3)
        for words in ["£25.00 could not be collected", "(2 attempts)", f"tries again on {again:%-d %B %Y}"]:
            assert words in html, words
        assert 'href="https://invoice.stripe.example/1"' in html

    def test_says_that_another_way_to_pay_is_needed(self, desk, subscription):
        set_to(subscription, needs_new_method=True)
        assert "they have to give another" in shown(desk, subscription.customer.person)

    def test_says_when_it_ends_and_that_it_has_ended(self, desk, subscription):
        set_to(subscription, cancel_at=subscription.period_ends_at)
        assert "no further payment is taken" in shown(desk, subscription.customer.person)
        set_to(subscription, status="canceled", ended_at=timezone.now(), end_reason="payment_failed")
        html = shown(desk, subscription.customer.person)
        assert "because the payment failed" in html
        assert "Change the plan" not in html

    def test_says_that_the_plan_changes_with_the_next_payment(self, desk, subscription, household):
        set_to(subscription, price=price_of(household), amount_pence=3500)
        assert "Changes to <strong>Household</strong> from" in shown(desk, subscription.customer.person)

    def test_says_what_new_price_they_were_told_of(self, desk, subscription):
        PriceChange.objects.create(
            subscription=subscription,
            price=subscription.price,
            amount_before_pence=2500,
            amount_pence=3000,
            effective_on=date(2031, 5, 1),
        )
        assert "£30.00 from 1 May 2031 on" in shown(desk, subscription.customer.person)

    @pytest.mark.parametrize(
        ("key", "base", "address"),
        [
            ("sk_test_x", "", "https://dashboard.stripe.com/test/customers/cus_9"),
            ("sk_live_x", "", "https://dashboard.stripe.com/customers/cus_9"),
            ("rk_live_x", "", "https://dashboard.stripe.com/customers/cus_9"),
            ("sk_test_x", "http://127.0.0.1:8100", "http://127.0.0.1:8100/"),
        ],
    )
    def test_leads_to_stripe(self, desk, subscription, settings, key, base, address):
        settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE = key, base
        subscription.customer.stripe_id = "cus_9"
        subscription.customer.save()
        assert f'href="{address}"' in shown(desk, subscription.customer.person)

    def test_asks_nothing_of_stripe(self, desk, stripe_site, subscription):
        shown(desk, subscription.customer.person)
        assert stripe_site.sandbox.requests() == []

    def test_shows_fees_refunds_and_disputes_and_takes_no_card_payment_back_by_hand(self, desk, individual):
        payment = pay(PersonFactory(), individual, method="card", fee_pence=58, stripe_payment_intent_id="pi_1")
        back = {"person": payment.person, "method": "card", "reverses": payment}
        Payment.objects.create(**back, gross_pence=-500, token="re_1")
        failed = Payment.objects.create(**back, gross_pence=-300, token="re_2")
        Payment.objects.create(**back | {"reverses": failed}, gross_pence=300, token="re_2 failed")
        due = timezone.now() + timedelta(days=7)
        Dispute.objects.create(
            stripe_id="dp_1", payment=payment, amount_pence=2500, reason="fraudulent", status="needs_response",
            opened_at=timezone.now(), due_at=due,
        )  # fmt: skip
        html = shown(desk, payment.person)
        day = timezone.localdate(due)
        for words in ["£0.58", "£5.00 given back", "Disputed", f"answer at Stripe by {day:%-d %b %Y}"]:
            assert words in html, words
        path = f"{LIST}payments/{payment.pk}/reverse/"
        assert path not in html
        for response in (
            desk.get(path),
            desk.post(path, {"reason": "x", "token": TOKEN}),
        ):
            assert "It is given back at Stripe" in response.content.decode()
        assert Payment.objects.count() == 4

    def test_shows_a_debit_on_its_way_with_nothing_to_do(self, desk, individual):
        application = ApplicationFactory(price=price_of(individual), method="debit")
        CheckoutFactory(application=application, state="pending")
        html = shown(desk, application.person)
        assert "Direct Debit on its way" in html
        assert "Wait no longer" not in html
        assert "Record this payment" not in html

    def test_things_to_look_at_are_settled_there(self, desk, subscription):
        person = subscription.customer.person
        concern = Concern.objects.create(kind="two_subscriptions", about="a b", text="Ask which.", person=person)
        assert "Ask which." in shown(desk, person)
        path = f"{LIST}concerns/{concern.pk}/settle/"
        assert desk.get(path).status_code == 405
        assert "is settled" in said(desk.post(path, follow=True))
        assert "was settled before" in said(desk.post(path, {"back": "https://evil.example/"}, follow=True))
        assert "Ask which." not in shown(desk, person)
        concern.refresh_from_db()
        assert concern.settled_by.email == "membership@staff.example"


class TestLists:
    def test_filters_and_the_word_for_each_agree(self, desk, individual):
        soon = {"starts_on": timezone.localdate() - timedelta(days=350), "ends_on": timezone.localdate() + timedelta(5)}
        gone = {"starts_on": timezone.localdate() - timedelta(days=370), "ends_on": timezone.localdate() - timedelta(5)}

        def member(name: str, days=soon, **columns):
            term = pay(PersonFactory(first_name="", last_name=name), individual).term
            grace_until = days["ends_on"] + timedelta(days=30)
            type(term).objects.filter(pk=term.pk).update(**days, grace_until=grace_until)
            if columns:
                SubscriptionFactory(membership=term.membership, **columns)
            return term.membership

        member("Renewing", status="active")
        member("Failing", gone, status="past_due", unpaid_invoice_id="in_1")
        member("Revoked", needs_new_method=True)
        member("Ending", cancel_at=timezone.now())
        member("Hand")
        member("Late", gone)
        member("Debited", gone, method="debit")
        application = ApplicationFactory(person__first_name="", person__last_name="Waiting", price=price_of(individual))
        debit = ApplicationFactory(person__first_name="", person__last_name="Debit", price=price_of(individual))
        CheckoutFactory(application=debit, state="pending")
        CheckoutFactory(application=application, state="open")
        expected = {
            "renewing": {"Renewing", "Failing", "Revoked", "Debited"},
            "failing": {"Failing", "Revoked"},
            "lapsing": {"Hand", "Ending"},
            "past_due": {"Late", "Failing"},
            "on_its_way": {"Debit", "Debited"},
            "pending": {"Waiting"},
        }
        assert {question: set(listed(desk, standing=question)) for question in expected} == expected
        words = {person.name: standing(person).label for person in Person.objects.with_standing()}
        assert {name for name, word in words.items() if word == "Payment on its way"} == expected["on_its_way"]
        assert {name for name, word in words.items() if word == "Overdue"} == expected["past_due"]
        assert {name for name, word in words.items() if word == "Waiting for payment"} == expected["pending"]

    def test_the_list_says_whose_payment_fails(self, desk, subscription):
        assert "payment failed" not in desk.get(LIST).content.decode()
        set_to(subscription, status="past_due")
        assert "payment failed" in desk.get(LIST).content.decode()

    def test_things_to_look_at_are_counted_listed_open_first_and_settled(self, desk, subscription):
        person = subscription.customer.person
        first, _ = (
            Concern.objects.create(kind="invoice", about=str(number), text=f"Thing {number}", person=person)
            for number in (1, 2)
        )
        assert "Things to look at (2)" in desk.get(LIST).content.decode()
        path = "/admin/membership/concern/"
        for words in ("1 settled", "settled before"):
            response = desk.post(path, {"action": "settle", "_selected_action": [first.pk]}, follow=True)
            assert words in said(response)
        assert [each.text for each in desk.get(path).context["cl"].result_list] == ["Thing 2"]
        everything = desk.get(path, {"state": "all"}).context["cl"].result_list
        assert [each.text for each in everything] == ["Thing 2", "Thing 1"]

    def test_events_that_failed_are_found_and_nothing_is_changed(self, desk):
        for number, state in enumerate(["applied", "failed"]):
            StripeEvent.objects.create(
                stripe_id=f"evt_{number}", type="invoice.paid", object_id=f"in_{number}", state=state,
                happened_at=timezone.now(), error="Stripe did not answer" if state == "failed" else "",
            )  # fmt: skip
        path = "/admin/membership/stripeevent/"
        found = desk.get(path, {"state__exact": "failed"})
        assert [each.stripe_id for each in found.context["cl"].result_list] == ["evt_1"]
        assert "Stripe did not answer" in found.content.decode()
        assert len(desk.get(path, {"q": "in_0"}).context["cl"].result_list) == 1
        event = StripeEvent.objects.first()
        assert desk.post(f"{path}{event.pk}/change/", {"state": "applied"}).status_code == 403


class TestPayingTwice:
    def test_a_payment_by_hand_beside_one_that_renews_is_asked_about(self, desk, subscription):
        person = subscription.customer.person
        data = opened(desk, person)
        page = desk.get(f"{LIST}{person.pk}/record/").content.decode()
        assert "they pay twice" in page
        response = record(desk, person, data)
        assert "they pay twice" in response.content.decode()
        assert person.payments.count() == 1
        assert "recorded" in said(record(desk, person, data, twice="on"))
        assert person.payments.count() == 2

    def test_and_beside_one_that_is_on_its_way(self, desk, individual):
        application = ApplicationFactory(price=price_of(individual), method="debit")
        CheckoutFactory(application=application, state="pending")
        page = desk.get(f"{LIST}{application.person_id}/record/").content.decode()
        assert "by Direct Debit is on its way" in page

    def test_not_beside_one_that_ends(self, desk, subscription):
        set_to(subscription, cancel_at=subscription.period_ends_at)
        data = opened(desk, subscription.customer.person)
        assert "recorded" in said(record(desk, subscription.customer.person, data))


class TestTellingStripe:
    @pytest.fixture
    def member(self, stripe_site, individual) -> Person:
        return stripe_site.member(individual)

    def paths(self, person) -> dict[str, str]:
        membership = person.memberships.get()
        live = Subscription.objects.get(customer__person=person)
        return {
            "cancel": f"{LIST}memberships/{membership.pk}/cancel/",
            "resume": f"{LIST}memberships/{membership.pk}/resume/",
            "plan": f"{LIST}subscriptions/{live.pk}/plan/",
        }

    def test_cancel_and_resume_are_asked_once_and_done_once(self, desk, stripe_site, member, mailoutbox):
        paths = self.paths(member)
        mailoutbox.clear()
        assert "Stripe would take £25.00 by Visa card ending in 4242" in desk.get(paths["cancel"]).content.decode()
        sent = {"reason": "Moved abroad", "token": TOKEN}
        assert "Stripe takes no further payment" in said(desk.post(paths["cancel"], sent, follow=True))
        assert "Nothing was changed" in said(desk.post(paths["cancel"], sent, follow=True))
        assert len(mailoutbox) == 1
        page = shown(desk, member)
        assert "Moved abroad" in page
        assert "Undo the cancellation" in page
        assert "takes <strong>£25.00</strong> again" in desk.get(paths["resume"]).content.decode()
        assert "goes on" in said(desk.post(paths["resume"], follow=True))
        assert "is not cancelled" in said(desk.post(paths["resume"], follow=True))
        assert len(stripe_site.sandbox.requests("POST /v1/subscriptions/")) == 2

    @pytest.mark.parametrize("what", ["cancel", "resume", "plan"])
    def test_if_stripe_does_not_answer_nothing_is_changed_and_said_so(self, desk, stripe_site, member, household, what):
        paths = self.paths(member)
        sent = {"reason": "x", "token": TOKEN}
        if what == "resume":
            desk.post(paths["cancel"], sent)
        sent |= {"price": price_of(household).pk, "amount": "", "when": "later"}
        before = (member.memberships.get().cancelled_on, Subscription.objects.values().get())
        stripe_site.sandbox.fault("POST *", "500", times=9)
        assert "Stripe does not answer" in said(desk.post(paths[what], sent, follow=True))
        assert (member.memberships.get().cancelled_on, Subscription.objects.values().get()) == before

    def test_what_has_ended_is_said_to_be_so(self, desk, stripe_site, member):
        paths = self.paths(member)
        desk.post(paths["cancel"], {"reason": "x", "token": TOKEN})
        stripe_site.sandbox.client.v1.subscriptions.cancel(Subscription.objects.get().stripe_id)
        assert "They can join again" in said(desk.post(paths["resume"], follow=True))
        assert member.memberships.get().cancelled_on

    def test_a_plan_is_changed_with_the_next_payment_or_at_once(self, desk, stripe_site, member, household):
        path = self.paths(member)["plan"]
        sent = {"price": price_of(household).pk, "amount": "40", "when": "later"}
        assert "from the next payment on" in said(desk.post(path, sent, follow=True))
        assert "Changes to <strong>Household</strong>" in shown(desk, member)
        again = desk.post(path, sent)
        assert "costs already" in again.content.decode()
        assert "The difference is paid" in said(desk.post(path, sent | {"amount": "45", "when": "now"}, follow=True))
        assert member.memberships.get().plan == household
        assert member.payments.count() == 2

    def test_declined_the_plan_stays(self, desk, stripe_site, member, household):
        stripe_site.sandbox.decline(Subscription.objects.get().customer.stripe_id)
        sent = {"price": price_of(household).pk, "amount": "", "when": "now"}
        response = desk.post(self.paths(member)["plan"], sent)
        assert "was declined" in response.content.decode()
        assert member.memberships.get().plan.name == "Individual"

    def test_who_would_not_fit_is_named_and_asked_about(self, desk, stripe_site, household, individual):
        holder = stripe_site.member(household)
        memberships.cover_by_name(holder.memberships.get(), name="Luis Quispe")
        path, sent = self.paths(holder)["plan"], {"price": price_of(individual).pk, "amount": "", "when": "later"}
        response = desk.post(path, sent)
        assert "Luis Quispe" in unescape(response.content.decode())
        assert Subscription.objects.get().amount_pence == 3500
        assert "will have Individual" in said(desk.post(path, sent | {"fewer": "on"}, follow=True))

    @pytest.mark.parametrize(
        "changes",
        [{"price": "999"}, {"amount": "1"}, {"amount": "x"}, {"amount": "9999"}, {"when": "never"}, {"when": ""}],
    )
    def test_what_cannot_be_is_refused_in_words(self, desk, stripe_site, member, household, changes):
        sent = {"price": price_of(household).pk, "amount": "", "when": "later"} | changes
        response = desk.post(self.paths(member)["plan"], sent)
        assert response.context["form"].errors
        assert stripe_site.sandbox.requests("POST /v1/subscriptions/") == []


def test_after_a_merge_everything_of_both_is_on_one_page(desk, subscription, individual):
    person = subscription.customer.person
    StripeCustomerFactory(person=person)
    other = SubscriptionFactory(membership=pay(PersonFactory(), individual).term.membership)
    path = f"{LIST}{person.pk}/merge/{other.customer.person_id}/"
    fields = dict.fromkeys(desk.get(path).context["form"].fields, "keep")
    assert desk.post(path, fields).status_code == 302
    assert len(desk.get(f"{LIST}{person.pk}/change/").context["overview"]["subscriptions"]) == 2
