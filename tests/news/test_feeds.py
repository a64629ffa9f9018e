"""Feeds and sitemap, read by parsers written by others."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import feedparser
import pytest
from django.utils import timezone
from lxml import etree

from psg import sitemap
from psg.publishing.models import State
from tests.factories import ArticleFactory, AuthorFactory, EventFactory, PageFactory, TopicFactory

pytestmark = pytest.mark.django_db

SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
NEWS = "{http://www.google.com/schemas/sitemap-news/0.9}"
ATOM = "{http://www.w3.org/2005/Atom}"


def addresses(client, path: str = "/sitemap.xml") -> list[str]:
    tree = etree.fromstring(client.get(path).content)
    return [element.text or "" for element in tree.iter(f"{SITEMAP}loc")]


def test_the_feed_is_atom_with_the_full_text_and_absolute_links(client):
    ArticleFactory(
        title="Ñandú & <tags>",
        slug="nandu",
        body='<p>In <a href="/about/">full</a> & more.</p>',
        topics=[TopicFactory(name="Mining")],
        authors=[AuthorFactory(name="Test Guest")],
        published_at=datetime(2019, 10, 13, 12, tzinfo=UTC),
    )
    response = client.get("/news/feed/")
    assert response["Content-Type"] == "application/atom+xml; charset=utf-8"
    feed = feedparser.parse(response.content)
    assert (feed.bozo, feed.version) == (False, "atom10")
    (entry,) = feed.entries
    assert entry.title == "Ñandú & <tags>"
    assert entry.link == "http://127.0.0.1:8000/news/2019/10/nandu/"
    assert '<a href="http://127.0.0.1:8000/about/">full</a>' in entry.content[0].value
    assert entry.tags[0].term == "Mining"
    assert entry.author == "Test Guest"
    assert entry.published == "2019-10-13T12:00:00+00:00"


def test_the_feed_has_what_rfc_4287_demands_of_every_feed_and_entry(client):
    ArticleFactory(language="es")
    tree = etree.fromstring(client.get("/news/feed/").content)
    for element in (tree, *tree.iter(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"{ATOM}{name}")) == 1, f"{name} once in {element.tag}"
        moment = element.findtext(f"{ATOM}updated")
        assert datetime.fromisoformat(moment).tzinfo is not None
    assert tree.find(f"{ATOM}link[@rel='self']").get("href") == "http://127.0.0.1:8000/news/feed/"
    assert tree.find(f"{ATOM}entry").get("{http://www.w3.org/XML/1998/namespace}lang") == "es"


def test_the_feed_has_the_twenty_newest_and_nothing_unpublished(client):
    for number in range(22):
        ArticleFactory(title=f"Number {number}", published_at=timezone.now() - timedelta(days=number + 1))
    for state in (State.DRAFT, State.WITHDRAWN):
        ArticleFactory(title=state, state=state)
    feed = feedparser.parse(client.get("/news/feed/").content)
    assert [entry.title for entry in feed.entries] == [f"Number {number}" for number in range(20)]


def test_an_entry_keeps_its_id_when_slug_and_date_change(client):
    article = ArticleFactory()
    before = feedparser.parse(client.get("/news/feed/").content).entries[0].id
    article.slug, article.published_at = "renamed", timezone.now() - timedelta(days=400)
    article.save()
    assert feedparser.parse(client.get("/news/feed/").content).entries[0].id == before


def test_a_feed_reader_that_has_the_newest_gets_not_modified(client):
    ArticleFactory()
    first = client.get("/news/feed/")
    again = client.get("/news/feed/", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_topic_has_a_feed_of_its_own(client):
    topic = TopicFactory(slug="mining", name="Mining")
    ArticleFactory(title="In it", topics=[topic])
    ArticleFactory(title="Not in it")
    feed = feedparser.parse(client.get("/news/topics/mining/feed/").content)
    assert [entry.title for entry in feed.entries] == ["In it"]
    assert feed.feed.title.endswith("Mining")
    assert client.get("/news/topics/none/feed/").status_code == 404


def test_control_characters_in_a_text_do_not_break_the_feed(client):
    ArticleFactory(title="Bell", body="<p>before \x07\x0b after</p>")
    response = client.get("/news/feed/")
    assert feedparser.parse(response.content).bozo is False


def test_the_sitemap_lists_everything_public_and_nothing_else(client):
    public = [ArticleFactory(topics=[TopicFactory()]), PageFactory(), EventFactory()]
    hidden = [ArticleFactory(state=State.DRAFT), PageFactory(state=State.WITHDRAWN), EventFactory(state=State.DRAFT)]
    listed = addresses(client)
    assert all(f"http://127.0.0.1:8000{thing.get_absolute_url()}" in listed for thing in public)
    assert not any(f"http://127.0.0.1:8000{thing.get_absolute_url()}" in listed for thing in hidden)
    assert len(listed) == len(set(listed))


def test_every_address_of_the_sitemap_answers(client):
    for made in (ArticleFactory(topics=[TopicFactory()]), PageFactory(), EventFactory()):
        assert made.pk
    statuses = {
        address: client.get(address.removeprefix("http://127.0.0.1:8000")).status_code for address in addresses(client)
    }
    assert set(statuses.values()) == {200}, statuses


def test_articles_of_the_last_two_days_carry_the_news_extension(client):
    ArticleFactory(title="Fresh", published_at=timezone.now() - timedelta(hours=47))
    ArticleFactory(title="Stale", published_at=timezone.now() - timedelta(hours=49))
    tree = etree.fromstring(client.get("/sitemap.xml").content)
    news = list(tree.iter(f"{NEWS}news"))
    assert [element.findtext(f"{NEWS}title") for element in news] == ["Fresh"]
    assert news[0].findtext(f"{NEWS}publication/{NEWS}name") == "Peru Support Group"
    assert datetime.fromisoformat(news[0].findtext(f"{NEWS}publication_date")).tzinfo is not None


def test_a_sitemap_that_outgrows_one_file_becomes_an_index_of_files_that_hold_everything(client, monkeypatch):
    whole = {ArticleFactory().get_absolute_url() for _ in range(7)}
    monkeypatch.setattr(sitemap, "PER_FILE", 3)
    files = addresses(client)
    assert all("/sitemap-" in file for file in files)
    found = [url for file in files for url in addresses(client, file.removeprefix("http://127.0.0.1:8000"))]
    assert whole <= {url.removeprefix("http://127.0.0.1:8000") for url in found}
    assert client.get("/sitemap-articles-99.xml").status_code == 404
    assert client.get("/sitemap-nothing-1.xml").status_code == 404


def test_the_sitemap_is_valid_by_the_schema_of_the_protocol(client):
    ArticleFactory()
    schema = etree.XMLSchema(etree.parse(str(Path(__file__).parent / "sitemap.xsd")))
    schema.assertValid(etree.fromstring(client.get("/sitemap.xml").content))
