"""The project's main job, in a real browser: write with a picture, schedule, appear, correct, withdraw."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from django.utils.timezone import localtime
from PIL import Image as Pixels
from playwright.sync_api import Page, expect

from news.models import Article
from psg.library.models import Image

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def photograph(tmp_path):
    path = tmp_path / "IMG_0001.jpg"
    Pixels.new("RGB", (1600, 1000), "#a8152a").save(path)
    return path


def write_article(page: Page, site: str, photograph) -> None:
    page.goto(f"{site}/admin/")
    page.get_by_role("link", name="Add Article").or_(page.locator(".model-article .addlink")).first.click()
    page.get_by_label("Title:", exact=True).press_sequentially("Años y niños")
    expect(page.get_by_label("Slug:", exact=True)).to_have_value("anos-y-ninos")
    page.get_by_label("Standfirst:").fill("What this is about, in a sentence.")
    frame = page.frame_locator(".cke_wysiwyg_frame").first
    frame.locator("body").click()
    page.keyboard.type("The story at length.")
    add_picture(page, photograph)


def add_picture(page: Page, photograph) -> None:
    """By the plus sign beside the field, as an editor would."""
    with page.expect_popup() as opened:
        page.locator("#add_id_lead_image").click()
    popup = opened.value
    popup.locator("input[type=file]").set_input_files(photograph)
    popup.get_by_label("Alternative text:").fill("A red field in the evening light")
    popup.get_by_label("Credit:").fill("Test credit")
    popup.locator("[name=_save]").click()
    # The popup hands its picture over and closes; until then the field holds its empty choice.
    expect(page.locator("#id_lead_image option:checked")).to_have_text("A red field in the evening light")


def test_an_article_from_the_first_word_to_its_withdrawal(page, context, live_server, sign_in, photograph, run_jobs):
    site = live_server.url
    sign_in(context, "Editor")
    reader = context.browser.new_context().new_page()
    appears = timezone.now().replace(microsecond=0) + timedelta(minutes=90)
    local = localtime(appears)

    # Write, with a picture, and look at it before anybody else does.
    write_article(page, site, photograph)
    with context.expect_page() as opened:
        page.get_by_role("button", name="Preview").click()
    preview = opened.value
    expect(preview.get_by_role("heading", level=1)).to_have_text("Años y niños")
    expect(preview.get_by_text("The story at length.")).to_be_visible()
    expect(preview.get_by_role("img", name="A red field in the evening light")).to_be_visible()
    preview.close()
    assert not Article.objects.exists()

    # Schedule: one button.
    page.locator("#id_published_at_0").fill(f"{local:%d/%m/%Y}")
    page.locator("#id_published_at_1").fill(f"{local:%H:%M:%S}")
    page.get_by_role("button", name="Publish").click()
    expect(page.locator(".messagelist")).to_contain_text("appears by itself on")
    run_jobs()
    assert Image.objects.get().renditions, "the worker made smaller copies"
    article = Article.objects.get()
    address = site + article.get_absolute_url()
    assert reader.goto(address).status == 404
    reader.goto(f"{site}/news/")
    expect(reader.get_by_text("Años y niños")).to_have_count(0)

    # It appears at its minute; nobody acts.
    with time_machine.travel(appears + timedelta(seconds=1)):
        assert reader.goto(address).status == 200
        expect(reader.get_by_role("heading", level=1)).to_have_text("Años y niños")
        expect(reader.get_by_text("Test credit")).to_be_visible()
        picture = reader.get_by_role("img", name="A red field in the evening light")
        assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
        reader.goto(f"{site}/news/")
        reader.get_by_role("link", name="Años y niños").first.click()
        expect(reader).to_have_url(address)

        # Correct it: readers see it at once.
        sign_in(context, "Editor")
        page.goto(f"{site}/admin/news/article/{article.pk}/change/")
        page.get_by_label("Title:", exact=True).fill("Años, niños y niñas")
        page.get_by_role("button", name="Save changes").click()
        reader.goto(address)
        expect(reader.get_by_role("heading", level=1)).to_have_text("Años, niños y niñas")
        expect(reader.get_by_text("Updated")).to_be_visible()

        # Withdraw it: gone, everywhere.
        page.goto(f"{site}/admin/news/article/{article.pk}/change/")
        page.get_by_role("button", name="Withdraw").click()
        expect(page.locator(".messagelist")).to_contain_text("is withdrawn")
        assert reader.goto(address).status == 410
        expect(reader.get_by_role("searchbox").first).to_be_visible()
        for path in ["/", "/news/", "/news/feed/", "/sitemap.xml", "/search/?q=niños"]:
            assert article.slug not in reader.request.get(site + path).text(), path
    reader.context.close()


def test_a_newcomer_signs_in_with_the_code_that_the_mailbox_shows(page, live_server, staff, settings, run_jobs):
    settings.EMAIL_BACKEND = "psg.mail.QueueBackend"
    staff("Writer")
    page.goto(f"{live_server.url}/admin/")
    page.get_by_role("link", name="code").or_(page.get_by_role("button", name="code")).first.click()
    page.get_by_label("Email").or_(page.get_by_label("E-mail")).first.fill("writer@staff.example")
    page.locator("main form button[type=submit]").first.click()
    expect(page.get_by_label("Code")).to_be_visible()
    run_jobs()

    mailbox = page.context.new_page()
    mailbox.goto(f"{live_server.url}/dev/mail/")
    mailbox.get_by_role("link").filter(has_text="code").first.click()
    text = mailbox.locator("main").inner_text()
    code = next(word for word in text.split() if len(word) == 9 and word[4] == "-" and word.isupper())
    mailbox.close()

    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{live_server.url}/admin/")
    expect(page.get_by_text("Articles")).to_be_visible()
