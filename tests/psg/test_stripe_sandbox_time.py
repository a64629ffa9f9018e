"""What time does in the sandbox: renewals on the right day, retries, changes of plan, ends."""

import time
from datetime import UTC, datetime

import psutil
import pytest
import stripe

from tests.psg import shop

DAY = 86400


@pytest.fixture
def v1(stripe_sandbox):
    return stripe_sandbox.client.v1


def day(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d}"


def period(made) -> tuple[str, str]:
    item = made["items"].data[0]
    return day(item.current_period_start), day(item.current_period_end)


def renew(sandbox, by: str = "1y") -> None:
    """Advance to the next renewal, and to the end of its invoice's hour as a draft."""
    sandbox.advance(by)
    sandbox.advance("2h")


def change(v1, made, price: str, **how):
    """Change the only item to another price."""
    return v1.subscriptions.update(made.id, {"items": [{"id": made["items"].data[0].id, "price": price}]} | how)


# --- The clock ---


def test_the_clock_runs_stands_and_never_goes_back(stripe_sandbox):
    stripe_sandbox.freeze()
    now = stripe_sandbox.now
    assert stripe_sandbox.now == now
    stripe_sandbox.advance("30d")
    assert stripe_sandbox.now == now + 30 * DAY
    stripe_sandbox.advance(now + 31 * DAY)
    stripe_sandbox.advance(f"{datetime.fromtimestamp(now + 32 * DAY, UTC):%Y-%m-%dT%H:%M:%S}")
    assert stripe_sandbox.now == now + 32 * DAY
    for wrong in (now, "yesterday", "-1d", ""):
        with pytest.raises(Exception, match=r"back|isoformat|Invalid"):
            stripe_sandbox.advance(wrong)
    assert stripe_sandbox.state()["frozen"]


def test_what_falls_due_happens_by_itself_when_time_goes_on(stripe_sandbox, v1):
    made = shop.session(stripe_sandbox, expires_at=stripe_sandbox.now + 1861)
    stripe_sandbox.advance("1860s")
    deadline = time.monotonic() + 20
    while v1.checkout.sessions.retrieve(made.id).status == "open":
        assert time.monotonic() < deadline
        time.sleep(0.05)


# --- Renewals ---


def test_a_renewal_is_announced_drafted_and_charged_an_hour_later(stripe_sandbox, v1):
    stripe_sandbox.freeze("2027-03-01T10:00:00")
    made = shop.subscribed(stripe_sandbox)
    assert period(made) == ("2027-03-01", "2028-03-01")
    stripe_sandbox.advance("2028-02-24")
    upcoming = stripe_sandbox.events("invoice.upcoming")[-1]
    assert day(upcoming["created"]) == "2028-02-23"
    assert upcoming["data"]["object"]["amount_due"] == 2000
    stripe_sandbox.advance("2028-03-01T10:30:00")
    made = shop.refresh(stripe_sandbox, made)
    invoice = v1.invoices.retrieve(made.latest_invoice)
    assert (invoice.status, invoice.billing_reason) == ("draft", "subscription_cycle")
    assert period(made) == ("2028-03-01", "2029-03-01")
    stripe_sandbox.advance("2028-03-01T11:00:00")
    invoice = v1.invoices.retrieve(made.latest_invoice)
    assert (invoice.status, invoice.attempt_count) == ("paid", 1)
    assert (day(invoice.lines.data[0].period.start), day(invoice.lines.data[0].period.end)) == period(made)
    assert invoice.number.endswith("-0002")


@pytest.mark.parametrize(
    ("start", "interval", "ends"),
    [
        ("2027-01-31", "month", ["2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"]),
        ("2028-01-30", "month", ["2028-02-29", "2028-03-30"]),
        ("2028-02-29", "year", ["2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"]),
        ("2027-12-31", "month", ["2028-01-31", "2028-02-29", "2028-03-31"]),
        ("2027-03-28", "week", ["2027-04-04", "2027-04-11"]),
    ],
)
def test_the_day_of_the_anchor_comes_back_after_shorter_months(stripe_sandbox, start, interval, ends):
    stripe_sandbox.freeze(f"{start}T01:30:00")
    made = shop.subscribed(stripe_sandbox, interval=interval)
    for end in ends:
        made = shop.refresh(stripe_sandbox, made)
        assert period(made)[1] == end
        stripe_sandbox.advance(made["items"].data[0].current_period_end)


def test_three_years_pass_in_order_and_to_the_penny(stripe_sandbox, v1):
    yearly, monthly = shop.subscribed(stripe_sandbox), shop.subscribed(stripe_sandbox, 200, "month")
    stripe_sandbox.advance("3y")
    stripe_sandbox.advance("2h")
    paid = {made.id: v1.invoices.list({"subscription": made.id, "limit": 100}).data for made in (yearly, monthly)}
    assert [sum(i.amount_paid for i in paid[made.id]) for made in (yearly, monthly)] == [4 * 2000, 37 * 200]
    times = [event["created"] for event in stripe_sandbox.events()]
    assert times == sorted(times)
    assert stripe_sandbox.now - times[0] <= 30 * DAY, "older events are forgotten"


def test_it_ends_at_the_end_of_the_period_if_that_was_asked(stripe_sandbox, v1):
    made = shop.subscribed(stripe_sandbox)
    v1.subscriptions.update(made.id, {"cancel_at_period_end": True, "cancellation_details": {"comment": "moved"}})
    stripe_sandbox.advance("364d")
    assert shop.refresh(stripe_sandbox, made).status == "active"
    stripe_sandbox.advance("2d")
    ended = shop.refresh(stripe_sandbox, made)
    assert (ended.status, ended.ended_at) == ("canceled", made["items"].data[0].current_period_end)
    assert (ended.cancellation_details.comment, ended.cancellation_details.reason) == (
        "moved",
        "cancellation_requested",
    )
    assert len(v1.invoices.list({"subscription": made.id}).data) == 1
    with pytest.raises(stripe.InvalidRequestError, match="canceled subscription can only update"):
        v1.subscriptions.update(made.id, {"cancel_at_period_end": False})
    v1.subscriptions.update(made.id, {"metadata": {"noted": "1"}})
    with pytest.raises(stripe.InvalidRequestError):
        v1.subscriptions.cancel(made.id)


def test_a_cancellation_can_be_taken_back_or_set_to_a_day(stripe_sandbox, v1):
    made = shop.subscribed(stripe_sandbox)
    v1.subscriptions.update(made.id, {"cancel_at_period_end": True})
    with pytest.raises(stripe.InvalidRequestError, match="Only subscriptions with a `paused` status"):
        v1.subscriptions.resume(made.id)
    v1.subscriptions.update(made.id, {"cancel_at_period_end": False})
    renew(stripe_sandbox)
    assert shop.refresh(stripe_sandbox, made).status == "active"
    at = stripe_sandbox.now + 40 * DAY
    assert v1.subscriptions.update(made.id, {"cancel_at": at}).cancel_at == at
    with pytest.raises(stripe.InvalidRequestError, match="in the future"):
        v1.subscriptions.update(made.id, {"cancel_at": 1})
    stripe_sandbox.advance("41d")
    assert shop.refresh(stripe_sandbox, made).ended_at == at


def test_cancelling_at_once_credits_unused_time_if_asked(stripe_sandbox, v1):
    stripe_sandbox.freeze("2027-03-01T10:00:00")
    made = shop.subscribed(stripe_sandbox, 2000)
    stripe_sandbox.advance("183d")
    ended = v1.subscriptions.cancel(made.id, {"prorate": True, "invoice_now": True})
    assert ended.status == "canceled"
    assert v1.customers.retrieve(made.customer).balance == -1000  # 183 of 366 days were used: 2028 is a leap year
    stripe_sandbox.advance("2y")
    assert len(v1.invoices.list({"subscription": made.id}).data) == 2


# --- Failing ---


def test_a_failed_renewal_is_retried_then_given_up(stripe_sandbox, v1):
    stripe_sandbox.freeze("2027-03-01T10:00:00")
    made = shop.subscribed(stripe_sandbox)
    stripe_sandbox.decline(made.customer, "insufficient_funds")
    renew(stripe_sandbox)
    made = shop.refresh(stripe_sandbox, made)
    invoice = v1.invoices.retrieve(made.latest_invoice)
    assert (made.status, invoice.status, invoice.attempt_count) == ("past_due", "open", 1)
    assert day(invoice.next_payment_attempt) == "2028-03-04"
    assert v1.customers.retrieve(made.customer).delinquent
    stripe_sandbox.advance("2028-03-20")
    made = shop.refresh(stripe_sandbox, made)
    invoice = v1.invoices.retrieve(made.latest_invoice)
    assert (made.status, made.cancellation_details.reason) == ("canceled", "payment_failed")
    assert (invoice.attempt_count, invoice.next_payment_attempt, invoice.status) == (4, None, "open")
    failed = [day(event["created"]) for event in stripe_sandbox.events("invoice.payment_failed")]
    assert failed == ["2028-03-01", "2028-03-04", "2028-03-09", "2028-03-16"]


@pytest.mark.parametrize("after", ["unpaid", "past_due"])
def test_what_comes_after_the_last_retry_is_a_setting(stripe_sandbox, v1, after):
    stripe_sandbox.set(after_retries=after)
    made = shop.subscribed(stripe_sandbox)
    stripe_sandbox.decline(made.customer)
    renew(stripe_sandbox)
    stripe_sandbox.advance("20d")
    assert shop.refresh(stripe_sandbox, made).status == after
    renew(stripe_sandbox)
    made = shop.refresh(stripe_sandbox, made)
    newest = v1.invoices.retrieve(made.latest_invoice)
    assert newest.status == ("draft" if after == "unpaid" else "open")
    stripe_sandbox.decline(made.customer, None)
    assert v1.invoices.pay(newest.id).status == "paid"
    assert shop.refresh(stripe_sandbox, made).status == "active"


def test_a_retry_that_works_makes_good(stripe_sandbox, v1):
    made = shop.subscribed(stripe_sandbox)
    stripe_sandbox.decline(made.customer)
    renew(stripe_sandbox)
    stripe_sandbox.change_card(made.customer)
    stripe_sandbox.advance("4d")
    made = shop.refresh(stripe_sandbox, made)
    invoice = v1.invoices.retrieve(made.latest_invoice)
    assert (made.status, invoice.status, invoice.attempt_count) == ("active", "paid", 2)
    assert not v1.customers.retrieve(made.customer).delinquent


def test_paying_the_open_invoice_stops_the_retries(stripe_sandbox, v1):
    made = shop.subscribed(stripe_sandbox)
    stripe_sandbox.decline(made.customer)
    renew(stripe_sandbox)
    invoice = shop.refresh(stripe_sandbox, made).latest_invoice
    with pytest.raises(stripe.CardError) as error:
        v1.invoices.pay(invoice)
    assert error.value.error.decline_code == "generic_decline"
    assert v1.invoices.retrieve(invoice).status == "open"
    assert v1.invoices.pay(invoice, {"payment_method": "pm_card_visa"}).status == "paid"
    stripe_sandbox.advance("30d")
    charges = v1.charges.list({"customer": made.customer, "limit": 100}).data
    assert [charge.status for charge in charges] == ["succeeded", "failed", "failed", "succeeded"]


def test_a_card_expires_and_its_renewal_fails(stripe_sandbox, v1):
    stripe_sandbox.freeze("2027-03-01T10:00:00")
    made = shop.subscribed(stripe_sandbox, expiry="06/27")
    renew(stripe_sandbox)
    intent = stripe_sandbox.objects("payment_intent")[-1]
    assert intent["last_payment_error"]["code"] == "expired_card"
    assert shop.refresh(stripe_sandbox, made).status == "past_due"


def test_a_bank_that_wants_to_ask_each_time_makes_the_renewal_wait_for_the_customer(stripe_sandbox, v1):
    made = shop.subscribed(stripe_sandbox, number="4000002760003184")
    renew(stripe_sandbox)
    assert shop.refresh(stripe_sandbox, made).status == "past_due"
    asked = stripe_sandbox.events("invoice.payment_action_required")
    assert asked[0]["data"]["object"]["hosted_invoice_url"].startswith(stripe_sandbox.url)


def test_a_first_payment_that_is_not_made_in_a_day_ends_it(stripe_sandbox, v1):
    ana = v1.customers.create()
    method = v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": ana.id})
    given = {"customer": ana.id, "default_payment_method": method.id}
    made = v1.subscriptions.create(given | {"items": [{"price": shop.price(stripe_sandbox)}]})
    assert made.status == "incomplete"
    stripe_sandbox.advance("23h")
    made = shop.refresh(stripe_sandbox, made)
    assert made.status == "incomplete_expired"
    assert v1.invoices.retrieve(made.latest_invoice).status == "void"
    assert stripe_sandbox.advance("2y") == 0


# --- Changing ---


def test_a_dearer_plan_is_prorated_on_the_next_invoice(stripe_sandbox, v1):
    stripe_sandbox.freeze("2026-12-01T10:00:00")
    made = shop.subscribed(stripe_sandbox, 2000)
    stripe_sandbox.advance(f"{365 * 12}h")
    changed = change(v1, made, shop.price(stripe_sandbox, 4000))
    assert (changed["items"].data[0].price.unit_amount, changed.latest_invoice) == (4000, made.latest_invoice)
    renew(stripe_sandbox, f"{365 * 12}h")
    invoice = v1.invoices.retrieve(shop.refresh(stripe_sandbox, made).latest_invoice)
    assert [line.amount for line in invoice.lines.data] == [-1000, 2000, 4000]
    assert (invoice.total, invoice.status) == (5000, "paid")
    proration = invoice.lines.data[0].parent.invoice_item_details
    assert (proration.proration, proration.subscription) == (True, made.id)


def test_a_change_can_be_invoiced_at_once_or_not_prorated(stripe_sandbox, v1):
    stripe_sandbox.freeze("2026-12-01T10:00:00")
    made = shop.subscribed(stripe_sandbox, 2000)
    stripe_sandbox.advance(f"{365 * 12}h")
    dearer = shop.price(stripe_sandbox, 4000)
    changed = change(v1, made, dearer, proration_behavior="always_invoice")
    invoice = v1.invoices.retrieve(changed.latest_invoice)
    assert (invoice.total, invoice.status, invoice.billing_reason) == (1000, "paid", "subscription_update")
    cheaper = change(v1, made, shop.price(stripe_sandbox, 3000), proration_behavior="none")
    assert period(cheaper) == period(made)
    renew(stripe_sandbox, f"{365 * 12}h")
    assert v1.invoices.retrieve(shop.refresh(stripe_sandbox, made).latest_invoice).total == 3000


def test_a_cheaper_plan_leaves_a_credit_that_the_next_invoice_uses_up(stripe_sandbox, v1):
    stripe_sandbox.freeze("2026-12-01T10:00:00")
    made = shop.subscribed(stripe_sandbox, 4000)
    stripe_sandbox.advance(f"{365 * 12}h")
    change(v1, made, shop.price(stripe_sandbox, 2000), proration_behavior="always_invoice")
    assert v1.customers.retrieve(made.customer).balance == -1000
    renew(stripe_sandbox, f"{365 * 12}h")
    invoice = v1.invoices.retrieve(shop.refresh(stripe_sandbox, made).latest_invoice)
    assert (invoice.total, invoice.amount_due, invoice.amount_paid) == (2000, 1000, 1000)
    assert (invoice.starting_balance, invoice.ending_balance) == (-1000, 0)


def test_another_interval_begins_a_new_period_at_once(stripe_sandbox, v1):
    stripe_sandbox.freeze("2027-03-31T10:00:00")
    made = shop.subscribed(stripe_sandbox, 200, "month")
    stripe_sandbox.advance("2027-04-15T10:00:00")
    changed = change(v1, made, shop.price(stripe_sandbox, 2000, "year"))
    assert period(changed) == ("2027-04-15", "2028-04-15")
    assert v1.invoices.retrieve(changed.latest_invoice).total == 2000 - 100
    stripe_sandbox.advance("2027-05-01")
    assert period(shop.refresh(stripe_sandbox, made)) == period(changed)


def test_a_change_that_cannot_be_paid_is_refused_waits_or_falls_due_as_asked(stripe_sandbox, v1):
    made = shop.subscribed(stripe_sandbox, 2000)
    dearer = shop.price(stripe_sandbox, 4000)
    stripe_sandbox.advance("10d")
    stripe_sandbox.decline(made.customer, "insufficient_funds")
    now = {"proration_behavior": "always_invoice"}
    with pytest.raises(stripe.CardError) as error:
        change(v1, made, dearer, payment_behavior="error_if_incomplete", **now)
    assert error.value.error.decline_code == "insufficient_funds"
    assert shop.refresh(stripe_sandbox, made).to_dict() == made.to_dict()
    waiting = change(v1, made, dearer, payment_behavior="pending_if_incomplete", **now)
    assert waiting["items"].data[0].price.unit_amount == 2000
    assert (waiting.status, waiting.pending_update.subscription_items[0].price.id) == ("active", dearer)
    (unpaid,) = v1.invoices.list({"subscription": made.id, "status": "open"}).data
    assert v1.invoices.pay(unpaid.id, {"payment_method": "pm_card_visa"}).status == "paid"
    changed = shop.refresh(stripe_sandbox, made)
    assert (changed["items"].data[0].price.unit_amount, changed.pending_update) == (4000, None)
    dearest = shop.price(stripe_sandbox, 8000)
    change(v1, made, dearest, payment_behavior="pending_if_incomplete", **now)
    stripe_sandbox.advance("1d")
    kept = shop.refresh(stripe_sandbox, made)
    assert (kept["items"].data[0].price.unit_amount, kept.pending_update, kept.status) == (4000, None, "active")
    assert v1.invoices.list({"subscription": made.id, "status": "open"}).data == []
    fallen = change(v1, made, dearest, **now)
    assert (fallen["items"].data[0].price.unit_amount, fallen.status) == (8000, "past_due")


def test_items_come_go_and_count(stripe_sandbox, v1):
    made = shop.subscribed(stripe_sandbox, 2000)
    item = made["items"].data[0].id
    extra = shop.price(stripe_sandbox, 500)
    both = v1.subscriptions.update(made.id, {"items": [{"id": item, "quantity": 3}, {"price": extra}]})
    assert [(i.price.unit_amount, i.quantity) for i in both["items"].data] == [(2000, 3), (500, 1)]
    with pytest.raises(stripe.InvalidRequestError, match="All prices on a subscription must have the same"):
        v1.subscriptions.update(made.id, {"items": [{"price": shop.price(stripe_sandbox, 5, "month")}]})
    only = v1.subscriptions.update(made.id, {"items": [{"id": item, "deleted": True}]})
    assert [i.price.unit_amount for i in only["items"].data] == [500]
    for wrong in ([{"id": only["items"].data[0].id, "deleted": True}], [{"id": "si_x", "quantity": 1}]):
        with pytest.raises(stripe.InvalidRequestError):
            v1.subscriptions.update(made.id, {"items": wrong})


def test_five_hundred_members_over_three_years_take_well_under_a_minute(stripe_sandbox):
    prices = stripe_sandbox.seed(members=500, monthly=25)
    process = psutil.Process(stripe_sandbox.process.pid)
    before = process.cpu_times()
    stripe_sandbox.advance("3y")
    stripe_sandbox.advance("2h")
    after = process.cpu_times()
    assert after.user + after.system - before.user - before.system < 30  # not the wall's time: others work here too
    months = stripe_sandbox.client.v1.subscriptions.list({"price": prices["month"], "limit": 100}).data
    assert [one.status for one in months] == ["active"] * 20
    total = sum(charge["amount"] for charge in stripe_sandbox.objects("charge"))
    assert total == 20 * 37 * 200 + 480 * 4 * 2000


def test_what_has_become_pointless_meanwhile_stops_nothing(stripe_sandbox, v1):
    stripe_sandbox.freeze()
    charge = shop.donated(stripe_sandbox, number="4000000000005126")
    refund = v1.refunds.create({"charge": charge.id})
    stripe_sandbox.fail_refund(refund.id)
    made = shop.subscribed(stripe_sandbox)
    renew(stripe_sandbox)
    assert (
        v1.invoices.retrieve(shop.refresh(stripe_sandbox, made).latest_invoice).billing_reason == "subscription_cycle"
    )
