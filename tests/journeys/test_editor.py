"""The editor in a real browser: what it shows, what it takes, what it sends."""

import base64
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from news.models import Article
from psg.library.models import Image
from psg.richtext import shown_html
from tests.factories import ArticleFactory
from tests.psg.pictures import encoded
from tests.psg.word import WORD, WORD_CLEAN
from tests.psg.xss import VECTORS

pytestmark = pytest.mark.browser

EDITOR = "CKEDITOR.instances.id_body"
WORDS = "A march in Cajamarca"


class Desk:
    """The form of a new article with its editor, and what the browser had to say about it."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.alerts, self.errors, self.requests = page, [], [], []
        page.on("dialog", self._note_alert)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda line: line.type == "error" and self.errors.append(line.text))
        page.on("request", lambda request: self.requests.append(request.url))
        self.response = page.goto(address)
        page.wait_for_selector(".cke_wysiwyg_frame")
        self.text = page.frame_locator(".cke_wysiwyg_frame").locator("body.prose")
        expect(self.text).to_be_editable()

    def _note_alert(self, dialog) -> None:
        self.alerts.append(dialog.message)
        dialog.accept()

    def html(self) -> str:
        """What the editor would send."""
        return self.page.evaluate(f"{EDITOR}.getData()")

    def paste(self, html: str = "", file: bytes | None = None, kind: str = "image/png", plain: str = "") -> None:
        """Paste as the browser does: HTML, or a picture."""
        self.text.click()
        self.text.evaluate(
            """(body, [html, plain, file, kind]) => {
                const data = new DataTransfer()
                if (html) data.setData("text/html", html)
                if (plain) data.setData("text/plain", plain)
                if (file) {
                    const bytes = Uint8Array.from(atob(file), (character) => character.charCodeAt())
                    data.items.add(new File([bytes], "pasted", { type: kind }))
                }
                const options = { clipboardData: data, bubbles: true, cancelable: true }
                body.dispatchEvent(new ClipboardEvent("paste", options))
            }""",
            [html, plain, base64.b64encode(file).decode() if file else "", kind],
        )

    def open_picture_dialog(self) -> Locator:
        """Press the picture button; the dialog."""
        self.page.locator(".cke_button__image").click()
        dialog = self.page.locator(".cke_dialog:visible")
        expect(dialog.get_by_label("Alternative text")).to_be_visible()
        return dialog

    def choose_file(self, content: bytes, name: str = "IMG_1.png", kind: str = "image/png") -> None:
        """In the picture dialog, whose file field stands in a frame of its own."""
        field = self.page.frame_locator(".cke_dialog:visible iframe").locator("input[type=file]")
        field.set_input_files({"name": name, "mimeType": kind, "buffer": content})


@pytest.fixture
def desk(live_server, context: BrowserContext, sign_in) -> Desk:
    sign_in(context, "Editor")
    return Desk(context.new_page(), f"{live_server.url}/admin/news/article/add/")


# --- Attacks -------------------------------------------------------------------------------------------------------


def _fired(page: Page, html: str) -> tuple[list[str], list[str]]:
    """Show the HTML as a page, touch everything in it; what ran and which other hosts were asked."""
    asked: list[str] = []

    def serve(route) -> None:
        if route.request.url == "http://localhost/shown":
            route.fulfill(body=f"<!doctype html><body>{html}", content_type="text/html; charset=utf-8")
        else:
            asked.append(route.request.url)
            route.abort()

    page.route("**/*", serve)
    page.goto("http://localhost/shown", wait_until="load")
    page.evaluate(
        """() => {
            for (const element of document.querySelectorAll("body *")) {
                for (const kind of ["mouseover", "mouseenter", "focus", "click", "toggle"]) {
                    const event = new MouseEvent(kind, { bubbles: true, cancelable: true })
                    element.addEventListener(kind, (event) => event.preventDefault())
                    element.dispatchEvent(event)
                }
                const address = element.href?.baseVal ?? element.href ?? ""
                if (/^\\s*(javascript|data|vbscript|blob):/i.test(address)) fired.push(address)
            }
        }"""
    )
    page.wait_for_timeout(30)
    fired = page.evaluate("fired")
    page.unroute("**/*")
    return fired, [url for url in asked if urlsplit(url).hostname not in {"localhost", None}]


def test_no_known_attack_fires_in_a_browser(page: Page):
    page.add_init_script(
        "window.fired = []; for (const name of ['alert', 'msgbox']) window[name] = (what) => fired.push(what)"
    )
    harm = {vector: found for vector in VECTORS if any(found := _fired(page, shown_html(vector)))}
    assert len(VECTORS) >= 60
    assert harm == {}


def test_the_attacks_fire_where_nothing_stops_them(page: Page):
    """The control: without it the test above could pass because nothing ever fires."""
    page.add_init_script("window.fired = []; window.alert = (what) => fired.push(what)")
    control = [vector for vector in VECTORS if "meta http-equiv" not in vector]
    firing = [vector for vector in control if any(_fired(page, vector))]
    assert "<script>alert(1)</script>" in firing
    assert "<img src=x onerror=alert(1)>" in firing
    assert len(firing) >= 50


# --- What is closed ------------------------------------------------------------------------------------------------


def test_the_dangerous_parts_are_not_there(desk: Desk):
    plugins = set(desk.page.evaluate(f"Object.keys({EDITOR}.plugins)"))
    assert {"image2", "link", "table", "pastefromword", "uploadimage"} <= plugins
    closed = {"exportpdf", "scayt", "wsc", "iframe", "forms", "templates", "preview", "codesnippetgeshi", "docprops"}
    assert not plugins & (closed | {"sourcearea", "sourcedialog", "image", "embed", "flash"})
    config = desk.page.evaluate(f"(({{ fullPage, versionCheck }}) => [fullPage, versionCheck])({EDITOR}.config)")
    assert config == [False, False]


def test_the_toolbar_is_small_and_has_no_source_button(desk: Desk):
    buttons = desk.page.locator(".cke_toolbox .cke_button, .cke_toolbox .cke_combo_button")
    assert buttons.count() == 16
    titles = [buttons.nth(number).get_attribute("title") for number in range(16)]
    assert not [title for title in titles if "source" in title.lower()]
    assert desk.page.evaluate(f"Boolean({EDITOR}.getCommand('source'))") is False


def test_the_form_asks_no_other_host_and_reports_no_error(desk: Desk, live_server):
    desk.paste("<p>Words</p>")
    desk.open_picture_dialog()
    assert {urlsplit(url).netloc for url in desk.requests} == {urlsplit(live_server.url).netloc}
    assert desk.errors == []


def test_the_policy_of_the_form_is_loose_without_eval(desk: Desk):
    policy = desk.response.header_value("content-security-policy")
    assert "script-src 'self' 'unsafe-inline';" in policy + ";"
    assert "unsafe-eval" not in policy


# --- What is pasted ------------------------------------------------------------------------------------------------


def test_what_is_pasted_is_filtered_at_once(desk: Desk):
    desk.paste(
        "<p onclick='alert(1)' style='color:red' class='x'>Words <u>here</u></p><h1>Title</h1><h2>Yes</h2>"
        "<iframe src='https://evil.example'></iframe><script>alert(1)</script><form><input></form>"
        "<a href='https://ok.example' onclick='alert(1)' target='_blank'>link</a>"
    )
    expect(desk.text).to_contain_text("Words here")
    assert desk.text.locator("iframe, script, form, input, h1, u, [onclick], [style*=red]").count() == 0
    html = desk.html()
    assert "<h2>Title</h2>" in html
    assert "<h2>Yes</h2>" in html
    assert '<a href="https://ok.example">link</a>' in html
    assert desk.alerts == []


def test_a_paste_from_word_is_clean_in_the_editor_already(desk: Desk):
    desk.paste(WORD, plain="Las Bambas")
    expect(desk.text).to_contain_text("68 days")
    html = desk.html()
    for debris in ("mso", "Mso", "<o:p", "<span", "<font", "style=", "class=", "&nbsp;</p>", "<!--"):
        assert debris not in html, debris
    for kept in ("<strong>", "<em>blocked</em>", "<li>", "<td>", "68 days</a>"):
        assert kept in html, kept


def test_a_list_that_word_made_of_dots_and_blanks_becomes_a_list(desk: Desk):
    item = (
        "<p class=MsoListParagraphCxSp{0} style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'><![if !supportLists]>"
        "<span style='font-family:Symbol'><span style='mso-list:Ignore'>·<span style='font:7.0pt \"Times New Roman\"'>"
        "&nbsp;&nbsp;&nbsp; </span></span></span><![endif]>{1}<o:p></o:p></p>"
    )
    head = "<html xmlns:o='urn:schemas-microsoft-com:office:office'><meta name=Generator content='Microsoft Word 15'>"
    desk.paste(head + item.format("First", "Cusco") + item.format("Last", "Puno") + "</html>", plain="Cusco")
    expect(desk.text.locator("ul > li")).to_have_text(["Cusco", "Puno"])


def test_pictures_of_other_sites_are_left_out_with_a_word(desk: Desk):
    desk.paste("<p>Words <img src='https://elsewhere.example/a.png' alt='x'> more</p>")
    expect(desk.text).to_contain_text("Words")
    expect(desk.page.locator(".cke_notification_warning").first).to_contain_text("Pictures of other sites")
    assert desk.text.locator("img").count() == 0
    assert not [url for url in desk.requests if "elsewhere.example" in url]


# --- Pictures ------------------------------------------------------------------------------------------------------


def test_a_picture_is_added_by_the_dialog_with_its_words(desk: Desk, staff):
    dialog = desk.open_picture_dialog()
    dialog.get_by_label("Alternative text").fill(WORDS)
    desk.choose_file(encoded("JPEG", (640, 320)), "IMG_1.jpg", "image/jpeg")
    dialog.get_by_text("Add to the library").click()
    expect(dialog.get_by_label("Width")).to_have_value("640")
    image = Image.objects.get()
    assert (image.alt_text, image.created_by, image.width) == (WORDS, staff("Editor"), 640)
    dialog.get_by_label("With a caption").check()
    dialog.get_by_text("OK", exact=True).click()
    desk.text.locator("figcaption").fill("Cajamarca, 2012")
    html = desk.html()
    assert '<figure class="image">' in html
    assert f'src="/media/{image.file.name}"' in html
    assert f'alt="{WORDS}"' in html
    assert "<figcaption>Cajamarca, 2012</figcaption>" in html
    assert "data:" not in html
    assert desk.alerts == []
    assert desk.errors == []


def test_the_dialog_asks_for_words_first(desk: Desk):
    dialog = desk.open_picture_dialog()
    desk.choose_file(encoded())
    dialog.get_by_text("Add to the library").click()
    assert "what the picture shows" in desk.alerts.pop()
    assert not Image.objects.exists()
    dialog.get_by_text("OK", exact=True).click()
    assert "what the picture shows" in desk.alerts.pop()
    expect(dialog).to_be_visible()


def test_the_dialog_says_why_a_picture_is_refused(desk: Desk):
    dialog = desk.open_picture_dialog()
    dialog.get_by_label("Alternative text").fill(WORDS)
    desk.choose_file(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.svg", "image/svg+xml")
    with desk.page.expect_response("**/editor-upload/"):
        dialog.get_by_text("Add to the library").click()
    expect(dialog.get_by_label("Alternative text")).to_have_value(WORDS)
    assert "SVG drawings are not taken" in desk.alerts.pop()
    assert not Image.objects.exists()


def test_a_pasted_picture_goes_to_the_library_and_its_words_are_asked_for(desk: Desk):
    desk.paste(file=encoded("PNG", (300, 200)))
    dialog = desk.page.locator(".cke_dialog:visible")
    dialog.get_by_label("Alternative text").fill(WORDS)
    with desk.page.expect_response("**/editor-describe/"):
        dialog.get_by_text("OK", exact=True).click()
    image = Image.objects.get()
    assert (image.words_later, image.alt_text) == (True, WORDS)
    html = desk.html()
    assert f'src="/media/{image.file.name}"' in html
    assert f'alt="{WORDS}"' in html
    assert "data:" not in html
    assert desk.errors == []


def test_a_picture_inside_pasted_html_is_uploaded_not_kept_as_data(desk: Desk):
    data = base64.b64encode(encoded("PNG", (120, 80))).decode()
    desk.paste(f"<p>Words</p><p><img src='data:image/png;base64,{data}'></p>")
    dialog = desk.page.locator(".cke_dialog:visible")
    dialog.get_by_label("Alternative text").fill(WORDS)
    dialog.get_by_text("OK", exact=True).click()
    assert "base64" not in desk.html()
    assert f"/media/{Image.objects.get().file.name}" in desk.html()


def test_a_picture_is_dropped_into_the_text(desk: Desk):
    desk.text.click()
    desk.text.evaluate(
        """(body, file) => {
            const data = new DataTransfer()
            const bytes = Uint8Array.from(atob(file), (character) => character.charCodeAt())
            data.items.add(new File([bytes], "dropped.png", { type: "image/png" }))
            const { left, top } = body.getBoundingClientRect()
            const where = { clientX: left + 30, clientY: top + 20 }
            for (const kind of ["dragenter", "dragover", "drop"]) {
                const options = { ...where, dataTransfer: data, bubbles: true, cancelable: true }
                body.dispatchEvent(new DragEvent(kind, options))
            }
        }""",
        base64.b64encode(encoded()).decode(),
    )
    expect(desk.page.locator(".cke_dialog:visible").get_by_label("Alternative text")).to_be_visible()
    assert Image.objects.count() == 1


# --- The whole way -------------------------------------------------------------------------------------------------


def test_what_is_written_is_stored_clean_and_comes_back_the_same(desk: Desk, live_server):
    page = desk.page
    page.get_by_label("Title:", exact=True).fill("Sixty-eight days at Las Bambas")
    page.get_by_label("Standfirst:").fill("A road stays closed.")
    desk.paste(WORD, plain="Las Bambas")
    expect(desk.text).to_contain_text("68 days")
    page.get_by_role("button", name="Save and stay here").click()
    expect(page.locator(".messagelist .success")).to_be_visible()
    article = Article.objects.get()
    assert article.body == WORD_CLEAN

    again = Desk(page, f"{live_server.url}/admin/news/article/{article.pk}/change/")
    page.get_by_role("button", name="Save and stay here").click()
    expect(page.locator(".messagelist .success")).to_be_visible()
    article.refresh_from_db()
    assert article.body == WORD_CLEAN, "opening and saving changes nothing"
    assert again.errors == []


def test_a_picture_with_a_caption_survives_the_way_through_the_editor(live_server, context, sign_in):
    body = (
        "<h2>Heading</h2>\n"
        '<figure class="image"><img alt="A march" src="/media/library/a.png"><figcaption>Lima</figcaption></figure>\n'
        '<table><caption>Years</caption><thead><tr><th scope="col">Year</th></tr></thead>'
        "<tbody><tr><td>2019</td></tr></tbody></table>\n"
        "<blockquote><p>Quoted</p></blockquote>\n"
        '<p>H<sub>2</sub>O and <a hreflang="es" href="https://x.example/">link</a></p>'
    )
    article = ArticleFactory(body=body)
    article.refresh_from_db()
    stored = article.body
    sign_in(context, "Editor")
    desk = Desk(context.new_page(), f"{live_server.url}/admin/news/article/{article.pk}/change/")
    expect(desk.text.locator("figure .cke_widget_editable, figcaption")).to_have_text("Lima")
    desk.page.get_by_role("button", name="Save and stay here").click()
    expect(desk.page.locator(".messagelist .success")).to_be_visible()
    article.refresh_from_db()
    assert article.body == stored
    assert "<figcaption>Lima</figcaption>" in stored
