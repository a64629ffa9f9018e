"""Giving, from the page to give on over Stripe's page to thanks, receipt and Gift Aid; every month, and its end."""

import pytest
from playwright.sync_api import Page, expect

from membership.models import Payment, RegularGift
from tests.axe import violations
from tests.factories import AppealFactory
from tests.journeys.life import EMAIL, GOOD, Life, heading, type_account
from tests.journeys.test_stripe_sandbox import type_card

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def about_them(page: Page) -> None:
    for label, text in (("First name", "Ana"), ("Last name", "Quispe")):
        page.get_by_label(label).fill(text)
    page.get_by_label("Email", exact=True).fill(EMAIL)


def test_a_gift_to_an_appeal_with_gift_aid_by_card(life: Life):
    AppealFactory(title="Water for Espinar", slug="water", target_pence=10_000)
    page = life.visitor(viewport={"width": 390, "height": 800})
    page.goto(f"{life.site}/donate/water/")
    heading(page).to_have_text("Water for Espinar")
    about_them(page)
    page.get_by_label("£50", exact=True).check()
    page.get_by_label("Yes, claim Gift Aid").check()
    page.get_by_label("You may show my name").check()
    page.get_by_role("button", name="Give", exact=True).click()
    summary = page.get_by_role("group", name="Please look at this again")
    expect(summary).to_be_focused()
    assert violations(page) == []
    page.get_by_label("House number").fill("1 Test Street")
    page.get_by_label("Town").fill("London")
    page.get_by_label("Postcode").fill("n19gu")
    page.get_by_label("In memory of somebody").check()
    page.get_by_label("Their name").fill("Rosa")
    page.get_by_role("button", name="Give", exact=True).click()
    expect(page.get_by_role("banner")).to_have_text("Stripe sandbox: no real money")
    type_card(page, GOOD)
    heading(page).to_have_text("Thank you")
    expect(page.get_by_text("Your gift of £50.00 has come.")).to_be_visible()
    assert violations(page) == []
    life.hear()
    thanks = life.letter("Thank you for your gift of £50.00")
    for words in ("in memory of Rosa", "Water for Espinar", "worth £62.50"):
        assert words in thanks.text
    assert Payment.objects.get().person.gift_aid_declarations.count() == 1
    page.goto(f"{life.site}/donate/water/")
    expect(page.locator("main")).to_contain_text("£50 of £100")
    expect(page.locator("main")).to_contain_text("Ana Quispe")


def test_every_month_by_direct_debit_until_they_stop_it(life: Life):
    page = life.visitor(viewport={"width": 1280, "height": 900}, color_scheme="dark")
    page.goto(f"{life.site}/donate/")
    assert violations(page) == []
    about_them(page)
    page.get_by_label("Every month, until you stop it").check()
    page.get_by_role("textbox", name="Another amount").fill("7.50")
    page.get_by_label("Direct Debit").check()
    page.get_by_role("button", name="Give", exact=True).click()
    type_account(page, "00012345")
    heading(page).to_have_text("Your Direct Debit is on its way")
    life.wait("10d")
    letter = life.letter("Thank you for your gift of £7.50")
    assert "From now on it comes every month" in letter.text
    life.sign_in(page)
    expect(page.get_by_role("region", name="Your monthly gifts")).to_contain_text("£7.50 every month")
    page.get_by_role("link", name="Stop this gift").click()
    page.get_by_role("button", name="Yes, stop it").click()
    expect(page.get_by_role("status")).to_contain_text("Your monthly gift is stopped")
    life.wait("40d")
    assert Payment.objects.count() == 1
    assert not RegularGift.objects.live().exists()
    life.letter("Your monthly gift has ended")
