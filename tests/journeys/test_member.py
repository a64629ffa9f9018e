"""A member signs in by the mail that is sent, looks around, and changes things, in a real browser."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from membership.actions.memberships import cover_by_name
from membership.actions.people import declare_gift_aid
from membership.models import Person
from psg import mail
from tests.axe import violations
from tests.factories import PersonFactory, PlanFactory, PriceFactory
from tests.membership.conftest import pay

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAGES = ["", "card/", "plan/", "details/", "consents/", "gift-aid/", "cancel/", "close/"]


@pytest.fixture
def site(live_server, settings) -> str:
    settings.EMAIL_BACKEND = "psg.mail.QueueBackend"
    settings.SITE_URL = live_server.url
    return live_server.url


@pytest.fixture
def ana(site) -> Person:
    """Pays by cheque, for a household of two."""
    plan = PlanFactory(name="Household", slug="household", max_people=4)
    PriceFactory(plan=plan, amount_pence=3500)
    person = PersonFactory(
        first_name="Ana", last_name="Quispe", email="ana@people.example", email_verified_at=timezone.now()
    )
    pay(person, plan)
    cover_by_name(person.memberships.get(), name="Luis Quispe")
    return person


def ask(page: Page, site: str, email: str, run_jobs) -> str:
    """Ask for the mail as somebody would who knows only the site; its text."""
    page.goto(f"{site}/membership/")
    page.get_by_role("link", name="Your membership").click()
    page.get_by_label("Email").fill(email)
    page.get_by_role("button", name="Send me the email").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mailbox")
    run_jobs()
    for path in mail.stored_messages():
        message = mail.read_stored(path)
        if message["Subject"] == "Your sign-in code":
            return message.get_body(["plain"]).get_content()
    raise AssertionError("no mail with a code")


def code_in(text: str) -> str:
    return re.search(r"^([A-Z0-9]{3,}-?[A-Z0-9]{3,})$", text, re.MULTILINE).group(1)


def link_in(text: str) -> str:
    return re.search(r"\S+/accounts/login/link/\S+", text).group(0)


def test_in_by_code_then_a_new_address_and_the_card(page, site, ana, run_jobs):
    text = ask(page, site, ana.email, run_jobs)
    page.get_by_label("Code").fill(code_in(text).lower())
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your membership")
    expect(page.locator(".me-status")).to_contain_text("You are a member until")
    page.get_by_role("link", name="Name and address").click()
    page.get_by_label("Town or city").fill("Leeds")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("your details are saved")
    expect(page.locator(".me-tasks")).to_contain_text("Leeds")
    page.get_by_role("link", name="Membership card").click()
    expect(page.get_by_role("article", name="Your card")).to_contain_text("Ana Quispe")
    page.get_by_role("link", name="Your membership").first.click()
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{site}/membership/me/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_in_by_link_on_another_device_without_javascript(browser, page, site, ana, run_jobs):
    text = ask(page, site, ana.email, run_jobs)
    phone = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 800}).new_page()
    phone.goto(link_in(text))
    phone.get_by_role("button", name="Sign in").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Your membership")
    page.goto(link_in(text))
    expect(page.get_by_role("heading", level=1)).to_have_text("This link is good no more")
    phone.get_by_role("link", name="Cancel your membership").click()
    phone.get_by_role("button", name="Yes, cancel it").click()
    expect(phone.get_by_role("status")).to_contain_text("Your membership is cancelled")
    phone.get_by_role("button", name="Stay a member").click()
    expect(phone.get_by_role("status")).to_contain_text("your membership goes on")
    phone.context.close()


def test_the_card_is_printed_in_the_size_of_a_bank_card_and_nothing_to_press_with_it(page, site, ana, run_jobs):
    page.goto(link_in(ask(page, site, ana.email, run_jobs)))
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{site}/membership/me/card/")
    page.emulate_media(media="print")
    box = page.locator(".member-card").bounding_box()
    assert (round(box["width"] / 96 * 25.4, 1), round(box["height"] / 96 * 25.4)) == (85.6, 54)
    assert not page.locator(".no-print").first.is_visible()


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])  # colours and widths do not meet
def test_axe_finds_nothing_on_any_page_of_a_member(browser, site, ana, run_jobs, scheme, width):
    declare_gift_aid(ana, declared=ana)
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 900}, reduced_motion="reduce"
    )
    page, found = context.new_page(), {}
    text = ask(page, site, ana.email, run_jobs)
    found["code"] = violations(page)
    page.goto(link_in(text))
    found["link"] = violations(page)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your membership")
    for path in [*PAGES, f"receipts/{ana.payments.get().pk}/"]:
        page.goto(f"{site}/membership/me/{path}")
        page.wait_for_load_state("networkidle")
        found[path] = violations(page)
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            found[path].append("scrolls sideways")
    page.get_by_role("link", name="Your membership").first.click()
    page.goto(f"{site}/membership/me/close/")
    page.get_by_role("button", name="Close my account").click()
    expect(page.locator("[aria-invalid=true]").first).to_be_visible()
    found["errors"] = violations(page)
    page.get_by_label("Yes, close my account").check()
    page.get_by_role("button", name="Close my account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your account is closed")
    found["closed"] = violations(page)
    context.close()
    assert {name: problems for name, problems in found.items() if problems} == {}
