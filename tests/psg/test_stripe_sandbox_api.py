"""The sandbox speaks Stripe's API: objects, lists, expansion and errors, through the real library."""

from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import stripe

from tests import stripe_description
from tests.psg import shop
from tests.stripe_sandbox import API_VERSION, StripeSandbox


@pytest.fixture
def v1(stripe_sandbox):
    return stripe_sandbox.client.v1


# --- Objects ---


def test_a_customer_is_made_changed_found_and_deleted(stripe_sandbox, v1):
    address = {"line1": "1 High Street", "city": "Leeds", "postal_code": "LS1 1AA", "country": "GB"}
    ana = v1.customers.create(
        {"email": "ana@example.org", "name": "Ana 🌾", "address": address, "metadata": {"person": "7", "old": "x"}}
    )
    assert (ana.id[:4], ana.livemode, ana.address.city) == ("cus_", False, "Leeds")
    changed = v1.customers.update(ana.id, {"email": "ana@example.net", "metadata": {"old": "", "new": "y"}})
    assert changed.metadata.to_dict() == {"person": "7", "new": "y"}
    assert [one.id for one in v1.customers.list({"email": "ana@example.net"}).data] == [ana.id]
    assert v1.customers.list({"email": "ana@example.org"}).data == []
    assert v1.customers.delete(ana.id).deleted
    assert v1.customers.retrieve(ana.id).deleted
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        v1.customers.update(ana.id, {"name": "Ana"})
    (event,) = stripe_sandbox.events("customer.updated")
    assert event["data"]["previous_attributes"] == {
        "email": "ana@example.org",
        "metadata": {"person": "7", "old": "x"},
    }
    assert event["request"]["id"].startswith("req_")


def test_deleting_a_customer_ends_the_subscriptions(stripe_sandbox, v1):
    made = shop.subscribed(stripe_sandbox)
    v1.customers.delete(made.customer)
    assert shop.refresh(stripe_sandbox, made).status == "canceled"
    assert "customer.subscription.deleted" in shop.kinds(stripe_sandbox)
    assert stripe_sandbox.advance("2y") == 0


def test_products_and_prices_keep_their_amount_and_can_be_retired(stripe_sandbox, v1):
    first = shop.price(stripe_sandbox, 2000, lookup_key="individual", nickname="2019")
    with pytest.raises(stripe.InvalidRequestError, match="already uses that lookup key"):
        shop.price(stripe_sandbox, 2500, lookup_key="individual")
    second = shop.price(stripe_sandbox, 2500, lookup_key="individual", transfer_lookup_key=True)
    assert [p.id for p in v1.prices.list({"lookup_keys": ["individual"]}).data] == [second]
    v1.prices.update(first, {"active": False, "metadata": {"until": "2020"}})
    assert [p.id for p in v1.prices.list({"active": True, "type": "recurring"}).data] == [second]
    with pytest.raises(stripe.InvalidRequestError, match="unknown parameter: unit_amount"):
        v1.prices.update(first, {"unit_amount": 1})
    with pytest.raises(stripe.InvalidRequestError, match="inactive"):
        v1.checkout.sessions.create(
            {"mode": "subscription", "line_items": [{"price": first, "quantity": 1}], "success_url": shop.SUCCESS}
        )
    product = v1.prices.retrieve(second).product
    v1.products.update(product, {"active": False, "description": "old", "metadata": {"plan": "1"}})
    assert v1.products.retrieve(product).description == "old"
    assert len(v1.products.list({"active": True}).data) == 2
    with pytest.raises(stripe.InvalidRequestError, match="cannot be deleted"):
        v1.products.delete(product)
    assert v1.products.delete(v1.products.create({"name": "Nothing"}).id).deleted


def test_a_paid_session_leads_to_every_object_of_the_payment(stripe_sandbox, v1):
    made = shop.subscribed(stripe_sandbox)
    invoice = v1.invoices.retrieve(made.latest_invoice, {"expand": ["payments.data.payment.payment_intent"]})
    assert (invoice.status, invoice.amount_paid, invoice.billing_reason) == ("paid", 2000, "subscription_create")
    assert invoice.parent.subscription_details.subscription == made.id
    (payment,) = invoice.payments.data
    assert (payment.status, payment.payment.payment_intent.status) == ("paid", "succeeded")
    found = v1.invoice_payments.list({"invoice": invoice.id}).data
    intent = payment.payment.payment_intent
    by_intent = {"payment": {"type": "payment_intent", "payment_intent": intent.id}}
    assert [p.id for p in found] == [p.id for p in v1.invoice_payments.list(by_intent).data] == [payment.id]
    assert v1.invoice_payments.retrieve(payment.id).invoice == invoice.id
    charge = v1.charges.retrieve(intent.latest_charge, {"expand": ["balance_transaction"]})
    entry = charge.balance_transaction
    assert (entry.amount, entry.fee, entry.net) == (2000, 50, 1950)  # 1.5 % and 20p
    assert v1.balance_transactions.list({"source": charge.id}).data[0].id == entry.id
    assert v1.payment_methods.retrieve(made.default_payment_method).card.last4 == "4242"
    assert v1.subscription_items.list({"subscription": made.id}).data[0].current_period_end > made.created
    assert v1.invoices.line_items.list(invoice.id).data[0].amount == 2000
    assert [i.id for i in v1.invoices.list({"subscription": made.id, "status": "paid"}).data] == [invoice.id]
    assert [c.id for c in v1.charges.list({"payment_intent": intent.id}).data] == [charge.id]
    assert [p.id for p in v1.payment_intents.list({"customer": made.customer}).data] == [intent.id]


def test_subscriptions_are_listed_by_status_and_price(stripe_sandbox, v1):
    first, second = shop.subscribed(stripe_sandbox), shop.subscribed(stripe_sandbox, 2500)
    v1.subscriptions.cancel(first.id)
    assert [s.id for s in v1.subscriptions.list().data] == [second.id]
    assert [s.id for s in v1.subscriptions.list({"status": "all"}).data] == [second.id, first.id]
    assert [s.id for s in v1.subscriptions.list({"status": "canceled"}).data] == [first.id]
    price = second["items"].data[0].price.id
    assert [s.id for s in v1.subscriptions.list({"price": price, "status": "active"}).data] == [second.id]
    listed = v1.customers.retrieve(second.customer, {"expand": ["subscriptions"]}).subscriptions
    assert [s.id for s in listed.data] == [second.id]


def test_a_subscription_can_be_made_without_a_checkout(stripe_sandbox, v1):
    price = shop.price(stripe_sandbox)
    ana = v1.customers.create({"email": "ana@example.org", "payment_method": "pm_card_visa"})
    with pytest.raises(stripe.InvalidRequestError, match="no attached payment source"):
        v1.subscriptions.create({"customer": ana.id, "items": [{"price": price}]})
    (method,) = v1.payment_methods.list({"customer": ana.id, "type": "card"}).data
    v1.customers.update(ana.id, {"invoice_settings": {"default_payment_method": method.id}})
    made = v1.subscriptions.create({"customer": ana.id, "items": [{"price": price}], "metadata": {"a": "b"}})
    assert (made.status, made.metadata.to_dict()) == ("active", {"a": "b"})
    failing = v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": ana.id})
    given = {"customer": ana.id, "items": [{"price": price}], "default_payment_method": failing.id}
    assert v1.subscriptions.create(given).status == "incomplete"
    before = len(stripe_sandbox.objects("subscription"))
    with pytest.raises(stripe.CardError):
        v1.subscriptions.create(given | {"payment_behavior": "error_if_incomplete"})
    assert len(stripe_sandbox.objects("subscription")) == before
    stripe_sandbox.advance("24h")
    assert v1.subscriptions.list({"status": "incomplete_expired"}).data[0].customer == ana.id


def test_payment_methods_are_attached_once_and_detached_for_good(stripe_sandbox, v1):
    ana, ben = v1.customers.create(), v1.customers.create()
    method = v1.payment_methods.attach("pm_card_visa", {"customer": ana.id})
    with pytest.raises(stripe.InvalidRequestError, match="already been attached"):
        v1.payment_methods.attach(method.id, {"customer": ben.id})
    with pytest.raises(stripe.CardError) as refused:
        v1.payment_methods.attach("pm_card_chargeDeclined", {"customer": ana.id})
    assert refused.value.error.decline_code == "generic_decline"
    v1.customers.update(ana.id, {"invoice_settings": {"default_payment_method": method.id}})
    v1.payment_methods.update(method.id, {"card": {"exp_year": 2061}})
    assert v1.payment_methods.detach(method.id).customer is None
    assert v1.customers.retrieve(ana.id).invoice_settings.default_payment_method is None
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        v1.payment_methods.attach(method.id, {"customer": ana.id})


def test_refunds_whole_in_parts_and_too_much(stripe_sandbox, v1):
    charge = shop.donated(stripe_sandbox, 1500)
    part = v1.refunds.create({"charge": charge.id, "amount": 400, "metadata": {"why": "asked"}})
    assert (part.status, part.amount) == ("succeeded", 400)
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount on charge"):
        v1.refunds.create({"charge": charge.id, "amount": 1101})
    with pytest.raises(stripe.InvalidRequestError):
        v1.refunds.create({"charge": charge.id, "amount": 0})
    rest = v1.refunds.create({"payment_intent": charge.payment_intent})
    assert rest.amount == 1100
    with pytest.raises(stripe.InvalidRequestError) as error:
        v1.refunds.create({"charge": charge.id})
    assert error.value.code == "charge_already_refunded"
    charge = v1.charges.retrieve(charge.id, {"expand": ["refunds"]})
    assert (charge.refunded, charge.amount_refunded, len(charge.refunds.data)) == (True, 1500, 2)
    assert [r.id for r in v1.refunds.list({"charge": charge.id}).data] == [rest.id, part.id]
    entries = stripe_sandbox.objects("balance_transaction")
    assert sum(entry["amount"] for entry in entries) == 0


def test_a_refund_can_fail_days_later(stripe_sandbox, v1):
    charge = shop.donated(stripe_sandbox, number="4000000000005126")
    refund = v1.refunds.create({"charge": charge.id})
    assert refund.status == "succeeded"
    stripe_sandbox.advance("5d")
    assert v1.refunds.retrieve(refund.id).status == "failed"
    charge = v1.charges.retrieve(charge.id)
    assert (charge.amount_refunded, charge.refunded) == (0, False)
    assert stripe_sandbox.events("refund.failed")[0]["data"]["object"]["failure_reason"]
    other = v1.refunds.create({"charge": shop.donated(stripe_sandbox).id})
    assert stripe_sandbox.fail_refund(other.id)["status"] == "failed"


def test_disputes_are_opened_answered_and_decided(stripe_sandbox, v1):
    charge = shop.donated(stripe_sandbox, 1500)
    dispute = stripe_sandbox.dispute(charge.id, "product_not_received")
    assert v1.charges.retrieve(charge.id).disputed
    with pytest.raises(stripe.InvalidRequestError) as error:
        v1.refunds.create({"charge": charge.id})
    assert error.value.code == "charge_disputed"
    answered = v1.disputes.update(dispute["id"], {"evidence": {"uncategorized_text": "It was sent."}, "submit": True})
    assert (answered.status, answered.evidence_details.submission_count) == ("under_review", 1)
    stripe_sandbox.decide(dispute["id"], won=True)
    assert v1.disputes.list({"charge": charge.id}).data[0].status == "won"
    lost = stripe_sandbox.dispute(shop.donated(stripe_sandbox, 1000).id)
    assert v1.disputes.close(lost["id"]).status == "lost"
    disputes = [kind for kind in shop.kinds(stripe_sandbox) if "dispute" in kind]
    assert disputes == [
        *("charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.updated"),
        *("charge.dispute.funds_reinstated", "charge.dispute.closed"),
        *("charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.closed"),
    ]


def test_the_balance_is_paid_out_with_what_it_consists_of(stripe_sandbox, v1):
    shop.donated(stripe_sandbox, 1500)
    assert v1.balance.retrieve().pending[0].amount == 1500 - 43
    payout = stripe_sandbox.pay_out()
    assert payout["amount"] == 1500 - 43
    assert v1.payouts.retrieve(payout["id"]).status == v1.payouts.list().data[0].status == "paid"
    parts = v1.balance_transactions.list({"payout": payout["id"]}).data
    assert sorted(part.type for part in parts) == ["charge", "payout"]
    assert sum(part.net for part in parts) == 0


def test_invoices_can_be_paid_out_of_band_voided_or_written_off(stripe_sandbox, v1):
    made = shop.subscribed(stripe_sandbox, interval="month")
    stripe_sandbox.decline(made.customer)
    open_invoices = []
    for _ in range(3):
        stripe_sandbox.set(after_retries="past_due", retry_days=[])
        stripe_sandbox.advance("1m")
        stripe_sandbox.advance("2h")
        open_invoices.append(shop.refresh(stripe_sandbox, made).latest_invoice)
    first, second, third = open_invoices
    assert v1.invoices.pay(first, {"paid_out_of_band": True}).status == "paid"
    assert v1.invoices.mark_uncollectible(second).status == "uncollectible"
    assert shop.refresh(stripe_sandbox, made).status == "past_due"
    assert v1.invoices.void_invoice(third).status == "void"
    with pytest.raises(stripe.InvalidRequestError, match="already paid"):
        v1.invoices.pay(first)
    with pytest.raises(stripe.InvalidRequestError, match="void"):
        v1.invoices.pay(third)
    with pytest.raises(stripe.InvalidRequestError, match="open invoices"):
        v1.invoices.void_invoice(first)


# --- Lists and expansion ---


def test_lists_come_in_pages_newest_first(stripe_sandbox, v1):
    ids = [v1.customers.create({"email": f"m{number}@example.org"}).id for number in range(25)]
    newest_first = ids[::-1]
    first = v1.customers.list()
    assert ([one.id for one in first.data], first.has_more) == (newest_first[:10], True)
    second = v1.customers.list({"starting_after": first.data[-1].id, "limit": 20})
    assert ([one.id for one in second.data], second.has_more) == (newest_first[10:], False)
    back = v1.customers.list({"ending_before": second.data[0].id, "limit": 3})
    assert [one.id for one in back.data] == newest_first[7:10]
    assert [one.id for one in v1.customers.list({"limit": 7}).auto_paging_iter()] == newest_first
    assert len(stripe_sandbox.requests("GET /v1/customers")) == 7
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        v1.customers.list({"starting_after": "cus_nobody"})
    with pytest.raises(stripe.InvalidRequestError, match="less than or equal to 100"):
        v1.customers.list({"limit": 101})


def test_lists_are_narrowed_by_time(stripe_sandbox, v1):
    stripe_sandbox.freeze()
    old = v1.customers.create()
    stripe_sandbox.advance("1d")
    new = v1.customers.create()
    assert [one.id for one in v1.customers.list({"created": {"gte": new.created}}).data] == [new.id]
    assert [one.id for one in v1.customers.list({"created": {"lt": new.created}}).data] == [old.id]
    assert [one.id for one in v1.customers.list({"created": old.created}).data] == [old.id]


def test_expansion_reaches_four_levels_and_into_lists(stripe_sandbox, v1):
    shop.subscribed(stripe_sandbox)
    wanted = ["data.subscription.latest_invoice.payments", "data.customer", "data.line_items"]
    (made,) = v1.checkout.sessions.list({"expand": wanted}).data
    assert made.subscription.latest_invoice.payments.data[0].amount_paid == 2000
    assert made.customer.email == "ana@example.org"
    assert made.line_items.data[0].price.recurring.interval == "year"
    for path in ("nonsense", "status", "metadata.person"):
        with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
            v1.checkout.sessions.retrieve(made.id, {"expand": [path]})
    with pytest.raises(stripe.InvalidRequestError, match="more than 4 levels"):
        v1.checkout.sessions.retrieve(made.id, {"expand": ["a.b.c.d.e"]})


# --- Errors ---


@pytest.mark.parametrize(
    ("given", "code", "param"),
    [
        ({"nonsense": "1"}, "parameter_unknown", "nonsense"),
        ({"address": {"planet": "Mars"}}, "parameter_unknown", "address[planet]"),
        ({"email": "no address"}, "email_invalid", "email"),
        ({"name": "é" * 257}, "parameter_invalid_string", "name"),
        ({"balance": "much"}, "parameter_invalid_integer", "balance"),
        ({"shipping": {"name": "Ana"}}, "parameter_missing", "shipping[address]"),
    ],
)
def test_parameters_that_make_no_sense_are_refused_by_name(v1, given, code, param):
    with pytest.raises(stripe.InvalidRequestError) as error:
        v1.customers.create(given)
    assert (error.value.http_status, error.value.code, error.value.param) == (400, code, param)
    assert error.value.request_id.startswith("req_")


def test_metadata_has_limits(v1):
    for bad in ({"k" * 41: "v"}, {"k": "v" * 501}, {f"k{n}": "v" for n in range(51)}):
        with pytest.raises(stripe.InvalidRequestError, match=r"[Mm]etadata"):
            v1.customers.create({"metadata": bad})
    v1.customers.create({"metadata": {"k" * 40: "v" * 500}})


def test_what_does_not_exist_is_404_in_the_address_and_400_in_a_parameter(stripe_sandbox, v1):
    with pytest.raises(stripe.InvalidRequestError, match="No such customer: 'cus_x'") as error:
        v1.customers.retrieve("cus_x")
    assert (error.value.http_status, error.value.code, error.value.param) == (404, "resource_missing", "id")
    ana = v1.customers.create()
    with pytest.raises(stripe.InvalidRequestError) as error:
        v1.subscriptions.retrieve(ana.id)
    assert error.value.http_status == 404
    with pytest.raises(stripe.InvalidRequestError) as error:
        shop.session(stripe_sandbox, customer="cus_x")
    assert (error.value.http_status, error.value.param) == (400, "customer")


def test_only_the_right_key_opens(stripe_sandbox):
    with pytest.raises(stripe.AuthenticationError, match=r"Invalid API Key provided: sk_test_\*\*\*\*uess"):
        stripe_sandbox.new_client("sk_test_my_guess").v1.customers.list()
    with pytest.raises(HTTPError, match="401"):
        urlopen(Request(f"{stripe_sandbox.url}/v1/customers"))


def test_another_version_of_the_api_is_refused_politely(stripe_sandbox):
    with pytest.raises(stripe.InvalidRequestError, match=f"speaks API version {API_VERSION} only"):
        stripe_sandbox.new_client(stripe_version="2020-08-27").v1.customers.list()


def test_an_address_that_the_sandbox_does_not_know_says_so(v1):
    with pytest.raises(stripe.InvalidRequestError, match=r"Unrecognized request URL \(POST: /v1/coupons\)") as error:
        v1.coupons.create({"percent_off": 10, "duration": "once"})
    assert error.value.http_status == 404


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"success_url": None}, "Missing required param: success_url"),
        ({"mode": None}, "Missing required param: mode"),
        ({"line_items": []}, "Missing required param: line_items"),
        ({"mode": "payment"}, "You specified `payment` mode but passed a recurring price"),
        ({"mode": "setup"}, "Invalid mode"),
        ({"customer_email": "ana"}, "Invalid email address"),
        ({"customer_creation": "always"}, "can only be used in `payment` mode"),
        ({"payment_intent_data": {"description": "x"}}, "You can not pass `payment_intent_data`"),
        ({"client_reference_id": "x" * 201}, "at most 200"),
        ({"success_url": "javascript:alert(1)"}, "Not a valid URL"),
        ({"payment_method_types": ["cheque"]}, "Invalid payment_method_types"),
        ({"discounts": [{"coupon": "x"}]}, "unknown parameter: discounts"),
    ],
)
def test_a_checkout_that_makes_no_sense_is_refused(stripe_sandbox, changes, message):
    given = {key: value for key, value in changes.items() if value is not None}
    removed = {key for key, value in changes.items() if value is None}
    base = {
        "mode": "subscription",
        "success_url": shop.SUCCESS,
        "line_items": [{"price": shop.price(stripe_sandbox), "quantity": 1}],
    }
    with pytest.raises(stripe.InvalidRequestError, match=message):
        stripe_sandbox.client.v1.checkout.sessions.create(
            {key: value for key, value in (base | given).items() if key not in removed}
        )


@pytest.mark.parametrize(
    ("pence", "code"),
    [
        (29, "amount_too_small"),
        (0, "amount_too_small"),
        (-1, "parameter_invalid_integer"),
        (100_000_000, "parameter_invalid_integer"),
    ],
)
def test_amounts_have_limits(stripe_sandbox, pence, code):
    with pytest.raises(stripe.InvalidRequestError) as error:
        shop.session(stripe_sandbox, pence, None)
    assert error.value.code == code


def test_a_checkout_is_open_between_half_an_hour_and_a_day(stripe_sandbox):
    now = stripe_sandbox.now
    for wrong in (now + 1000, now + 25 * 3600):
        with pytest.raises(stripe.InvalidRequestError, match="expires_at"):
            shop.session(stripe_sandbox, expires_at=wrong)
    assert shop.session(stripe_sandbox, expires_at=now + 1805).expires_at == now + 1805


# --- The description ---


def _undescribed(declared, described, name):
    """The names of declared parameters that Stripe's description does not have."""
    options = described.get("anyOf", [described])
    if hasattr(declared, "each"):
        items = [option["items"] for option in options if "items" in option]
        return _undescribed(declared.each, items[0], name) if items else [name]
    if not isinstance(declared, dict):
        return []
    known = {key: value for option in options for key, value in option.get("properties", {}).items()}
    found = []
    for key, inner in declared.items():
        part = key.rstrip("!")
        full = f"{name}[{part}]"
        found += _undescribed(inner, known[part], full) if part in known else [full]
    return found


@stripe_description.needed
def test_every_parameter_that_the_sandbox_takes_exists_at_stripe():
    from psg.stripe_sandbox.api import ROUTES

    assert len(ROUTES) > 60
    found = []
    for route in ROUTES:
        path = route.path.replace("{", "x").replace("}", "x")
        described = stripe_description.declared_parameters(route.method, path)
        found += _undescribed(route.declared, described, f"{route.method} {route.path} ")
    assert not found


@stripe_description.needed
def test_the_check_against_the_description_finds_what_is_wrong(stripe_sandbox: StripeSandbox, v1):
    v1.customers.create({"email": "ana@example.org"})
    (request,) = stripe_sandbox.requests()
    stripe_description.check_request(request)
    stripe_description.check_answer(request)
    request["params"]["emial"] = "x"
    request["answer"]["created"] = "yesterday"
    with pytest.raises(AssertionError, match="emial"):
        stripe_description.check_request(request)
    with pytest.raises(AssertionError, match="created"):
        stripe_description.check_answer(request)


@pytest.mark.parametrize("header", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}])
def test_nobody_but_this_machine_is_answered(stripe_sandbox, header):
    for path in ("/_sandbox/state", "/v1/customers", "/"):
        with pytest.raises(HTTPError, match="403"):
            urlopen(Request(stripe_sandbox.url + path, headers=header))
