"""Becoming a member on Stripe's page: by card, by Direct Debit, and with everything that people do on the way."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from membership.models import Application, Checkout, Person, Subscription
from tests.factories import ArticleFactory
from tests.journeys.life import ASKS, DECLINED, GOOD, NO_FUNDS, Life, heading, press, status, type_account
from tests.journeys.test_stripe_sandbox import type_card

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
BODY = "".join(f"<p>{words}</p>" for words in ("How it began.", "What was said.", "Who was there.", "How it ended."))


def a_year_on() -> str:
    """The last day of a year that begins today, as pages say it."""
    today = timezone.localdate()
    last = Person.objects.get().memberships.get().paid_until
    assert last is not None
    assert 364 <= (last - today).days <= 365
    return f"{last.day} {last:%B %Y}"


def assert_paid_once(life: Life) -> Person:
    """One human, one membership, one payment; at Stripe too."""
    charges = [each for each in life.sandbox.objects("charge") if each["status"] == "succeeded"]
    assert len(charges) == 1
    assert len(life.sandbox.objects("subscription")) == 1
    person = Person.objects.get()
    assert person.payments.count() == 1
    assert person.memberships.get().terms.count() == 1
    return person


def test_by_card_to_receipt_card_and_the_members_article_with_the_keyboard_alone(life: Life):
    article = ArticleFactory(title="For members", body=BODY, members_only=True)
    page = life.visitor(viewport={"width": 390, "height": 800})
    page.goto(life.site)
    press(page, page.get_by_role("link", name="Become a member"))
    press(page, page.get_by_role("link", name="Join as Individual"))
    heading(page).to_have_text("Join the Peru Support Group")
    life.fill_in(page, "Card: renews by itself")
    press(page, page.get_by_role("button", name="Join", exact=True))
    expect(page.get_by_role("banner")).to_have_text("Stripe sandbox: no real money")
    type_card(page, GOOD)
    heading(page).to_have_text("Thank you")
    expect(page.get_by_text(f"You are a member until {a_year_on()}.")).to_be_visible()
    life.hear()
    receipt = life.letter("Receipt: £25.00 to the Peru Support Group")
    assert f"you are a member until {a_year_on()}" in receipt.text
    assert "It renews by itself on" in receipt.text
    press(page, page.get_by_role("link", name="My membership", exact=True))
    life.enter_code(page)
    status(page).to_contain_text(f"You are a member until {a_year_on()}")
    status(page).to_contain_text("by Visa card ending in 4242")
    press(page, page.get_by_role("link", name="Receipt of"))
    expect(page.locator("main")).to_contain_text("£25.00")
    page.go_back()
    press(page, page.get_by_role("link", name="Membership card"))
    expect(page.get_by_role("article", name="Your card")).to_contain_text("Ana Quispe")
    page.goto(life.site + article.get_absolute_url())
    expect(page.get_by_text("How it ended.")).to_be_visible()
    desk = life.desk(assert_paid_once(life))
    expect(desk.locator("#content")).to_contain_text("by Visa card ending in 4242")
    expect(desk.get_by_role("cell", name="£25.00", exact=True)).to_be_visible()


def test_declined_twice_then_another_card(life: Life):
    page = life.visitor()
    life.go_to_pay(page)
    for number, words in ((DECLINED, "Your card was declined."), (NO_FUNDS, "insufficient funds")):
        type_card(page, number)
        expect(page.get_by_role("alert")).to_contain_text(words)
        life.hear()
        assert not Person.objects.get().is_member()
    type_card(page, GOOD)
    heading(page).to_have_text("Thank you")
    life.hear()
    assert assert_paid_once(life).is_member()
    assert [each.subject for each in life.letters() if "Receipt" in each.subject or "not go" in each.subject] == [
        "Receipt: £25.00 to the Peru Support Group"
    ]


def test_the_bank_asks_is_refused_and_asks_again(life: Life):
    page = life.visitor()
    life.go_to_pay(page)
    for answer in ("Fail", "Complete"):
        type_card(page, ASKS)
        heading(page).to_have_text("3-D Secure: is it you?")
        press(page, page.get_by_role("button", name=answer))
        if answer == "Fail":
            expect(page.get_by_role("alert")).to_contain_text("unable to authenticate")
    heading(page).to_have_text("Thank you")
    life.hear()
    assert_paid_once(life)


def test_a_debit_is_on_its_way_for_days_and_then_makes_a_member(life: Life):
    page = life.visitor()
    life.go_to_pay(page, "Direct Debit")
    type_account(page, "00012345")
    heading(page).to_have_text("Your Direct Debit is on its way")
    life.hear()
    person = Person.objects.get()
    desk = life.desk(person)
    expect(desk.locator("#content")).to_contain_text("Direct Debit on its way: £25.00")
    expect(desk.get_by_role("link", name="Record this payment")).to_have_count(0)
    life.wait("3d")
    page.reload()
    heading(page).to_have_text("Your Direct Debit is on its way")
    assert not person.is_member()
    reference = Application.objects.get().reference
    assert [each.subject for each in life.letters()] == [f"Your membership: how to pay (reference {reference})"]
    own = life.visitor()
    life.sign_in(own)
    status(own).to_contain_text("Your first payment is on its way")
    status(own).not_to_contain_text("join")
    life.wait("10d")
    page.reload()
    heading(page).to_have_text("Thank you")
    expect(page.get_by_text("You are a member until")).to_be_visible()
    assert "you are a member until" in life.letter("Receipt: £25.00").text
    assert assert_paid_once(life).is_member()
    desk.reload()
    expect(desk.locator("#content")).to_contain_text("by Direct Debit")
    expect(desk.locator("#content")).not_to_contain_text("on its way")


def test_a_debit_that_bounces_is_told_and_paid_by_card_instead(life: Life):
    page = life.visitor()
    life.go_to_pay(page, "Direct Debit")
    type_account(page, "22222227")
    heading(page).to_have_text("Your Direct Debit is on its way")
    life.letters()
    life.wait("10d")
    mail = life.letter("Your payment did not go through")
    assert "Your bank did not carry out your payment of £25.00" in mail.text
    page.goto(mail.link("/membership/thanks/"))
    heading(page).to_have_text("The payment did not succeed")
    press(page, page.get_by_role("button", name="Pay by card"))
    type_card(page, GOOD)
    heading(page).to_have_text("Thank you")
    life.wait("20d")  # the debit's retries would come now
    page.reload()
    heading(page).to_have_text("Thank you")
    live = [each for each in life.sandbox.objects("subscription") if each["status"] != "canceled"]
    assert [each["status"] for each in live] == ["active"]
    assert Subscription.objects.live().get().method == "card"
    assert Person.objects.get().payments.count() == 1
    life.letter("Receipt: £25.00")


def test_a_debit_bounces_after_they_signed_in_and_the_mail_still_leads_to_paying(life: Life):
    page = life.visitor()
    life.go_to_pay(page, "Direct Debit")
    type_account(page, "22222227")
    heading(page).to_have_text("Your Direct Debit is on its way")
    life.sign_in(life.visitor())
    page.close()
    life.wait("10d")
    elsewhere = life.visitor()
    elsewhere.goto(life.letter("Your payment did not go through").link("/membership/"))
    press(elsewhere, elsewhere.get_by_role("button", name="Yes: go on to pay"))
    heading(elsewhere).to_have_text("Pay £25.00")
    press(elsewhere, elsewhere.get_by_role("link", name="Back, without paying"))
    press(elsewhere, elsewhere.get_by_role("button", name="Pay by card instead"))
    type_card(elsewhere, GOOD)
    heading(elsewhere).to_have_text("Thank you")
    life.hear()
    assert Person.objects.get().payments.count() == 1
    assert Subscription.objects.live().get().method == "card"


def test_whoever_closes_the_browser_after_paying_is_a_member_by_the_webhook_alone(life: Life):
    page = life.visitor()
    life.go_to_pay(page)
    with page.expect_request("**/membership/thanks/**"):
        page.route("**/membership/thanks/**", lambda route: None)  # on its way, and never there
        type_card_and_do_not_wait(page)
    page.close()
    assert Checkout.objects.get().state == "open"
    assert not Person.objects.get().is_member()
    life.hear()
    assert assert_paid_once(life).is_member()
    letters = life.letters()
    assert [each.subject for each in letters][1:] == ["Receipt: £25.00 to the Peru Support Group"]
    # The link in the first mail does not ask for money again.
    again = life.visitor()
    again.goto(letters[0].link("/membership/thanks/"))
    heading(again).to_have_text("Thank you")


def type_card_and_do_not_wait(page) -> None:
    card = page.get_by_role("group", name="Card")
    for label, text in (("Card number", GOOD), ("Expiry", "12/60"), ("Security code", "123"), ("Name", "Ana Quispe")):
        card.get_by_label(label).fill(text)
    card.get_by_role("button").click(no_wait_after=True)


def test_back_and_forward_after_paying_never_pay_again(life: Life):
    page = life.visitor()
    life.go_to_pay(page)
    type_card(page, GOOD)
    heading(page).to_have_text("Thank you")
    page.reload()
    page.go_back()  # Stripe's page of what is paid leads on again
    heading(page).to_have_text("Thank you")
    life.hear()
    assert_paid_once(life)
    assert len(life.sandbox.objects("checkout.session")) == 1


def test_back_to_the_form_and_sent_again_after_paying_leads_to_no_second_page(life: Life):
    page = life.visitor()
    life.fill_in(page, "Card: renews by itself")
    page.get_by_role("button", name="Join", exact=True).click()
    type_card(page, GOOD)
    heading(page).to_have_text("Thank you")
    life.fill_in(page, "Card: renews by itself")
    page.get_by_role("button", name="Join", exact=True).click()
    heading(page).to_have_text("Please look at your email")
    life.hear()
    mail = life.letters()[-1]
    page.goto(mail.link("/membership/confirm/"))
    page.get_by_role("button").last.click()
    heading(page).to_have_text("There is nothing to pay")
    page.get_by_role("link", name="My membership", exact=True).click()
    life.enter_code(page)
    status(page).to_contain_text(f"You are a member until {a_year_on()}")
    assert_paid_once(life)
    assert len(life.sandbox.objects("checkout.session")) == 1


def test_two_tabs_and_a_double_click_make_one_page_to_pay_on(life: Life):
    first = life.visitor()
    second = first.context.new_page()
    for page in (first, second):
        life.fill_in(page, "Card: renews by itself")
    for page in (first, second):
        page.get_by_role("button", name="Join", exact=True).dblclick(no_wait_after=True)
    for page in (first, second):
        expect(page.get_by_role("banner")).to_have_text("Stripe sandbox: no real money")
    assert first.url == second.url
    assert Application.objects.count() == 1
    assert len(life.sandbox.objects("checkout.session")) == 1
    type_card(first, GOOD)
    heading(first).to_have_text("Thank you")
    type_card(second, GOOD)
    heading(second).to_have_text("Thank you")
    life.hear()
    assert_paid_once(life)


def test_stripe_is_away_and_the_next_try_works(life: Life):
    page = life.visitor()
    life.sandbox.fault("POST /v1/checkout/*", 503, times=9, recorded=False)
    life.fill_in(page, "Card: renews by itself")
    page.get_by_role("button", name="Join", exact=True).click()
    heading(page).to_have_text("The payment page cannot be reached just now")
    press(page, page.get_by_role("button", name="Try again"))
    heading(page).to_have_text("The payment page cannot be reached just now")
    life.sandbox.clear_faults()
    press(page, page.get_by_role("button", name="Try again"))
    type_card(page, GOOD)
    heading(page).to_have_text("Thank you")
    life.hear()
    assert_paid_once(life)
