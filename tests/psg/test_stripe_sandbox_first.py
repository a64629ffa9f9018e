def test_first(stripe_sandbox):
    v1 = stripe_sandbox.client.v1
    customer = v1.customers.create({"email": "ana@example.org", "metadata": {"person": "1"}})
    product = v1.products.create({"name": "Individual"})
    price = v1.prices.create({"product": product.id, "currency": "gbp", "unit_amount": 2000, "recurring": {"interval": "year"}})
    session = v1.checkout.sessions.create({"mode": "subscription", "customer": customer.id, "line_items": [{"price": price.id, "quantity": 1}], "success_url": "http://127.0.0.1:1/ok?{CHECKOUT_SESSION_ID}", "payment_method_types": ["card", "bacs_debit"], "subscription_data": {"metadata": {"a": "b"}}})
    print(stripe_sandbox.pay(session.id))
    session = v1.checkout.sessions.retrieve(session.id, {"expand": ["line_items", "subscription.latest_invoice.payments", "customer"]})
    print(session)
    print([e["type"] for e in stripe_sandbox.events()])
    stripe_sandbox.advance("1y")
    stripe_sandbox.advance("2h")
    print([e["type"] for e in stripe_sandbox.events()])
