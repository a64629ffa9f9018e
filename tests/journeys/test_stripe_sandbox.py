"""The Stripe sandbox's pages in a real browser, as somebody who tries the site would use them."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Page, expect

from tests.axe import violations
from tests.psg import shop

pytestmark = pytest.mark.browser


def type_card(page: Page, number: str, expiry: str = "12/60") -> None:
    card = page.get_by_role("group", name="Card")
    for label, text in (
        *(("E-mail", "ana@example.org"), ("Name", "Ana Example"), ("Card number", number)),
        *(("Expiry", expiry), ("Security code", "123")),
    ):
        card.get_by_label(label).fill(text)
    card.get_by_role("button").click()


class Site(BaseHTTPRequestHandler):
    """The site that the customer comes from and goes back to."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<h1>The site</h1>")

    def log_message(self, *args) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_declined_then_mistyped_then_paid(stripe_sandbox, page, site):
    made = shop.session(stripe_sandbox, success_url=site + "/thanks/{CHECKOUT_SESSION_ID}")
    page.goto(made.url)
    expect(page.get_by_role("banner")).to_have_text("Stripe sandbox: no real money")
    type_card(page, "4000 0000 0000 0002")
    expect(page.get_by_role("alert")).to_have_text("Your card was declined.")
    type_card(page, "4242 4242 4242 4241")
    expect(page.get_by_text("Your card number is invalid.")).to_be_visible()
    expect(page.get_by_role("group", name="Card").get_by_label("Card number")).to_be_focused()
    type_card(page, "4242 4242 4242 4242")
    expect(page).to_have_url(f"{site}/thanks/{made.id}")
    assert len(stripe_sandbox.objects("subscription")) == 1


def test_back_after_paying_leads_on_again(stripe_sandbox, page, site):
    made = shop.session(stripe_sandbox, success_url=site + "/thanks/{CHECKOUT_SESSION_ID}")
    page.goto(made.url)
    type_card(page, "4242 4242 4242 4242")
    expect(page).to_have_url(f"{site}/thanks/{made.id}")
    page.go_back()
    expect(page).to_have_url(f"{site}/thanks/{made.id}")
    assert len(stripe_sandbox.objects("charge")) == 1


def test_3d_secure_fails_then_completes(stripe_sandbox, page, site):
    made = shop.session(stripe_sandbox, 1500, None, success_url=site + "/thanks/{CHECKOUT_SESSION_ID}")
    page.goto(made.url)
    for answer in ("Fail", "Complete"):
        type_card(page, "4000 0025 0000 3155")
        expect(page.get_by_role("heading", name="3-D Secure: is it you?")).to_be_visible()
        page.get_by_role("button", name=answer).click()
        if answer == "Fail":
            expect(page.get_by_role("alert")).to_contain_text("unable to authenticate")
    expect(page).to_have_url(f"{site}/thanks/{made.id}")


def test_a_debit_then_a_card_in_the_portal_then_time_passes(stripe_sandbox, page, site):
    made = shop.session(stripe_sandbox, success_url=site + "/thanks/{CHECKOUT_SESSION_ID}")
    page.goto(made.url)
    debit = page.get_by_role("group", name="Bacs Direct Debit")
    for label, text in (
        *(("E-mail", "ana@example.org"), ("Name", "Ana Example")),
        *(("Sort code", "10-88-00"), ("Account number", "00012345")),
    ):
        debit.get_by_label(label).fill(text)
    debit.get_by_role("button").click()
    expect(page).to_have_url(f"{site}/thanks/{made.id}")
    subscription = shop.subscription(stripe_sandbox, made.id)
    given = {"customer": subscription.customer, "return_url": f"{site}/me"}
    portal = stripe_sandbox.client.v1.billing_portal.sessions.create(given)
    page.get_by_role("heading", name="The site").wait_for()
    page.goto(portal.url)
    expect(page.get_by_text("bank account ending in 2345")).to_be_visible()
    type_card(page, "5555 5555 5555 4444")
    expect(page.get_by_text("mastercard card ending in 4444")).to_be_visible()
    page.get_by_role("button", name="Cancel at the end of the period").click()
    page.get_by_role("button", name="Do not cancel").click()
    expect(page.get_by_role("button", name="Cancel at the end of the period")).to_be_visible()
    page.goto(stripe_sandbox.url)
    expect(page.get_by_role("cell", name="ana@example.org").first).to_be_visible()
    page.get_by_role("button", name="A year").click()
    page.get_by_role("button", name="A day").click()
    paid = stripe_sandbox.client.v1.invoices.list({"subscription": subscription.id, "status": "paid"}).data
    assert len(paid) == 2


def test_every_page_is_accessible_by_day_and_night_and_narrow(stripe_sandbox, page):
    v1 = stripe_sandbox.client.v1
    stripe_sandbox.set(webhook_url="http://127.0.0.1:9/", webhooks_automatic=False)
    made = shop.subscribed(stripe_sandbox)
    asked, expired = shop.session(stripe_sandbox), shop.session(stripe_sandbox)
    v1.checkout.sessions.expire(expired.id)
    failed = shop.visit(asked.url, **shop.card("4000002500003155")).location
    charge = stripe_sandbox.objects("charge")[0]["receipt_url"]
    pages = [
        stripe_sandbox.url,
        asked.url,
        expired.url or f"{stripe_sandbox.url}/checkout/{expired.id}",
        stripe_sandbox.url + failed,
        v1.billing_portal.sessions.create({"customer": made.customer, "return_url": shop.CANCEL}).url,
        v1.invoices.retrieve(made.latest_invoice).hosted_invoice_url,
        charge,
        stripe_sandbox.url + "/nowhere",
    ]
    for scheme, width in (("light", 1280), ("dark", 390)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        for url in pages:
            page.goto(url)
            assert violations(page) == [], f"{url} {scheme}"
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{url} is wider than {width}"
    page.goto(asked.url)
    type_card(page, "1", "1")
    page.get_by_text("Your card number is invalid.").wait_for()
    page.wait_for_load_state("networkidle")  # with its stylesheet
    assert violations(page) == []
