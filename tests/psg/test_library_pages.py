"""How pages show pictures: by themselves and inside rich text."""

import html5lib
import pytest
from django.core.files.storage import default_storage
from django.template import Context, Template

from psg.library.in_text import count_wordless, pictures_in
from psg.library.models import Image
from psg.richtext import clean_html, shown_html
from tests.factories import ArticleFactory, EventFactory, PageFactory
from tests.psg.library import WORDS, add, made, photograph
from tests.psg.pictures import encoded
from tests.psg.xss import VECTORS

pytestmark = pytest.mark.django_db


def show(image: Image | None, arguments: str = "") -> str:
    return Template("{% load library %}{% picture image " + arguments + " %}").render(Context({"image": image}))


def srcset(image: Image, kind: str) -> str:
    return ", ".join(f"/media/{copy['name']} {copy['width']}w" for copy in image.copies(kind))


def elements(html: str) -> list[tuple[str, dict[str, str]]]:
    """As a browser reads it."""
    tree = html5lib.parseFragment(html, namespaceHTMLElements=False)
    return [(element.tag, dict(element.attrib)) for element in tree.iter() if isinstance(element.tag, str)][1:]


def only(html: str, tag: str) -> dict[str, str]:
    """The attributes of the one element of that name."""
    (attributes,) = [attributes for name, attributes in elements(html) if name == tag]
    return attributes


def test_a_picture_offers_its_copies_and_its_measures(django_assert_num_queries):
    image = made(add(photograph(2000, 1000), "a.jpg"))
    with django_assert_num_queries(0):
        html = show(image, 'sizes="50vw" class="lead"')
    assert [tag for tag, _ in elements(html)] == ["picture", "source", "img"]
    assert only(html, "source") == {"type": "image/avif", "srcset": srcset(image, "avif"), "sizes": "50vw"}
    assert only(html, "img") == {
        "class": "lead",
        "src": f"/media/{image.copies('webp')[1]['name']}",
        "srcset": srcset(image, "webp"),
        "sizes": "50vw",
        "width": "2000",
        "height": "1000",
        "alt": WORDS,
        "loading": "lazy",
        "decoding": "async",
    }


def test_a_picture_shows_before_the_worker_came_and_no_picture_shows_nothing():
    image = add()
    assert elements(show(image))[0][0] == "img"
    shown = only(show(image), "img")
    assert (shown["src"], shown["width"], shown["height"]) == (f"/media/{image.file.name}", "60", "40")
    assert "srcset" not in shown
    assert show(None) == ""


def test_at_a_width_without_avif_the_list_has_the_webp():
    image = made(add(photograph(700, 500), "a.jpg"))
    small, large = image.copies("avif")[0], image.copies("webp")[1]
    image.renditions.remove(image.copies("avif")[1])
    expected = f"/media/{small['name']} 480w, /media/{large['name']} 700w"
    assert only(show(image), "source")["srcset"] == expected


def test_a_picture_without_any_avif_has_no_source_for_it():
    image = made(add(photograph(700, 500), "a.jpg"))
    image.renditions = image.copies("webp")
    assert only(show(image), "img")["srcset"] == srcset(image, "webp")
    assert "source" not in show(image)


def test_a_picture_on_the_first_screen_is_fetched_first():
    html = show(add(), "eager=True alt=''")
    assert 'fetchpriority="high"' in html
    assert "lazy" not in html
    assert 'alt=""' in html


def test_words_of_a_picture_cannot_break_out_of_its_attributes():
    html = show(add(alt_text='"><script>alert(1)</script>'))
    assert "<script" not in html


@pytest.mark.parametrize(
    ("x", "y", "classes"),
    [
        (50, 50, ""),
        (54, 46, ""),
        (30, 70, "focus-x-30 focus-y-70"),
        (100, 50, "focus-x-100 focus-y-50"),
        (4, 5, "focus-x-0 focus-y-10"),
    ],
)
def test_the_focal_point_is_a_class_because_the_policy_allows_no_style(x, y, classes):
    image = add()
    image.focal_x, image.focal_y = x, y
    assert (f'class="{classes}"' in show(image)) == bool(classes)
    assert "style" not in show(image)
    assert ("focus" in show(image)) == bool(classes)


# --- Inside rich text ----------------------------------------------------------------------------------------------


def in_text(image: Image, attributes: str = f'alt="{WORDS}"') -> str:
    return f'<p>Words <img src="{image.file.url}" {attributes}></p>'


def rendered(html: str) -> str:
    template = Template("{% load richtext %}{{ html|richtext:pictures }}")
    return template.render(Context({"html": html, "pictures": pictures_in(html)}))


def test_a_picture_in_a_text_is_offered_in_every_width_and_format():
    image = made(add(photograph(2000, 1000), "a.jpg"))
    html = rendered(in_text(image))
    sizes = "min(40rem, 100vw)"
    assert only(html, "source") == {"type": "image/avif", "srcset": srcset(image, "avif"), "sizes": sizes}
    shown = only(html, "img")
    assert (shown["srcset"], shown["sizes"]) == (srcset(image, "webp"), sizes)
    assert (shown["width"], shown["height"], shown["alt"], shown["loading"]) == ("2000", "1000", WORDS, "lazy")
    assert html.startswith("<p>Words <picture>")


def test_a_picture_that_was_made_smaller_in_the_text_keeps_its_width_and_shape():
    image = made(add(photograph(2000, 1000), "a.jpg"))
    shown = only(rendered(in_text(image, 'alt="A march" width="300" height="9"')), "img")
    assert (shown["width"], shown["height"], shown["sizes"]) == ("300", "150", "min(300px, 100vw)")


def test_words_that_are_missing_in_the_text_come_from_the_library():
    image = add()
    assert f'alt="{WORDS}"' in rendered(in_text(image, 'alt=""'))
    assert 'alt="Other words"' in rendered(in_text(image, 'alt="Other words"'))


def test_a_picture_that_the_library_does_not_have_stays_as_it_is():
    add()
    html = '<p><img alt="A march" src="/media/library/2019/gone.png"></p>'
    assert rendered(html) == shown_html(html)


@pytest.mark.parametrize(
    ("html", "queries"),
    [
        ("<p>Words</p>", 0),
        ("", 0),
        ('<p><img alt="" src="/media/%00library/a.png"></p>', 0),
        ('<p><img alt="" src="/media/library/%00.png"></p>', 0),
        ('<p><img alt="" src="/media/elsewhere/a.png"></p>', 0),
        ('<p><img alt="" src="/media/library/a.png"><img alt="" src="/media/library/b.png"></p>', 1),
    ],
)
def test_a_text_costs_a_query_only_if_it_holds_a_picture(html, queries, django_assert_num_queries):
    with django_assert_num_queries(queries):
        pictures_in(html)


def test_no_attack_gains_anything_by_the_pictures():
    """Also with the address of a picture that is there: what is put in has none of the text's own attributes."""
    image = made(add(photograph(700, 500), "a.jpg"))
    tricks = [
        f'<a href="/x" title="<img x=" hreflang="es">a</a><img src="{image.file.url}" alt="<img onerror=alert(1)>">',
        f'<img alt="<img a=" src="{image.file.url}" onerror=alert(1) style="x" srcset="/evil 1w">',
        f"<img src='{image.file.url}' alt='\"><script>alert(1)</script>'>",
        f'<a title=\'<img src="{image.file.url}">\' href="/x">a</a>',
        *(vector.replace("src=x", f"src={image.file.url}") for vector in VECTORS),
    ]
    for trick in tricks:
        for html in (trick, clean_html(trick)):
            for tag, attributes in elements(rendered(html)):
                assert tag != "script"
                assert not [name for name in attributes if name.startswith("on") or name == "style"], trick
                assert "evil" not in attributes.get("srcset", "")


def test_what_looks_like_a_picture_inside_a_title_stays_a_title():
    image = made(add(photograph(700, 500), "a.jpg"))
    html = rendered(f'<p><a title=\'<img src="{image.file.url}">\' href="/x">a</a></p>')
    assert [tag for tag, _ in elements(html)] == ["p", "a"]


@pytest.mark.parametrize("factory", [ArticleFactory, PageFactory, EventFactory])
def test_every_kind_of_page_offers_the_pictures_in_its_text(factory, client):
    image = made(add(photograph(700, 500), "a.jpg"))
    page = client.get(factory(body=in_text(image)).get_absolute_url()).content.decode()
    assert f'srcset="{srcset(image, "avif")}"' in page


# --- For other sites -----------------------------------------------------------------------------------------------


def test_an_article_is_shown_elsewhere_by_the_card_of_its_picture(client, settings):
    image = add(encoded("JPEG", (700, 500)), "a.jpg")
    article = ArticleFactory(lead_image=image)
    before = client.get(article.get_absolute_url()).content.decode()
    assert f'property="og:image" content="{settings.SITE_URL}{image.file.url}"' in before
    card = default_storage.url(made(image).card)
    after = client.get(article.get_absolute_url()).content.decode()
    assert f'property="og:image" content="{settings.SITE_URL}{card}"' in after


# --- Missing words -------------------------------------------------------------------------------------------------


def test_pictures_without_words_in_text_and_library_are_counted():
    described, pasted = add(), add(encoded("JPEG"), "a.jpg", alt_text="", words_later=True)
    assert count_wordless("<p>Words</p>") == 0
    assert count_wordless(in_text(pasted)) == 0
    assert count_wordless(in_text(described, 'alt=""')) == 0
    assert count_wordless(in_text(pasted, 'alt=" "') + in_text(pasted, 'alt=""') + in_text(described)) == 2
