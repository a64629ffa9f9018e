"""Documents in a real browser: the viewer shows a PDF, and staff copy its address."""

import pytest

from psg.library.models import Document
from tests import chromium
from tests.psg import documents, papers

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def whole_browser(browser):
    """The engine alone, in which other tests run, has no viewer for PDFs."""
    path = chromium.ensure(whole=True)
    running = browser.browser_type.launch(executable_path=path, args=chromium.ARGUMENTS)
    yield running
    running.close()


def test_the_browsers_own_viewer_shows_a_pdf_at_its_address(whole_browser, live_server):
    page = whole_browser.new_page()
    document = documents.add(papers.pdf("One", "Two"))
    complaints = []
    page.on("console", lambda message: complaints.append(message.text) if "Policy" in message.text else None)
    answer = page.goto(live_server.url + document.get_absolute_url())
    page.wait_for_timeout(1000)
    assert answer.headers["content-type"] == "application/pdf"
    assert any(frame.url.startswith("chrome-extension://") for frame in page.frames), "the viewer has opened"
    assert complaints == []


def test_staff_copy_the_address_and_without_a_script_it_can_be_selected(context, page, browser, live_server, sign_in):
    document = documents.add()
    sign_in(context)
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=live_server.url)
    page.goto(f"{live_server.url}/admin/library/document/{document.pk}/change/")
    page.get_by_role("button", name="Copy the address").click()
    page.get_by_text("Copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()").endswith(document.get_absolute_url())
    plain = browser.new_context(java_script_enabled=False)
    sign_in(plain)
    still = plain.new_page()
    still.goto(f"{live_server.url}/admin/library/document/{document.pk}/change/")
    assert still.locator("#document-address").input_value().endswith(document.get_absolute_url())
    assert still.get_by_role("button", name="Copy the address").count() == 0
    plain.close()


def test_an_editor_replaces_a_file_through_the_page(context, page, live_server, sign_in):
    document = documents.add()
    sign_in(context)
    page.goto(f"{live_server.url}/admin/library/document/{document.pk}/change/")
    new = papers.pdf("One", "Two", "Three")
    page.get_by_label("New file").set_input_files({"name": "x.pdf", "mimeType": "application/pdf", "buffer": new})
    page.get_by_role("button", name="Replace the file").click()
    page.get_by_text("has its new file. Its address is the same.").wait_for()
    assert page.get_by_text("3 pages").count() == 1
    assert Document.objects.get().pages == 3
