"""The contact form in a real browser: focus, keyboard, no JavaScript, axe; and the pages and mails that follow."""

import re

import pytest
from django.core import mail
from django.test import Client

from pages.contact import guard
from pages.models import ContactMessage, ContactSubject
from psg.publishing import redirects
from tests.axe import violations
from tests.pages.contact_form import GOOD, send

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def quick(monkeypatch) -> None:
    """A browser that is driven by a program is a robot; here it may be quick."""
    monkeypatch.setattr(guard, "EARLIEST", guard.EARLIEST * 0)


@pytest.fixture(params=[("light", 1280), ("dark", 390)], ids=str)
def visitor(request, browser):
    """A visitor without JavaScript would do the same; axe needs it."""
    scheme, width = request.param
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 900}, reduced_motion="reduce"
    )
    yield context.new_page()
    context.close()


def test_a_mistake_takes_the_focus_leads_to_its_field_and_loses_nothing(visitor, live_server, quick):
    ContactSubject.objects.create(label="Press", recipients="press@psg.example")
    visitor.goto(f"{live_server.url}/contact/")
    visitor.get_by_label("Your name").fill("Ana Example")
    visitor.get_by_label("Your message").fill("Where?\nAnd when?")
    visitor.get_by_label("Your message").press("Tab")
    visitor.get_by_label("Send me a copy").press("Enter")
    visitor.wait_for_selector(".notice-error")
    assert visitor.evaluate("document.activeElement.className") == "notice notice-error"
    assert violations(visitor) == []
    visitor.keyboard.press("Tab")
    visitor.keyboard.press("Enter")
    assert visitor.evaluate("document.activeElement.name") == "email"
    visitor.keyboard.type("ana@example.org")
    visitor.get_by_label("Subject").select_option("Press")
    assert visitor.get_by_label("Your message").input_value() == "Where?\nAnd when?"
    visitor.get_by_role("button", name="Send the message").click()
    visitor.wait_for_url("**/contact/thanks/")
    assert violations(visitor) == []
    assert ContactMessage.objects.get().message == "Where?\nAnd when?"


def test_the_trap_is_neither_seen_nor_read_out_nor_reached_by_the_keyboard(visitor, live_server):
    visitor.goto(f"{live_server.url}/contact/")
    assert not visitor.locator("[name=website]").is_visible()
    assert visitor.get_by_label("Leave this empty").locator("visible=true").count() == 0
    reached = set()
    for _ in range(40):
        visitor.keyboard.press("Tab")
        reached.add(visitor.evaluate("document.activeElement.name || ''"))
    assert {"name", "email", "message", "wants_copy"} <= reached
    assert "website" not in reached


def test_it_works_without_javascript(browser, live_server, quick):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server.url}/contact/")
    for label, value in zip(["Your name", "Your email address", "Your message"], GOOD.values(), strict=True):
        page.get_by_label(label).fill(value)
    page.get_by_role("button", name="Send the message").click()
    page.wait_for_url("**/contact/thanks/")
    page.reload()
    assert ContactMessage.objects.count() == 1
    context.close()


def test_too_many_messages_are_told_when_to_come_back_on_a_page_that_axe_likes(visitor, live_server, quick):
    for number in range(5):
        send(Client(), address="127.0.0.1", email=f"a{number}@example.org")
    visitor.goto(f"{live_server.url}/contact/")
    for label, value in zip(["Your name", "Your email address", "Your message"], GOOD.values(), strict=True):
        visitor.get_by_label(label).fill(value)
    with visitor.expect_navigation() as answer:
        visitor.get_by_role("button", name="Send the message").click()
    assert answer.value.status == 429
    assert "please send it again after" in visitor.locator(".notice-error").inner_text()
    assert visitor.get_by_label("Your message").input_value() == GOOD["message"]
    assert violations(visitor) == []


def test_the_copy_and_every_mail_are_readable(visitor, live_server, client_as):
    send(Client(), wants_copy="on")
    client_as("Editor").post(
        f"/admin/pages/contactmessage/{ContactMessage.objects.get().pk}/change/", {"answer": "Here.", "_answer": ""}
    )
    assert len(mail.outbox) == 3
    for message in mail.outbox:
        visitor.set_content(message.alternatives[0].content)
        assert violations(visitor) == [], message.subject
    link = re.search(r"/contact/copy/[^/\s]+/", mail.outbox[1].body)[0]
    visitor.goto(live_server.url + link)
    assert GOOD["message"] in visitor.locator("blockquote").inner_text()
    assert violations(visitor) == []


# The stock admin's own blemishes, the same on every one of its pages.
BLEMISHES = ["region", "landmark-unique", "empty-table-header", "target-size", "link-in-text-block"]
STOCK = {"rules": {name: {"enabled": False} for name in BLEMISHES}}


def test_the_desk_is_usable_by_everybody(visitor, live_server, sign_in):
    sign_in(visitor.context, "Editor")
    send(Client())
    visitor.goto(f"{live_server.url}/admin/pages/contactmessage/")
    assert violations(visitor, **STOCK) == []
    visitor.get_by_role("link", name="Ana Example").click()
    visitor.get_by_role("button", name="Send answer").click()
    visitor.wait_for_selector(".errornote")
    assert violations(visitor, **STOCK) == []
    redirects.add("/changes/", "/news/")
    visitor.goto(f"{live_server.url}/admin/publishing/redirect/")
    visitor.get_by_role("link", name="Import").click()
    rows = b"old,new\n/old/,/news/\n/shop/,https://shop.example/\nx,/news/\n/changes/,/events/\n"
    visitor.set_input_files("input[type=file]", {"name": "r.csv", "mimeType": "text/csv", "buffer": rows})
    visitor.get_by_role("button", name="Show what would happen").click()
    visitor.get_by_role("button", name="Import 3 rows").wait_for()
    assert violations(visitor, **STOCK) == []
    visitor.get_by_role("button", name="Import 3 rows").click()
    assert "Imported: 2 added, 1 changed." in visitor.locator(".messagelist").inner_text()
