"""Money is never rewritten; prices change without changing what was paid."""

import pytest
from django.db import IntegrityError, connection, transaction

from membership.actions import payments
from membership.actions.plans import WrongInterval, retire_price, set_price
from membership.models import Payment, Plan, Price
from membership.money import parse_pounds, pounds, with_gift_aid
from tests.factories import PersonFactory, PlanFactory, PriceFactory
from tests.membership.conftest import pay, price_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def payment(individual) -> Payment:
    return pay(PersonFactory(), individual)


class TestPaymentsAreForEver:
    @pytest.mark.parametrize(
        "change",
        [
            {"gross_pence": 1},
            {"fee_pence": 1},
            {"received_on": "2020-01-01"},
            {"method": "cash"},
            {"bank_reference": "x"},
            {"token": "x"},
            {"currency": "EUR"},
            {"reason": "x"},
        ],
    )
    def test_the_database_refuses_a_change(self, payment, change):
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            Payment.objects.filter(pk=payment.pk).update(**change)

    def test_the_database_refuses_a_deletion_also_in_bare_sql(self, payment):
        with pytest.raises(IntegrityError, match="never deleted"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM membership_payment")

    def test_only_the_person_may_follow_a_merge(self, payment):
        other = PersonFactory()
        Payment.objects.filter(pk=payment.pk).update(person=other)
        payment.refresh_from_db()
        assert payment.person == other

    @pytest.mark.parametrize("pence", [0, -100])
    def test_money_in_is_above_zero(self, payment, pence):
        with pytest.raises(IntegrityError, match="payment_in_or_back"), transaction.atomic():
            Payment.objects.create(person=payment.person, method="cash", gross_pence=pence, token="x")

    def test_money_back_names_what_it_takes_back(self, payment):
        with pytest.raises(IntegrityError, match="payment_in_or_back"), transaction.atomic():
            Payment.objects.create(person=payment.person, method="cash", gross_pence=-5, token="x")
        with pytest.raises(IntegrityError, match="opposite"), transaction.atomic():
            Payment.objects.create(person=payment.person, method="cash", gross_pence=5, reverses=payment, token="x")

    def test_taking_back_is_a_second_row_and_happens_once(self, payment, staff):
        back = payments.reverse(payment, reason="Bounced", token="a", by=staff("Membership"))
        assert (back.gross_pence, back.reverses, back.reason) == (-2500, payment, "Bounced")
        assert payments.reverse(payment, reason="Bounced", token="a") == back
        with pytest.raises(payments.AlreadyReversed):
            payments.reverse(payment, reason="Bounced", token="b")
        with pytest.raises(payments.AlreadyReversed):
            payments.reverse(back, reason="Undo", token="c")
        assert sum(Payment.objects.values_list("gross_pence", flat=True)) == 0

    def test_the_same_money_twice_is_one_row(self, individual):
        person = PersonFactory()
        assert pay(person, individual, token="one") == pay(person, individual, token="one")
        assert Payment.objects.count() == 1


class TestPrices:
    def test_the_database_refuses_to_change_an_amount(self, individual):
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            Price.objects.update(amount_pence=1)
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            Price.objects.update(interval="month")

    def test_a_new_price_retires_the_one_before(self, individual):
        old = price_of(individual)
        new = set_price(plan=individual, interval="year", amount_pence=3000)
        old.refresh_from_db()
        assert old.retired_at
        assert price_of(individual) == new
        assert set_price(plan=individual, interval="year", amount_pence=3000) == new

    def test_there_is_one_current_price_for_plan_and_interval(self, individual):
        with pytest.raises(IntegrityError, match="price_current_once"), transaction.atomic():
            PriceFactory(plan=individual)
        PriceFactory(plan=individual, interval="month", amount_pence=250)

    def test_a_life_plan_is_paid_once_and_no_other_is(self, individual, life):
        for plan, interval in [(life, "year"), (individual, "once")]:
            with pytest.raises(WrongInterval):
                set_price(plan=plan, interval=interval, amount_pence=100)

    def test_without_a_price_a_plan_is_not_offered(self, individual):
        retire_price(price_of(individual))
        assert not Plan.objects.offered().exists()

    def test_a_price_is_more_than_nothing(self, individual):
        with pytest.raises(IntegrityError, match="price_is_positive"), transaction.atomic():
            PriceFactory(plan=PlanFactory(), amount_pence=0)


class TestAmounts:
    @pytest.mark.parametrize(
        ("pence", "words"), [(2500, "£25.00"), (5, "£0.05"), (123456, "£1,234.56"), (-2500, "−£25.00"), (0, "£0.00")]
    )
    def test_pence_in_words(self, pence, words):
        assert pounds(pence) == words

    def test_what_is_written_is_read_back(self):
        for pence in [*range(1300), 99_999, 100_000, 500_000]:
            assert parse_pounds(pounds(pence)) == pence

    def test_gift_aid_adds_a_quarter(self):
        assert (with_gift_aid(2500), with_gift_aid(1001)) == (3125, 1251)
