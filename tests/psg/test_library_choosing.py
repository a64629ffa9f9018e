"""Pictures chosen for other things: in forms, in the editor's window; and what a text's pictures lack."""

import pytest
from django.urls import reverse
from django.utils import timezone

from news.models import Article
from psg.library import picker
from psg.library.models import Image
from psg.richtext import RichTextWidget
from tests.factories import ArticleFactory, EventFactory
from tests.psg.library import WORDS, add, made, photograph
from tests.psg.pictures import encoded

pytestmark = pytest.mark.django_db

PICK = "/admin/library/image/pick/picture/"


def wordless() -> Image:
    return add(encoded("JPEG"), "a.jpg", alt_text="", words_later=True)


def article_form(**changed) -> dict:
    form = {"title": "A title", "slug": "a-title", "standfirst": "In short.", "body": "<p>Words</p>", "language": "en"}
    return form | changed


ADD_ARTICLE = "/admin/news/article/add/"

# --- In forms ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("factory", "field"), [(ArticleFactory, "lead_image"), (EventFactory, "image")])
def test_a_form_shows_the_chosen_picture_with_its_words_and_where_to_change_them(factory, field, client_as):
    image = add()
    thing = factory(**{field: image})
    options = thing._meta
    url = reverse(f"admin:{options.app_label}_{options.model_name}_change", args=[thing.pk])
    page = client_as("Superuser").get(url).content.decode()
    assert f'<img src="{image.file.url}" alt="">' in page
    assert f"<span data-words>{WORDS}</span>" in page
    assert f'<a href="/admin/library/image/{image.pk}/change/" target="_blank">Change the words</a>' in page


def test_a_form_without_a_picture_shows_none(client_as):
    page = client_as("Editor").get(ADD_ARTICLE).content.decode()
    assert '<div class="picture-chosen" data-about="/admin/library/image/0/about/" aria-live="polite" hidden>' in page


def test_a_form_that_comes_back_shows_the_picture_that_was_just_chosen(client_as):
    image = add()
    answer = client_as("Editor").post(ADD_ARTICLE, article_form(title="", lead_image=image.pk))
    assert f"<span data-words>{WORDS}</span>" in answer.content.decode()


@pytest.mark.parametrize("choice", ["no number", "-1", "99999999", "9" * 40])
def test_a_choice_that_is_none_is_refused_beside_the_field(choice, client_as):
    answer = client_as("Editor").post(ADD_ARTICLE, article_form(lead_image=choice))
    assert list(answer.context["adminform"].form.errors) == ["lead_image"]


def test_a_picture_without_words_cannot_be_chosen(client_as):
    answer = client_as("Editor").post(ADD_ARTICLE, article_form(lead_image=wordless().pk))
    assert "has its alternative text" in answer.content.decode()
    assert not Article.objects.exists()


def test_the_form_asks_about_a_picture_that_is_chosen_now(client_as):
    image = made(add(photograph(700, 500), "a.jpg"))
    answer = client_as("Writer").get(reverse("admin:library_image_about", args=[image.pk]))
    assert answer.json() == {
        "thumbnail": f"/media/{image.copies('webp')[0]['name']}",
        "alt_text": WORDS,
        "url": f"/admin/library/image/{image.pk}/change/",
    }
    assert client_as("Writer").get(reverse("admin:library_image_about", args=[123456])).status_code == 404


# --- In the editor's window ----------------------------------------------------------------------------------------


def test_the_window_shows_described_pictures_with_what_the_editor_needs(client_as):
    image = add(title="The march")
    wordless()
    page = client_as("Writer").get(PICK, {"CKEditorFuncNum": "7"}).content.decode()
    assert page.count("<button") == 1
    assert f'<button type="button" data-url="{image.file.url}" data-alt="{WORDS}">' in page
    assert 'data-function="7"' in page
    assert "The march" in page


def test_the_window_finds_pictures_by_any_of_their_words(client_as):
    add(), add(encoded("JPEG"), "a.jpg", alt_text="Potatoes of many colours", credit="Ana Ruiz")
    client = client_as("Editor")
    found = client.get(PICK, {"q": "RUIZ potato", "CKEditorFuncNum": "7"}).content.decode()
    assert "Potatoes" in found
    assert WORDS not in found
    assert '<input type="hidden" name="CKEditorFuncNum" value="7">' in found
    nothing = client.get(PICK, {"q": "llamas", "CKEditorFuncNum": "7"}).content.decode()
    assert '<a href="?CKEditorFuncNum=7&amp;">Show everything</a>' in nothing


def test_the_window_turns_pages_and_keeps_what_was_asked(client_as, django_assert_max_num_queries):
    for size in range(30):
        add(encoded("PNG", (20 + size, 20)))
    client = client_as("Editor")
    with django_assert_max_num_queries(10):
        first = client.get(PICK, {"CKEditorFuncNum": "7", "q": "march"})
    assert len(first.context["choices"]) == 24
    assert 'href="?CKEditorFuncNum=7&amp;q=march&amp;page=2"' in first.content.decode()
    assert len(client.get(PICK, {"page": "2"}).context["choices"]) == 6
    assert client.get(PICK, {"page": "many"}).status_code == 200


@pytest.mark.parametrize("words", ["'; DROP TABLE", '"><script>alert(1)</script>', "%", "x " * 5000, "\U0001f999"])
def test_nothing_that_is_typed_into_the_window_breaks_it(words, client_as):
    add()
    page = client_as("Editor").get(PICK, {"q": words, "CKEditorFuncNum": '"><script>alert(1)</script>'})
    assert page.status_code == 200
    assert "<script>alert" not in page.content.decode()


def test_the_window_is_for_staff_who_may_see_pictures(client, client_as):
    assert client.get(PICK).status_code == 302
    assert client_as("Membership").get(PICK).status_code == 403
    assert client_as("Membership").get(reverse("admin:library_image_about", args=[add().pk])).status_code == 403
    assert client_as("Editor").get(PICK.replace("picture", "nothing")).status_code == 404


def _editor() -> dict:
    widget = RichTextWidget()
    widget._set_config()
    return widget.config


def test_the_editor_opens_the_window_for_pictures_and_for_links_if_something_is_offered(monkeypatch):
    monkeypatch.setattr(picker, "_kinds", {"picture": picker._kinds["picture"]})
    assert _editor()["filebrowserImageBrowseUrl"] == PICK
    assert "filebrowserLinkBrowseUrl" not in _editor()
    none = Image.objects.none
    picker.offer(picker.Kind("document", "Choose", "library.view_image", lambda words: none(), lambda row: row))
    assert _editor()["filebrowserLinkBrowseUrl"] == PICK.replace("picture", "document")


# --- Words that a text's pictures lack -----------------------------------------------------------------------------

MESSAGE = "1 picture in the text has no alternative text"


def body(image: Image, alt: str) -> str:
    return f'<p>Words <img src="{image.file.url}" alt="{alt}"></p>'


@pytest.mark.parametrize("button", ["_save", "_continue", "_publish"])
def test_saving_warns_of_a_picture_in_the_text_without_words(button, client_as):
    form = article_form(body=body(wordless(), ""), published_at_0="", published_at_1="") | {button: "1"}
    page = client_as("Editor").post(ADD_ARTICLE, form, follow=True).content.decode()
    assert Article.objects.count() == 1, "nothing is refused"
    assert page.count(MESSAGE) == 1
    assert '<a href="/admin/library/image/describe/">in the library</a>' in page


def test_saving_again_warns_until_the_words_are_there(client_as):
    image = wordless()
    article, client = ArticleFactory(body=body(image, "")), client_as("Editor")
    url = reverse("admin:news_article_change", args=[article.pk])
    now = timezone.localtime()

    def saved() -> str:
        version = Article.objects.get().version
        times = {"published_at_0": f"{now:%Y-%m-%d}", "published_at_1": f"{now:%H:%M}"}
        form = article_form(body=body(image, ""), seen_version=version, **times)
        answer = client.post(url, form, follow=True)
        assert answer.redirect_chain
        return answer.content.decode()

    assert MESSAGE in saved()
    Image.objects.update(alt_text=WORDS)
    assert MESSAGE not in saved()


def test_saving_a_text_whose_pictures_have_words_warns_of_nothing(client_as):
    page = client_as("Editor").post(ADD_ARTICLE, article_form(body=body(wordless(), WORDS)), follow=True)
    assert "no alternative text" not in page.content.decode()
