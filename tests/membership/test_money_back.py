"""Money that goes back: refunds and disputes, to the penny, in whatever order and however often they are told."""

import random
from datetime import timedelta

import pytest
import stripe
from django.db.models import F, Sum
from django.utils import timezone
from zeal import zeal_ignore

from membership import gateway
from membership.facts import Origin
from membership.models import Concern, Dispute, EventState, Membership, Payment, StripeEvent, Term
from tests.membership.conftest import pay
from tests.membership.stripe_site import again, go_on
from tests.stripe_sandbox import Refused

DAY = timedelta(days=1)


def give_back(site, pence: int | None = None, *, payment: Payment | None = None, **params) -> str:
    """As in Stripe's dashboard; the refund's id."""
    payment = payment or Payment.objects.filter(gross_pence__gt=0).order_by("pk").first()
    params |= {"payment_intent": payment.stripe_payment_intent_id} | ({"amount": pence} if pence else {})
    return site.sandbox.client.v1.refunds.create(params).id


def dispute(site, reason: str = "fraudulent") -> str:
    charge = Payment.objects.filter(reverses__isnull=True).first().stripe_charge_id
    return site.sandbox.dispute(charge, reason)["id"]


def ours() -> int:
    """What our rows say of money at Stripe, in pence, after fees."""
    rows = Payment.objects.filter(method__in=["card", "debit"])
    return rows.aggregate(net=Sum(F("gross_pence") - F("fee_pence")))["net"] or 0


def theirs(site) -> int:
    """What stands on the account at Stripe, in pence."""
    return sum(each["net"] for each in site.sandbox.objects("balance_transaction"))


def back() -> list[int]:
    return list(Payment.objects.filter(reverses__isnull=False).order_by("pk").values_list("gross_pence", flat=True))


def tell_all_again(site) -> None:
    """Everything once more, the newest first, as if it had never been told."""
    site.tell([event | {"id": f"{event['id']}_again"} for event in site.sandbox.events()[::-1]])


class TestRefunds:
    def test_all_of_it_is_a_row_a_mail_and_the_end_of_the_term(self, stripe_site, individual, mailoutbox):
        person = stripe_site.member(individual)
        mailoutbox.clear()
        give_back(stripe_site, reason="requested_by_customer")
        assert set(stripe_site.tell()) == {200}
        tell_all_again(stripe_site)
        row = Payment.objects.get(reverses__isnull=False)
        assert (row.gross_pence, row.fee_pence, row.method) == (-2500, 0, "card")
        assert row.reason == "requested by customer"
        assert row.reverses.gross_pence == 2500
        assert Term.objects.get().cut_on == timezone.localdate()
        assert not person.is_member()
        assert len(mailoutbox) == 1
        assert "£25.00" in mailoutbox[0].body
        assert "−" not in mailoutbox[0].body
        assert ours() == theirs(stripe_site) == -58

    def test_parts_add_up_and_the_last_ends_the_term(self, stripe_site, individual):
        person = stripe_site.member(individual)
        for pence in (1, 499, 1000):
            give_back(stripe_site, pence)
            stripe_site.tell()
            assert person.is_member()
        give_back(stripe_site)
        stripe_site.tell()
        assert back() == [-1, -499, -1000, -1000]
        assert not person.is_member()
        assert ours() == theirs(stripe_site)

    @pytest.mark.parametrize("number", ["4000000000005126", "4000000000007726"])
    def test_one_that_takes_days_counts_at_once_and_one_that_fails_is_taken_back(self, stripe_site, individual, number):
        person = stripe_site.member(individual, number=number)
        give_back(stripe_site)
        stripe_site.tell()
        assert (back(), person.is_member()) == ([-2500], False)
        stripe_site.sandbox.advance("4d")
        stripe_site.tell()
        tell_all_again(stripe_site)
        has_failed = number.endswith("5126")
        assert back() == ([-2500, 2500] if has_failed else [-2500])
        assert person.is_member() == has_failed
        assert list(Concern.objects.values_list("kind", flat=True)) == (["refund_failed"] if has_failed else [])
        assert ours() == theirs(stripe_site)

    def test_one_that_failed_before_anything_was_told_ends_the_same(self, stripe_site, individual):
        person = stripe_site.member(individual, number="4000000000005126")
        give_back(stripe_site)
        stripe_site.sandbox.advance("4d")
        stripe_site.tell(stripe_site.sandbox.events("refund.failed"))
        assert (back(), person.is_member(), ours()) == ([], True, theirs(stripe_site))

    def test_given_back_again_after_it_failed(self, stripe_site, individual):
        stripe_site.member(individual)
        refund = give_back(stripe_site)
        stripe_site.sandbox.fail_refund(refund)
        stripe_site.tell()
        give_back(stripe_site)
        stripe_site.tell()
        assert Term.objects.get().cut_on
        assert ours() == theirs(stripe_site)

    def test_one_that_fails_after_a_cheque_took_its_place_leaves_the_cheques_term(self, stripe_site, individual):
        person = stripe_site.member(individual)
        refund = give_back(stripe_site)
        stripe_site.tell()
        pay(person, individual)
        stripe_site.sandbox.fail_refund(refund)
        assert set(stripe_site.tell()) == {200}
        assert Term.objects.filter(cut_on__isnull=True).get().payment.method == "cheque"
        assert Concern.objects.get().kind == "refund_failed"

    def test_told_before_the_payment_itself_the_payment_is_recorded_first(self, stripe_site, individual):
        person = stripe_site.member(individual, tell=False)
        intent = stripe_site.sandbox.objects("payment_intent")[0]["id"]
        stripe_site.sandbox.client.v1.refunds.create({"payment_intent": intent, "amount": 700})
        stripe_site.tell(stripe_site.sandbox.events("charge.refunded"))
        assert back() == [-700]
        assert person.is_member()
        stripe_site.tell()
        assert ours() == theirs(stripe_site)

    def test_the_same_of_a_single_payment(self, stripe_site, life):
        stripe_site.member(life, renews=False, tell=False)
        intent = stripe_site.sandbox.objects("payment_intent")[0]["id"]
        stripe_site.sandbox.client.v1.refunds.create({"payment_intent": intent})
        stripe_site.tell(stripe_site.sandbox.events("refund.created"))
        assert (back(), Membership.objects.get().is_for_life) == ([-40_000], False)
        stripe_site.tell()
        assert ours() == theirs(stripe_site)

    def test_for_life_again_if_it_fails(self, stripe_site, life):
        person = stripe_site.member(life, renews=False)
        refund = give_back(stripe_site)
        stripe_site.tell()
        assert not person.is_member()
        stripe_site.sandbox.fail_refund(refund)
        stripe_site.tell()
        assert Membership.objects.get().is_for_life

    def test_of_a_year_long_gone_changes_nothing_of_what_came_after(self, stripe_site, individual):
        person = stripe_site.member(individual)
        go_on(stripe_site, "1y")
        stripe_site.sandbox.decline(person.stripe_customers.get().stripe_id)
        go_on(stripe_site, "1y")
        second = Term.objects.last()
        assert person.is_member(second.ends_on + 2 * DAY)  # in grace
        give_back(stripe_site)
        stripe_site.tell()
        membership = Membership.objects.get()
        assert (membership.paid_until, membership.last_term) == (second.ends_on, second)
        assert person.is_member(second.ends_on + 2 * DAY)
        assert ours() == theirs(stripe_site)

    def test_what_is_paid_late_after_a_later_year_was_taken_back_does_not_overlap(self, stripe_site, individual):
        """Two paid years, the second taken back while it ran; then comes news of money from within the first."""
        person = stripe_site.member(individual)
        stripe_site.sandbox.advance("300d")
        stripe_site.tell()
        first = Term.objects.get()
        second = pay(person, individual).term
        Term.objects.filter(pk=second.pk).update(cut_on=second.starts_on + 20 * DAY)
        again(stripe_site, person, individual)
        assert set(stripe_site.tell()) == {200}
        newest = Term.objects.latest("pk")
        assert newest.starts_on == first.ends_on + DAY

    def test_of_another_product_is_none_of_ours(self, stripe_site, individual):
        stripe_site.sandbox.seed(members=1)
        intent = stripe_site.sandbox.objects("payment_intent")[0]["id"]
        stripe_site.sandbox.client.v1.refunds.create({"payment_intent": intent})
        assert set(stripe_site.tell()) == {200}
        assert not Payment.objects.exists()

    def test_of_a_payment_that_was_made_by_hand_in_the_dashboard_is_none_of_ours(
        self, stripe_site, individual, monkeypatch
    ):
        stripe_site.sandbox.seed(members=1)
        intent = stripe_site.sandbox.objects("payment_intent")[0]["id"]
        stripe_site.sandbox.client.v1.refunds.create({"payment_intent": intent})
        monkeypatch.setattr(gateway, "origin_of", lambda intent: Origin())  # the sandbox makes no such payments
        event = stripe_site.sandbox.events("refund.created")[0]
        assert stripe_site.post(event).status_code == 200
        event["id"], event["data"]["object"]["payment_intent"] = "evt_x", "pi_of_nobody"
        assert stripe_site.post(event).status_code == 200
        assert set(StripeEvent.objects.values_list("state", flat=True)) == {EventState.IGNORED}

    def test_of_a_charge_without_an_intent_is_none_of_ours_and_asks_for_nobodys(self, stripe_site, individual):
        stripe_site.member(individual)
        give_back(stripe_site, 100)
        event = stripe_site.sandbox.events("charge.refunded")[0]
        event["data"]["object"]["payment_intent"] = None
        asked = len(stripe_site.sandbox.requests("GET /v1/refunds"))
        assert stripe_site.post(event).status_code == 200
        assert StripeEvent.objects.get(stripe_id=event["id"]).state == EventState.IGNORED
        assert len(stripe_site.sandbox.requests("GET /v1/refunds")) == asked
        assert back() == []

    def test_money_that_bought_nothing_can_be_given_back(self, stripe_site, individual, life):
        person = stripe_site.member(life, renews=False)
        again(stripe_site, person, individual)
        stripe_site.tell()
        assert Concern.objects.get().kind == "paid_for_nothing"
        give_back(stripe_site, payment=Payment.objects.get(gross_pence=2500))
        stripe_site.tell()
        assert Membership.objects.get().is_for_life
        assert ours() == theirs(stripe_site)


class TestDisputes:
    def test_opened_it_is_flagged_and_told_once_and_they_stay_a_member(self, stripe_site, individual, mailoutbox):
        person = stripe_site.member(individual)
        mailoutbox.clear()
        dispute(stripe_site, "product_not_received")
        stripe_site.tell()
        tell_all_again(stripe_site)
        row = Dispute.objects.get()
        assert (row.amount_pence, row.reason, row.is_open) == (2500, "product not received", True)
        assert row.due_at > timezone.now()
        taken = Payment.objects.get(reverses__isnull=False)
        assert (taken.gross_pence, taken.fee_pence) == (-2500, 2000)
        assert person.is_member()
        assert Concern.objects.get().kind == "dispute"
        assert len(mailoutbox) == 1
        assert ours() == theirs(stripe_site)

    def test_won_the_money_is_back_and_the_fee_is_not(self, stripe_site, individual):
        person = stripe_site.member(individual)
        stripe_site.sandbox.decide(dispute(stripe_site), won=True)
        stripe_site.tell()
        tell_all_again(stripe_site)
        assert back() == [-2500, 2500]
        assert (Dispute.objects.get().is_open, person.is_member()) == (False, True)
        assert ours() == theirs(stripe_site)

    def test_lost_the_term_ends(self, stripe_site, individual):
        person = stripe_site.member(individual)
        stripe_site.sandbox.decide(dispute(stripe_site), won=False)
        stripe_site.tell()
        tell_all_again(stripe_site)
        assert back() == [-2500]
        assert Term.objects.get().cut_on == timezone.localdate()
        assert not person.is_member()
        assert ours() == theirs(stripe_site)

    @pytest.mark.parametrize("won", [True, False])
    @pytest.mark.parametrize("refund_first", [True, False])
    def test_of_what_a_refund_left_it_ends_the_same_in_either_order(self, stripe_site, individual, won, refund_first):
        person = stripe_site.member(individual)
        give_back(stripe_site, 500)
        opened = dispute(stripe_site)
        first, second = ("refund.created", "charge.dispute.created")[:: 1 if refund_first else -1]
        stripe_site.tell(stripe_site.sandbox.events(first))
        stripe_site.tell(stripe_site.sandbox.events(second))
        assert person.is_member()  # nothing is decided yet
        stripe_site.sandbox.decide(opened, won=won)
        stripe_site.tell()
        assert (Dispute.objects.get().amount_pence, person.is_member()) == (2000, won)
        assert ours() == theirs(stripe_site)

    def test_told_before_the_payment_itself(self, stripe_site, individual):
        person = stripe_site.member(individual, number="4000000000000259", tell=False)
        stripe_site.sandbox.advance("1h")
        stripe_site.tell(stripe_site.sandbox.events("charge.dispute.created"))
        assert (Dispute.objects.get().payment.person, back()) == (person, [-2500])
        stripe_site.tell()
        assert ours() == theirs(stripe_site)

    def test_of_another_product_is_none_of_ours(self, stripe_site, individual):
        stripe_site.sandbox.seed(members=1)
        stripe_site.sandbox.dispute(stripe_site.sandbox.objects("charge")[0]["id"])
        assert set(stripe_site.tell()) == {200}
        assert not Dispute.objects.exists()

    def test_of_a_debit(self, stripe_site, individual):
        stripe_site.member(individual, method="debit", number="55555559")
        stripe_site.sandbox.advance("1h")
        stripe_site.tell()
        assert (Dispute.objects.get().payment.method, back()) == ("debit", [-2500])
        assert ours() == theirs(stripe_site)


class TestToThePenny:
    """Whatever happens, in whatever order and however often it is told: our rows add up to Stripe's balance."""

    def happen(self, site, rng: random.Random) -> None:
        """Something that may happen at Stripe; what it refuses does not happen."""
        kind = rng.choice(["refund", "refund", "refund", "fail", "dispute", "decide", "year", "debit"])
        charges = [each for each in site.sandbox.objects("charge") if each["status"] == "succeeded"]
        refunds = [each["id"] for each in site.sandbox.objects("refund") if each["status"] != "failed"]
        disputes = [each["id"] for each in site.sandbox.objects("dispute") if each["status"] == "needs_response"]
        charge = rng.choice(charges)
        try:
            if kind == "refund":
                params = {"charge": charge["id"], "amount": rng.randint(1, charge["amount"])}
                site.sandbox.client.v1.refunds.create(params)
            elif kind == "fail" and refunds:
                site.sandbox.fail_refund(rng.choice(refunds))
            elif kind == "dispute":
                site.sandbox.dispute(charge["id"])
            elif kind == "decide" and disputes:
                site.sandbox.decide(rng.choice(disputes), won=rng.random() < 0.5)
            elif kind == "year":
                site.sandbox.advance(rng.choice(["6m", "1y"]))
            elif kind == "debit":
                site.sandbox.advance("5d")
        except (stripe.InvalidRequestError, Refused):
            return

    @pytest.mark.parametrize("seed", range(10))
    def test_any_sequence_in_any_order(self, stripe_site, individual, seed):
        rng = random.Random(seed)
        stripe_site.member(individual, tell=False)
        stripe_site.member(individual, method="debit", number="90000018", tell=False)
        stripe_site.sandbox.advance("1h")
        events: dict[str, dict] = {}  # Stripe keeps them for 30 days only; these come later than that
        for _ in range(rng.randint(4, 9)):
            self.happen(stripe_site, rng)
            events |= {event["id"]: event for event in stripe_site.untold()}
            if rng.random() < 0.3:
                with zeal_ignore():
                    stripe_site.tell(rng.sample(list(events.values()), len(events) // 2))
        stripe_site.sandbox.advance("2h")
        events |= {event["id"]: event for event in stripe_site.untold()}
        told_twice = list(events.values()) + rng.sample(list(events.values()), len(events) // 3)
        rng.shuffle(told_twice)
        with zeal_ignore():  # several years may come to light with one event
            assert set(stripe_site.tell(told_twice)) <= {200}
        assert ours() == theirs(stripe_site)
        tokens = Payment.objects.values_list("token", flat=True)
        assert len(tokens) == len(set(tokens))
        rows = Payment.objects.count()
        tell_all_again(stripe_site)
        assert Payment.objects.count() == rows
