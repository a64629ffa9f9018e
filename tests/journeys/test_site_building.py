"""Staff build a part of the site by themselves: write its pages, arrange them, move them; readers lose no address."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from pages.models import Page as SitePage
from psg.publishing.models import Redirect
from tests.axe import violations
from tests.factories import PageFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SECTION = {"Campaigns": None, "Mining and water": "Campaigns", "Write to your MP": "Campaigns"}


@pytest.fixture
def section(live_server) -> str:
    """The same section, made without a browser, beside a page “About”; the site's address."""
    PageFactory(title="About", slug="about")
    top = PageFactory(title="Campaigns", slug="campaigns")
    PageFactory(title="Mining and water", slug="mining-and-water", parent=top)
    PageFactory(title="Write to your MP", slug="write-to-your-mp", parent=top)
    return live_server.url


def tree_of(page: Page) -> list[tuple[int, str]]:
    """What the list shows: depth and title, from the top down."""
    return page.locator(".tree-node").evaluate_all(
        "nodes => nodes.map(node => [Number(node.dataset.depth), node.querySelector('.tree-title').textContent])"
    )


def shown(*rows: tuple[int, str]) -> list[list]:
    return [list(row) for row in rows]


def write_and_publish(page: Page, site: str, title: str, under: str | None) -> None:
    page.goto(f"{site}/admin/pages/page/")
    if under:
        page.get_by_role("link", name=f"Add below “{under}”").click()
    else:
        page.get_by_role("link", name="Add page").click()
    page.get_by_label("Title:", exact=True).press_sequentially(title)
    frame = page.frame_locator(".cke_wysiwyg_frame").first
    frame.locator("body").click()
    page.keyboard.type(f"What {title} is about.")
    page.get_by_role("button", name="Publish").click()
    expect(page.locator(".messagelist")).to_contain_text(f"“{title}” is public now.")


def handle(page: Page, title: str):
    return page.get_by_role("button", name=f"Move “{title}”")


def drag(page: Page, title: str, onto: str, *, at: float = 0.5) -> None:
    """Drag a row by its handle onto another one: onto its middle, or near an edge (0 is the upper, 1 the lower)."""
    start = handle(page, title).bounding_box()
    row = page.locator("tr", has=page.locator(".tree-title", has_text=onto)).bounding_box()
    page.mouse.move(start["x"] + 8, start["y"] + 8)
    page.mouse.down()
    page.mouse.move(start["x"] + 12, start["y"] + 16, steps=2)
    page.mouse.move(row["x"] + 60, row["y"] + row["height"] * at, steps=4)


def test_staff_build_a_section_and_move_it_and_readers_follow(page, context, live_server, sign_in):
    site = live_server.url
    PageFactory(title="About", slug="about")
    sign_in(context, "Editor")
    reader = context.browser.new_context().new_page()

    # Three pages, each in its place.
    for title, under in SECTION.items():
        write_and_publish(page, site, title, under)
    page.goto(f"{site}/admin/pages/page/")
    assert tree_of(page) == shown((0, "About"), (0, "Campaigns"), (1, "Mining and water"), (1, "Write to your MP"))
    assert reader.goto(f"{site}/campaigns/mining-and-water/").status == 200
    expect(reader.get_by_text("What Mining and water is about.")).to_be_visible()
    expect(reader.get_by_role("navigation", name="In this section")).to_contain_text("Write to your MP")

    # Into the main menu, by a tick on its own form.
    page.get_by_role("link", name="Campaigns", exact=True).click()
    page.get_by_label("Main menu").check()
    page.get_by_role("button", name="Save changes").click()
    expect(page.locator(".messagelist")).to_contain_text("was changed successfully")
    reader.goto(site)
    menu = reader.get_by_role("navigation", name="Main").first
    menu.get_by_role("link", name="Campaigns").click()
    expect(reader).to_have_url(f"{site}/campaigns/")

    # By keyboard, under another page: up one gap, one deeper. It says where, and shows what that changes.
    handle(page, "Campaigns").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("“Campaigns” is picked up.")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("status")).to_have_text("Last under “About”.")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Move “Campaigns”?")
    expect(page.get_by_text("3 addresses change. Readers know all of them, so 3 redirects are made")).to_be_visible()
    expect(page.get_by_role("row", name="Mining and water")).to_contain_text("/about/campaigns/mining-and-water/")
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.locator(".messagelist")).to_contain_text("“Campaigns” is now at /about/campaigns/.")
    expect(handle(page, "Campaigns")).to_be_focused()
    assert tree_of(page)[1:3] == shown((1, "Campaigns"), (2, "Mining and water"))

    # Old addresses lead to the new ones; the search knows them.
    reader.goto(f"{site}/campaigns/mining-and-water/")
    expect(reader).to_have_url(f"{site}/about/campaigns/mining-and-water/")
    expect(reader.get_by_role("navigation", name="You are here")).to_contain_text("About")
    expect(menu.get_by_role("link", name="Campaigns")).to_have_attribute("href", "/about/campaigns/")
    reader.goto(f"{site}/search/?q=mining")
    reader.get_by_role("main").get_by_role("link", name="Mining and water").click()
    expect(reader).to_have_url(f"{site}/about/campaigns/mining-and-water/")

    # And back with one button: a browser that was led on before is not led in a circle.
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.locator(".messagelist")).to_contain_text("“Campaigns” is now at /campaigns/.")
    assert reader.goto(f"{site}/campaigns/mining-and-water/").status == 200
    expect(reader).to_have_url(f"{site}/campaigns/mining-and-water/")
    reader.context.close()


def test_a_page_is_dragged_onto_another_after_a_look_at_what_that_changes(page, context, section, sign_in):
    sign_in(context, "Editor")
    page.goto(f"{section}/admin/pages/page/")
    drag(page, "Campaigns", "About")
    expect(page.get_by_role("status")).to_have_text("Last under “About”.")
    page.mouse.up()
    expect(page.get_by_text("3 addresses change.")).to_be_visible()
    page.get_by_role("link", name="Cancel").click()
    assert not Redirect.objects.exists()

    drag(page, "Campaigns", "About")
    page.mouse.up()
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.locator(".messagelist")).to_contain_text("3 old addresses lead on by themselves.")
    assert page.request.get(f"{section}/campaigns/").url == f"{section}/about/campaigns/"


def test_a_page_is_dragged_between_two_others_at_once(page, context, section, sign_in):
    sign_in(context, "Editor")
    page.goto(f"{section}/admin/pages/page/")
    drag(page, "Write to your MP", "Mining and water", at=0.1)
    expect(page.get_by_role("status")).to_have_text("Before “Mining and water”, under “Campaigns”.")
    page.mouse.up()
    expect(page.locator(".messagelist")).to_contain_text("“Write to your MP” has its new place.")
    expect(page.get_by_role("button", name="Undo")).to_be_in_viewport()
    assert tree_of(page)[2:] == shown((1, "Write to your MP"), (1, "Mining and water"))
    assert not Redirect.objects.exists()


def test_a_move_that_is_broken_off_changes_nothing(page, context, section, sign_in):
    sign_in(context, "Editor")
    page.goto(f"{section}/admin/pages/page/")
    before = list(SitePage.objects.order_by("pk").values())
    handle(page, "Campaigns").press(" ")
    page.keyboard.press("Home")
    expect(page.get_by_role("status")).to_have_text("Before “About”, at the top of the site.")
    page.keyboard.press("Escape")
    expect(page.get_by_role("status")).to_have_text("“Campaigns” stays where it is.")
    drag(page, "Campaigns", "About")
    page.keyboard.press("Escape")
    page.mouse.up()
    drag(page, "Campaigns", "Mining and water")  # onto itself: it is one of those that are being dragged
    page.mouse.up()
    expect(page.get_by_role("status")).to_have_text("“Campaigns” stays where it is.")
    expect(page).to_have_url(f"{section}/admin/pages/page/")
    assert list(SitePage.objects.order_by("pk").values()) == before


def test_a_place_that_is_refused_is_explained_in_the_tree(page, context, live_server, sign_in):
    PageFactory(title="Ours", slug="events", parent=PageFactory(title="About", slug="about"))
    sign_in(context, "Editor")
    page.goto(f"{live_server.url}/admin/pages/page/")
    handle(page, "Ours").press("Enter")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.locator(".messagelist")).to_contain_text("/events/ belongs to another part of the site")


def test_a_folded_section_stays_folded_and_takes_pages_in(page, context, section, sign_in):
    sign_in(context, "Editor")
    page.goto(f"{section}/admin/pages/page/")
    page.get_by_role("button", name="Pages under “Campaigns”").click()
    expect(page.get_by_role("link", name="Mining and water", exact=True)).to_be_hidden()
    page.reload()
    expect(page.get_by_role("link", name="Mining and water", exact=True)).to_be_hidden()
    drag(page, "About", "Campaigns")
    page.mouse.up()
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.get_by_role("link", name="About", exact=True)).to_be_visible()
    assert tree_of(page)[-1] == [1, "About"]


@pytest.fixture
def without_scripts(browser: Browser, sign_in) -> Callable[[], Page]:
    contexts = []

    def make() -> Page:
        contexts.append(browser.new_context(java_script_enabled=False))
        sign_in(contexts[-1], "Editor")
        return contexts[-1].new_page()

    yield make
    for context in contexts:
        context.close()


def test_a_section_is_moved_without_javascript(section, without_scripts):
    page = without_scripts()
    page.goto(f"{section}/admin/pages/page/")
    expect(page.get_by_role("button", name="Move “Campaigns”")).to_be_hidden()
    page.get_by_role("link", name="Move “Campaigns”").click()
    page.get_by_label("Under, as the last one there").check()
    page.get_by_label("Which page").select_option("About")
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.get_by_text("3 addresses change.")).to_be_visible()
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.locator(".messagelist")).to_contain_text("“Campaigns” is now at /about/campaigns/.")
    page.goto(f"{section}/campaigns/write-to-your-mp/")
    expect(page).to_have_url(f"{section}/about/campaigns/write-to-your-mp/")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_in_the_tree_and_the_pages_about_a_move(browser, section, sign_in, scheme, width):
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    sign_in(context, "Editor")
    page, found = context.new_page(), {}

    def look(name: str) -> None:
        if problems := violations(page):
            found[name] = problems

    page.goto(f"{section}/admin/pages/page/")
    look("tree")
    handle(page, "Campaigns").press("Enter")
    page.keyboard.press("ArrowRight")
    look("tree, picked up")
    page.keyboard.press("Enter")
    expect(page.get_by_text("3 addresses change.")).to_be_visible()
    look("preview")
    page.goto(f"{section}/admin/pages/page/{SitePage.objects.get(title='Campaigns').pk}/move/")
    look("form")
    page.get_by_label("Before").check()
    page.get_by_label("Which page").select_option("The top of the site")
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.get_by_text("Choose the page that it goes before.")).to_be_visible()
    look("form, refused")
    for path in ("campaigns/", "campaigns/mining-and-water/"):
        page.goto(f"{section}/{path}")
        if problems := violations(page):
            found[path] = problems
    context.close()
    assert found == {}
