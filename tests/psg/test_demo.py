"""The demonstration site: what `manage.py load_demo` puts on an empty one, and that it never undoes anybody's work."""

import json
import re
from datetime import date, timedelta
from html import unescape
from io import StringIO
from itertools import pairwise
from pathlib import Path

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.conf import settings as django_settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from events.models import Event
from news.demo import load_archive
from news.models import LONDON, Article
from pages.models import Page
from psg import demo, weave
from psg.library.models import Image
from psg.models import SearchEntry, User
from psg.publishing.models import State, Status

pytestmark = pytest.mark.django_db

ITEMS = json.loads((Path(django_settings.BASE_DIR) / "news" / "demo" / "articles.json").read_text("utf-8"))["articles"]
OCTOBER_2019 = ITEMS[:10]
MARKS = tuple(demo.SAMPLE_MARK.values())


def load_demo(**options) -> str:
    """Run the command; what it printed."""
    out = StringIO()
    call_command("load_demo", stdout=out, **options)
    return out.getvalue()


@pytest.fixture(autouse=True)
def _development(settings) -> None:
    settings.DEBUG = True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def loaded() -> str:
    return load_demo()


def everything() -> dict[str, list]:
    """All that the demo writes, as rows."""
    return {
        model.__name__: list(model.objects.order_by("pk").values()) for model in (Article, Page, Event, Image, User)
    }


def test_an_empty_site_gets_articles_pages_events_and_staff_and_is_told_the_logins(loaded):
    pages = "9 pages, 4 publications, 4 contact subjects"
    assert f"added 3 staff accounts, 10 topics, 1 author, 14 articles, {pages}, " in loaded
    assert "5 plans, 38 demo people, 2 sample appeals, 2 events" in loaded
    assert all(line in loaded for line in demo.staff_logins())
    assert Article.objects.public().count() == 11
    assert {page.path for page in Page.objects.public()} == {
        "about",
        "about/aims",
        "about/historical-overview",
        "about/human-rights",
        "about/who-we-are",
        "about/contact",
        "about/privacy",
        "about/accessibility",
        "about/complaints",
    }


def test_a_second_run_changes_nothing(loaded):
    before = everything()
    assert "nothing to add" in load_demo()
    assert everything() == before


def test_what_an_editor_changed_stays_changed(loaded):
    Article.objects.filter(slug=OCTOBER_2019[1]["slug"]).update(title="Changed by hand", body="<p>Mine.</p>")
    Page.objects.filter(path="about/aims").update(summary="Ours.")
    user = User.objects.get(email="editor@demo.example")
    user.set_password("changed by hand, too")
    user.save()
    load_demo()
    article = Article.objects.get(slug=OCTOBER_2019[1]["slug"])
    assert (article.title, article.body) == ("Changed by hand", "<p>Mine.</p>")
    assert Page.objects.get(path="about/aims").summary == "Ours."
    assert User.objects.get(pk=user.pk).check_password("changed by hand, too")


def test_the_list_of_news_shows_the_ten_items_in_their_order(loaded, client):
    text = unescape(client.get("/news/").content.decode())
    places = [text.find(f"/{item['slug']}/") for item in OCTOBER_2019]
    assert -1 not in places
    assert all(before < after for before, after in pairwise(places))
    assert all(item["title"] in text and item["standfirst"] in text for item in OCTOBER_2019)
    assert "Sample draft" not in text
    assert "Sample scheduled" not in text
    assert "Sample withdrawn" not in text


def test_the_ten_items_keep_their_dates_and_addresses(loaded, client):
    for item in OCTOBER_2019:
        day = item["published"][:10]
        article = Article.objects.get(slug=item["slug"])
        assert str(article.published_at.astimezone(LONDON).date()) == day
        assert client.get(f"/news/{day[:4]}/{day[5:7]}/{item['slug']}/").status_code == 200
    assert client.get("/news/2019/10/unrest-in-the-mining-corridor/").status_code == 200


def test_the_list_in_the_back_office_has_one_of_every_state(loaded):
    assert all(Article.objects.with_status(status).exists() for status in Status.values)
    gone = Article.objects.get(state=State.WITHDRAWN)
    assert gone.first_public_at


def test_every_body_says_that_it_is_sample_text(loaded):
    load_archive(count=40)
    for thing in [*Article.objects.all(), *Page.objects.all(), *Event.objects.all()]:
        paragraphs = re.findall(r"<p>.*?</p>", thing.body, re.DOTALL)
        assert any(mark in paragraphs[0] or mark in paragraphs[-1] for mark in MARKS), thing


def test_no_link_in_the_demo_leads_nowhere(loaded, client):
    bodies = [thing.body for model in (Article, Page, Event) for thing in model.objects.public()]
    links = {link for body in bodies for link in re.findall(r'href="(/[^"]*)"', body)}
    assert len(links) > 5
    assert [link for link in sorted(links) if client.get(link).status_code != 200] == []


def test_six_items_have_a_woven_picture_that_its_words_describe(loaded):
    with_picture = Article.objects.exclude(lead_image=None).select_related("lead_image")
    assert len(with_picture) == 6
    assert {article.lead_image.credit for article in with_picture} == {"Generated pattern"}
    assert len({article.lead_image.alt_text for article in with_picture}) == 6


@pytest.mark.parametrize(
    ("seed", "dyes"),
    [
        ("mining-corridor", [weave.COCHINEAL, weave.WINE, weave.INK]),
        ("conference", [weave.INDIGO, weave.COCHINEAL]),
        ("toxic-waste", [weave.COCHINEAL, weave.GOLD]),
        ("eiti", [weave.INDIGO, weave.COCHINEAL, weave.GOLD, weave.BONE]),
        ("river", [weave.COCHINEAL, weave.INDIGO, weave.BONE, weave.GOLD]),
        ("palms", [weave.MOSS, weave.GOLD, weave.BONE]),
    ],
)
def test_a_change_of_the_weave_does_not_make_the_descriptions_wrong(seed, dyes):
    assert any(item.get("picture", {}).get("seed") == seed for item in ITEMS)
    assert all(dye in weave.field_svg(seed) for dye in dyes)


def test_the_demo_staff_can_sign_in_and_have_their_roles(loaded, client):
    for email, _name, group, password in demo.STAFF:
        user = User.objects.get(email=email)
        assert user.is_staff
        assert user.check_password(password)
        assert list(user.groups.values_list("name", flat=True)) == ([group] if group else [])
        assert EmailAddress.objects.filter(user=user, email=email, verified=True, primary=True).exists()
    client.post("/accounts/login/", {"login": "editor@demo.example", "password": "demo-editor-2019"})
    assert client.get("/admin/news/article/").status_code == 200


@pytest.mark.parametrize("today", ["2026-08-01", "2026-10-01", "2026-11-24", "2026-12-31"])
def test_the_coming_conference_is_a_saturday_at_least_sixty_days_ahead(today):
    with time_machine.travel(f"{today}T12:00:00Z", tick=False):
        load_demo()
        coming = Event.objects.upcoming().get()
        day = coming.local_start.date()
        assert day.weekday() == 5
        assert 60 <= (day - date.fromisoformat(today)).days < 60 + 366
        assert coming.slug == f"psg-annual-conference-{day.year}"
        assert "Registration is not open on this site yet" in coming.body


def test_the_past_conference_is_that_of_2019(loaded):
    past = Event.objects.get(slug="psg-annual-conference-2019")
    assert f"{past.local_start:%Y-%m-%d %H:%M} to {past.local_end:%H:%M}" == "2019-11-16 10:30 to 17:00"
    assert past.venue.address == "29-31 Tavistock Square, London"


def test_an_archive_reaches_from_2003_to_today_and_has_no_address_twice():
    load_demo(articles=300)
    archive = Article.objects.filter(authors__slug__startswith="sample-").distinct()
    assert archive.count() == 300
    assert len(set(archive.values_list("slug", flat=True))) == 300
    years = set(archive.values_list("published_at__year", flat=True))
    assert years == set(range(2003, timezone.now().year + 1))
    newest = archive.order_by("-published_at").first().published_at
    assert timezone.now() - timedelta(days=60) < newest <= timezone.now()
    assert archive.filter(state=State.WITHDRAWN).count() == 1
    assert "{" not in "".join(archive.values_list("body", flat=True))


def test_an_archive_article_can_be_searched_like_any_other():
    load_demo(articles=50)
    entries = SearchEntry.objects.filter(kind="news.article")
    public = Article.objects.public().count()
    assert entries.filter(published_at__isnull=False).count() == public + 1  # and the scheduled one
    assert entries.count() == Article.objects.count()  # drafts are found at the desk
    assert not SearchEntry.objects.filter(vector=None).exists()


def test_an_archive_is_topped_up_and_not_doubled():
    load_demo(articles=20)
    before = set(Article.objects.values_list("pk", flat=True))
    assert "added 15 archive articles." in load_demo(articles=35)
    assert "nothing to add" in load_demo(articles=35)
    assert "nothing to add" in load_demo(articles=10)
    after = set(Article.objects.values_list("pk", flat=True))
    assert before < after
    assert len(after - before) == 15


def test_the_same_day_makes_the_same_archive(loaded):
    def archive():
        articles = Article.objects.filter(authors__slug__startswith="sample-").distinct()
        return list(articles.order_by("published_at", "slug").values_list("title", "slug", "body", "published_at"))

    with time_machine.travel("2026-11-24T12:00:00Z", tick=False):
        load_archive(count=30)
        first = archive()
        Article.objects.filter(authors__slug__startswith="sample-").delete()
        load_archive(count=30)
        assert archive() == first


def test_a_production_site_refuses_the_demo_and_stays_empty(settings):
    settings.DEBUG = False
    with pytest.raises(CommandError, match="development only"):
        load_demo()
    assert not User.objects.exists()
    assert not Article.objects.exists()


def test_a_negative_archive_is_refused():
    with pytest.raises(CommandError, match="0 or more"):
        load_demo(articles=-5)


def test_the_home_page_still_introduces_aims_history_and_rights(loaded, client):
    html = client.get("/").content.decode()
    titles = [html.index(f">{title}<") for title in ("PSG Aims", "Historical Overview", "Human Rights")]
    assert titles == sorted(titles)
    assert "Accessibility statement" not in html


def test_the_pages_on_privacy_contact_and_complaints_lead_to_each_other_and_nowhere_dead(loaded, client):
    for page in Page.objects.public():
        for path in re.findall(r'href="(/[^"]*)"', page.body):
            assert client.get(path).status_code == 200, (page.path, path)


def test_every_cookie_that_the_site_sets_is_named_on_the_page_on_privacy(loaded, client):
    client.get("/contact/")
    client.post("/accounts/login/", {"login": "editor@demo.example", "password": "demo-editor-2019"})
    client.post("/accounts/logout/")
    text = Page.objects.get(path="about/privacy").body
    assert {"csrftoken", "sessionid"} <= set(client.cookies)
    assert [name for name in client.cookies if name not in text] == []
