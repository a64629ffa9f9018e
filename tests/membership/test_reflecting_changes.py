"""Subscriptions that are cancelled, resumed, doubled, paid by another card; and people who change meanwhile."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from zeal import zeal_ignore

from membership.actions import memberships, merging
from membership.models import (
    Application,
    Checkout,
    Concern,
    Membership,
    Notice,
    Payment,
    Subscription,
    Term,
)
from psg.models import User
from tests.factories import PersonFactory
from tests.membership.conftest import pay
from tests.membership.stripe_site import again, apply, go_on, row, update

DAY = timedelta(days=1)


class TestCancelling:
    def test_in_the_portal_it_runs_to_the_end_of_what_was_paid_and_is_told_once(
        self, stripe_site, individual, mailoutbox
    ):
        person = stripe_site.member(individual)
        mailoutbox.clear()
        update(
            stripe_site, cancel_at_period_end=True, cancellation_details={"comment": "Moving to Cusco", "feedback": ""}
        )
        stripe_site.tell()
        membership, term = Membership.objects.get(), Term.objects.get()
        assert (membership.cancelled_on, membership.cancel_reason) == (timezone.localdate(), "Moving to Cusco")
        assert (membership.status, term.grace_until) == ("leaving", term.ends_on)
        assert row().is_ending
        assert row().renews_on is None
        go_on(stripe_site, "1y")
        stripe_site.tell(stripe_site.sandbox.events()[::-1])
        assert (row().status, Term.objects.count()) == ("canceled", 1)
        assert person.is_member(term.ends_on)
        assert not person.is_member(term.ends_on + DAY)
        assert len(mailoutbox) == 1
        assert "cancel" in mailoutbox[0].subject.lower()

    def test_taken_back_in_the_portal_it_goes_on(self, stripe_site, individual):
        stripe_site.member(individual)
        before = Term.objects.get().grace_until
        update(stripe_site, cancel_at_period_end=True)
        stripe_site.tell()
        update(stripe_site, cancel_at_period_end=False)
        stripe_site.tell()
        assert Membership.objects.get().cancelled_on is None
        assert Term.objects.get().grace_until == before
        assert row().renews_on == Term.objects.get().ends_on + DAY

    def test_a_subscription_whose_metadata_staff_emptied_is_still_known(self, stripe_site, individual):
        stripe_site.member(individual)
        update(stripe_site, metadata={"psg_checkout": ""}, cancel_at_period_end=True)
        stripe_site.tell()
        assert Membership.objects.get().cancelled_on

    def test_at_once_in_the_dashboard_what_was_paid_still_runs(self, stripe_site, individual):
        person = stripe_site.member(individual)
        stripe_site.sandbox.client.v1.subscriptions.cancel(row().stripe_id)
        stripe_site.tell()
        assert Membership.objects.get().status == "leaving"
        assert person.is_member()

    def test_while_overdue_it_ends_at_once(self, stripe_site, individual):
        person = stripe_site.member(individual)
        stripe_site.sandbox.decline(person.stripe_customers.get().stripe_id)
        go_on(stripe_site, "1y")
        stripe_site.sandbox.client.v1.subscriptions.cancel(row().stripe_id)
        stripe_site.tell()
        term = Term.objects.get()
        assert term.grace_until == timezone.localdate(row().cancelled_at) == term.ends_on + DAY

    def test_taken_back_while_overdue_the_days_of_grace_are_back_and_another_look_changes_nothing(
        self, stripe_site, individual
    ):
        person = stripe_site.member(individual)
        stripe_site.sandbox.decline(person.stripe_customers.get().stripe_id)
        go_on(stripe_site, "1y")
        grace = Term.objects.get().grace_until
        for ends in (True, False):
            update(stripe_site, cancel_at_period_end=ends)
            stripe_site.tell()
        assert Term.objects.get().grace_until == grace

    def test_a_cheque_after_it_undoes_it_and_late_news_of_it_does_not_cancel_again(self, stripe_site, individual):
        person = stripe_site.member(individual)
        update(stripe_site, cancel_at_period_end=True)
        stripe_site.tell()
        pay(person, individual)
        assert Membership.objects.get().cancelled_on is None
        stripe_site.sandbox.client.v1.subscriptions.cancel(row().stripe_id)
        stripe_site.tell()
        assert Membership.objects.get().cancelled_on is None
        assert Term.objects.count() == 2


class TestTwo:
    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    def test_who_cancels_one_stays_and_who_cancels_both_leaves(self, stripe_site, individual, order):
        person = stripe_site.member(individual)
        stripe_site.sandbox.advance("1h")
        again(stripe_site, person, individual)
        stripe_site.tell()
        ids = list(Subscription.objects.order_by("pk").values_list("stripe_id", flat=True))
        first, second = [ids[place] for place in order]
        stripe_site.sandbox.client.v1.subscriptions.cancel(first)
        stripe_site.tell()
        assert Membership.objects.get().cancelled_on is None
        stripe_site.sandbox.client.v1.subscriptions.cancel(second)
        stripe_site.tell()
        assert Membership.objects.get().cancelled_on

    @pytest.mark.parametrize("is_reversed", [False, True])
    def test_the_end_of_an_old_one_does_not_cancel_the_new(self, stripe_site, individual, is_reversed):
        person = stripe_site.member(individual)
        old = row().stripe_id
        stripe_site.sandbox.client.v1.subscriptions.cancel(old)
        again(stripe_site, person, individual)
        events = stripe_site.untold()
        stripe_site.tell(events[::-1] if is_reversed else events)
        stripe_site.tell([stripe_site.sandbox.events("customer.subscription.deleted")[0] | {"id": "evt_late"}])
        membership = Membership.objects.get()
        assert (membership.cancelled_on, membership.terms.count()) == (None, 2)
        assert membership.subscriptions.live().count() == 1
        assert membership.terms.last().grace_until == memberships.grace_end(membership.terms.last().ends_on)

    def test_the_end_of_an_old_one_says_nothing_while_the_new_ones_debit_is_under_way(self, stripe_site, individual):
        person = stripe_site.member(individual)
        old = row().stripe_id
        application = apply(individual, method="debit")
        Application.objects.filter(pk=application.pk).update(person=person)
        application.refresh_from_db()
        stripe_site.sandbox.freeze()
        stripe_site.sandbox.advance("1h")
        checkout = stripe_site.open_checkout(application)
        stripe_site.sandbox.pay(checkout.stripe_id, type="bacs_debit", account_number="00012345")
        stripe_site.tell()
        stripe_site.sandbox.client.v1.subscriptions.cancel(old)
        stripe_site.tell()
        assert Membership.objects.get().cancelled_on is None

    def test_two_that_both_go_on_are_told_to_staff_once(self, stripe_site, individual, mailoutbox, settings):
        person = stripe_site.member(individual)
        again(stripe_site, person, individual)
        stripe_site.tell()
        stripe_site.tell(stripe_site.sandbox.events())
        concern = Concern.objects.get()
        assert (concern.kind, concern.person) == ("two_subscriptions", person)
        assert sum(settings.CONTACT_EMAIL in mail.to for mail in mailoutbox) == 1
        assert Membership.objects.get().terms.count() == 2

    def test_who_is_a_member_for_life_and_pays_is_told_to_staff_once(self, stripe_site, individual, life):
        person = PersonFactory()
        pay(person, life)
        again(stripe_site, person, individual)
        assert set(stripe_site.tell()) == {200}
        stripe_site.tell(stripe_site.sandbox.events())
        assert (Concern.objects.get().kind, Payment.objects.count()) == ("paid_for_nothing", 2)
        assert (Term.objects.get().ends_on, Membership.objects.get().plan) == (None, life)
        assert Checkout.objects.get().state == "paid"

    def test_a_form_that_a_cheque_has_paid_meanwhile_is_one_more_year(self, stripe_site, individual):
        application = apply(individual)
        checkout = stripe_site.open_checkout(application)
        pay(application.person, individual, application=application)
        stripe_site.sandbox.pay(checkout.stripe_id)
        assert set(stripe_site.tell()) == {200}
        first, second = Term.objects.all()
        assert (first.payment.method, second.payment.method) == ("cheque", "card")
        assert second.starts_on == first.ends_on + DAY
        application.refresh_from_db()
        assert application.payment == first.payment

    def test_a_household_that_is_full_of_other_names_is_renewed_all_the_same(self, stripe_site, household):
        names = ["Luis Quispe", "Rosa Quispe", "Juan Quispe"]
        person = PersonFactory()
        membership = pay(person, household).term.membership
        for name in names:
            memberships.cover_by_name(membership, name=name)
        application = apply(household)
        Application.objects.filter(pk=application.pk).update(person=person, household=["Ines Quispe", names[0]])
        application.refresh_from_db()
        stripe_site.sandbox.pay(stripe_site.open_checkout(application).stripe_id)
        with zeal_ignore():  # a few names, one after the other
            assert set(stripe_site.tell()) == {200}
        assert Term.objects.count() == 2
        assert membership.cover_set.filter(until__isnull=True).count() == 3
        concern = Concern.objects.get()
        assert concern.kind == "household_full"
        assert "Ines Quispe" in concern.text


class TestPeopleAndCards:
    def test_another_card_is_known_by_its_last_digits(self, stripe_site, individual):
        person = stripe_site.member(individual)
        Subscription.objects.update(needs_new_method=True)
        stripe_site.sandbox.change_card(person.stripe_customers.get().stripe_id, "5555555555554444")
        default = stripe_site.sandbox.objects("payment_method")[-1]["id"]
        update(stripe_site, default_payment_method=default)
        stripe_site.tell()
        assert (row().last4, row().card_brand, row().needs_new_method) == ("4444", "mastercard", False)
        assert row().paid_by == "Mastercard card ending in 4444"

    def test_a_debit_that_was_ended_at_the_bank_asks_once_for_another_way_to_pay(self, stripe_site, individual):
        stripe_site.member(individual, method="debit", number="90000018")
        stripe_site.sandbox.advance("1h")
        stripe_site.tell()
        mandate = stripe_site.sandbox.objects("mandate")[0]["id"]
        stripe_site.sandbox.revoke(mandate)
        stripe_site.tell()
        stripe_site.tell([event | {"id": "evt_again"} for event in stripe_site.sandbox.events("mandate.updated")])
        assert row().needs_new_method
        assert Notice.objects.get().kind == "new_method"
        assert Subscription.objects.failing().get() == row()

    def test_an_address_that_was_changed_at_stripe_follows_and_one_abroad_or_in_part_does_not(
        self, stripe_site, individual
    ):
        person = stripe_site.member(individual, address_line1="1 Test Street", postcode="N1 9GU")
        customers = stripe_site.sandbox.client.v1.customers
        customer = person.stripe_customers.get().stripe_id
        partly = {"country": "GB", "postal_code": "E1 6AN"}
        abroad = {"country": "PE", "line1": "Av. Sol 1", "postal_code": "08002"}
        for address in (partly, abroad):
            customers.update(customer, {"address": address})
            stripe_site.tell()
            person.refresh_from_db()
            assert person.address_line1 == "1 Test Street"
        whole = {"country": "GB", "line1": "2 New Road", "line2": "Flat 1", "city": "Leeds", "postal_code": "ls1 1ba"}
        customers.update(customer, {"address": whole})
        stripe_site.tell()
        stripe_site.tell(stripe_site.sandbox.events("customer.updated"))
        person.refresh_from_db()
        assert person.address_lines == ["2 New Road", "Flat 1", "Leeds", "LS1 1BA", "United Kingdom"]
        person.address_line1 = "3 Newer Road"  # told to us, not to Stripe
        person.save()
        customers.update(customer, {"name": "Ana Maria Quispe"})
        stripe_site.tell()
        customers.update(customer, {"address": whole | {"line1": "3 Newer Road"}})
        stripe_site.tell()
        person.refresh_from_db()
        assert person.address_line1 == "3 Newer Road"

    def test_a_customer_who_was_deleted_at_stripe_is_not_used_again(self, stripe_site, individual):
        person = stripe_site.member(individual)
        customer = person.stripe_customers.get()
        stripe_site.sandbox.client.v1.customers.delete(customer.stripe_id)
        stripe_site.tell()
        stripe_site.tell([event | {"id": "evt_late"} for event in stripe_site.sandbox.events("customer.deleted")])
        customer.refresh_from_db()
        assert customer.deleted_at
        assert row().status == "canceled"
        assert person.is_member()

    def test_two_records_that_became_one_meanwhile(self, stripe_site, individual):
        drop, keep = stripe_site.member(individual), PersonFactory()
        merging.merge(keep=keep, drop=drop, chosen={}, by=None)
        go_on(stripe_site, "1y")
        assert keep.payments.count() == 2
        assert Membership.objects.get().person == keep

    def test_an_account_that_was_deleted_while_its_subscription_lives(self, stripe_site, individual):
        person = stripe_site.member(individual)
        person.user = User.objects.create_user(person.email, "a-long-password", name="Ana")
        person.save()
        person.user.delete()
        go_on(stripe_site, "1y")
        assert Term.objects.count() == 2


class TestDays:
    def test_a_year_from_29_february_ends_with_the_28th_and_the_next_follows(self, stripe_site, individual):
        stripe_site.sandbox.freeze("2028-02-29T12:00:00")
        with time_machine.travel("2028-02-29T12:00:00Z", tick=False):
            stripe_site.member(individual)
        go_on(stripe_site, "1y")
        spans = [(str(term.starts_on), str(term.ends_on)) for term in Term.objects.all()]
        assert spans == [("2028-02-29", "2029-02-28"), ("2029-03-01", "2030-02-28")]

    @pytest.mark.parametrize(
        ("paid_at", "day"),
        [
            ("2027-03-28T00:30:00", "2027-03-28"),
            ("2027-03-28T01:30:00", "2027-03-28"),  # 01:30 in London does not exist: it is 02:30
            ("2027-03-28T23:30:00", "2027-03-29"),  # half past midnight, summer time
            ("2027-10-31T00:30:00", "2027-10-31"),  # 01:30 for the first time
            ("2027-10-31T23:30:00", "2027-10-31"),
        ],
    )
    def test_days_are_londons_also_where_the_clock_changes(self, stripe_site, individual, paid_at, day):
        stripe_site.sandbox.freeze(paid_at)
        with time_machine.travel(f"{paid_at}Z", tick=False):
            stripe_site.member(individual)
        assert str(Payment.objects.get().received_on) == str(Term.objects.get().starts_on) == day
