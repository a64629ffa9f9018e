"""Several pictures at once: taken or refused one by one, then described on one page."""

import pytest
from django.urls import reverse

from psg.library.admin.several import AT_ONCE
from psg.library.models import Image
from tests.psg.library import WORDS, add, files, upload
from tests.psg.pictures import encoded

pytestmark = pytest.mark.django_db

LIST, SEVERAL, DESCRIBE = (
    f"/admin/library/image/{page}" for page in ("", "add-several/", "describe/")
)  # the addresses that staff keep as bookmarks


def send(client, *sent, **headers):
    return client.post(SEVERAL, {"files": list(sent)}, headers=headers)


def three():
    """Two pictures, and something that is none between them."""
    jpeg = upload(encoded("JPEG"), "two.jpg", "image/jpeg")
    return upload(encoded(), "one.png"), upload(b"no picture", "notes.png"), jpeg


def waiting(count: int, **about) -> list[Image]:
    return [add(encoded("PNG", (20 + number, 20)), alt_text="", words_later=True, **about) for number in range(count)]


def describe(client, images: list[Image], **typed):
    """Post the page; typed as image_<number>_<field>=…"""
    data = {"picture": [image.pk for image in images]}
    for number, image in enumerate(images):
        for field in ("alt_text", "caption", "credit"):
            data[f"picture-{image.pk}-{field}"] = typed.get(f"image_{number}_{field}", "")
    return client.post(DESCRIBE, data, follow=True)


# --- Sending -------------------------------------------------------------------------------------------------------


def test_several_pictures_are_taken_and_the_next_page_asks_for_their_words(client_as, staff):
    client = client_as("Writer")
    answer = send(client, upload(encoded(), "one.png"), upload(encoded("GIF"), "two.gif", "image/gif"))
    assert answer["Location"] == DESCRIBE
    assert [image.created_by for image in Image.objects.undescribed()] == [staff("Writer")] * 2
    assert "2 pictures added" in client.get(DESCRIBE).content.decode()


def test_what_is_refused_is_named_with_its_reason_and_the_others_are_kept(client_as):
    page = send(client_as("Editor"), *three()).content.decode()
    assert Image.objects.count() == 2
    assert "notes.png" in page
    assert "not a picture that can be shown" in page
    assert page.count("Added.") == 2
    assert f'href="{DESCRIBE}"' in page


def test_a_picture_that_is_there_already_is_named_with_a_link_to_it(client_as, settings):
    image = add()
    page = send(client_as("Editor"), upload(encoded(), "again.png")).content.decode()
    assert f'In the library already: <a href="/admin/library/image/{image.pk}/change/">“{WORDS}”</a>' in page
    assert files(settings) == [image.file.name]


def test_the_same_picture_twice_in_one_go_is_one(client_as, settings):
    page = send(client_as("Editor"), upload(encoded(), "one.png"), upload(encoded(), "copy.png")).content.decode()
    assert Image.objects.count() == len(files(settings)) == 1
    assert "In the library already" in page


def test_nothing_sent_is_said_politely(client_as):
    assert "Choose at least one picture" in client_as("Editor").post(SEVERAL).content.decode()


def test_more_files_than_one_request_should_hold_are_named_and_can_be_sent_again(client_as):
    sent = [upload(encoded("PNG", (20 + number, 20)), f"{number}.png") for number in range(AT_ONCE + 2)]
    page = send(client_as("Editor"), *sent).content.decode()
    assert Image.objects.count() == AT_ONCE
    assert page.count("Please send this one again") == 2


def test_the_script_of_the_page_is_told_about_each_file(client_as):
    client = client_as("Editor")
    answers = [send(client, file, accept="application/json").json()["received"] for file in three()]
    assert [answer[0]["isNew"] for answer in answers] == [True, False, True]
    assert "not a picture" in answers[1][0]["reason"]
    again = send(client, upload(encoded()), accept="application/json").json()["received"][0]
    assert (again["isNew"], again["reason"]) == (False, "")
    assert again["url"].startswith("/admin/library/image/")


@pytest.mark.parametrize("role", ["Membership", "Treasurer"])
def test_only_who_may_add_pictures_adds_several(role, client_as, settings):
    client = client_as(role)
    assert client.get(SEVERAL).status_code == send(client, *three()).status_code == 403
    assert client.get(DESCRIBE).status_code == client.post(DESCRIBE).status_code == 403
    assert files(settings) == []


def test_visitors_are_sent_to_sign_in(client):
    for page in (SEVERAL, DESCRIBE):
        assert client.get(page).status_code == 302


# --- Describing ----------------------------------------------------------------------------------------------------


def test_own_pictures_stand_before_those_of_colleagues(client_as, staff):
    own = waiting(1, by=staff("Writer"))
    others = [add(encoded("JPEG"), "a.jpg", alt_text="", words_later=True, by=staff("Editor"))]
    described = add(encoded("GIF"), "a.gif")
    shown = [form.instance for form in client_as("Writer").get(DESCRIBE).context["forms"]]
    assert shown == own + others
    assert described not in shown


def test_what_is_filled_in_is_saved_and_the_rest_goes_on_waiting(client_as):
    first, second, third = images = waiting(3)
    answer = describe(
        client_as("Writer"),
        images,
        image_0_alt_text="A road block",
        image_0_caption="Las Bambas",
        image_2_alt_text="Potatoes",
        image_2_credit="Ana Ruiz",
    )
    assert "2 pictures described" in answer.content.decode()
    assert list(Image.objects.undescribed()) == [second]
    first.refresh_from_db(), third.refresh_from_db()
    assert (first.alt_text, first.caption, third.credit) == ("A road block", "Las Bambas", "Ana Ruiz")
    assert [form.instance for form in answer.context["forms"]] == [second]


def test_what_was_added_and_described_is_in_the_history(client_as):
    client = client_as("Editor")
    send(client, upload(encoded(), "one.png"))
    image = Image.objects.get()
    describe(client, [image], image_0_alt_text=WORDS)
    history = client.get(f"/admin/library/image/{image.pk}/history/").content.decode()
    assert "Added." in history
    assert "Changed Alternative text." in history


def test_when_the_last_is_described_the_list_is_shown(client_as):
    answer = describe(client_as("Editor"), waiting(1), image_0_alt_text=WORDS)
    assert answer.redirect_chain[-1][0] == LIST


@pytest.mark.parametrize(
    ("alt_text", "caption", "reason"),
    [
        ("IMG_1234.jpg", "Kept", "file’s name"),
        ("x" * 251, "Kept", "250"),
        ("", "Kept", "write what the picture shows"),
        ("A march", "x" * 251, "250"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_what_was_typed_stays(alt_text, caption, reason, client_as):
    _good, bad = images = waiting(2)
    answer = describe(
        client_as("Editor"), images, image_0_alt_text=WORDS, image_1_alt_text=alt_text, image_1_caption=caption
    )
    assert answer.status_code == 200
    assert list(Image.objects.undescribed()) == [bad]
    (form,) = answer.context["forms"]
    assert reason in str(form.errors)
    page = answer.content.decode()
    assert f'value="{caption}"' in page
    assert f'value="{alt_text}"' in page or not alt_text
    assert "What was right is saved" in page


def test_two_who_describe_one_picture_do_not_overwrite_each_other(client_as):
    (image,) = images = waiting(1)
    client = client_as("Editor")
    client.get(DESCRIBE)
    describe(client_as("Writer"), images, image_0_alt_text="By the writer")
    answer = describe(client, images, image_0_alt_text="By the editor")
    image.refresh_from_db()
    assert image.alt_text == "By the writer"
    assert "as “By the writer”. You had “By the editor”" in answer.content.decode()


def test_a_double_click_saves_once_and_warns_of_nothing(client_as):
    images, client = waiting(1), client_as("Editor")
    describe(client, images, image_0_alt_text=WORDS)
    assert "before you" not in describe(client, images, image_0_alt_text=WORDS).content.decode()


@pytest.mark.parametrize("picture", ["", "x", "-1", "9" * 30, "999999", "1; DROP TABLE"])
def test_nonsense_for_a_picture_changes_nothing(picture, client_as):
    waiting(1)
    answer = client_as("Editor").post(DESCRIBE, {"picture": [picture], f"picture-{picture}-alt_text": WORDS})
    assert answer.status_code == 302
    assert Image.objects.undescribed().count() == 1


def test_many_that_wait_come_a_page_at_a_time_in_the_same_number_of_queries(client_as, django_assert_max_num_queries):
    client = client_as("Editor")
    waiting(22)
    with django_assert_max_num_queries(10):
        page = client.get(DESCRIBE)
    assert len(page.context["forms"]) == 20
    assert "2 more wait behind these" in page.content.decode()


# --- In the list ---------------------------------------------------------------------------------------------------


def test_the_list_says_how_many_wait_and_leads_to_them(client_as):
    client = client_as("Editor")
    assert "wait" not in client.get(LIST).content.decode()
    waiting(1)
    assert f'<a href="{DESCRIBE}">1 picture waits for its alternative text</a>' in client.get(LIST).content.decode()
    add(encoded("JPEG"), "a.jpg", alt_text="", words_later=True)
    page = client.get(LIST).content.decode()
    assert f'<a href="{DESCRIBE}">2 pictures wait for their alternative text</a>' in page
    assert f'href="{SEVERAL}"' in page


def test_the_address_of_each_page_has_a_name():
    names = ("changelist", "add_several", "describe")
    assert [reverse(f"admin:library_image_{name}") for name in names] == [LIST, SEVERAL, DESCRIBE]
