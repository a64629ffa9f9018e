"""The picture library: what is taken, and what is refused and how."""

import io
import random
import resource
import time

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from PIL import Image as Pillow
from PIL import ImageCms

from psg.library.actions import ImageRefused, add_image, describe
from psg.library.models import Image, validate_alt_text
from tests.psg.library import WORDS, add, files, opened, upload
from tests.psg.pictures import REFUSED, animated, encoded, photo

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
    image = add(alt_text="", words_later=True)
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
