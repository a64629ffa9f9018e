"""The treasurer looks at a month, takes its rows as a file and closes it, in a real browser."""

import uuid
from datetime import date
from io import BytesIO

import openpyxl
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from membership.models import ClosedMonth, Payment, Person
from tests.axe import violations
from tests.factories import PersonFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LEDGER = "/admin/membership/payment/ledger/"
# The stock admin's breadcrumbs tell links from text by colour alone, and its pages are no best practice of ours.
STOCK = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "rules": {"link-in-text-block": {"enabled": False}},
}


@pytest.fixture
def person(db) -> Person:
    """Gave by card in October 2019, and took half of it back."""
    person = PersonFactory(first_name="Ana", last_name="Quispe")
    facts = {"person": person, "method": "card", "received_on": date(2019, 10, 20)}
    first = Payment.objects.create(gross_pence=5000, fee_pence=95, token=uuid.uuid4().hex, **facts)
    Payment.objects.create(gross_pence=-2500, reverses=first, token=uuid.uuid4().hex, **facts)
    return person


def test_a_month_is_looked_at_kept_as_a_file_and_closed(page: Page, context, live_server, sign_in, person):
    sign_in(context, "Treasurer")
    page.goto(f"{live_server.url}/admin/membership/payment/")
    page.get_by_role("link", name="Ledger", exact=True).click()
    expect(page.get_by_role("heading", name="Ledger: October 2019")).to_be_visible()
    expect(page.locator(".desk-figures")).to_contain_text("£24.05")
    with page.expect_download() as download:
        page.get_by_role("button", name="For a spreadsheet (XLSX)").click()
    assert download.value.suggested_filename == "ledger-2019-10-01-2019-10-31.xlsx"
    sheet = openpyxl.load_workbook(BytesIO(download.value.path().read_bytes()))["Ledger"]
    assert [row[9] for row in sheet.iter_rows(min_row=2, values_only=True)] == [50, -25]
    page.get_by_role("link", name="Close this month").click()
    expect(page.locator(".desk-figures")).to_contain_text("£24.05")
    page.get_by_role("button", name="Close October 2019").click()
    expect(page.get_by_text("October 2019 is closed. Further rows of that month are refused.")).to_be_visible()
    expect(page.get_by_role("link", name="Close this month")).to_have_count(0)
    assert ClosedMonth.objects.get().gross_pence == 2500


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_its_pages_fit_a_phone_and_everybody(browser, live_server, sign_in, person, scheme):
    context: BrowserContext = browser.new_context(viewport={"width": 390, "height": 800}, color_scheme=scheme)
    sign_in(context, "Administrator")
    page = context.new_page()
    paths = [LEDGER, f"{LEDGER}2019-10/close/", f"{LEDGER}2019-10/reopen/"]
    paths += [f"/admin/membership/payment/{path}/" for path in (f"statement/{person.pk}", "roll")]
    for path in paths:
        page.goto(f"{live_server.url}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        assert violations(page, **STOCK) == [], path
    context.close()
