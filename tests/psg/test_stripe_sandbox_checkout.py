"""Paying in the sandbox: the checkout page, every test card and bank account, the portal, an invoice's page."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from tests.psg import shop

DAY = 86400


@pytest.fixture
def v1(stripe_sandbox):
    return stripe_sandbox.client.v1


def test_a_customer_pays_and_goes_where_the_site_said(stripe_sandbox, v1):
    made = shop.session(
        stripe_sandbox,
        client_reference_id="person-7",
        metadata={"person": "7"},
        customer_email="ana@example.org",
        subscription_data={"metadata": {"person": "7"}, "description": "Membership"},
    )
    assert (made.status, made.payment_status, made.subscription) == ("open", "unpaid", None)
    page = shop.visit(made.url)
    for said in ("no real money", "£20.00", "Individual", "every year", 'value="ana@example.org"', shop.CANCEL):
        assert said in page.text
    paid = shop.visit(made.url, **shop.card())
    assert (paid.status, paid.location) == (303, f"http://127.0.0.1:59999/thanks/{made.id}")
    made = v1.checkout.sessions.retrieve(made.id, {"expand": ["line_items"]})
    assert (made.status, made.payment_status, made.url) == ("complete", "paid", None)
    assert (made.client_reference_id, made.metadata.to_dict()) == ("person-7", {"person": "7"})
    assert (made.customer_details.email, made.customer_details.name) == ("ana@example.org", "Ana Example")
    assert made.invoice.startswith("in_")
    subscription = v1.subscriptions.retrieve(made.subscription)
    assert (subscription.status, subscription.description) == ("active", "Membership")
    assert subscription.metadata.to_dict() == {"person": "7"}
    assert subscription.customer == made.customer
    assert v1.checkout.sessions.list({"subscription": subscription.id}).data[0].id == made.id
    assert v1.checkout.sessions.line_items.list(made.id).data[0].amount_total == 2000
    assert shop.kinds(stripe_sandbox)[-3:] == [
        "invoice.paid",
        "invoice.payment_succeeded",
        "checkout.session.completed",
    ]
    # Who comes back, or pays again in the other tab, is sent on.
    assert shop.visit(f"{stripe_sandbox.url}/checkout/{made.id}", **shop.card()).location == paid.location
    assert len(stripe_sandbox.objects("charge")) == 1


def test_ten_clicks_at_once_pay_once(stripe_sandbox):
    made = shop.session(stripe_sandbox)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: shop.visit(made.url, **shop.card()), range(10)))
    assert {answer.status for answer in answers} == {303}
    assert len(stripe_sandbox.objects("charge")) == len(stripe_sandbox.objects("subscription")) == 1
    assert len(stripe_sandbox.objects("customer")) == 1


def test_a_one_off_payment_keeps_its_intent_over_declines(stripe_sandbox, v1):
    given = {"payment_intent_data": {"metadata": {"gift": "1"}, "description": "Donation"}, "submit_type": "donate"}
    made = shop.session(stripe_sandbox, 1500, None, customer_creation="always", **given)
    declined = shop.visit(made.url, **shop.card("4000000000009995"))
    assert declined.status == 402
    assert "insufficient funds" in declined.text
    assert "4000000000009995" in declined.text, "what was typed is kept"
    made = v1.checkout.sessions.retrieve(made.id)
    assert (made.status, made.payment_status) == ("open", "unpaid")
    intent = v1.payment_intents.retrieve(made.payment_intent)
    assert (intent.status, intent.last_payment_error.decline_code) == ("requires_payment_method", "insufficient_funds")
    assert shop.visit(made.url, **shop.card()).status == 303
    intent = v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
    assert (intent.status, intent.amount_received, intent.metadata.to_dict()) == ("succeeded", 1500, {"gift": "1"})
    assert len(v1.charges.list({"payment_intent": intent.id}).data) == 2
    assert v1.customers.retrieve(intent.customer).email == "ana@example.org"
    assert shop.visit(intent.latest_charge.receipt_url).status == 200


def test_a_guest_who_gives_leaves_no_customer(stripe_sandbox, v1):
    made = shop.session(stripe_sandbox, 1500, None)
    shop.visit(made.url, **shop.card())
    assert v1.checkout.sessions.retrieve(made.id).customer is None
    assert stripe_sandbox.objects("customer") == []


def test_a_known_customer_stays_the_same_one_and_a_new_one_is_made_every_time_without(stripe_sandbox, v1):
    ana = v1.customers.create({"email": "ana@example.org"})
    made = shop.session(stripe_sandbox, customer=ana.id)
    shop.visit(made.url, **shop.card(email="wallet@example.org"))
    assert v1.checkout.sessions.retrieve(made.id).customer == ana.id
    assert v1.customers.retrieve(ana.id).name is None
    made = shop.session(stripe_sandbox, customer=ana.id, customer_update={"name": "auto"})
    shop.visit(made.url, **shop.card())
    assert v1.customers.retrieve(ana.id).name == "Ana Example"
    shop.visit(shop.session(stripe_sandbox).url, **shop.card())
    assert len(v1.customers.list({"email": "ana@example.org"}).data) == 2


def test_something_bought_once_rides_on_the_first_invoice(stripe_sandbox, v1):
    gift = {"currency": "gbp", "unit_amount": 500, "product_data": {"name": "Donation"}}
    items = [{"price": shop.price(stripe_sandbox), "quantity": 1}, {"price_data": gift, "quantity": 1}]
    made = shop.session(stripe_sandbox, line_items=items)
    shop.visit(made.url, **shop.card())
    subscription = shop.subscription(stripe_sandbox, made.id)
    assert v1.invoices.retrieve(subscription.latest_invoice).amount_paid == 2500
    assert len(subscription["items"].data) == 1
    stripe_sandbox.advance("1y")
    stripe_sandbox.advance("1h")
    assert v1.invoices.retrieve(shop.refresh(stripe_sandbox, subscription).latest_invoice).amount_paid == 2000


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("4000000000000002", "Your card was declined."),
        ("4000000000009995", "insufficient funds"),
        ("4000000000000069", "expired"),
        ("4000000000000127", "security code is incorrect"),
        ("4000000000000119", "processing your card"),
        ("4000000000000341", "Your card was declined."),
    ],
)
def test_cards_that_are_declined_leave_nothing_behind(stripe_sandbox, v1, number, said):
    made = shop.session(stripe_sandbox)
    answer = shop.visit(made.url, **shop.card(number))
    assert answer.status == 402
    assert said in answer.text.replace("&#x27;", "'")
    assert v1.checkout.sessions.retrieve(made.id).status == "open"
    assert stripe_sandbox.objects("subscription") == stripe_sandbox.objects("customer") == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"number": "4242424242424241"}, "card number is invalid"),
        ({"number": "4111111111111111"}, "not one of the test cards"),
        ({"number": ""}, "card number is invalid"),
        ({"expiry": "12/20"}, "in the past"),
        ({"expiry": "13/60"}, "Enter month and year"),
        ({"cvc": "12"}, "security code is incomplete"),
        ({"email": "ana@"}, "Enter an e-mail address"),
        ({"name": " "}, "Enter the name"),
        ({"type": "bacs_debit", "sort_code": "20-00-00", "account_number": "00012345"}, "10-88-00 only"),
        ({"type": "bacs_debit", "sort_code": "10-88-00", "account_number": "1"}, "test account numbers"),
    ],
)
def test_what_is_mistyped_is_said_beside_the_field_and_kept(stripe_sandbox, typed, said):
    made = shop.session(stripe_sandbox)
    answer = shop.visit(made.url, **shop.card(**typed))
    assert answer.status == 422
    assert said in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert stripe_sandbox.objects("payment_method") == []


def test_3d_secure_is_asked_once_and_can_fail(stripe_sandbox, v1):
    made = shop.session(stripe_sandbox)
    asked = shop.visit(made.url, **shop.card("4000002500003155"))
    assert asked.location == f"/authenticate/{made.id}"
    bank = stripe_sandbox.url + asked.location
    assert "Complete" in shop.visit(bank).text
    back = shop.visit(bank, answer="fail")
    assert "unable to authenticate" in shop.visit(back.location).text
    assert shop.visit(bank, answer="complete").location == made.url, "too late: the card is asked for again"
    assert v1.checkout.sessions.retrieve(made.id).status == "open"
    shop.visit(made.url, **shop.card("4000002500003155"))
    assert shop.visit(bank, answer="complete").location.endswith(f"/thanks/{made.id}")
    subscription = shop.subscription(stripe_sandbox, made.id)
    assert subscription.status == "active"
    # It was set up for later: renewals ask nobody.
    stripe_sandbox.advance("1y")
    stripe_sandbox.advance("2h")
    assert shop.refresh(stripe_sandbox, subscription).status == "active"


def test_3d_secure_at_a_one_off_payment_shows_in_its_intent(stripe_sandbox, v1):
    made = shop.session(stripe_sandbox, 1500, None)
    shop.visit(made.url, **shop.card("4000002760003184"))
    intent = v1.payment_intents.retrieve(v1.checkout.sessions.retrieve(made.id).payment_intent)
    assert intent.status == "requires_action"
    bank = intent.next_action.redirect_to_url.url
    shop.visit(bank, answer="fail")
    failed = v1.payment_intents.retrieve(intent.id)
    assert failed.last_payment_error.code == "payment_intent_authentication_failure"
    shop.visit(made.url, **shop.card("4000002760003184"))
    shop.visit(bank, answer="complete")
    assert v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_an_expired_session_says_so_and_takes_no_money(stripe_sandbox, v1):
    made = shop.session(stripe_sandbox, expires_at=stripe_sandbox.now + 1860)
    stripe_sandbox.advance("1h")
    assert v1.checkout.sessions.retrieve(made.id).status == "expired"
    page = shop.visit(made.url, **shop.card())
    assert page.status == 410
    assert "has expired" in page.text
    assert stripe_sandbox.objects("charge") == []
    other = shop.session(stripe_sandbox)
    assert v1.checkout.sessions.expire(other.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError, match="can be expired"):
        v1.checkout.sessions.expire(other.id)
    assert shop.kinds(stripe_sandbox).count("checkout.session.expired") == 2


# --- Bacs Direct Debit ---


def debit(account_number: str = "00012345") -> dict[str, str]:
    return {"type": "bacs_debit", "account_number": account_number}


def test_a_debit_is_under_way_for_days_and_then_succeeds(stripe_sandbox, v1):
    stripe_sandbox.freeze("2027-03-01T10:00:00")  # a Monday
    made = shop.session(stripe_sandbox)
    stripe_sandbox.pay(made.id, **debit())
    made = v1.checkout.sessions.retrieve(made.id)
    assert (made.status, made.payment_status) == ("complete", "unpaid")
    subscription = shop.subscription(stripe_sandbox, made.id)
    assert subscription.status == "active"
    invoice = v1.invoices.retrieve(subscription.latest_invoice, {"expand": ["payments.data.payment.payment_intent"]})
    assert (invoice.status, invoice.payments.data[0].payment.payment_intent.status) == ("open", "processing")
    for attempt in (v1.invoices.pay, v1.invoices.void_invoice, v1.invoices.mark_uncollectible):
        with pytest.raises(stripe.InvalidRequestError, match="processing"):
            attempt(invoice.id)
    mandate = stripe_sandbox.objects("mandate")[0]
    assert v1.mandates.retrieve(mandate["id"]).status == "pending"
    stripe_sandbox.advance("2027-03-10T09:00:00")
    assert v1.invoices.retrieve(invoice.id).status == "open", "seven working days with a new mandate: not yet"
    stripe_sandbox.advance("2027-03-10T11:00:00")
    assert v1.invoices.retrieve(invoice.id).status == "paid"
    assert v1.checkout.sessions.retrieve(made.id).payment_status == "paid"
    assert v1.mandates.retrieve(mandate["id"]).status == "active"
    assert "checkout.session.async_payment_succeeded" in shop.kinds(stripe_sandbox)
    # The renewal takes four.
    stripe_sandbox.advance("2028-03-01T11:30:00")  # a Wednesday
    renewal = shop.refresh(stripe_sandbox, subscription).latest_invoice
    assert renewal != invoice.id
    stripe_sandbox.advance("2028-03-06T11:30:00")
    assert v1.invoices.retrieve(renewal).status == "open"
    stripe_sandbox.advance("2028-03-07T11:30:00")
    assert v1.invoices.retrieve(renewal).status == "paid"


def test_a_debit_under_way_can_leave_the_subscription_incomplete_instead(stripe_sandbox):
    stripe_sandbox.set(debit_subscription="incomplete")
    made = shop.session(stripe_sandbox)
    stripe_sandbox.pay(made.id, **debit())
    subscription = shop.subscription(stripe_sandbox, made.id)
    assert subscription.status == "incomplete"
    stripe_sandbox.advance("15d")
    assert shop.refresh(stripe_sandbox, subscription).status == "active"


@pytest.mark.parametrize(("number", "soon"), [("33333335", False), ("93333335", True)])
def test_a_debit_that_nobody_authorised_fails_and_ends_the_mandate(stripe_sandbox, v1, number, soon):
    made = shop.session(stripe_sandbox)
    stripe_sandbox.pay(made.id, **debit(number))
    subscription = shop.subscription(stripe_sandbox, made.id)
    stripe_sandbox.advance("300s" if soon else "15d")
    assert v1.checkout.sessions.retrieve(made.id).payment_status == "unpaid"
    assert shop.refresh(stripe_sandbox, subscription).status == "past_due"
    assert v1.invoices.retrieve(subscription.latest_invoice).status == "open"
    assert stripe_sandbox.objects("mandate")[0]["status"] == "inactive"
    assert stripe_sandbox.objects("charge")[0]["failure_code"] == "debit_not_authorized"
    for told in ("checkout.session.async_payment_failed", "mandate.updated", "invoice.payment_failed"):
        assert told in shop.kinds(stripe_sandbox)
    stripe_sandbox.advance("60d")
    assert shop.refresh(stripe_sandbox, subscription).cancellation_details.reason == "payment_failed"


def test_a_debit_without_funds_fails_and_is_tried_again(stripe_sandbox, v1):
    made = shop.session(stripe_sandbox)
    stripe_sandbox.pay(made.id, **debit("22222227"))
    subscription = shop.subscription(stripe_sandbox, made.id)
    stripe_sandbox.advance("15d")
    assert stripe_sandbox.objects("mandate")[0]["status"] == "active"
    stripe_sandbox.decline(subscription.customer, "")
    stripe_sandbox.advance("15d")
    assert shop.refresh(stripe_sandbox, subscription).status == "active"


def test_some_debits_are_quick_and_some_are_disputed(stripe_sandbox, v1):
    for number in ("90000018", "55555559"):
        shop.donated_by_debit(stripe_sandbox, number)
    stripe_sandbox.advance("4h")
    good, disputed = stripe_sandbox.objects("charge")
    assert (good["status"], good["disputed"]) == ("succeeded", False)
    assert disputed["disputed"]
    refund = v1.refunds.create({"charge": good["id"]})
    assert refund.status == "pending"
    stripe_sandbox.advance("4d")
    assert v1.refunds.retrieve(refund.id).status == "succeeded"


def test_a_card_can_be_disputed_by_itself(stripe_sandbox):
    charge = shop.donated(stripe_sandbox, number="4000000000000259")
    stripe_sandbox.advance("1h")
    assert stripe_sandbox.client.v1.charges.retrieve(charge.id).disputed


def test_a_revoked_mandate_is_told_and_debits_no_more(stripe_sandbox):
    made = shop.subscribed(stripe_sandbox, **debit())
    stripe_sandbox.advance("15d")
    stripe_sandbox.revoke(stripe_sandbox.objects("mandate")[0]["id"])
    assert shop.kinds(stripe_sandbox)[-1] == "mandate.updated"
    stripe_sandbox.advance("1y")
    assert shop.refresh(stripe_sandbox, made).status == "past_due"


# --- The portal, an invoice's page ---


def test_the_portal_changes_the_card_cancels_and_takes_that_back(stripe_sandbox, v1):
    made = shop.subscribed(stripe_sandbox)
    portal = v1.billing_portal.sessions.create({"customer": made.customer, "return_url": "http://127.0.0.1:59999/me"})
    page = shop.visit(portal.url)
    for said in ("no real money", "Individual", "ending in 4242", "£20.00", "http://127.0.0.1:59999/me", "paid"):
        assert said in page.text
    shop.visit(portal.url, do="cancel", subscription=made.id)
    cancelled = shop.refresh(stripe_sandbox, made)
    assert (cancelled.cancel_at_period_end, cancelled.cancel_at) == (True, made["items"].data[0].current_period_end)
    assert cancelled.cancellation_details.reason == "cancellation_requested"
    assert "Do not cancel" in shop.visit(portal.url).text
    shop.visit(portal.url, do="resume", subscription=made.id)
    resumed = shop.refresh(stripe_sandbox, made)
    assert (resumed.cancel_at_period_end, resumed.cancel_at, resumed.canceled_at) == (False, None, None)
    refused = shop.visit(portal.url, **shop.card("4000000000000002"))
    assert "Your card was declined" in refused.text
    assert shop.visit(portal.url, **shop.card("5555555555554444")).status == 303
    changed = v1.subscriptions.retrieve(made.id, {"expand": ["default_payment_method"]})
    assert changed.default_payment_method.card.last4 == "4444"
    customer = v1.customers.retrieve(made.customer)
    assert customer.invoice_settings.default_payment_method == changed.default_payment_method.id
    assert v1.setup_intents.list({"customer": made.customer}).data[0].status == "succeeded"
    asked = shop.visit(portal.url, **shop.card("4000002500003155"))
    shop.visit(stripe_sandbox.url + asked.location, answer="complete")
    assert "ending in 3155" in shop.visit(portal.url).text


def test_a_portal_belongs_to_one_customer(stripe_sandbox, v1):
    mine, other = shop.subscribed(stripe_sandbox), shop.subscribed(stripe_sandbox)
    portal = v1.billing_portal.sessions.create({"customer": mine.customer})
    shop.visit(portal.url, do="cancel", subscription=other.id)
    assert not shop.refresh(stripe_sandbox, other).cancel_at_period_end


def test_a_portal_offers_what_its_configuration_says_and_flows_lead_back(stripe_sandbox, v1):
    made = shop.subscribed(stripe_sandbox)
    features = {"payment_method_update": {"enabled": True}}
    only_card = v1.billing_portal.configurations.create({"features": features, "name": "Card only"})
    v1.billing_portal.configurations.update(only_card.id, {"default_return_url": "http://127.0.0.1:59999/me"})
    assert v1.billing_portal.configurations.retrieve(only_card.id).default_return_url.endswith("/me")
    flow = {
        "type": "payment_method_update",
        "after_completion": {"type": "redirect", "redirect": {"return_url": "http://127.0.0.1:59999/done"}},
    }
    given = {"customer": made.customer, "configuration": only_card.id, "flow_data": flow}
    portal = v1.billing_portal.sessions.create(given)
    assert "Cancel at the end" not in shop.visit(portal.url).text
    assert shop.visit(portal.url, **shop.card()).location == "http://127.0.0.1:59999/done"
    with pytest.raises(stripe.InvalidRequestError, match="subscription_cancel"):
        v1.billing_portal.sessions.create({"customer": made.customer, "flow_data": {"type": "subscription_cancel"}})
    assert len(v1.billing_portal.configurations.list({"active": True}).data) == 1


def test_a_failed_renewal_is_paid_on_the_invoices_page(stripe_sandbox, v1):
    made = shop.subscribed(stripe_sandbox)
    stripe_sandbox.decline(made.customer)
    stripe_sandbox.advance("1y")
    stripe_sandbox.advance("2h")
    made = shop.refresh(stripe_sandbox, made)
    invoice = v1.invoices.retrieve(made.latest_invoice)
    assert (made.status, invoice.status) == ("past_due", "open")
    assert "Pay £20.00" in shop.visit(invoice.hosted_invoice_url).text
    shop.visit(invoice.hosted_invoice_url, **shop.card("4000000000009995"))
    asked = shop.visit(invoice.hosted_invoice_url, **shop.card("4000002760003184"))
    assert shop.visit(stripe_sandbox.url + asked.location, answer="complete").location == invoice.hosted_invoice_url
    assert v1.invoices.retrieve(invoice.id).status == "paid"
    assert shop.refresh(stripe_sandbox, made).status == "active"
    assert "Pay £20.00" not in shop.visit(invoice.hosted_invoice_url).text


@pytest.mark.parametrize(
    "path", ["/checkout/cs_nothing", "/portal/bps_x", "/invoice/in_x", "/authenticate/x", "/nowhere"]
)
def test_pages_that_are_not_there_say_so(stripe_sandbox, path):
    page = shop.visit(stripe_sandbox.url + path)
    assert page.status == 404
    assert "no real money" in page.text


def test_nothing_that_was_typed_becomes_part_of_a_page(stripe_sandbox, v1):
    nasty = "<script>alert(1)</script>\"'&"
    product = v1.products.create({"name": nasty})
    gift = {"currency": "gbp", "unit_amount": 500, "product": product.id}
    made = shop.session(
        stripe_sandbox, 500, None, line_items=[{"price_data": gift, "quantity": 1}], customer_creation="always"
    )
    for answer in (shop.visit(made.url), shop.visit(made.url, **shop.card("1", name=nasty, email=nasty))):
        assert "<script>" not in answer.text
    shop.visit(made.url, **shop.card(name=nasty))
    customer = v1.checkout.sessions.retrieve(made.id).customer
    portal = v1.billing_portal.sessions.create({"customer": customer})
    for page in (portal.url, stripe_sandbox.url + "/"):
        assert "<script>" not in shop.visit(page).text
