"""The life of a membership that renews by itself: another card, leaving, failing, coming back."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from membership import jobs
from membership.models import Concern, ConcernKind, Person, Subscription
from tests.factories import PlanFactory, PriceFactory
from tests.journeys.life import GOOD, Life, heading, press, status, type_account
from tests.journeys.test_stripe_sandbox import type_card

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def day(on) -> str:
    return f"{on.day} {on:%B %Y}"


def paid_until(person: Person) -> str:
    until = person.memberships.get().paid_until
    assert until
    return day(until)


def customer_of(person: Person) -> str:
    return str(person.stripe_customers.get().stripe_id)


def charges(life: Life) -> int:
    """How often money was taken at Stripe."""
    return sum(each["status"] == "succeeded" for each in life.sandbox.objects("charge"))


def member(life: Life):
    """Ana, a member who pays by card, and the tab in which she is signed in."""
    person = life.join_by_card()
    page = life.visitor()
    life.sign_in(page)
    return person, page


def cancel(page) -> None:
    press(page, page.get_by_role("link", name="Cancel your membership"))
    press(page, page.get_by_role("button", name="Yes, cancel it"))
    expect(page.get_by_role("status")).to_contain_text("Your membership is cancelled")


def test_another_card_on_stripes_page_is_seen_on_coming_back(life: Life):
    person, page = member(life)
    status(page).to_contain_text("Visa card ending in 4242")
    press(page, page.get_by_role("button", name="Change card or bank account"))
    heading(page).to_have_text("Your payments")
    type_card(page, "4000000000000002")
    expect(page.get_by_role("alert")).to_contain_text("declined")
    type_card(page, "5555555555554444")
    status(page).to_contain_text("Mastercard card ending in 4444")
    life.hear()
    page.reload()
    status(page).to_contain_text("Mastercard card ending in 4444")
    expect(life.desk(person).locator("#content")).to_contain_text("Mastercard card ending in 4444")
    assert charges(life) == 1


def test_cancel_stay_cancel_again_let_the_year_end_and_come_back(life: Life):
    person, page = member(life)
    until = paid_until(person)
    cancel(page)
    status(page).to_contain_text(f"Cancelled: you are a member until {until}")
    assert until in life.letter("Your membership is cancelled").text
    desk = life.desk(person)
    expect(desk.locator("#content")).to_contain_text("no further payment is taken")
    press(page, page.get_by_role("button", name="Stay a member"))
    status(page).to_contain_text(f"You are a member until {until}")
    status(page).to_contain_text("It renews by itself")
    cancel(page)
    life.hear()
    life.letter("Your membership is cancelled")
    life.wait("1y", "2d")
    assert charges(life) == 1
    life.sign_in(page)
    status(page).to_contain_text(f"Your membership ended on {until}")
    press(page, page.get_by_role("link", name="Join again"))
    expect(page.get_by_label("Last name")).to_have_value("Quispe")
    page.get_by_label("Card: renews by itself").check()
    press(page, page.get_by_role("button", name="Join", exact=True))
    type_card(page, GOOD)
    heading(page).to_have_text("Thank you")
    life.hear()
    press(page, page.get_by_role("link", name="My membership", exact=True))
    status(page).to_contain_text(f"You are a member until {paid_until(person)}")
    expect(page.get_by_role("link", name="Receipt of")).to_have_count(2)
    life.letter("Receipt: £25.00")
    assert Person.objects.get().memberships.get().terms.count() == 2
    assert charges(life) == 2
    desk = life.desk(person)
    expect(desk.get_by_role("cell", name="£25.00", exact=True)).to_have_count(2)


def fail_the_renewal(life: Life, person: Person) -> None:
    """The first year ends, and the card is declined."""
    life.sandbox.decline(customer_of(person), "insufficient_funds")
    life.wait("1y")
    life.wait("1d")


def test_a_renewal_fails_and_is_paid_with_another_card_by_the_link_in_the_mail(life: Life):
    person = life.join_by_card()
    before = paid_until(person)
    fail_the_renewal(life, person)
    mail = life.letter("Your membership payment did not go through")
    assert "You stay a member meanwhile" in mail.text
    desk = life.desk(person)
    expect(desk.locator("#content")).to_contain_text("£25.00 could not be collected")
    page = life.visitor()
    page.goto(mail.link("/membership/me/"))
    life.enter_code(page)
    status(page).to_contain_text("A payment is open")
    status(page).to_contain_text("You are still a member.")
    press(page, page.get_by_role("button", name="Change card or bank account"))
    type_card(page, "5555555555554444")
    status(page).to_contain_text("Mastercard card ending in 4444")
    press(page, page.get_by_role("button", name="Try the payment again"))
    expect(page.get_by_role("status")).to_contain_text("we have asked for the payment again")
    status(page).to_contain_text(f"You are a member until {paid_until(person)}")
    assert paid_until(person) != before
    life.wait("4d", "6d", "8d")  # when Stripe would have tried again
    assert charges(life) == 2
    assert person.payments.count() == 2
    assert [each.subject for each in life.letters()] == ["Receipt: £25.00 to the Peru Support Group"]
    desk.reload()
    expect(desk.locator("#content")).not_to_contain_text("could not be collected")


def test_a_renewal_that_fails_is_paid_on_stripes_page_from_the_mail(life: Life):
    person = life.join_by_card()
    fail_the_renewal(life, person)
    mail = life.letter("Your membership payment did not go through")
    page = life.visitor()
    page.goto(mail.link("/invoice/"))
    type_card(page, "5555555555554444")
    expect(page.get_by_text("Paid")).to_be_visible()
    life.hear()
    life.letter("Receipt: £25.00")
    life.sign_in(page)
    status(page).to_contain_text(f"You are a member until {paid_until(person)}")
    assert (charges(life), person.payments.count()) == (2, 2)


def test_nobody_reacts_then_it_lapses_after_grace_and_they_come_back(life: Life):
    person = life.join_by_card()
    fail_the_renewal(life, person)
    life.letter("Your membership payment did not go through")
    life.wait("3d")
    life.letter("Your payment failed again")
    life.wait("5d")
    life.letter("Your payment failed again")
    life.wait("7d", "1d")
    fresh = life.letters()
    assert len(fresh) == 1, [each.subject for each in fresh]
    assert "Your membership ends on" in fresh[0].text
    assert person.is_member()
    desk = life.desk(person)
    expect(desk.locator("#content")).to_contain_text("because the payment failed")
    life.wait("32d")
    assert not person.is_member()
    jobs.send_lapsed()
    lapsed = life.letter("Your membership has ended")
    page = life.visitor()
    life.sign_in(page)
    status(page).to_contain_text("Your membership ended on")
    expect(page.get_by_role("link", name="Join again")).to_be_visible()
    page.goto(lapsed.link("/membership/join/"))
    expect(page.get_by_label("Last name")).to_have_value("Quispe")
    page.get_by_label("Card: renews by itself").check()
    page.get_by_role("button", name="Join", exact=True).click()
    type_card(page, "5555555555554444")
    heading(page).to_have_text("Thank you")
    life.hear()
    assert Person.objects.get().is_member()
    assert person.memberships.get().terms.count() == 2
    assert charges(life) == 2
    assert Subscription.objects.live().count() == 1


def test_from_card_to_debit_and_the_renewal_is_on_its_way_for_days(life: Life):
    person, page = member(life)
    press(page, page.get_by_role("button", name="Change card or bank account"))
    type_account(page, "00012345")
    status(page).to_contain_text("Direct Debit, account ending in 2345")
    life.wait("1y", "1d")
    life.letters()
    life.sign_in(page)
    status(page).to_contain_text("You are still a member until")
    status(page).to_contain_text("A payment by Direct Debit is on its way.")
    expect(page.get_by_role("link", name="Membership card")).to_be_visible()
    expect(page.get_by_role("link", name="Renew")).to_have_count(0)
    expect(life.desk(person).locator("#content")).to_contain_text("Payment on its way")
    life.wait("12d")
    page.reload()
    status(page).to_contain_text(f"You are a member until {paid_until(person)}")
    expect(page.get_by_role("link", name="Receipt of")).to_have_count(2)
    assert [each.subject for each in life.letters()] == ["Receipt: £25.00 to the Peru Support Group"]
    assert (charges(life), person.payments.count()) == (2, 2)


def test_staff_change_the_plan_cancel_and_let_it_go_on(life: Life):
    PriceFactory(plan=PlanFactory(name="Patron", slug="patron"), amount_pence=6000)
    person = life.join_by_card()
    desk = life.desk(person)
    said = desk.locator(".messagelist")
    press(desk, desk.get_by_role("link", name="Change the plan"))
    desk.get_by_label("Patron").check()
    desk.get_by_role("button", name="Change the plan").click()
    expect(said).to_contain_text("Patron, £60.00 a year from the next payment on")
    expect(desk.locator("#content")).to_contain_text("Changes to")
    press(desk, desk.get_by_role("link", name="Cancel the membership"))
    desk.get_by_label("Reason").fill("Moves abroad")
    desk.get_by_role("button", name="Cancel").click()
    expect(said).to_contain_text("Stripe takes no further payment")
    press(desk, desk.get_by_role("link", name="Undo the cancellation"))
    desk.get_by_role("button").last.click()
    expect(said).to_contain_text("goes on")
    life.hear()
    page = life.visitor()
    life.sign_in(page)
    status(page).to_contain_text("£60.00 on")
    life.wait("1y", "1d")
    assert person.payments.latest("pk").gross_pence == 6000
    assert person.memberships.get().plan.name == "Patron"


def test_staff_look_at_what_stripe_told_and_settle_it(life: Life):
    person = life.join_by_card()
    life.sandbox.dispute(life.sandbox.objects("charge")[0]["id"])
    life.hear()
    assert Concern.objects.filter(kind=ConcernKind.DISPUTE, person=person).exists()
    desk = life.desk(person)
    expect(desk.locator("#content")).to_contain_text("Disputed")
    desk.goto(f"{life.site}/admin/membership/concern/")
    desk.get_by_role("link", name="Ana Quispe", exact=True).click()
    press(desk, desk.get_by_role("button", name="Settled"))
    expect(desk.locator(".messagelist")).to_contain_text("is settled")
    assert not Concern.objects.open().exists()
    assert timezone.localdate() == timezone.localdate(Concern.objects.get().settled_at)
