"""What the journeys of members share: a visitor's watched browser, their mailbox, the desk, and time that passes."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import time_machine
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Response, expect

from membership.models import Person
from psg import mail
from tests.journeys.test_stripe_sandbox import type_card
from tests.stripe_sandbox import StripeSandbox

EMAIL = "ana@people.example"
FOR_A_KEYBOARD = 90  # presses of Tab after which a button counts as out of reach
PAGES_THAT_SAY_NO = {402, 422, 503}  # declined, mistyped, busy: pages with words, not failures
GOOD, DECLINED, NO_FUNDS, ASKS = "4242424242424242", "4000000000000002", "4000000000009995", "4000002500003155"


@dataclass
class Letter:
    """A mail as its reader sees it."""

    subject: str
    text: str

    def link(self, part: str) -> str:
        """The address in it that has this part."""
        return next(word for word in self.text.split() if part in word and word.startswith("http"))


@dataclass
class Life:
    """The site and Stripe, one clock for both, and what the browsers met that they should not."""

    site: str
    sandbox: StripeSandbox
    browser: Browser
    run_jobs: Callable[[], int]
    sign_in_staff: Callable[[BrowserContext, str], None]
    clock: time_machine.Traveller
    wrong: list[str] = field(default_factory=list)
    read: set[str] = field(default_factory=set)
    contexts: list[BrowserContext] = field(default_factory=list)

    # --- Browsers ---

    def visitor(self, **options: object) -> Page:
        """A tab of somebody new. Errors, violated policies and requests to other hosts are kept in `wrong`."""
        context = self.browser.new_context(locale="en-GB", timezone_id="Europe/London", **options)
        context.set_default_timeout(10_000)
        context.on("console", lambda said: self._heard(said.type, said.text))
        context.on("weberror", lambda error: self.wrong.append(f"script: {error.error}"))
        context.on("request", lambda request: self._asked(request.url))
        context.on("response", self._answered)
        self.contexts.append(context)
        return context.new_page()

    def _heard(self, kind: str, text: str) -> None:
        is_page_that_says_no = "status of" in text and "Failed to load resource" in text  # `_answered` judges those
        if kind in ("error", "warning") and not is_page_that_says_no:
            self.wrong.append(f"console: {text}")

    def _asked(self, url: str) -> None:
        if not url.startswith((self.site, self.sandbox.url, "data:", "blob:")):
            self.wrong.append(f"request to {urlsplit(url).netloc}")

    def _answered(self, response: Response) -> None:
        is_page = response.request.resource_type == "document"
        if response.status >= 400 and not (is_page and response.status in PAGES_THAT_SAY_NO):
            self.wrong.append(f"{response.status} {response.url}")

    def desk(self, person: Person) -> Page:
        """What staff see of this person now."""
        page = self.visitor(viewport={"width": 1280, "height": 900})
        self.sign_in_staff(page.context, "Membership")
        page.goto(f"{self.site}/admin/membership/person/{person.pk}/change/")
        return page

    # --- Time, webhooks, mail ---

    def hear(self) -> None:
        """Let Stripe's news reach the site, and the worker do what is queued."""
        self.sandbox.deliver(everything=True)
        self.run_jobs()

    def wait(self, *spans: str) -> None:
        """Let time pass at Stripe and here: "3d", "1y"; its news come after each."""
        for span in spans:
            self.sandbox.advance(span)
            self.clock.move_to(float(self.sandbox.now))
            self.hear()

    def letters(self, to: str = EMAIL) -> list[Letter]:
        """What came since they last looked, the oldest first."""
        self.run_jobs()
        fresh = [path for path in mail.stored_messages() if path.name not in self.read]
        fresh.sort(key=lambda path: path.stat().st_mtime_ns)
        found = [(path, mail.read_stored(path)) for path in fresh]
        own = [(path, message) for path, message in found if to in str(message["To"])]
        self.read |= {path.name for path, _ in own}
        return [Letter(str(each["Subject"]), each.get_body(("plain",)).get_content()) for _, each in own]

    def letter(self, subject: str, to: str = EMAIL) -> Letter:
        """The one mail with these words in its subject, of those not read yet."""
        fresh = self.letters(to)
        found = [each for each in fresh if subject in each.subject]
        assert len(found) == 1, [each.subject for each in fresh]
        return found[0]

    # --- What a visitor does ---

    def fill_in(self, page: Page, way: str, email: str = EMAIL) -> None:
        """The join page, up to the button."""
        page.goto(f"{self.site}/membership/join/individual/")
        for label, text in (
            *(("First name", "Ana"), ("Last name", "Quispe"), ("House number", "1 Test Street")),
            *(("Town", "London"), ("Postcode", "n19gu")),
        ):
            page.get_by_label(label).fill(text)
        page.get_by_label("Email", exact=True).fill(email)
        page.get_by_label(way).check()

    def go_to_pay(self, page: Page, way: str = "Card: renews by itself") -> None:
        self.fill_in(page, way)
        page.get_by_role("button", name="Join", exact=True).click()
        expect(page.get_by_role("banner")).to_have_text("Stripe sandbox: no real money")

    def join_by_card(self) -> Person:
        """Somebody who joined, in a browser that is closed since; what Stripe told and what was mailed is done with."""
        page = self.visitor()
        self.go_to_pay(page)
        type_card(page, GOOD)
        heading(page).to_have_text("Thank you")
        page.close()
        self.hear()
        self.letters()
        return Person.objects.get()

    def sign_in(self, page: Page) -> None:
        """To their own page, by the code that is mailed."""
        page.goto(f"{self.site}/membership/me/")
        self.enter_code(page)
        heading(page).to_have_text("Your membership")

    def enter_code(self, page: Page) -> None:
        page.get_by_label("Email").fill(EMAIL)
        page.get_by_role("button", name="Send me the email").click()
        heading(page).to_have_text("Look into your mailbox")
        text = self.letter("Your sign-in code").text
        code = re.search(r"^([A-Z0-9]{3,}-?[A-Z0-9]{3,})$", text, re.MULTILINE)
        assert code
        page.get_by_label("Code").fill(code.group(1))
        page.get_by_role("button", name="Sign in", exact=True).click()


def heading(page: Page):
    return expect(page.get_by_role("heading", level=1))


def status(page: Page):
    """What their own page says first."""
    return expect(page.locator(".me-status"))


def press(page: Page, button: Locator) -> None:
    """Reach a button or link with the keyboard alone, and press it."""
    for _ in range(FOR_A_KEYBOARD):
        page.keyboard.press("Tab")
        if button.evaluate("element => element === document.activeElement"):
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"{button} is not reached with the keyboard")


def type_account(page: Page, number: str) -> None:
    """Pay by Direct Debit on Stripe's page."""
    debit = page.get_by_role("group", name="Bacs Direct Debit")
    for label, text in (
        *(("E-mail", EMAIL), ("Name", "Ana Quispe")),
        *(("Sort code", "10-88-00"), ("Account number", number)),
    ):
        debit.get_by_label(label).fill(text)
    debit.get_by_role("button").click()
