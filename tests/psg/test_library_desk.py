"""The picture library in the back office and in the editor."""

import pytest
from django.test import Client
from django.urls import reverse

from psg.library.actions import store
from psg.library.admin import ImageAdmin
from psg.library.models import Image
from tests.psg.library import WORDS, add, files, made, upload
from tests.psg.pictures import REFUSED, encoded

# --- In the back office --------------------------------------------------------------------------------------------

ADD = "admin:library_image_add"


def fill_in(client: Client, content: bytes, name: str = "a.png", content_type: str = "image/png", **words):
    fields = {"alt_text": WORDS, "title": "", "caption": "", "credit": ""} | words
    return client.post(reverse(ADD), fields | {"upload": upload(content, name, content_type)})


@pytest.mark.django_db
def test_staff_add_a_picture_by_the_form(client_as, staff, settings):
    answer = fill_in(client_as("Writer"), encoded(), credit="Ana Ruiz")
    assert answer.status_code == 302
    image = Image.objects.get()
    assert (image.alt_text, image.credit, image.created_by) == (WORDS, "Ana Ruiz", staff("Writer"))
    assert files(settings) == [image.file.name]


@pytest.mark.django_db
@pytest.mark.parametrize("what", REFUSED)
def test_the_form_says_beside_the_file_what_is_wrong_with_it(what, client_as, settings):
    name, content_type, content, reason = REFUSED[what]
    answer = fill_in(client_as("Editor"), content, name, content_type)
    assert answer.status_code == 200
    errors = answer.context["adminform"].form.errors
    assert list(errors) == ["upload"]
    assert reason in errors["upload"][0] or "empty" in errors["upload"][0]
    assert not Image.objects.exists()
    assert files(settings) == []


@pytest.mark.django_db
def test_the_form_refuses_a_file_name_for_words(client_as, settings):
    answer = fill_in(client_as("Editor"), encoded(), alt_text="IMG_1234.jpg")
    assert list(answer.context["adminform"].form.errors) == ["alt_text"]
    assert files(settings) == []


@pytest.mark.django_db
def test_the_form_needs_a_file(client_as):
    answer = client_as("Editor").post(reverse(ADD), {"alt_text": WORDS})
    assert list(answer.context["adminform"].form.errors) == ["upload"]


@pytest.mark.django_db
def test_a_second_upload_is_told_where_the_first_is(client_as):
    image = add()
    answer = fill_in(client_as("Editor"), encoded())
    assert "in the library already" in answer.content.decode()
    assert f'<a href="/admin/library/image/{image.pk}/change/">“{WORDS}”</a>' in answer.content.decode()
    assert Image.objects.count() == 1


@pytest.mark.django_db
def test_a_double_click_on_save_adds_one_picture(client_as, monkeypatch, settings):
    def store_second(*args, **kwargs):
        add()  # the first click, between the second one's check and its save
        return store(*args, **kwargs)

    monkeypatch.setattr("psg.library.admin.images.store", store_second)
    assert fill_in(client_as("Editor"), encoded()).status_code == 302
    assert files(settings) == [Image.objects.get().file.name]


@pytest.mark.django_db
def test_a_picture_added_in_a_popup_is_chosen_in_the_form_that_opened_it(client_as):
    client = client_as("Editor")
    answer = client.post(
        reverse(ADD) + "?_popup=1&_to_field=id",
        {"alt_text": WORDS, "upload": upload(encoded()), "_popup": "1", "_to_field": "id"},
    )
    assert answer.status_code == 200
    assert f"&quot;value&quot;: &quot;{Image.objects.get().pk}&quot;" in answer.content.decode()


@pytest.mark.django_db
def test_words_are_changed_and_the_file_is_not(client_as):
    image, client = add(), client_as("Editor")
    url = reverse("admin:library_image_change", args=[image.pk])
    page = client.get(url).content.decode()
    assert image.file.url in page
    assert 'name="upload"' not in page, "a new file has a form of its own"
    answer = client.post(url, {"alt_text": "A march in Puno", "credit": "Ana", "upload": upload(encoded("GIF"))})
    assert answer.status_code == 302
    file = image.file.name
    image.refresh_from_db()
    assert (image.alt_text, image.file.name) == ("A march in Puno", file)


@pytest.mark.django_db
def test_the_focal_point_is_saved_and_the_card_made_afresh(client_as, run_jobs):
    image = made(add(encoded("JPEG", (700, 500)), "a.jpg"))
    url = reverse("admin:library_image_change", args=[image.pk])
    client = client_as("Editor")
    assert client.post(url, {"alt_text": WORDS, "focal_x": "30", "focal_y": "71"}).status_code == 302
    run_jobs()
    after = Image.objects.get()
    assert (after.focal_x, after.focal_y, after.renditions) == (30, 71, image.renditions)
    assert after.card != image.card
    assert "library-crop focus-x-30 focus-y-70 crop-square" in client.get(url).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(("typed", "kept"), [("", 50), ("101", None), ("-1", None), ("left", None), ("33.3", None)])
def test_a_focal_point_outside_the_picture_is_refused_beside_the_field(typed, kept, client_as):
    image = add()
    url = reverse("admin:library_image_change", args=[image.pk])
    answer = client_as("Editor").post(url, {"alt_text": WORDS, "focal_x": typed, "focal_y": "50"})
    if kept is None:
        assert list(answer.context["adminform"].form.errors) == ["focal_x"]
    else:
        assert answer.status_code == 302
    assert Image.objects.get().focal_x == 50


@pytest.mark.django_db
def test_saving_words_keeps_the_copies_that_the_worker_made_meanwhile(client_as, monkeypatch):
    """The form was read before the worker wrote: only what the form shows is written back."""
    image = add(encoded("JPEG", (700, 500)), "a.jpg")
    save_model = ImageAdmin.save_model

    def meanwhile(*args):
        made(image)
        save_model(*args)

    monkeypatch.setattr(ImageAdmin, "save_model", meanwhile)
    url = reverse("admin:library_image_change", args=[image.pk])
    client_as("Editor").post(url, {"alt_text": "A march in Puno", "focal_x": "50", "focal_y": "50"})
    image.refresh_from_db()
    assert image.alt_text == "A march in Puno"
    assert len(image.renditions) == 4


@pytest.mark.django_db
def test_the_list_shows_pictures_and_finds_them_by_their_words(client_as):
    add(), add(encoded("JPEG"), "a.jpg", alt_text="Potatoes of many colours", credit="Ana Ruiz")
    add(encoded("WEBP"), "a.webp", alt_text="", words_later=True)
    client, url = client_as("Editor"), reverse("admin:library_image_changelist")
    page = client.get(url).content.decode()
    assert page.count("library-thumbnail") == 3
    assert "missing: please write it" in page
    found = client.get(url, {"q": "ruiz"}).content.decode()
    assert "Potatoes" in found
    assert WORDS not in found
    assert client.get(url, {"alt_text__isempty": "1"}).context["cl"].result_count == 1


@pytest.mark.django_db
def test_the_list_asks_the_same_number_of_queries_for_any_number_of_pictures(client_as, django_assert_max_num_queries):
    client, url = client_as("Editor"), reverse("admin:library_image_changelist")
    for size in range(1, 13):
        add(encoded("PNG", (size, 10)))
    with django_assert_max_num_queries(12):
        assert client.get(url).status_code == 200


@pytest.mark.django_db
def test_other_forms_offer_only_pictures_with_words(client_as):
    described = add()
    add(encoded("WEBP"), "a.webp", alt_text="", words_later=True)
    answer = client_as("Editor").get(
        reverse("admin:autocomplete"),
        {"app_label": "news", "model_name": "article", "field_name": "lead_image", "term": ""},
    )
    assert [row["id"] for row in answer.json()["results"]] == [str(described.pk)]


# --- From the editor -----------------------------------------------------------------------------------------------

UPLOAD = "admin:library_image_editor_upload"
DESCRIBE = "admin:library_image_editor_describe"


@pytest.mark.django_db
def test_the_editor_gets_the_address_of_the_picture_it_sent(client_as, staff, settings):
    answer = client_as("Writer").post(reverse(UPLOAD), {"upload": upload(encoded()), "alt": WORDS})
    image = Image.objects.get()
    assert answer.json() == {
        "uploaded": 1,
        "fileName": image.file.name.rpartition("/")[2],
        "url": f"/media/{image.file.name}",
        "width": 60,
        "height": 40,
        "alt": WORDS,
    }
    assert image.created_by == staff("Writer")


@pytest.mark.django_db
def test_the_editor_is_told_which_picture_is_the_same(client_as, settings):
    image = add()
    answer = client_as("Editor").post(reverse(UPLOAD), {"upload": upload(encoded()), "alt": "Other words"}).json()
    assert answer["url"] == image.file.url
    assert answer["existing"] == {"label": WORDS, "url": f"/admin/library/image/{image.pk}/change/"}
    assert files(settings) == [image.file.name]


@pytest.mark.django_db
@pytest.mark.parametrize("what", REFUSED)
def test_the_editor_is_told_why_a_picture_is_refused(what, client_as, settings):
    name, content_type, content, reason = REFUSED[what]
    answer = client_as("Editor").post(reverse(UPLOAD), {"upload": upload(content, name, content_type), "alt": WORDS})
    assert answer.status_code == 200
    assert answer.json()["uploaded"] == 0
    assert reason in answer.json()["error"]["message"]
    assert not Image.objects.exists()
    assert files(settings) == []


@pytest.mark.django_db
def test_the_editor_is_told_that_no_file_came_or_the_words_are_none(client_as):
    client = client_as("Editor")
    assert "No file" in client.post(reverse(UPLOAD)).json()["error"]["message"]
    answer = client.post(reverse(UPLOAD), {"upload": upload(encoded()), "alt": "IMG_1234.jpg"})
    assert "file’s name" in answer.json()["error"]["message"]
    assert not Image.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["../../../tmp/x.png", "..\\..\\x.png", "/etc/x.png"])
def test_a_path_in_an_uploads_name_leads_nowhere(path, client_as, settings):
    client_as("Editor").post(reverse(UPLOAD), {"upload": upload(encoded(), path), "alt": WORDS})
    assert all(name.startswith("library/20") for name in files(settings))
    assert len(files(settings)) == Image.objects.count()


@pytest.mark.django_db
@pytest.mark.parametrize("name", [UPLOAD, DESCRIBE])
def test_the_editors_views_are_for_staff_who_may_add_pictures(name, client_as, settings):
    for client in (Client(), client_as("Membership")):
        answer = client.post(reverse(name), {"upload": upload(encoded()), "alt": WORDS})
        assert answer.status_code == 403
        assert answer.json()["uploaded"] == 0
    assert client_as("Editor").get(reverse(name)).status_code == 405
    assert files(settings) == []


@pytest.mark.django_db
@pytest.mark.parametrize("name", [UPLOAD, DESCRIBE])
def test_the_editors_views_need_the_csrf_token(name, staff, settings):
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff("Editor"))
    answer = client.post(reverse(name), {"upload": upload(encoded()), "alt": WORDS})
    assert answer.status_code == 403
    assert files(settings) == []


@pytest.mark.django_db
def test_words_written_in_a_text_are_kept_for_the_picture_that_had_none(client_as):
    image, client = add(alt_text="", words_later=True), client_as("Writer")
    body = {"url": image.file.url, "alt": WORDS}
    assert client.post(reverse(DESCRIBE), body | {"alt": "IMG_1.jpg"}).json()["described"] is False
    assert client.post(reverse(DESCRIBE), body | {"url": "/media/library/none.png"}).json()["described"] is False
    assert client.post(reverse(DESCRIBE), body).json()["described"] is True
    assert client.post(reverse(DESCRIBE), body | {"alt": "Other words"}).json()["described"] is False
    image.refresh_from_db()
    assert image.alt_text == WORDS


@pytest.mark.django_db
@pytest.mark.parametrize("name", [UPLOAD, DESCRIBE])
def test_a_nul_byte_in_what_the_editor_sends_is_no_error(name, client_as):
    answer = client_as("Editor").post(
        reverse(name), {"upload": upload(encoded()), "alt": "A\0 march", "url": "/media/\0"}
    )
    assert answer.status_code == 200
