"""Staff arrange menus and panels in the browser: by keyboard, by dragging, without JavaScript."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from pages.models import HomePanel, Menu, MenuItem, Slot
from tests.axe import violations
from tests.factories import ArticleFactory, EventFactory, PageFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def menu_form(live_server, slot: str = Slot.MAIN) -> str:
    return f"{live_server.url}/admin/pages/menu/{Menu.objects.get(slot=slot).pk}/change/"


def labels(page: Page) -> list[str]:
    """The labels of a menu's form, from top to bottom."""
    inputs = page.locator("tr.form-row:not(.empty-form) .field-label input")
    return [text for text in (inputs.nth(number).input_value() for number in range(inputs.count())) if text]


def main_menu(page: Page, live_server) -> list[str]:
    page.goto(f"{live_server.url}/news/")
    return page.locator(".masthead > .menu a").all_inner_texts()


def drag(page: Page, handle, target, *, above: bool) -> None:
    """As a hand would: press, move in steps, let go."""
    start, end = handle.bounding_box(), target.bounding_box()
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(start["x"], end["y"] + (2 if above else end["height"] - 2), steps=8)
    page.mouse.up()


def test_an_editor_orders_a_menu_by_keyboard_alone(context: BrowserContext, page, live_server, sign_in):
    sign_in(context, "Editor")
    page.goto(menu_form(live_server))
    assert labels(page) == ["News", "About", "Events", "Search", "Join"]
    button = page.get_by_role("button", name="Move up: Events")
    button.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(button).to_be_focused()
    expect(page.locator("[role=status]", has_text="Events: now 1 of")).to_be_attached()
    expect(button).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Enter")  # at the top already: nothing happens
    assert labels(page) == ["Events", "News", "About", "Search", "Join"]
    page.get_by_role("button", name="Move down: News").press("Space")
    page.get_by_role("button", name="Save and stay here").press("Enter")
    page.wait_for_load_state()
    assert labels(page) == ["Events", "About", "News", "Search", "Join"]
    assert main_menu(page, live_server) == ["Events", "News", "Search", "Join"]


def test_an_editor_drags_a_new_line_to_its_place_in_the_menu(context: BrowserContext, page, live_server, sign_in):
    PageFactory(title="Who we are")
    sign_in(context, "Editor")
    page.goto(menu_form(live_server))
    page.locator(".add-row a").click()
    row = page.locator("tr.form-row:not(.empty-form)").last
    row.locator(".field-page select").select_option(label="Who we are")
    row.locator(".field-label input").fill("People")
    handle = row.locator(".arrange-handle")
    handle.scroll_into_view_if_needed()
    drag(page, handle, page.locator("tr.form-row").first, above=True)
    assert labels(page)[0] == "People"
    # Away and back: Escape puts it where it was.
    start = page.locator("tr.form-row .arrange-handle").nth(1).bounding_box()
    page.mouse.move(start["x"] + 5, start["y"] + 5)
    page.mouse.down()
    page.mouse.move(start["x"] + 5, start["y"] + 200, steps=5)
    assert labels(page)[1] != "News"
    page.keyboard.press("Escape")
    page.mouse.up()
    assert labels(page)[:2] == ["People", "News"]
    page.get_by_role("button", name="Save visitors see it at once").click()
    page.wait_for_url("**/admin/pages/menu/")
    assert main_menu(page, live_server) == ["People", "News", "Events", "Search", "Join"]


def test_a_touch_drags_as_well(browser, live_server, sign_in):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    sign_in(context, "Editor")
    page = context.new_page()
    page.goto(f"{live_server.url}/admin/pages/homepanel/")
    page.evaluate("window.scrollTo(0, 0)")
    first = page.locator(".arrange-handle").first.bounding_box()
    third = page.locator(".arrange tbody tr").nth(2).bounding_box()
    target = third["y"] + third["height"] - 5
    touch = context.new_cdp_session(page)
    x = first["x"] + 10

    def send(kind: str, y: float | None = None) -> None:
        points = [] if y is None else [{"x": x, "y": y}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", first["y"] + 10)
    for step in range(1, 11):
        send("touchMove", first["y"] + 10 + (target - first["y"]) * step / 10)
    send("touchEnd")
    assert page.locator(".arrange tbody th").all_inner_texts()[:3] == ["Donations", "Lead story", "Appeal"]
    context.close()


def test_an_editor_arranges_the_home_page_looks_at_it_and_saves(context: BrowserContext, page, live_server, sign_in):
    ArticleFactory(), ArticleFactory(), EventFactory()
    sign_in(context, "Editor")
    page.goto(f"{live_server.url}/admin/pages/homepanel/")
    rows = page.locator(".arrange tbody tr")
    drag(page, rows.nth(5).locator(".arrange-handle"), rows.first, above=True)  # why join, to the top
    rows.filter(has_text="Lead story").get_by_role("checkbox").uncheck()
    with page.expect_popup() as popup:
        page.get_by_role("button", name="Preview").click()
    preview = popup.value
    expect(preview.locator(".home-panel").first).to_contain_text("Why join?")
    expect(preview.locator(".lead")).to_have_count(0)
    preview.close()
    assert HomePanel.objects.first().name == "appeal"
    page.get_by_role("button", name="Save visitors see it at once").click()
    expect(page.locator(".success")).to_contain_text("arranged as you see it")
    page.goto(live_server.url)
    expect(page.locator(".home-panel").first).to_contain_text("Why join?")
    expect(page.locator(".lead")).to_have_count(0)


def test_without_javascript_numbers_do_the_same(browser, live_server, sign_in):
    context = browser.new_context(java_script_enabled=False)
    sign_in(context, "Editor")
    page = context.new_page()
    page.goto(menu_form(live_server))
    rows = page.locator("tr.form-row:not(.empty-form)")
    rows.nth(0).locator(".field-position input").fill("35")
    new = rows.nth(5)
    new.locator(".field-label input").fill("Partner")
    new.locator(".field-address input").fill("https://example.org/")
    page.get_by_role("button", name="Save and stay here").click()
    assert labels(page) == ["About", "Events", "News", "Search", "Join", "Partner"]
    context.close()


def long_menus() -> None:
    """Far more than anybody should put there."""
    section = PageFactory(slug="about", title="About")
    for number in range(14):
        page = PageFactory(parent=section, title=f"A page with a name, {number}")
        for slot in Slot.values:
            MenuItem.objects.create(menu=Menu.objects.get(slot=slot), page=page, position=15)
    MenuItem.objects.create(menu=Menu.objects.get(slot=Slot.MAIN), label="Partner", address="https://example.org/")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("tone", ["ochre", "red"])
def test_axe_finds_nothing_on_home_with_an_appeal_and_long_menus(browser, live_server, scheme, tone):
    long_menus()
    ArticleFactory(), ArticleFactory(), EventFactory()
    HomePanel.objects.filter(name="appeal").update(
        is_shown=True,
        heading="Act now",
        text="Please.",
        tone=tone,
        link_label="Write",
        link_address="https://example.org/",
    )
    for width in (320, 390, 800, 1280):
        context = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 900}, reduced_motion="reduce"
        )
        page = context.new_page()
        page.goto(live_server.url)
        if width < 800:
            page.locator("summary", has_text="Menu").click()
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        context.close()


def test_every_line_of_a_long_menu_can_be_reached_on_a_phone(browser, live_server):
    long_menus()
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 600})
    page = context.new_page()
    page.goto(f"{live_server.url}/news/")
    page.locator("summary", has_text="Menu").click()
    last = page.locator("details nav a").last
    last.scroll_into_view_if_needed()
    box = last.bounding_box()
    assert 0 <= box["y"] <= 600 - box["height"]
    last.click()
    assert page.url == f"{live_server.url}/membership/"
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_desk_of_menus_and_panels_has_no_fault_of_ours(browser, live_server, sign_in, scheme, width):
    MenuItem.objects.create(menu=Menu.objects.get(slot=Slot.MAIN), page=PageFactory(is_listed=False))
    HomePanel.objects.filter(name="appeal").update(shown_until=timezone.now() - timedelta(days=1))
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    sign_in(context, "Editor")
    page, complaints, found = context.new_page(), [], {}
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    addresses = [menu_form(live_server), f"{live_server.url}/admin/pages/homepanel/"]
    for address in addresses:
        page.goto(address)
    assert complaints == []
    for address in addresses:
        page.goto(address)
        # The stock admin's own faults are not ours to mend: only what stands in the table and its buttons counts.
        ours = [each for each in violations(page) if "arrange" in each or "items-" in each or "form-" in each]
        if ours:
            found[address] = ours
    context.close()
    assert found == {}
