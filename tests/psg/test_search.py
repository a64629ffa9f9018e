"""What readers find, and how they are helped when they do not."""

from datetime import UTC, datetime, timedelta

import html5lib
import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from psg.publishing.models import State
from tests.factories import ArticleFactory, EventFactory, PageFactory, TopicFactory

pytestmark = pytest.mark.django_db


def search(client, query: str, **filters):
    return client.get("/search/", {"q": query} | filters)


def found(client, query: str, **filters) -> list[str]:
    """Titles, in their order."""
    return [entry.title for entry in search(client, query, **filters).context["page"]]


def html(client, query: str, **filters) -> str:
    return search(client, query, **filters).content.decode()


def words(text: str) -> str:
    """The text of a page, single-spaced."""
    tree = html5lib.parse(text, namespaceHTMLElements=False)
    return " ".join("".join(tree.itertext()).split())


class TestWhatIsFound:
    def test_titles_standfirsts_and_bodies_of_everything_public(self, client):
        ArticleFactory(title="About mines", body="<p>Something on <b>copper</b>.</p>")
        PageFactory(title="Who we are", body="<p>Friends of copper workers.</p>")
        EventFactory(title="A talk", summary="Copper and its price.")
        ArticleFactory(title="A draft", body="<p>copper</p>", state=State.DRAFT)
        ArticleFactory(title="Taken back", body="<p>copper</p>", state=State.WITHDRAWN)
        assert set(found(client, "copper")) == {"About mines", "Who we are", "A talk"}

    def test_a_scheduled_article_appears_at_its_minute(self, client):
        at = timezone.now() + timedelta(days=3)
        ArticleFactory(title="Copper tomorrow", published_at=at)
        assert found(client, "copper") == []
        with time_machine.travel(at + timedelta(seconds=1)):
            assert found(client, "copper") == ["Copper tomorrow"]

    @pytest.mark.parametrize("query", ["mines", "mine", "MINED", "mining"])
    def test_other_forms_of_a_word(self, client, query):
        ArticleFactory(title="Mining in Áncash")
        assert found(client, query) == ["Mining in Áncash"]

    @pytest.mark.parametrize("query", ["ninos", "niño", "NIÑOS"])
    def test_accents_make_no_difference_in_spanish(self, client, query):
        ArticleFactory(title="Los niños de Puno", language="es")
        assert found(client, query) == ["Los niños de Puno"]

    def test_phrases_and_exclusions(self, client):
        ArticleFactory(title="Palm oil plantations")
        ArticleFactory(title="Oil on a palm")
        assert found(client, '"palm oil"') == ["Palm oil plantations"]
        assert found(client, "oil -plantations") == ["Oil on a palm"]

    def test_an_exclusion_alone_finds_all_the_rest(self, client):
        ArticleFactory(title="Gold")
        ArticleFactory(title="Silver")
        ArticleFactory(title="A draft", state=State.DRAFT)
        assert found(client, "-gold") == ["Silver"]

    def test_an_excluded_word_is_excluded_in_every_language(self, client):
        ArticleFactory(title="Oil in Loreto", body="<p>plantations</p>")
        ArticleFactory(title="Oil: petróleo", body="<p>plantaciones, plantations</p>", language="es")
        assert found(client, "oil -plantations") == []

    def test_a_title_that_matches_ranks_before_a_body_that_does(self, client):
        ArticleFactory(title="Something else", body="<p>gold</p>")
        ArticleFactory(title="Gold", published_at=timezone.now() - timedelta(days=900))
        assert found(client, "gold") == ["Gold", "Something else"]

    def test_of_a_very_common_word_the_newest_come_and_old_titles_that_match(self, client, monkeypatch):
        monkeypatch.setattr("psg.search.results.RANKED", 3)
        monkeypatch.setattr("psg.search.results.RANKED_BY_TITLE", 1)
        now = timezone.now()
        for years in range(6):
            ArticleFactory(
                title=f"{years} years ago",
                body="<p>gold</p>",
                published_at=now - timedelta(days=370 * years),
            )
        ArticleFactory(title="Gold", published_at=now - timedelta(days=4000))
        response = search(client, "gold")
        assert [entry.title for entry in response.context["page"]] == ["Gold", "0 years ago", "1 years ago"]
        text = words(response.content.decode())
        assert "7 results" in text
        assert "These are the best 3" in text
        for filters in ({"year": now.year}, {"kind": "article", "page": 1}):
            assert found(client, "gold", **filters)

    def test_no_answer_takes_more_than_six_queries_the_menus_among_them(self, client, monkeypatch):
        monkeypatch.setattr("psg.search.results.RANKED", 3)
        for number in range(12):
            ArticleFactory(title=f"Vizcarra {number}")
        for query in ("vizcarra", "viscarra", "zzzz", ""):
            with CaptureQueriesContext(connection) as captured:
                search(client, query)
            assert len(captured) <= 6, query


class TestHowItIsShown:
    def test_matched_words_are_marked_in_title_and_text_and_nothing_can_pretend_to_be_a_mark(self, client):
        ArticleFactory(title="Gold \ue000rush\ue001 <b>", body="<p>The price of gold &lt;b&gt;rose&lt;/b&gt;.</p>")
        page = html(client, "gold")
        assert "<mark>Gold</mark> rush &lt;b&gt;" in page
        assert "<mark>gold</mark>" in page
        assert "<b>" not in page

    def test_an_excerpt_is_cut_in_the_language_of_the_text(self, client):
        ArticleFactory(title="Sierra", body="<p>Los mineros marchan a Lima.</p>", language="es")
        assert "<mark>mineros</mark>" in html(client, "minero")

    def test_a_passage_far_down_is_shown(self, client):
        ArticleFactory(body=f"<p>{'Much was said before. ' * 200} Then came the zirconium. {'And so on. ' * 50}</p>")
        assert "Then came the <mark>zirconium</mark>" in html(client, "zirconium")

    def test_where_only_the_title_matches_the_standfirst_is_shown(self, client):
        ArticleFactory(title="Gold", standfirst="What happened, in short.", body="<p>At length.</p>")
        assert "What happened, in short." in html(client, "gold")

    def test_each_result_says_what_it_is_and_when(self, client):
        ArticleFactory(title="Gold", published_at=datetime(2019, 10, 13, 12, tzinfo=UTC))
        EventFactory(
            title="Gold talk",
            starts_at=datetime(2020, 2, 1, 12, tzinfo=UTC),
            ends_at=datetime(2020, 2, 1, 14, tzinfo=UTC),
        )
        PageFactory(title="Our gold")
        text = words(html(client, "gold"))
        assert "Gold Article · 13 October 2019" in text
        assert "Gold talk Event · 1 February 2020" in text
        assert "Our gold Page What this page says" in text

    def test_a_spanish_result_says_so_to_screen_readers(self, client):
        ArticleFactory(title="Oro", language="es")
        assert '<li class="result" lang="es">' in html(client, "oro")

    def test_the_number_is_announced_and_in_the_title(self, client):
        for number in range(25):
            ArticleFactory(title=f"Gold {number}")
        page = html(client, "gold")
        status = page.partition('role="status">')[2].partition("</p>")[0]
        assert "25 results · page 1 of 2" in words(status)
        assert "“gold”: 25 results" in page.partition("</title>")[0]

    def test_the_query_stays_in_the_box(self, client):
        assert 'value="gold &amp; &quot;silver&quot;"' in html(client, 'gold & "silver"')

    def test_pages_keep_the_query_and_the_filters(self, client):
        mining = TopicFactory(name="Mining", slug="mining")
        for number in range(45):
            ArticleFactory(title=f"Gold {number}", topics=[mining])
        page = html(client, "gold & silver or gold", topic="mining", kind="article")
        assert "?q=gold+%26+silver+or+gold&amp;kind=article&amp;topic=mining&amp;page=2" in page
        seen = {title for number in (1, 2, 3) for title in found(client, "gold", topic="mining", page=number)}
        assert len(seen) == 45

    def test_before_anything_is_asked_it_says_how_to_ask(self, client):
        response = client.get("/search/")
        assert "In quotation marks: exactly these words" in response.content.decode()
        assert 'role="status"' not in response.content.decode()


class TestFilters:
    @pytest.fixture
    def archive(self):
        mining, rights = TopicFactory(name="Mining", slug="mining"), TopicFactory(name="Human rights", slug="rights")
        ArticleFactory(title="A", topics=[mining], published_at=datetime(2018, 5, 1, tzinfo=UTC))
        ArticleFactory(title="B", topics=[mining, rights], published_at=datetime(2019, 5, 1, tzinfo=UTC))
        ArticleFactory(title="C", topics=[rights], published_at=datetime(2019, 12, 31, 23, 30, tzinfo=UTC))
        PageFactory(title="P", body="<p>story</p>", published_at=datetime(2020, 5, 1, tzinfo=UTC))
        ArticleFactory(title="Draft", topics=[mining], state=State.DRAFT)

    def counts(self, client, **filters) -> dict[str, dict[str, int]]:
        facets = search(client, "story", **filters).context["facets"]
        return {facet.name: {choice.label: choice.count for choice in facet.choices} for facet in facets}

    def test_say_how_many_there_are_of_each(self, client, archive):
        assert self.counts(client) == {
            "kind": {"Articles": 3, "Pages": 1},
            "topic": {"Mining": 2, "Human rights": 2},
            "year": {"2020": 1, "2019": 2, "2018": 1},
        }

    def test_narrow_the_result(self, client, archive):
        assert set(found(client, "story", kind="page")) == {"P"}
        assert set(found(client, "story", topic="mining")) == {"A", "B"}
        assert set(found(client, "story", year="2019")) == {"B", "C"}
        assert found(client, "story", topic="mining", year="2019", kind="article") == ["B"]

    def test_count_what_would_be_left_with_the_other_filters(self, client, archive):
        assert self.counts(client, topic="mining")["year"] == {"2019": 1, "2018": 1}
        assert self.counts(client, topic="mining")["topic"] == {"Mining": 2, "Human rights": 2}

    def test_every_count_is_what_its_link_leads_to(self, client, archive):
        checked = 0
        for path in ["/search/?q=story", "/search/?q=story&topic=mining", "/search/?q=story&year=2019&topic=rights"]:
            for facet in client.get(path).context["facets"]:
                for choice in facet.choices:
                    if not choice.is_chosen:
                        total = client.get("/search/" + choice.address).context["counts"].total
                        assert total == choice.count, choice
                        checked += 1
        assert checked > 10

    def test_are_taken_away_one_by_one_or_all_at_once(self, client, archive):
        page = html(client, "story", topic="mining", year="2019")
        assert page.count('aria-current="true"') == 2
        assert 'href="?q=story&amp;year=2019"' in page
        assert 'href="?q=story&amp;topic=mining"' in page
        assert "Clear filters" in page
        assert 'href="?q=story"' in page

    def test_a_year_is_that_of_london(self, client):
        ArticleFactory(title="Gold at midnight", published_at=datetime(2019, 6, 30, 23, 30, tzinfo=UTC))
        ArticleFactory(title="Gold in summer", published_at=datetime(2018, 12, 31, 23, 59, tzinfo=UTC))
        assert found(client, "gold", year="2018") == ["Gold in summer"]

    def test_an_event_belongs_to_the_year_in_which_it_is(self, client):
        EventFactory(title="Gold", starts_at=datetime(2017, 3, 1, tzinfo=UTC), ends_at=datetime(2017, 3, 2, tzinfo=UTC))
        assert found(client, "gold", year="2017") == ["Gold"]

    @pytest.mark.parametrize("filters", [{"year": "abc"}, {"year": "٢٠١٩"}, {"year": "9" * 30}, {"kind": "psg.user"}])
    def test_what_is_no_filter_is_left_out(self, client, archive, filters):
        assert len(found(client, "story", **filters)) == 4

    @pytest.mark.parametrize("filters", [{"topic": "none"}, {"year": "1999"}, {"topic": "%"}, {"topic": "\\"}])
    def test_a_filter_that_nothing_passes_can_be_taken_away(self, client, archive, filters):
        page = html(client, "story", **filters)
        assert "Without the filters there are 4 results" in page
        assert "Remove the filters" in page


class TestMistakes:
    @pytest.fixture
    def archive(self):
        ArticleFactory(title="Vizcarra dissolves Congress")
        ArticleFactory(title="El fujimorismo y los niños", language="es")

    @pytest.mark.parametrize(
        ("typed", "meant"),
        [("viscarra", "vizcarra"), ("fujimorsimo", "fujimorismo"), ("ninnos", "niños"), ("Congrss", "congress")],
    )
    def test_show_at_once_what_was_probably_meant_and_say_so(self, client, archive, typed, meant):
        page = html(client, typed)
        assert f"Showing results for {meant}. Nothing was found for “{typed}”." in words(page)
        assert len(found(client, typed)) == 1
        assert f'value="{typed}"' in page

    def test_only_the_word_that_is_wrong_changes(self, client, archive):
        assert found(client, "viscarra congress") == ["Vizcarra dissolves Congress"]
        assert search(client, "viscarra congress -lima").context["answer"].text == "vizcarra congress -lima"

    def test_a_rare_spelling_is_shown_and_the_common_one_offered(self, client):
        ArticleFactory(title="Viscarra speaks")
        for number in range(12):
            ArticleFactory(title=f"Vizcarra {number}")
        assert found(client, "viscarra") == ["Viscarra speaks"]
        page = html(client, "viscarra")
        assert 'Did you mean <a href="?q=vizcarra">vizcarra</a>?' in page

    def test_nothing_is_offered_for_what_is_right(self, client, archive):
        response = search(client, "vizcarra")
        assert (response.context["answer"].suggestion, response.context["answer"].is_corrected) == (None, False)

    def test_words_of_drafts_scheduled_and_withdrawn_texts_are_never_offered(self, client, client_as):
        ArticleFactory(title="Zirconium", state=State.DRAFT)
        ArticleFactory(title="Rhodium", published_at=timezone.now() + timedelta(days=1))
        withdrawn = ArticleFactory(title="Palladium")
        assert found(client, "paladium") == ["Palladium"]
        client_as("Editor").post("/admin/news/article/", {
            "action": "withdraw_selected", "_selected_action": [withdrawn.pk],
        })  # fmt: skip
        for typed in ("zirkonium", "rodium", "paladium"):
            page = html(client, typed)
            assert "Nothing found" in page
            assert "zirconium" not in page.lower()
            assert "rhodium" not in page.lower()
            assert "palladium" not in page.lower()

    def test_nothing_at_all_says_what_to_try(self, client, archive):
        page = html(client, "zzzzzz")
        assert "Nothing found for “zzzzzz”" in page
        assert "Use fewer words" in page
        assert "/news/topics/" in page

    def test_a_correction_keeps_filters_and_pages(self, client):
        for number in range(30):
            ArticleFactory(title=f"Vizcarra {number}")
        PageFactory(title="Vizcarra")
        response = search(client, "viscarra", kind="article", page=2)
        assert len(response.context["page"]) == 10
        assert "?q=viscarra&amp;kind=article&amp;page=1" in response.content.decode()


class TestBadInput:
    QUERIES = [
        '"unclosed', '"', '""', "-", "--", "-gold", "%", "_", "\\", "\\\\", "'", "!", "&|", "& | !", ":*", "gold:*",
        "<->", "()", "OR", "or or", "the", "🐑", "🐑🐑 🐑", "مرحبا بالعالم", "\u202edlog", "中文",
        "'; DROP TABLE psg_searchentry;--", "<b>x</b>", "<script>alert(1)</script>",
        "a" * 10_000, "word " * 2_000, '"' * 10_000, "-x " * 5_000, "\n\t\r",
        "\ue000gold\ue001", "é" * 300, "a\u0300" * 50, "{{ 7 }}", "gold AND (silver", "İstanbul", "ﬁne", "١٢٣",
    ]  # fmt: skip

    @pytest.mark.parametrize("query", QUERIES)
    def test_any_query_is_answered_and_nothing_in_it_is_markup(self, client, client_as, query):
        ArticleFactory(title="Gold of the Incas", topics=[TopicFactory()])
        response = search(client, query, topic=query, kind=query, year=query)
        assert response.status_code == 200
        assert search(client, query).status_code == 200
        page = response.content.decode()
        assert "<b>x</b>" not in page
        assert "<script>alert" not in page
        html5lib.HTMLParser(strict=True).parse(page)
        assert client_as("Editor").get("/admin/news/article/", {"q": query}).status_code == 200

    @pytest.mark.parametrize("raw", ["%ED%A0%80", "%ff%fe", "%C3%28", "%F4%90%80%80", "a%ED%BF%BFb"])
    def test_bytes_that_are_no_text_are_answered(self, client, client_as, raw):
        ArticleFactory(title="Gold")
        for path in (f"/search/?q={raw}", f"/search/?q=gold&topic={raw}&kind={raw}&year={raw}"):
            assert client.get(path).status_code == 200
        assert client_as("Editor").get(f"/admin/news/article/?q={raw}").status_code == 200

    @pytest.mark.parametrize("page", ["-1", "0", "2", "abc", "9" * 40, "1.5", "", "²", "%"])
    def test_a_page_that_there_is_not_is_a_404(self, client, page):
        ArticleFactory(title="Gold")
        assert search(client, "gold", page=page).status_code == 404
        assert search(client, "gold", page="1").status_code == 200
