"""The picture library: what is taken, what is refused and how, and what readers get."""

import io
import random
import resource
import threading
import time

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.template import Context, Template
from django.test import Client
from django.urls import reverse
from PIL import Image as Pillow
from PIL import ImageCms

from psg.library import actions
from psg.library.actions import ImageRefused, add_image, describe, make_renditions
from psg.library.models import Image, validate_alt_text
from tests.psg.pictures import REFUSED, animated, encoded, photo

WORDS = "A march in Cajamarca"


def upload(content: bytes, name: str = "a.png", content_type: str = "image/png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type)


def add(content: bytes | None = None, name: str = "a.png", content_type: str = "", **words) -> Image:
    return add_image(file=upload(content or encoded(), name, content_type), **{"alt_text": WORDS} | words)


def files(settings) -> list[str]:
    """Everything in the store."""
    return sorted(str(path.relative_to(settings.MEDIA_ROOT)) for path in settings.MEDIA_ROOT.rglob("*.*"))


def opened(image: Image) -> Pillow.Image:
    return Pillow.open(io.BytesIO(image.file.open().read()))


# --- Taken ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_picture_is_stored_with_its_words_and_measures(staff, settings):
    editor = staff("Editor")
    image = add(by=editor, title="March", caption="Cajamarca, 2012", credit="Ana Ruiz, CC BY 4.0")
    image.refresh_from_db()
    assert (image.width, image.height) == (60, 40)
    assert (image.alt_text, image.title, image.caption, image.credit) == (
        WORDS,
        "March",
        "Cajamarca, 2012",
        "Ana Ruiz, CC BY 4.0",
    )
    assert image.created_by == editor
    assert image.bytes == default_storage.size(image.file.name)
    assert files(settings) == [image.file.name]


@pytest.mark.django_db
def test_the_stored_name_has_nothing_of_the_uploaded_one():
    image = add(encoded(), "Señora, “foto” (1) ..html.png")
    assert image.file.name.startswith("library/20")
    assert len(image.file.name.rpartition("/")[2]) == len("0123456789abcdef.png")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "mode", "stored"),
    [
        ("JPEG", "RGB", "JPEG"),
        ("JPEG", "L", "JPEG"),
        ("JPEG", "CMYK", "JPEG"),
        ("PNG", "RGB", "PNG"),
        ("PNG", "RGBA", "PNG"),
        ("PNG", "P", "PNG"),
        ("PNG", "1", "PNG"),
        ("PNG", "L", "PNG"),
        ("PNG", "I;16", "PNG"),
        ("WEBP", "RGB", "WEBP"),
        ("WEBP", "RGBA", "WEBP"),
        ("GIF", "P", "PNG"),
    ],
)
def test_every_usual_kind_of_picture_is_taken(kind, mode, stored):
    image = add(encoded(kind, mode=mode), f"a.{kind.lower()}")
    picture = opened(image)
    assert picture.format == stored
    assert picture.mode in {"RGB", "RGBA", "L"}
    assert picture.size == (60, 40)


@pytest.mark.django_db
def test_sixteen_bits_of_grey_stay_the_same_grey():
    """30,000 of 65,535 is 117 of 255; cut off instead of divided it would be white."""
    assert abs(opened(add(encoded("PNG", mode="I;16"))).getpixel((5, 5)) - 117) <= 1


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_of_a_moving_picture_the_first_frame_is_kept(kind):
    picture = opened(add(animated(kind), f"a.{kind.lower()}"))
    assert getattr(picture, "n_frames", 1) == 1
    red, green, blue = picture.convert("RGB").getpixel((5, 5))
    assert (red > 190, green < 20, blue < 20) == (True, True, True)


@pytest.mark.django_db
def test_a_photo_loses_its_place_camera_and_comment_and_stands_upright():
    image = add(photo(), "a.jpg")
    content, picture = image.file.open().read(), opened(image)
    assert (image.width, image.height) == (60, 80)
    assert picture.getpixel((50, 40))[0] > 150, "red to the right"
    assert picture.getpixel((10, 40))[2] > 150, "blue to the left"
    assert not picture.getexif()
    assert b"Secret" not in content
    assert b"secret" not in content
    assert b"Exif" not in content


@pytest.mark.django_db
@pytest.mark.parametrize("readable", [True, False])
def test_a_colour_profile_is_applied_if_it_can_be_read_and_left_out(readable):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() if readable else bytes(200)
    picture = opened(add(encoded("JPEG", icc_profile=profile, quality=95), "a.jpg"))
    assert "icc_profile" not in picture.info
    red, green, blue = picture.getpixel((5, 5))
    assert max(abs(red - 168), abs(green - 21), abs(blue - 42)) <= 4


@pytest.mark.django_db
def test_large_pictures_are_reduced_to_2400_pixels():
    image = add(encoded("JPEG", (5000, 2500)), "a.jpg")
    assert (image.width, image.height) == (2400, 1200)


@pytest.mark.django_db
def test_a_photograph_saved_as_png_becomes_jpeg_and_a_drawing_stays():
    noise = Pillow.effect_noise((700, 700), 80).convert("RGB")
    content = io.BytesIO()
    noise.save(content, "PNG")
    assert add(content.getvalue()).file.name.endswith(".jpg")
    assert add(encoded("PNG", (700, 700))).file.name.endswith(".png")


@pytest.mark.django_db
@pytest.mark.parametrize("tail", [b"<script>alert(1)</script>", b"PK\x03\x04 a zip archive", b"<?php evil(); ?>"])
def test_nothing_behind_or_beside_the_pixels_is_kept(tail):
    for content, name in [(encoded("JPEG") + tail, "a.jpg"), (encoded("PNG") + tail, "a.png")]:
        stored = add(content, name).file.open().read()
        assert tail not in stored
        assert stored != content


@pytest.mark.django_db
def test_a_file_in_memory_without_a_declared_type_is_taken():
    image = add_image(file=ContentFile(encoded(), name="generated.png"), alt_text=WORDS)
    assert image.pk


# --- Refused -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_gets_a_reason_and_leaves_nothing_behind(what, settings):
    name, content_type, content, reason = REFUSED[what]
    with pytest.raises(ImageRefused) as refused:
        add(content or b"", name, content_type) if content else add_image(
            file=upload(content, name, content_type), alt_text=WORDS
        )
    assert reason in refused.value.message
    assert not Image.objects.exists()
    assert files(settings) == []


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["../../etc/passwd.png", "a\0.png", "..\\a.png", "/etc/a.png", "..png"])
def test_names_that_no_honest_program_sends_are_refused(name, settings):
    with pytest.raises(ImageRefused, match="rename"):
        add_image(file=ContentFile(encoded(), name=name), alt_text=WORDS)
    assert files(settings) == []


@pytest.mark.django_db
@pytest.mark.parametrize("what", ["a PNG bomb", "a GIF bomb", "a WebP bomb", "too many pixels", "too many bytes"])
def test_a_bomb_is_refused_before_it_goes_off(what):
    name, content_type, content, _ = REFUSED[what]
    file = upload(content, name, content_type)
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    with pytest.raises(ImageRefused):
        add_image(file=file, alt_text=WORDS)
    assert time.monotonic() - started < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_damaged_files_are_taken_or_refused_never_an_error(kind):
    """Bits flipped at random: whatever the decoder makes of it, the answer is a picture or a polite no."""
    whole = encoded(kind, (90, 70), "P" if kind == "GIF" else "RGB")
    for seed in range(150):
        random_, damaged = random.Random(seed), bytearray(whole)
        for _ in range(random_.randint(1, 8)):
            damaged[random_.randrange(len(damaged))] = random_.randrange(256)
        try:
            image = add(bytes(damaged), f"a.{kind.lower()}")
        except ImageRefused:
            continue
        assert opened(image).size == (image.width, image.height)


# --- Words ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *("IMG_1234.jpg", "IMG_1234", "img 1234", "DSC00012.JPG", "DSCN0012", "P1010023", "PXL_20191013_120000"),
        *(
            "photo-2019_10_13",
            "image (3)",
            "image1",
            "Screenshot 2019-10-13",
            "machu picchu.png",
            "12345",
            "---",
            "...",
        ),
        *("20191013_120000.jpg", "WhatsApp Image 2019-10-13", "scan0001", "a.webp"),
    ],
)
def test_a_file_name_is_no_alternative_text(text):
    with pytest.raises(ValidationError, match="file’s name"):
        validate_alt_text(text)


@pytest.mark.parametrize(
    "text",
    [
        *("A march in Cajamarca", "Photo of 13 women", "Image of Saint Rose", "Picture books for children", "Lima"),
        *(
            "P. Kuczynski at the OAS.",
            "13 October 2019, Lima",
            "Scanning documents in Puno",
            "Ñandú",
            "Congress, 30.9.19",
        ),
        *("Photograph 51 by Rosalind Franklin",),
    ],
)
def test_words_that_say_something_are_alternative_text(text):
    validate_alt_text(text)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "alternative text"), ("  ", "alternative"), ("IMG_1.jpg", "file’s name"), ("x" * 251, "250")],
)
def test_a_picture_without_words_is_refused(text, reason, settings):
    with pytest.raises(ImageRefused, match=reason):
        add(alt_text=text)
    assert files(settings) == []


@pytest.mark.django_db
def test_a_picture_from_the_editor_gets_its_words_afterwards_once():
    image = add(alt_text="", from_editor=True)
    assert list(Image.objects.undescribed()) == [image]
    with pytest.raises(ImageRefused):
        describe(image, alt_text="IMG_1.jpg")
    assert describe(image, alt_text=WORDS)
    assert not describe(image, alt_text="Other words")
    image.refresh_from_db()
    assert image.alt_text == WORDS


@pytest.mark.django_db
def test_the_database_itself_refuses_a_picture_without_words():
    image = add()
    with pytest.raises(IntegrityError, match="library_image_described"), transaction.atomic():
        Image.objects.filter(pk=image.pk).update(alt_text="")
    with pytest.raises(IntegrityError, match="library_image_has_size"), transaction.atomic():
        Image.objects.filter(pk=image.pk).update(width=0)


# --- Once ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_same_file_again_gives_the_picture_that_is_there(settings):
    first = add()
    again = add(alt_text="Other words")
    assert again == first
    assert again.alt_text == WORDS
    assert files(settings) == [first.file.name]


@pytest.mark.django_db
def test_the_same_file_with_words_describes_the_one_that_had_none():
    first = add(alt_text="", from_editor=True)
    assert add().alt_text == WORDS
    first.refresh_from_db()
    assert first.alt_text == WORDS


@pytest.mark.django_db(transaction=True)
def test_the_same_file_twice_at_once_is_one_picture(monkeypatch, settings):
    both_prepared = threading.Barrier(2, timeout=10)
    store, made = actions.store, []

    def store_together(*args, **kwargs):
        both_prepared.wait()
        return store(*args, **kwargs)

    def send() -> None:
        try:
            made.append(add().pk)
        finally:
            connection.close()

    monkeypatch.setattr(actions, "store", store_together)
    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [Image.objects.get().pk] * 2
    assert files(settings) == [Image.objects.get().file.name]


@pytest.mark.django_db
def test_no_file_stays_behind_when_the_row_cannot_be_written(monkeypatch, settings):
    def fail(*args, **kwargs):
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(Image, "save", fail)
    with pytest.raises(DatabaseError):
        add()
    assert files(settings) == []


@pytest.mark.django_db
def test_a_deleted_picture_takes_its_files_with_it_once_that_is_certain(settings, django_capture_on_commit_callbacks):
    kept, one, other = add(), add(encoded("JPEG"), "a.jpg"), add(encoded("WEBP"), "a.webp")
    make_renditions(one.pk)
    one.refresh_from_db()
    with django_capture_on_commit_callbacks() as callbacks:
        one.delete()
        Image.objects.filter(pk=other.pk).delete()
    assert len(files(settings)) == 4, "not before the commit"
    for callback in callbacks:
        callback()
    assert files(settings) == [kept.file.name]


# --- Smaller copies ------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_worker_makes_smaller_copies_of_a_new_picture(run_jobs):
    image = add(encoded("JPEG", (2000, 1000)), "a.jpg")
    assert run_jobs() == 1
    image.refresh_from_db()
    assert [(copy["width"], copy["height"]) for copy in image.renditions] == [(480, 240), (960, 480), (1600, 800)]
    for copy in image.renditions:
        picture = Pillow.open(default_storage.open(copy["name"]))
        assert (picture.format, picture.size) == ("WEBP", (copy["width"], copy["height"]))


@pytest.mark.django_db
@pytest.mark.parametrize(("width", "widths"), [(300, [300]), (480, [480]), (1000, [480, 960, 1000])])
def test_copies_are_never_larger_than_the_picture(width, widths):
    image = add(encoded("JPEG", (width, 100)), "a.jpg")
    make_renditions(image.pk)
    image.refresh_from_db()
    assert [copy["width"] for copy in image.renditions] == widths


@pytest.mark.django_db
def test_making_copies_again_changes_nothing(settings):
    image = add(encoded("JPEG", (700, 500)), "a.jpg")
    make_renditions(image.pk)
    before = files(settings), Image.objects.values_list("renditions").get()
    make_renditions(image.pk)
    assert (files(settings), Image.objects.values_list("renditions").get()) == before
    Image.objects.update(renditions=[])  # as if the worker had been killed before the last step
    make_renditions(image.pk)
    assert (files(settings), Image.objects.values_list("renditions").get()) == before


@pytest.mark.django_db
def test_copies_of_a_picture_that_has_gone_are_not_made(monkeypatch, settings):
    make_renditions(123456)
    image = add(encoded("JPEG", (700, 500)), "a.jpg")
    rendition = actions.rendition

    def deleted_meanwhile(original: bytes, width: int):
        Image.objects.filter(pk=image.pk)._raw_delete("default")
        return rendition(original, width)

    monkeypatch.setattr(actions, "rendition", deleted_meanwhile)
    make_renditions(image.pk)
    assert files(settings) == [image.file.name]


@pytest.mark.django_db
@pytest.mark.parametrize("mode", ["RGBA", "P", "L"])
def test_copies_keep_transparency_and_take_every_mode(mode):
    image = add(encoded("PNG", (600, 400), mode))
    make_renditions(image.pk)
    image.refresh_from_db()
    copy = Pillow.open(default_storage.open(image.renditions[0]["name"]))
    assert copy.has_transparency_data == (mode == "RGBA")


# --- On the page ---------------------------------------------------------------------------------------------------


def show(image: Image | None, arguments: str = "") -> str:
    return Template("{% load library %}{% picture image " + arguments + " %}").render(Context({"image": image}))


@pytest.mark.django_db
def test_a_picture_offers_its_copies_and_its_measures(django_assert_num_queries):
    image = add(encoded("JPEG", (2000, 1000)), "a.jpg")
    make_renditions(image.pk)
    image.refresh_from_db()
    with django_assert_num_queries(0):
        html = show(image, 'sizes="50vw" class="lead"')
    small, middle, large = (copy["name"] for copy in image.renditions)
    assert f'srcset="/media/{small} 480w, /media/{middle} 960w, /media/{large} 1600w"' in html
    assert f'src="/media/{middle}"' in html
    assert 'sizes="50vw"' in html
    assert 'class="lead"' in html
    assert 'width="2000"' in html
    assert 'height="1000"' in html
    assert f'alt="{WORDS}"' in html
    assert 'loading="lazy"' in html


@pytest.mark.django_db
def test_a_picture_shows_before_the_worker_came_and_no_picture_shows_nothing():
    image = add()
    assert f'src="/media/{image.file.name}"' in show(image)
    assert "srcset" not in show(image)
    assert show(None) == ""


@pytest.mark.django_db
def test_a_picture_on_the_first_screen_is_fetched_first():
    html = show(add(), "eager=True alt=''")
    assert 'fetchpriority="high"' in html
    assert "lazy" not in html
    assert 'alt=""' in html


@pytest.mark.django_db
def test_words_of_a_picture_cannot_break_out_of_its_attributes():
    html = show(add(alt_text='"><script>alert(1)</script>'))
    assert "<script" not in html


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
    assert 'type="file"' not in page
    answer = client.post(url, {"alt_text": "A march in Puno", "credit": "Ana", "upload": upload(encoded("GIF"))})
    assert answer.status_code == 302
    file = image.file.name
    image.refresh_from_db()
    assert (image.alt_text, image.file.name) == ("A march in Puno", file)


@pytest.mark.django_db
def test_the_list_shows_pictures_and_finds_them_by_their_words(client_as):
    add(), add(encoded("JPEG"), "a.jpg", alt_text="Potatoes of many colours", credit="Ana Ruiz")
    add(encoded("WEBP"), "a.webp", alt_text="", from_editor=True)
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
    add(encoded("WEBP"), "a.webp", alt_text="", from_editor=True)
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
    image, client = add(alt_text="", from_editor=True), client_as("Writer")
    body = {"url": image.file.url, "alt": WORDS}
    assert client.post(reverse(DESCRIBE), body | {"alt": "IMG_1.jpg"}).json()["described"] is False
    assert client.post(reverse(DESCRIBE), body | {"url": "/media/library/none.png"}).json()["described"] is False
    assert client.post(reverse(DESCRIBE), body).json()["described"] is True
    assert client.post(reverse(DESCRIBE), body | {"alt": "Other words"}).json()["described"] is False
    image.refresh_from_db()
    assert image.alt_text == WORDS
