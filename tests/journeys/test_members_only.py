"""From the beginning of an article for members, by signing in, to the whole of it, in a real browser."""

import pytest
from playwright.sync_api import Browser, expect

from membership.models import Person
from psg.accounts import vouch_for_address
from psg.models import User
from tests.axe import violations
from tests.factories import ArticleFactory, PersonFactory, PlanFactory, PriceFactory
from tests.membership.conftest import pay

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
BODY = "".join(f"<p>{words}</p>" for words in ("How it began.", "What was said.", "Who was there.", "How it ended."))


@pytest.fixture
def member() -> Person:
    user = User.objects.create_user("ana@people.example", "a-long-password")
    vouch_for_address(user)
    person = PersonFactory(user=user)
    plan = PlanFactory()
    PriceFactory(plan=plan)
    pay(person, plan)
    return person


def test_a_member_signs_in_from_the_article_and_reads_on(page, live_server, member):
    ArticleFactory(title="For members", body=BODY, members_only=True)
    page.goto(f"{live_server.url}/news/")
    page.get_by_role("link", name="For members").click()
    expect(page.get_by_text("Who was there.")).to_be_visible()
    expect(page.get_by_text("How it ended.")).to_have_count(0)
    page.get_by_role("link", name="Sign in to read on").click()
    page.get_by_label("Email").fill("ana@people.example")
    page.get_by_label("Password").fill("a-long-password")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("For members")
    expect(page.get_by_text("How it ended.")).to_be_visible()
    expect(page.get_by_role("link", name="Become a member")).to_have_count(0)


@pytest.mark.parametrize(("scheme", "width"), [("light", 390), ("dark", 1280)])
def test_the_page_that_others_see_and_the_lists_are_accessible(browser: Browser, live_server, scheme, width):
    article = ArticleFactory(title="For members", body=BODY, members_only=True)
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    page = context.new_page()
    for path in (article.get_absolute_url(), "/news/", "/", "/search/?q=began"):
        page.goto(live_server.url + path)
        expect(page.get_by_text("(for members only)").first).to_be_attached()
        assert violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()
