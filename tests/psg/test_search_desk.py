"""The search at the desk: the same index, with drafts, beginnings of words and addresses besides."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from news.models import Article, Topic
from psg.models import SearchEntry
from psg.publishing.models import State
from tests.factories import ArticleFactory, EventFactory, PageFactory, TopicFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def listed(client_as):
    """Titles that the desk's list of articles (or another) shows for a query, in their order."""
    desk = client_as("Superuser")

    def ask(query: str, path: str = "/admin/news/article/", **filters) -> list[str]:
        response = desk.get(path, {"q": query} | filters)
        assert response.status_code == 200
        return [row.title for row in response.context["cl"].result_list]

    return ask


def test_drafts_scheduled_and_withdrawn_articles_are_found(listed):
    ArticleFactory(title="Gold draft", state=State.DRAFT)
    ArticleFactory(title="Gold to come", published_at=timezone.now() + timedelta(days=1))
    ArticleFactory(title="Gold withdrawn", state=State.WITHDRAWN)
    ArticleFactory(title="Silver")
    assert set(listed("gold")) == {"Gold draft", "Gold to come", "Gold withdrawn"}


@pytest.mark.parametrize("typed", ["viz", "vizc", "Vizcarra", "congress viz", "dissolve", "VIZCÁRRA", "viscarra"])
def test_the_beginning_of_a_word_other_forms_accents_and_typos_find_it(listed, typed):
    ArticleFactory(title="Vizcarra dissolves Congress", state=State.PUBLISHED)
    ArticleFactory(title="Something else")
    assert listed(typed) == ["Vizcarra dissolves Congress"]


@pytest.mark.parametrize(
    "typed",
    ["unrest-in-the", "/news/2019/10/unrest-in-the-mining-corridor/", "https://psg.example/news/2019/10/unrest-in-the-mining-corridor/"],
)  # fmt: skip
def test_a_slug_a_path_or_a_whole_address_finds_its_article(listed, typed):
    published = timezone.datetime(2019, 10, 13, 12, tzinfo=timezone.get_current_timezone())
    ArticleFactory(title="The one", slug="unrest-in-the-mining-corridor", published_at=published)
    ArticleFactory(title="Another", published_at=published)
    assert listed(typed) == ["The one"]


def test_a_word_that_is_in_every_address_does_not_find_everything(listed):
    ArticleFactory(title="Gold")
    assert listed("news") == []


def test_the_order_stays_that_of_the_list_and_its_filters_hold(listed):
    ArticleFactory(title="Gold, gold and gold")
    ArticleFactory(title="Newer", body="<p>gold</p>", state=State.DRAFT)
    assert listed("gold") == ["Newer", "Gold, gold and gold"]
    assert listed("gold", status="draft") == ["Newer"]


def test_pages_and_events_are_searched_alike_each_among_its_own(listed):
    PageFactory(title="Our gold", slug="our-gold", state=State.DRAFT)
    EventFactory(title="A talk", venue__name="Gold Hall")
    ArticleFactory(title="Gold")
    assert listed("gold", "/admin/pages/page/") == ["Our gold"]
    assert listed("gol", "/admin/events/event/") == ["A talk"]


def send(client, path: str, topics: list[Topic], **fields) -> None:
    """Fill in the form of an article, tick the topics, and send it."""
    form = {
        "title": "Gold in Puno", "slug": "gold-in-puno", "standfirst": "In short.", "body": "<p>At length.</p>",
        "language": "en", "topics": [topic.pk for topic in topics],
        "published_at_0": "2019-10-13", "published_at_1": "12:00",
    }  # fmt: skip
    assert client.post(path, form | fields).status_code == 302


def topics_offered(client) -> dict[str, int]:
    """The topics by which a search for gold can be narrowed, and how many are left."""
    facets = client.get("/search/", {"q": "gold", "kind": "article"}).context["facets"]
    return {choice.label: choice.count for facet in facets if facet.name == "topic" for choice in facet.choices}


def test_topics_ticked_in_the_form_are_found_at_once(client, client_as):
    mining, puno = TopicFactory(name="Mining", slug="mining"), TopicFactory(name="Puno", slug="puno")
    editor = client_as("Editor")
    send(editor, "/admin/news/article/add/", [mining, puno], _publish="1")
    article = Article.objects.get()
    assert topics_offered(client) == {"Mining": 1, "Puno": 1}
    send(editor, reverse("admin:news_article_change", args=[article.pk]), [mining], seen_version=article.version)
    assert SearchEntry.objects.get().topics == "\nmining Mining"


def test_an_old_revision_that_is_restored_brings_its_topics_back_into_the_search(client_as):
    mining, puno = TopicFactory(name="Mining", slug="mining"), TopicFactory(name="Puno", slug="puno")
    editor = client_as("Editor")
    send(editor, "/admin/news/article/add/", [puno], _publish="1")
    article = Article.objects.get()
    old = article.history.latest()
    send(editor, reverse("admin:news_article_change", args=[article.pk]), [mining], seen_version=article.version)
    assert SearchEntry.objects.get().topics == "\nmining Mining"
    article.refresh_from_db()
    history = reverse("admin:news_article_simple_history", args=[article.pk, old.pk])
    send(editor, history, [puno], seen_version=article.version)
    assert SearchEntry.objects.get().topics == "\npuno Puno"


def test_a_renamed_topic_is_renamed_in_the_search_and_one_like_it_is_not(client, client_as):
    mining, law = TopicFactory(name="Mining", slug="mining"), TopicFactory(name="Mining law", slug="mining-law")
    other = TopicFactory(name="Mining in the north", slug="mining-north")
    ArticleFactory(title="Gold", topics=[mining, law, other])
    client_as("Editor").post(
        reverse("admin:news_topic_change", args=[mining.pk]), {"name": "Mines", "slug": "mines", "description": ""}
    )
    assert topics_offered(client) == {"Mines": 1, "Mining law": 1, "Mining in the north": 1}
    page = client.get("/search/", {"q": "gold", "topic": "mines"})
    assert page.context["counts"].total == 1
    assert client.get("/search/", {"q": "gold", "topic": "mining"}).context["counts"].total == 0


@pytest.mark.parametrize("in_bulk", [False, True])
def test_a_deleted_topic_leaves_the_search_and_its_articles_stay(client, client_as, in_bulk):
    mining, puno = TopicFactory(name="Mining", slug="mining"), TopicFactory(name="Puno", slug="puno")
    ArticleFactory(title="Gold", topics=[mining, puno])
    editor = client_as("Editor")
    if in_bulk:
        form = {"action": "delete_selected", "_selected_action": [mining.pk], "post": "yes"}
        editor.post("/admin/news/topic/", form)
    else:
        editor.post(reverse("admin:news_topic_delete", args=[mining.pk]), {"post": "yes"})
    assert not Topic.objects.filter(pk=mining.pk).exists()
    assert SearchEntry.objects.get().topics == "\npuno Puno"
    assert client.get("/search/", {"q": "gold", "topic": "mining"}).context["counts"].total == 0


def test_a_deleted_draft_leaves_no_trace(listed, client_as):
    article = ArticleFactory(title="Gold", state=State.DRAFT, published_at=None, first_public_at=None)
    client_as("Editor").post(reverse("admin:news_article_delete", args=[article.pk]), {"post": "yes"})
    assert not Article.objects.exists()
    assert not SearchEntry.objects.exists()
