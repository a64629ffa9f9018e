"""Joining by cheque from the home page to the receipt, and the join page's own ways, in a real browser.

What happens on Stripe's page, and after it, is in test_membership_begins.py and test_membership_life.py.
"""

import time

import pytest
from playwright.sync_api import Page, expect

from membership.models import Person
from psg import mail
from tests.axe import violations
from tests.factories import PersonFactory, PlanFactory, PriceFactory
from tests.journeys.test_stripe_sandbox import type_card
from tests.stripe_sandbox import StripeSandbox

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# The inlines on a person's page are the stock admin's.
OURS = {"include": [["#content"]], "exclude": [[".inline-group"]]}


@pytest.fixture
def site(live_server, settings) -> str:
    settings.EMAIL_BACKEND = "psg.mail.QueueBackend"
    PriceFactory(plan=PlanFactory(name="Individual", slug="individual"))
    return live_server.url


@pytest.fixture
def paying(site, settings, stripe_sandbox) -> StripeSandbox:
    """The site pays into an empty sandbox, which leads back to it."""
    settings.SITE_URL = site
    settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE = stripe_sandbox.key, stripe_sandbox.url
    return stripe_sandbox


def fill_in(page: Page) -> None:
    page.get_by_label("First name").fill("Ana")
    page.get_by_label("Last name").fill("Quispe")
    page.get_by_label("Email", exact=True).fill("ana@people.example")
    page.get_by_label("House number").fill("1 Test Street")
    page.get_by_label("Town").fill("London")
    page.get_by_label("Postcode").fill("n19gu")


def test_from_the_home_page_by_cheque_to_the_receipt(page, context, browser, site, sign_in, run_jobs):
    visitor = browser.new_context().new_page()
    started = time.monotonic()
    visitor.goto(site)
    visitor.get_by_role("link", name="Become a member").click()
    visitor.get_by_role("link", name="Join as Individual").click()
    fill_in(visitor)
    visitor.get_by_label("Yes, claim Gift Aid").check()
    visitor.get_by_label("Cheque by post").check()
    visitor.get_by_role("button", name="Join").click()
    expect(visitor.get_by_role("heading", level=1)).to_have_text("Thank you")
    reference = visitor.locator(".pay-reference").inner_text()
    assert time.monotonic() - started < 120

    # The mail has the reference and the button that confirms the address.
    run_jobs()
    visitor.goto(f"{site}/dev/mail/")
    visitor.get_by_role("link", name=reference).click()
    text = visitor.locator("main").inner_text()
    link = next(word for word in text.split() if "/membership/confirm/" in word)
    visitor.goto(site + link.partition("8000")[2])
    visitor.get_by_role("button", name="Yes, this is my address").click()
    expect(visitor.get_by_role("heading", level=1)).to_contain_text("is confirmed")

    # Staff search the reference, press the button, and confirm: three clicks.
    sign_in(context, "Membership")
    page.goto(f"{site}/admin/membership/person/")
    page.locator("#searchbar").fill(reference.lower())
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Record payment of Ana Quispe").click()
    expect(page.get_by_label("Amount in pounds")).to_have_value("25.00")
    page.get_by_role("button", name="Record the payment").click()
    expect(page.locator(".messagelist")).to_contain_text("£25.00 recorded. Ana Quispe is a member until")
    person = Person.objects.get()
    assert person.is_member()
    assert person.email_verified_at
    assert person.gift_aid_declarations.count() == 1

    run_jobs()
    subjects = [str(mail.read_stored(path)["Subject"]) for path in mail.stored_messages()]
    assert "Receipt: £25.00 to the Peru Support Group" in subjects
    visitor.context.close()


def choose(page: Page, site: str, way: str) -> None:
    """Fill in the page, and go on to pay in this way."""
    page.goto(f"{site}/membership/join/individual/")
    fill_in(page)
    page.get_by_label(way).check()
    page.get_by_role("button", name="Join").click()


def heading(page: Page):
    return expect(page.get_by_role("heading", level=1))


def test_changed_their_mind_at_stripe_paid_from_the_mail_in_another_browser(page, browser, site, paying, run_jobs):
    choose(page, site, "Card, for this year only")
    page.get_by_role("link", name="Back").click()
    heading(page).to_have_text("Not paid yet")
    run_jobs()
    path = next(path for path in mail.stored_messages())
    text = mail.read_stored(path).get_body(("plain",)).get_content()
    elsewhere = browser.new_context().new_page()
    elsewhere.goto(next(word for word in text.split() if "/membership/thanks/" in word))
    elsewhere.get_by_role("button", name="Pay now").click()
    type_card(elsewhere, "4242 4242 4242 4242")
    heading(elsewhere).to_have_text("Thank you")
    page.reload()
    heading(page).to_have_text("Thank you")
    assert Person.objects.get().payments.count() == 1
    elsewhere.context.close()


def test_stripe_does_not_answer_then_a_transfer_instead(page, site, paying):
    paying.fault("POST /v1/checkout/*", "429")
    choose(page, site, "Direct Debit")
    heading(page).to_have_text("The payment page cannot be reached just now")
    page.get_by_role("button", name="Pay by bank transfer").click()
    expect(page.locator(".pay-reference")).to_be_visible()


def test_errors_take_focus_lead_to_their_fields_and_keep_what_was_typed(page, site):
    page.goto(f"{site}/membership/join/individual/")
    fill_in(page)
    page.get_by_label("Email", exact=True).fill("ana")
    page.get_by_label("I would like to pay more").fill("5")
    page.get_by_role("button", name="Join").click()
    summary = page.get_by_role("group", name="Please look at this again")
    expect(summary).to_be_focused()
    summary.get_by_role("link", name="Email").click()
    expect(page.get_by_label("Email", exact=True)).to_be_focused()
    expect(page.get_by_label("Last name")).to_have_value("Quispe")
    assert page.get_by_label("Email", exact=True).get_attribute("aria-invalid") == "true"


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])  # colours and widths do not meet
def test_axe_finds_nothing_on_what_follows_the_form(browser, site, scheme, width):
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 900}, reduced_motion="reduce"
    )
    page, found = context.new_page(), {}
    page.goto(f"{site}/membership/join/individual/")
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_role("group", name="Please look at this again")).to_be_focused()
    found["errors"] = violations(page)
    fill_in(page)
    page.get_by_label("Cheque by post").check()
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
    page.wait_for_load_state("networkidle")  # with its stylesheet
    found["thanks"] = violations(page)
    assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    context.close()
    assert {name: problems for name, problems in found.items() if problems} == {}


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])  # colours and widths do not meet
def test_axe_finds_nothing_on_the_way_to_stripe_and_back(browser, site, paying, scheme, width):
    size = {"width": width, "height": 900}
    context = browser.new_context(color_scheme=scheme, viewport=size, reduced_motion="reduce")
    page, found = context.new_page(), {}
    paying.fault("POST /v1/checkout/*", "429")
    choose(page, site, "Card: renews by itself")
    page.wait_for_load_state("networkidle")
    found["busy"] = violations(page)
    page.get_by_role("button", name="Try again").click()
    page.get_by_role("link", name="Back").click()
    heading(page).to_have_text("Not paid yet")
    page.wait_for_load_state("networkidle")
    found["unpaid"] = violations(page)
    page.get_by_role("button", name="Pay now").click()
    type_card(page, "4242 4242 4242 4242")
    heading(page).to_have_text("Thank you")
    page.wait_for_load_state("networkidle")
    found["paid"] = violations(page)
    assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    context.close()
    assert {name: problems for name, problems in found.items() if problems} == {}


def test_it_works_without_javascript(browser, site):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site}/membership/join/individual/")
    fill_in(page)
    page.get_by_label("Cheque by post").check()
    page.get_by_role("button", name="Join").click()
    expect(page.locator(".pay-reference")).to_be_visible()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong_on_the_desks_own_pages(browser, site, sign_in, scheme):
    person, other = PersonFactory(), PersonFactory()
    context = browser.new_context(color_scheme=scheme)
    sign_in(context, "Membership")
    page, found = context.new_page(), {}
    for name in (f"{person.pk}/record/", "duplicates/", f"{person.pk}/merge/{other.pk}/", f"{person.pk}/change/"):
        page.goto(f"{site}/admin/membership/person/{name}")
        found[name] = violations(page, context={"include": [["#content"]], "exclude": [[".inline-group"]]})
    context.close()
    assert {name: problems for name, problems in found.items() if problems} == {}
