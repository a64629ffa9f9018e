"""What the journeys share."""

from collections.abc import Iterator

import pytest
import time_machine

from tests.factories import PlanFactory, PriceFactory
from tests.journeys.life import Life


@pytest.fixture
def life(live_server, settings, stripe_sandbox, browser, run_jobs, sign_in) -> Iterator[Life]:
    """The site with one plan (£25 a year), paying into an empty sandbox that sends it real webhooks.

    At the end nothing may have gone wrong in any browser: no error, no violated policy, no request elsewhere.
    """
    settings.EMAIL_BACKEND = "psg.mail.QueueBackend"
    settings.SITE_URL = live_server.url
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = stripe_sandbox.key, stripe_sandbox.secret
    settings.STRIPE_API_BASE = stripe_sandbox.url
    stripe_sandbox.send_to(f"{live_server.url}/membership/stripe/webhook/", signature_clock="sandbox")
    PriceFactory(plan=PlanFactory(name="Individual", slug="individual"))
    with time_machine.travel(float(stripe_sandbox.now)) as clock:
        living = Life(live_server.url, stripe_sandbox, browser, run_jobs, sign_in, clock)
        yield living
        for context in living.contexts:
            context.close()
    assert living.wrong == []
