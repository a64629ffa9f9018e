"""The home page after the real one of October 2019, and the search."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from psg.models import SearchEntry
from psg.publishing import actions
from psg.publishing.models import State
from tests.factories import ArticleFactory, EventFactory, PageFactory

pytestmark = pytest.mark.django_db


def test_the_newest_featured_article_leads_and_is_not_repeated_below(client):
    now = timezone.now()
    ArticleFactory(title="Old feature", featured=True, published_at=now - timedelta(days=9))
    ArticleFactory(title="New feature", featured=True, published_at=now - timedelta(days=5))
    ArticleFactory(title="Newest", published_at=now - timedelta(days=1))
    panels = {panel.name: panel.context for panel in client.get("/").context["panels"]}
    assert panels["lead"]["article"].title == "New feature"
    assert [article.title for article in panels["latest"]["articles"]] == ["Newest", "Old feature"]


def test_without_a_feature_the_newest_leads(client):
    ArticleFactory(title="Older", published_at=timezone.now() - timedelta(days=9))
    ArticleFactory(title="Newest")
    panels = {panel.name: panel.context for panel in client.get("/").context["panels"]}
    assert panels["lead"]["article"].title == "Newest"


def test_the_next_event_is_shown_and_where_none_is_ahead_the_latest(client):
    EventFactory(title="Last year", starts_at=timezone.now() - timedelta(days=300))
    assert "Last year" in client.get("/").content.decode()
    EventFactory(title="Next month", starts_at=timezone.now() + timedelta(days=30))
    EventFactory(title="Next year", starts_at=timezone.now() + timedelta(days=300))
    html = client.get("/").content.decode()
    assert "Next month" in html
    assert "Last year" not in html


def test_an_empty_site_has_a_home_page_with_a_way_on(client):
    html = client.get("/").content.decode()
    assert "Become a member" in html
    assert "<h1" in html


def test_the_demo_home_page_has_every_part_of_the_real_one(client, settings):
    settings.DEBUG = True  # the demo loads in development only
    call_command("load_demo", verbosity=0)
    html = client.get("/").content.decode()
    parts = [
        "Unrest in the mining corridor",
        "SAVE THE DATE - PSG Annual Conference - 16 November 2019",
        "Confiep shows its true colours",
        "PSG Aims",
        "Historical Overview",
        "Human Rights",
        "Keep up to date with latest news and developments in Peru",
        "PSG Annual Conference",
    ]
    assert [part for part in parts if part not in html] == []


def found(client, query: str) -> list[str]:
    return [entry.title for entry in client.get("/search/", {"q": query}).context["page"]]


def test_search_looks_into_titles_standfirsts_and_bodies_of_everything_public(client):
    ArticleFactory(title="About mines", body="<p>Something on <b>copper</b>.</p>")
    PageFactory(title="Who we are", body="<p>Friends of copper workers.</p>")
    EventFactory(title="A talk", body="<p>Copper and its price.</p>")
    ArticleFactory(title="A draft", body="<p>copper</p>", state=State.DRAFT)
    assert set(found(client, "copper")) == {"About mines", "Who we are", "A talk"}


def test_search_stems_and_ignores_accents_in_both_languages(client):
    ArticleFactory(title="Mining in Áncash")
    ArticleFactory(title="Los niños de Puno", language="es")
    assert found(client, "mine") == ["Mining in Áncash"]
    assert found(client, "ANCASH") == ["Mining in Áncash"]
    assert found(client, "ninos") == found(client, "niño") == ["Los niños de Puno"]


def test_phrases_and_exclusions(client):
    ArticleFactory(title="Palm oil plantations")
    ArticleFactory(title="Oil on a palm")
    assert found(client, '"palm oil"') == ["Palm oil plantations"]
    assert found(client, "oil -plantations") == ["Oil on a palm"]


def test_a_title_that_matches_ranks_before_a_body_that_does(client):
    ArticleFactory(title="Something else", body="<p>gold</p>")
    ArticleFactory(title="Gold")
    assert found(client, "gold") == ["Gold", "Something else"]


def test_matched_words_are_marked_and_nothing_in_a_text_can_pretend_to_be_a_mark(client):
    ArticleFactory(title="Gold", body="<p>The price of gold &lt;b&gt;rose&lt;/b&gt;.</p>")
    html = client.get("/search/", {"q": "gold"}).content.decode()
    assert "<mark>gold</mark>" in html
    assert "<b>rose" not in html


def test_nothing_found_says_what_to_try_and_keeps_the_query(client):
    html = client.get("/search/", {"q": "zzz"}).content.decode()
    assert 'value="zzz"' in html
    assert "/news/topics/" in html


def test_results_are_paged_and_the_query_stays_in_the_address(client):
    for number in range(25):
        ArticleFactory(title=f"Gold {number}")
    html = client.get("/search/", {"q": "gold & silver"}).content.decode()
    assert "gold &amp; silver" in html
    first = client.get("/search/", {"q": "gold"})
    assert first.context["page"].paginator.num_pages == 2
    assert "?q=gold&amp;page=2" in first.content.decode()
    assert client.get("/search/", {"q": "gold", "page": "3"}).status_code == 404


def test_the_index_follows_a_correction_and_a_withdrawal(client, staff):
    article = ArticleFactory(title="Gold")
    article.title = "Silver"
    actions.save(article)
    assert (found(client, "gold"), found(client, "silver")) == ([], ["Silver"])
    actions.withdraw(article, by=staff("Editor"))
    assert found(client, "silver") == []


def test_a_deleted_draft_leaves_no_trace_in_the_index(client, client_as, staff):
    article = ArticleFactory(title="Gold", published_at=timezone.now() + timedelta(days=1))
    actions.withdraw(article, by=staff("Editor"))
    article.delete()
    assert found(client, "gold") == []


def test_a_lost_or_stale_index_is_rebuilt_from_what_is_there(client, capsys):
    ArticleFactory(title="Gold")
    PageFactory(title="Gold and silver")
    ArticleFactory(title="Gold in a draft", state=State.DRAFT)
    gone = EventFactory(title="Golden day")
    before = sorted(found(client, "gold"))
    SearchEntry.objects.filter(title="Gold").delete()
    SearchEntry.objects.filter(title="Gold and silver").update(title="Stale", vector=None)
    gone.delete()  # in code, past the actions
    call_command("rebuild_search")
    assert sorted(found(client, "gold")) == [title for title in before if title != "Golden day"]
    assert "2 entries from 3 articles, pages and events" in capsys.readouterr().out


def test_a_rebuild_goes_through_a_large_table_in_batches(client, monkeypatch):
    monkeypatch.setattr("psg.management.commands.rebuild_search.BATCH", 2)
    for number in range(5):
        ArticleFactory(title=f"Gold {number}")
    SearchEntry.objects.all().delete()
    call_command("rebuild_search", verbosity=0)
    assert len(found(client, "gold")) == 5
