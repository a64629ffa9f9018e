"""A local stand-in for Stripe: a process of its own that speaks Stripe's API over HTTP. For development and tests only.

    store.py        one SQLite file: objects, what falls due, webhook deliveries, idempotency keys, requests that came
    clock.py        the sandbox's own time, which can be advanced; calendar arithmetic
    account.py      one Stripe account: its store, clock and settings; objects change and are told of here
    resources/      what the API offers, one file a kind: parameters, rules, routes
    charging.py     what happens when money is asked for (instruments.py: how each test card and bank account behaves)
    engine.py       what time does: renewals, retries, settlement, expiry
    api.py          one API call: key, version, parameters, idempotency, faults, expansion, errors
    webhooks.py     signed deliveries of the events, with everything that can go wrong with them
    pages/          what people see: checkout, portal, invoice, 3-D Secure, the developer's page
    control.py      /_sandbox/: clock, faults, webhooks, disputes, for tests and developers
    server.py       HTTP

`manage.py stripe_sandbox` runs it. Nothing of the site imports it; it knows nothing of the site or its database.
"""

API_VERSION = "2026-05-27.dahlia"
