"""Staff and their pictures, in a real browser: several at once, the focal point, choosing one that is there."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from psg.library import picker
from psg.library.models import Image
from tests.axe import violations
from tests.factories import ArticleFactory, TopicFactory
from tests.journeys.test_editor import Desk
from tests.psg.library import WORDS, add, made, photograph
from tests.psg.pictures import encoded

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SEVERAL = "/admin/library/image/add-several/"
DESCRIBE = "/admin/library/image/describe/"


@pytest.fixture
def at(live_server, context: BrowserContext, sign_in) -> Callable[[str], Page]:
    """Open an address as an editor. What the browser complains of is in `page.complaints`."""
    sign_in(context, "Editor")
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda line: line.type == "error" and page.complaints.append(line.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))

    def open_at(path: str) -> Page:
        page.goto(live_server.url + path)
        return page

    return open_at


def drop(page: Page, selector: str, files: list[Path]) -> None:
    """Drop files from the desktop, as the browser itself would be told of it."""
    box = page.locator(selector).bounding_box()
    where = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    data = {"items": [], "files": [str(file) for file in files], "dragOperationsMask": 1}
    devtools = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": kind, **where, "data": data})


def on_disk(folder: Path, **files: bytes) -> list[Path]:
    paths = [folder / name.replace("_", ".") for name in files]
    for path, content in zip(paths, files.values(), strict=True):
        path.write_bytes(content)
    return paths


# --- Several at once -----------------------------------------------------------------------------------------------


def test_three_files_are_dropped_two_described_and_seen_in_the_list(at, tmp_path):
    page = at(SEVERAL)
    files = on_disk(tmp_path, march_jpg=photograph(700, 500), notes_png=b"no picture", road_png=encoded())
    drop(page, "#id_files", files)
    expect(page.get_by_role("list", name="Chosen files").get_by_role("listitem")).to_have_count(3)
    page.get_by_role("button", name="Add 3 pictures").click()

    expect(page.get_by_role("status")).to_contain_text("2 pictures added, 1 not")
    refused = page.get_by_role("listitem").filter(has_text="notes.png")
    expect(refused).to_contain_text("not a picture that can be shown")
    expect(page.get_by_role("link", name="Describe your pictures")).to_be_focused()
    page.keyboard.press("Enter")

    for number, words in enumerate(("A road with a barrier", "A march in Cajamarca")):
        page.get_by_label("Alternative text").nth(number).fill(words)
    page.get_by_role("button", name="Save what is filled in").click()
    expect(page.locator(".messagelist")).to_contain_text("2 pictures described")
    expect(page.locator("#result_list")).to_contain_text("A road with a barrier")
    expect(page.locator("#result_list")).to_contain_text("A march in Cajamarca")
    assert Image.objects.count() == 2
    assert page.complaints == []


def test_one_is_taken_out_before_sending_and_all_well_leads_straight_on(at, tmp_path, live_server):
    page = at(SEVERAL)
    files = on_disk(tmp_path, one_png=encoded(), two_jpg=encoded("JPEG"))
    page.set_input_files("#id_files", files)
    page.get_by_role("button", name="Remove one.png").click()
    expect(page.get_by_role("button", name="Remove two.jpg")).to_be_focused()
    page.get_by_role("button", name="Add 1 picture").click()
    page.wait_for_url(live_server.url + DESCRIBE)
    assert Image.objects.get().file.name.endswith(".jpg")


def test_a_connection_that_breaks_is_said_and_nothing_else_happens(at, tmp_path):
    page = at(SEVERAL)
    page.set_input_files("#id_files", on_disk(tmp_path, one_png=encoded()))
    page.route("**/add-several/", lambda route: route.abort())
    page.get_by_role("button", name="Add 1 picture").click()
    expect(page.get_by_role("listitem").filter(has_text="one.png")).to_contain_text("did not arrive")


def test_without_javascript_the_files_go_in_one_form(browser, live_server, sign_in, tmp_path):
    context = browser.new_context(java_script_enabled=False)
    sign_in(context, "Editor")
    page = context.new_page()
    page.goto(live_server.url + SEVERAL)
    page.set_input_files("#id_files", on_disk(tmp_path, one_png=encoded(), notes_png=b"no picture"))
    page.get_by_role("button", name="Add the pictures").click()
    expect(page.get_by_role("listitem").filter(has_text="notes.png")).to_contain_text("not a picture")
    page.get_by_role("link", name="Describe your pictures").click()
    expect(page.get_by_label("Alternative text")).to_be_visible()
    context.close()


# --- The focal point -----------------------------------------------------------------------------------------------


def test_the_focal_point_is_clicked_moved_by_keys_and_saved(at, client):
    image = made(add(photograph(900, 600), "a.jpg"))
    article = ArticleFactory(lead_image=image)
    page = at(f"/admin/library/image/{image.pk}/change/")
    box = page.locator(".library-focus-picture").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.75)
    expect(page.get_by_label("Focal point, from the left")).to_have_value("25")
    expect(page.get_by_label("Focal point, from the top")).to_have_value("75")
    square = page.locator(".crop-square")
    expect(square).to_have_css("object-position", "25% 75%")

    expect(page.locator(".library-marker")).to_be_focused()
    for key in ("ArrowRight", "ArrowUp", "Shift+ArrowUp"):
        page.keyboard.press(key)
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator(".messagelist .success")).to_be_visible()
    image.refresh_from_db()
    assert (image.focal_x, image.focal_y) == (26, 64)
    expect(page.locator(".library-marker")).to_have_attribute(
        "aria-label", "Focal point: 26 % from the left, 64 % from the top. Arrow keys move it."
    )
    assert page.complaints == []

    public = at(article.get_absolute_url())
    expect(public.locator(".article-picture img")).to_have_css("object-position", "30% 60%")


def test_the_numbers_move_the_mark_as_well(at):
    image = made(add(photograph(900, 600), "a.jpg"))
    page = at(f"/admin/library/image/{image.pk}/change/")
    page.get_by_label("Focal point, from the left").fill("10")
    box, mark = (page.locator(name).bounding_box() for name in (".library-focus-picture", ".library-marker"))
    assert abs(mark["x"] + mark["width"] / 2 - box["x"] - box["width"] * 0.1) < 2


# --- Choosing what is there ----------------------------------------------------------------------------------------


def test_a_picture_of_the_library_is_put_into_a_text(live_server, context, sign_in):
    add(encoded(), alt_text="A road with a barrier")
    image = made(add(photograph(640, 400), "a.jpg"))
    sign_in(context, "Editor")
    desk = Desk(context.new_page(), f"{live_server.url}/admin/news/article/add/")
    dialog = desk.open_picture_dialog()
    with desk.page.expect_popup() as opened:
        dialog.get_by_text("Choose from the library").click()
    window, complaints = opened.value, []
    window.on("console", lambda line: line.type == "error" and complaints.append(line.text))
    window.get_by_label("Words to look for").fill("cajamarca")
    window.get_by_role("button", name="Search").click()
    expect(window.get_by_role("button", name="A road with a barrier")).to_have_count(0)
    with window.expect_event("close"):
        window.get_by_role("button", name=WORDS).click()

    expect(dialog.get_by_label("Alternative text")).to_have_value(WORDS)
    expect(dialog.get_by_label("Width")).to_have_value("640")
    expect(dialog.get_by_label("Height")).to_have_value("400")
    dialog.get_by_text("OK", exact=True).click()
    html = desk.html()
    assert f'src="{image.file.url}"' in html
    assert f'alt="{WORDS}"' in html
    assert desk.alerts == desk.errors == complaints == []


def test_a_link_takes_its_address_from_what_another_module_offers(live_server, context, sign_in, monkeypatch):
    image = add()
    pictures = picker._kinds["picture"]
    documents = picker.Kind("document", "Choose a document", "library.view_image", pictures.find, pictures.choice)
    monkeypatch.setattr(picker, "_kinds", {"picture": pictures, "document": documents})
    sign_in(context, "Editor")
    desk = Desk(context.new_page(), f"{live_server.url}/admin/news/article/add/")
    desk.page.locator(".cke_button__link").click()
    dialog = desk.page.locator(".cke_dialog:visible")
    with desk.page.expect_popup() as opened:
        dialog.get_by_text("Browse Server").click()
    with opened.value.expect_event("close"):
        opened.value.get_by_role("button", name=WORDS).click()
    dialog.get_by_label("Display Text").fill("the report")
    dialog.get_by_text("OK", exact=True).click()
    assert f'<a href="{image.file.url}">the report</a>' in desk.html()
    assert desk.alerts == []


def test_a_form_shows_the_words_of_the_picture_that_is_chosen(at):
    image = made(add(photograph(640, 400), "a.jpg"))
    page = at("/admin/news/article/add/")
    page.locator(".field-lead_image .select2-selection").click()
    page.get_by_role("option", name=WORDS).click()
    chosen = page.locator(".picture-chosen")
    expect(chosen).to_contain_text(f"Alternative text: {WORDS}")
    expect(chosen.locator("img")).to_have_attribute("src", f"/media/{image.copies('webp')[0]['name']}")
    expect(chosen.get_by_role("link")).to_have_attribute("href", f"/admin/library/image/{image.pk}/change/")
    pencil = page.locator(".field-lead_image .change-related")
    expect(pencil).to_have_attribute("href", re.compile(f"^/admin/library/image/{image.pk}/change/"))
    page.locator(".field-lead_image .select2-selection__clear").click()
    expect(chosen).to_be_hidden()
    assert page.complaints == []


def test_the_editor_says_which_picture_is_the_same(live_server, context, sign_in):
    image = add()
    sign_in(context, "Editor")
    desk = Desk(context.new_page(), f"{live_server.url}/admin/news/article/add/")
    desk.paste(file=encoded())
    notice = desk.page.locator(".cke_notification", has_text="in the library already")
    expect(notice.get_by_role("link", name=WORDS)).to_have_attribute("href", f"/admin/library/image/{image.pk}/change/")
    assert f'alt="{WORDS}"' in desk.html()


def test_a_dialog_that_is_cancelled_leaves_a_picture_that_waits_for_its_words(live_server, context, sign_in):
    sign_in(context, "Editor")
    desk = Desk(context.new_page(), f"{live_server.url}/admin/news/article/add/")
    page = desk.page
    page.get_by_label("Title:", exact=True).fill("A title")
    page.get_by_label("Standfirst:").fill("In short.")
    desk.paste("<p>Words</p>")
    desk.paste(file=encoded())
    page.locator(".cke_dialog:visible").get_by_text("Cancel", exact=True).click()
    page.get_by_role("button", name="Save draft").click()
    expect(page.locator(".messagelist .warning")).to_contain_text("1 picture in the text has no alternative text")
    page.locator(".messagelist .warning").get_by_role("link").click()
    expect(page.get_by_label("Alternative text")).to_have_count(1)


# --- For everybody -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [390, 1280])
def test_a_picture_in_several_formats_is_laid_out_like_a_plain_one(browser, live_server, width):
    """Before the worker has been there it is a plain <img>; nothing moves when it is a <picture>."""
    image = add(photograph(900, 600), "a.jpg")
    body = f'<p>Words</p><figure><img alt="x" src="{image.file.url}"><figcaption>Lima</figcaption></figure>'
    topic = TopicFactory()
    articles = [ArticleFactory(lead_image=image, lead_caption="Lima", body=body, topics=[topic]) for _ in range(3)]
    context = browser.new_context(viewport={"width": width, "height": 900})
    page, boxes = context.new_page(), []
    for _ in range(2):
        for path in ("/", articles[0].get_absolute_url()):
            page.goto(live_server.url + path)
            everything = "[...document.querySelectorAll('main img, main p, main h3, main figcaption')]"
            boxes.append(page.evaluate(f"{everything}.map((e) => JSON.stringify(e.getBoundingClientRect()))"))
        formats = page.locator("picture").count()
        made(image)
    context.close()
    assert formats == 4
    assert boxes[:2] == boxes[2:]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_on_the_librarys_pages(browser, live_server, sign_in, scheme, width):
    image = made(add(photograph(900, 600), "a.jpg"))
    add(encoded(), alt_text="", words_later=True)
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    sign_in(context, "Editor")
    page, found = context.new_page(), {}
    pages = [SEVERAL, DESCRIBE, f"/admin/library/image/{image.pk}/change/", "/admin/library/image/pick/picture/"]
    for path in pages:
        page.goto(live_server.url + path)
        if problems := violations(page, context="#content-main"):
            found[path] = problems
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            found[path] = [*found.get(path, []), "scrolls sideways"]
    context.close()
    assert found == {}
