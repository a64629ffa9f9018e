"""The index follows every change at once, and can be made afresh while everything goes on."""

import threading
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from news.models import Article
from psg import search
from psg.models import SearchEntry, SearchText, SearchWord
from psg.publishing import actions
from psg.publishing.models import State
from psg.search import words
from tests.at_once import at_once
from tests.factories import ArticleFactory, EventFactory, PageFactory, TopicFactory

pytestmark = pytest.mark.django_db


def found(client, query: str) -> list[str]:
    """Titles, in their order."""
    return [entry.title for entry in client.get("/search/", {"q": query}).context["page"]]


class TestFollowing:
    def test_a_correction_and_a_withdrawal(self, client, staff):
        article = ArticleFactory(title="Gold")
        article.title = "Silver"
        actions.save(article)
        assert (found(client, "gold"), found(client, "silver")) == ([], ["Silver"])
        actions.withdraw(article, by=staff("Editor"))
        assert found(client, "silver") == []

    def test_a_change_that_is_rolled_back_leaves_the_index_as_it_was(self, client):
        article = ArticleFactory(title="Gold")

        with transaction.atomic():
            article.title = "Silver"
            actions.save(article)
            transaction.set_rollback(True)
        assert (found(client, "gold"), found(client, "silver")) == (["Gold"], [])

    def test_a_page_that_moves_with_those_below_it(self, client):
        about = PageFactory(title="About gold", slug="about")
        PageFactory(title="Gold aims", slug="aims", parent=about)
        about.slug = "us"
        actions.save(about)
        urls = {entry.url for entry in client.get("/search/", {"q": "gold"}).context["page"]}
        assert urls == {"/us/", "/us/aims/"}

    def test_many_rows_cost_a_handful_of_queries(self):
        articles = [ArticleFactory(topics=[TopicFactory()]) for _ in range(30)]
        fresh = list(Article.objects.filter(pk__in=[article.pk for article in articles]))
        with CaptureQueriesContext(connection) as captured:
            search.index_many(fresh)
        assert len(captured) <= 4

    def test_a_text_of_any_length_fits(self, client):
        sesame = " ".join(f"w{number:x}rd{number}" for number in range(120_000))
        ArticleFactory(title="Gold", body=f"<p>{sesame} {'ñandú' * 200_000}</p>")
        assert found(client, "gold") == ["Gold"]

    def test_an_address_of_full_length_fits(self, client):
        page = PageFactory(title="Gold", slug="x" * 80)
        for _ in range(3):
            page = PageFactory(title="Gold", slug="y" * 80, parent=page)
        deepest = PageFactory(title="Gold", slug="z" * 76, parent=page)
        assert len(deepest.path) == 400
        assert len(found(client, "gold")) == 5

    def test_another_kind_of_language_is_read_as_english(self, client, monkeypatch):
        text = SearchText(summary="", body="Mines", language="qu")
        monkeypatch.setattr(Article, "search_text", lambda article: text)
        ArticleFactory(title="Huk")
        assert found(client, "mining") == ["Huk"]


class TestWords:
    def test_come_from_public_texts_alone_and_keep_their_accents(self):
        ArticleFactory(title="Niños de Áncash", standfirst="", body="", language="es")
        ArticleFactory(title="Zirconium", state=State.DRAFT)
        assert set(SearchWord.objects.values_list("word", "shown")) == {("ninos", "niños"), ("ancash", "áncash")}

    def test_known_ones_are_not_written_again(self):
        for _ in range(3):
            ArticleFactory(title="Gold")
        assert SearchWord.objects.filter(shown="gold").count() == 1

    def test_a_double_changes_nothing_and_is_tidied_away(self, client):
        ArticleFactory(title="Vizcarra")
        SearchWord.objects.create(word="vizcarra", shown="vizcarra")
        SearchWord.objects.create(word="nobody", shown="nobody")
        assert found(client, "viscarra") == ["Vizcarra"]
        call_command("rebuild_search", verbosity=0)
        assert SearchWord.objects.filter(shown="vizcarra").count() == 1
        assert not SearchWord.objects.filter(shown="nobody").exists()

    def test_a_long_query_is_looked_at_in_one_query(self):
        ArticleFactory(title="Vizcarra")
        with CaptureQueriesContext(connection) as captured:
            words.respelt("viscarra " * 20)
        assert len(captured) == 1


class TestRebuild:
    def test_a_lost_or_stale_index_is_made_from_what_is_there(self, client, capsys):
        mining = TopicFactory(name="Mining", slug="mining")
        ArticleFactory(title="Gold", topics=[mining])
        PageFactory(title="Gold and silver")
        ArticleFactory(title="Gold in a draft", state=State.DRAFT)
        gone = EventFactory(title="Golden day")
        before = sorted(found(client, "gold"))
        SearchEntry.objects.filter(title="Gold").delete()
        SearchEntry.objects.filter(title="Gold and silver").update(title="Stale", vector=None)
        SearchEntry.objects.create(kind="news.pamphlet", object_id=1, url="/", title="Of a kind that is no more")
        SearchWord.objects.all().delete()
        gone.delete()  # in code, past the actions
        call_command("rebuild_search")
        assert sorted(found(client, "gold")) == [title for title in before if title != "Golden day"]
        assert found(client, "silvr") == ["Gold and silver"]
        out = capsys.readouterr().out
        assert "Search index: 3 entries (articles, events, pages" in out
        assert "Dropped: 2 entries of what is no more" in out
        assert "█" not in out

    def test_goes_through_a_large_table_in_batches(self, client, monkeypatch):
        monkeypatch.setattr("psg.management.commands.rebuild_search.BATCH", 2)
        for number in range(5):
            ArticleFactory(title=f"Gold {number}")
        SearchEntry.objects.all().delete()
        call_command("rebuild_search", verbosity=0)
        assert len(found(client, "gold")) == 5

    def test_shows_a_bar_that_grows_on_a_terminal(self, capsys, monkeypatch):
        monkeypatch.setattr("psg.management.commands.rebuild_search.BATCH", 2)
        monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
        for _ in range(4):
            ArticleFactory()
        call_command("rebuild_search")
        bars = [line for line in capsys.readouterr().out.split("\r") if "░" in line or "█" in line]
        assert bars[0].startswith("█" * 15 + "░" * 15 + " 2 of 4")
        assert bars[-1].startswith("█" * 30 + " 4 of 4\n")

    def test_of_an_empty_site_is_no_error(self, capsys, monkeypatch):
        monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
        call_command("rebuild_search")
        assert "0 entries" in capsys.readouterr().out


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_two_rebuilds_and_an_editor_do_each_other_no_harm(self, monkeypatch, staff):
        monkeypatch.setattr("psg.management.commands.rebuild_search.BATCH", 5)
        articles = [ArticleFactory(title=f"Gold {number}") for number in range(40)]
        seen: list[int] = []

        def rebuild() -> None:
            for _ in range(3):
                call_command("rebuild_search", verbosity=0)

        def edit() -> None:
            for article in articles:
                article.title = article.title.replace("Gold", "Silver")
                with transaction.atomic():
                    actions.lock_version(article, seen_version=article.version)
                    actions.save(article)

        def read() -> None:
            for _ in range(20):
                seen.append(Client().get("/search/", {"q": "gold or silver"}).context["counts"].total)

        assert at_once(rebuild, rebuild, edit, read) == [None] * 4
        assert set(seen) == {40}, "at every moment readers find all"
        titles = set(SearchEntry.objects.values_list("title", flat=True))
        assert titles == {f"Silver {number}" for number in range(40)}

    def test_a_rebuild_never_puts_an_older_text_back(self, monkeypatch):
        """It reads a row, an editor saves it, it writes what it read: held back by the lock on the row."""
        article = ArticleFactory(title="Gold")
        read, saved = threading.Event(), threading.Event()
        index_many = search.index_many

        def slowly(objects) -> None:
            if any(isinstance(each, Article) for each in objects) and threading.current_thread().name == "rebuild":
                read.set()
                saved.wait(1)  # without the lock the editor is done within this second
            index_many(objects)

        monkeypatch.setattr(search, "index_many", slowly)

        def rebuild() -> None:
            threading.current_thread().name = "rebuild"
            call_command("rebuild_search", verbosity=0)

        def edit() -> None:
            read.wait(10)
            with transaction.atomic():
                actions.lock_version(article, seen_version=1)
                article.title = "Silver"
                actions.save(article)
            saved.set()

        assert at_once(rebuild, edit) == [None] * 2
        assert SearchEntry.objects.get().title == "Silver"

    def test_two_editors_with_the_same_new_words_in_opposite_order_do_not_block_each_other(self):
        first, second = ArticleFactory(), ArticleFactory()
        both = threading.Barrier(2, timeout=10)

        def write(article: Article, *titles: str):
            def run() -> None:
                with transaction.atomic():
                    for title in titles:
                        article.title = title
                        actions.save(article)
                        both.wait()  # a lock that is held here till the end would close the circle

            return run

        assert at_once(write(first, "Zirconium", "Palladium"), write(second, "Palladium", "Zirconium")) == [None] * 2
        assert set(SearchEntry.objects.values_list("title", flat=True)) == {"Palladium", "Zirconium"}

    def test_one_thing_indexed_twice_at_once_is_there_once(self):
        article = ArticleFactory(title="Gold", published_at=timezone.now() - timedelta(days=1))
        SearchEntry.objects.all().delete()
        assert at_once(*[lambda: search.index(article)] * 4) == [None] * 4
        assert SearchEntry.objects.count() == 1
