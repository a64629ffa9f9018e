"""Articles for members: whole for those who may read them, the beginning and why to join for everybody else."""

import json
import random
import re
import uuid
from datetime import timedelta

import feedparser
import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from lxml import html as lxml_html

from membership.actions import memberships
from membership.actions.payments import Money, record
from membership.models import Person, Plan
from news.models import OPEN_WORDS, Article
from pages.models import HomePanel
from psg.accounts import vouch_for_address
from psg.models import SearchWord, User
from psg.publishing import actions as publishing
from psg.richtext import plain_text
from tests.factories import ArticleFactory, AuthorFactory, PersonFactory, PlanFactory, PriceFactory, TopicFactory
from tests.psg.library import add, made
from tests.psg.pictures import encoded

pytestmark = pytest.mark.django_db

OPEN = ["Opening words of the report.", "Secondly the context."]
SECRET = "quetzalcoatlus"
HIDDEN = f"<p>Thirdly the {SECRET}.</p><p>And at last more of the {SECRET}s.</p>"
BODY = "".join(f"<p>{words}</p>" for words in OPEN) + "<p>Halfway there.</p>" + HIDDEN
REST = "The rest of this article is for members"


@pytest.fixture
def article() -> Article:
    return ArticleFactory(
        title="Headline",
        slug="headline",
        body=BODY,
        members_only=True,
        sources=f"https://example.org/{SECRET} Where the {SECRET} is from",
    )


@pytest.fixture
def plan() -> Plan:
    plan = PlanFactory(name="Household", max_people=4)
    PriceFactory(plan=plan)
    return plan


def pay(person: Person, plan: Plan, *, years_ago: int = 0):
    day = timezone.localdate() - timedelta(days=366 * years_ago)
    with time_machine.travel(f"{day}T12:00:00Z", tick=False):
        money = Money(gross_pence=2500, method="cheque", received_on=day, token=str(uuid.uuid4()))
        return record(person=person, price=plan.prices.get(), money=money)


def signed_in(email: str = "reader@people.example", **about) -> Client:
    """A client of somebody with an account; with `person` that record's."""
    person = about.pop("person", None)
    user = User.objects.create_user(email, **about)
    if person:
        person.user = user
        person.save()
    client = Client()
    client.force_login(user)
    return client


def text(response) -> str:
    return response.content.decode()


def reads_all(client: Client, article: Article) -> bool:
    """Whether the page has the whole text; if not, that it has the other answer, whole as well."""
    response = client.get(article.get_absolute_url())
    assert response.status_code == 200
    page = text(response)
    assert all(words in page for words in OPEN)
    has_all = f"at last more of the {SECRET}s" in page and f"Where the {SECRET} is from" in page
    assert has_all != (REST in page)
    assert has_all or SECRET not in page.lower()
    return has_all


class TestWhoReads:
    def test_a_visitor_reads_the_beginning_and_why_to_join(self, client, article):
        assert not reads_all(client, article)
        page = lxml_html.fromstring(client.get(article.get_absolute_url()).content)
        (part,) = page.find_class("members-part")
        links = [link.get("href") for link in part.iter("a")]
        assert links == ["/membership/", f"/accounts/login/?next={article.get_absolute_url().replace('/', '%2F')}"]
        assert len(list(part.iter("li"))) >= 2

    def test_the_reasons_are_those_that_staff_wrote_for_the_home_page(self, client, article):
        HomePanel.objects.filter(name="why_join").update(text="Because of the llamas.", link_label="Come along")
        page = text(client.get(article.get_absolute_url()))
        assert "Because of the llamas." in page
        assert "Come along" in page

    def test_an_open_article_says_nothing_of_members(self, client):
        page = text(client.get(ArticleFactory(body=BODY).get_absolute_url()))
        assert SECRET in page
        assert "members" not in page.split("<main", 1)[1].split("</main>", 1)[0].lower()

    def test_signing_in_leads_back_to_the_article(self, client, article):
        user = User.objects.create_user("reader@people.example", "a-long-password")
        vouch_for_address(user)
        page = lxml_html.fromstring(client.get(article.get_absolute_url()).content)
        link = next(a.get("href") for a in page.iter("a") if (a.get("href") or "").startswith("/accounts/login/?next"))
        form = lxml_html.fromstring(client.get(link).content)
        following = next(field.get("value") for field in form.iter("input") if field.get("name") == "next")
        values = {"login": user.email, "password": "a-long-password", "next": following}
        assert client.post(link, values)["Location"] == article.get_absolute_url()

    def test_an_account_without_a_membership_is_told_so(self, article):
        reader = signed_in(person=PersonFactory())
        assert not reads_all(reader, article)
        page = text(reader.get(article.get_absolute_url()))
        assert "You are signed in as reader@people.example. No current membership" in page
        assert "Sign in to read on" not in page

    def test_an_account_without_a_person_is_nobodys_membership(self, article, plan):
        pay(PersonFactory(), plan)
        assert not reads_all(signed_in(), article)

    def test_a_member_reads_all(self, article, plan):
        person = PersonFactory()
        pay(person, plan)
        assert reads_all(signed_in(person=person), article)

    def test_whoever_a_household_covers_reads_all_until_they_leave_it(self, article, plan):
        holder, covered = PersonFactory(), PersonFactory()
        membership = pay(holder, plan).term.membership
        cover = memberships.cover(membership, person=covered)
        reader = signed_in(person=covered)
        assert reads_all(reader, article)
        with time_machine.travel(timezone.now() + timedelta(days=1)):
            memberships.uncover(cover)
        with time_machine.travel(timezone.now() + timedelta(days=2)):
            assert not reads_all(reader, article)

    def test_a_lapsed_member_does_not_and_reads_again_at_the_minute_of_paying(self, article, plan):
        person = PersonFactory()
        pay(person, plan, years_ago=2)
        reader = signed_in(person=person)
        assert not reads_all(reader, article)
        pay(person, plan)
        assert reads_all(reader, article)

    def test_a_member_whose_account_was_closed_is_a_visitor(self, article, plan):
        person = PersonFactory()
        pay(person, plan)
        reader = signed_in(person=person)
        User.objects.update(is_active=False)
        assert not reads_all(reader, article)

    @pytest.mark.parametrize(
        ("role", "reads"),
        [("Editor", True), ("Writer", True), ("Superuser", True), ("Membership", False), ("Treasurer", False)],
    )
    def test_staff_read_all_if_they_see_it_in_the_admin(self, client_as, article, role, reads):
        assert reads_all(client_as(role), article) is reads

    def test_permission_without_being_staff_is_none(self, staff, article):
        User.objects.filter(pk=staff("Editor").pk).update(is_staff=False)
        reader = Client()
        reader.force_login(staff("Editor"))
        assert not reads_all(reader, article)


class TestCaches:
    def test_what_a_signed_in_reader_sees_enters_no_cache(self, article, plan, client_as):
        person = PersonFactory()
        pay(person, plan)
        for reader in (signed_in(person=person), signed_in("other@people.example"), client_as("Editor")):
            for method in (reader.get, reader.head):
                response = method(article.get_absolute_url())
                assert response["Cache-Control"] == "private, no-store"
                assert "Cookie" in response["Vary"]
                assert not response.has_header("ETag")

    def test_a_visitors_page_is_as_any_other_and_never_stands_for_a_members(self, client, article):
        response = client.get(article.get_absolute_url())
        assert not response.has_header("Cache-Control")
        assert "Cookie" in response["Vary"]

    def test_a_visitors_page_does_not_depend_on_other_cookies(self, client, article):
        plain = client.get(article.get_absolute_url())
        other = Client(headers={"Cookie": "theme=dark; member=1; sessionid=madeup; csrftoken=x"})
        with_cookies = other.get(article.get_absolute_url())
        assert (with_cookies.content, with_cookies["ETag"]) == (plain.content, plain["ETag"])

    def test_head_answers_as_get_does_without_the_page(self, client, article):
        got, head = client.get(article.get_absolute_url()), client.head(article.get_absolute_url())
        assert (head.status_code, head.content) == (200, b"")
        assert {name: head[name] for name in ("Vary", "Content-Type", "Content-Length")} == {
            name: got[name] for name in ("Vary", "Content-Type", "Content-Length")
        }

    def test_a_kept_page_of_a_visitor_is_not_confirmed_to_a_member(self, client, article, plan):
        tag = {"If-None-Match": client.get(article.get_absolute_url())["ETag"]}
        assert client.get(article.get_absolute_url(), headers=tag).status_code == 304
        person = PersonFactory()
        pay(person, plan)
        response = signed_in(person=person).get(article.get_absolute_url(), headers=tag)
        assert response.status_code == 200
        assert SECRET in text(response)

    def test_an_open_article_is_the_same_page_for_all_and_asks_for_no_session(self):
        response = signed_in().get(ArticleFactory().get_absolute_url())
        assert not response.has_header("Cache-Control")
        assert "Cookie" not in response.get("Vary", "")


class TestCost:
    @staticmethod
    def cost(client: Client, article: Article) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(article.get_absolute_url()).status_code == 200
        return len(captured)

    def test_a_visitors_page_stays_within_six_queries_with_everything_on_it(self, client):
        picture = made(add(encoded("PNG", (500, 300))))
        body = f'<p>Look: <img alt="A march" src="{picture.file.url}"></p>{BODY}'
        topics = [TopicFactory(), TopicFactory()]
        for days in range(3):
            article = ArticleFactory(
                topics=topics,
                authors=[AuthorFactory(picture=picture), AuthorFactory()],
                lead_image=picture,
                members_only=True,
                body=body,
                published_at=timezone.now() - timedelta(days=days + 1),
            )
        assert self.cost(client, article) <= 6

    def test_whether_a_reader_is_a_member_is_one_query_asked_of_such_articles_alone(self, article, plan):
        person = PersonFactory()
        pay(person, plan)
        reader = signed_in(person=person)
        asked = []
        for each in (article, ArticleFactory(body=BODY)):
            with CaptureQueriesContext(connection) as captured:
                reader.get(each.get_absolute_url())
            asked.append(sum("membership_" in query["sql"] for query in captured))
        assert asked == [1, 0]


class TestNothingLeaks:
    def test_the_feed_has_the_beginning_and_says_so(self, client, article):
        topic = TopicFactory(slug="mining")
        article.topics.set([topic])
        for address in ("/news/feed/", "/news/topics/mining/feed/"):
            response = client.get(address)
            assert SECRET not in text(response)
            feed = feedparser.parse(response.content)
            assert feed.bozo is False
            content = feed.entries[0].content[0].value
            assert all(words in content for words in OPEN)
            assert "The rest of this article is for members." in content
            assert f'href="http://127.0.0.1:8000{article.get_absolute_url()}"' in content

    def test_the_feed_is_the_same_for_a_member(self, client, article, plan):
        person = PersonFactory()
        pay(person, plan)
        assert signed_in(person=person).get("/news/feed/").content == client.get("/news/feed/").content

    def test_the_search_finds_it_by_what_everybody_may_read(self, client, article):
        for word in ("Headline", "Opening", "context"):
            page = text(client.get("/search/", {"q": word}))
            assert article.get_absolute_url() in page
            assert SECRET not in page

    def test_the_search_neither_finds_it_by_hidden_words_nor_proposes_them(self, client, article):
        for asked in (SECRET, f"{SECRET}s", f"context {SECRET}", "quetzalcoatlos"):
            page = text(client.get("/search/", {"q": asked}))
            assert article.get_absolute_url() not in page
        assert SECRET not in page
        assert not SearchWord.objects.filter(word__startswith="quetzal").exists()

    def test_what_was_open_is_found_by_hidden_words_no_more(self, client):
        article = ArticleFactory(body=BODY)
        assert article.get_absolute_url() in text(client.get("/search/", {"q": SECRET}))
        article.members_only = True
        publishing.save(article)
        page = text(client.get("/search/", {"q": SECRET}))
        assert article.get_absolute_url() not in page
        call_command("rebuild_search")
        assert not SearchWord.objects.filter(word=SECRET).exists()
        assert article.get_absolute_url() not in text(client.get("/search/", {"q": SECRET}))
        article.members_only = False
        publishing.save(article)
        assert article.get_absolute_url() in text(client.get("/search/", {"q": SECRET}))

    def test_lists_home_topics_sitemap_and_neighbours_show_none_of_it(self, client, article):
        topic = TopicFactory(slug="mining")
        article.topics.set([topic])
        other = ArticleFactory(topics=[topic])
        month = article.get_absolute_url().rpartition("headline")[0]
        lists = ["/", "/news/", "/news/topics/mining/", month, other.get_absolute_url(), "/search/?q=Headline"]
        for address in [*lists, "/sitemap.xml", f"{article.get_absolute_url()}card.png"]:
            response = client.get(address)
            assert response.status_code == 200
            assert SECRET.encode() not in response.content
        for address in lists:
            assert "for members only" in text(client.get(address)), address
        assert article.get_absolute_url() in text(client.get("/sitemap.xml"))

    def test_pictures_of_the_hidden_part_are_not_named(self, client, client_as):
        picture = made(add(encoded("PNG", (500, 300))))
        body = f'{BODY}<p><img alt="A {SECRET}" src="{picture.file.url}"></p><p>The end.</p>'
        article = ArticleFactory(body=body, members_only=True)
        page = text(client.get(article.get_absolute_url()))
        stem = picture.renditions[0]["name"].rpartition("/")[0]
        assert stem not in page
        assert SECRET not in page
        assert stem in text(client_as("Editor").get(article.get_absolute_url()))

    def test_search_engines_are_told_which_part_is_not_free(self, client, article, client_as):
        for reader in (client, client_as("Editor")):
            page = text(reader.get(article.get_absolute_url()))
            found = json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', page)[1])
            assert found["isAccessibleForFree"] is False
            part = found["hasPart"]
            assert (part["@type"], part["isAccessibleForFree"]) == ("WebPageElement", False)
            assert len(lxml_html.fromstring(page).find_class(part["cssSelector"].removeprefix("."))) == 1
        page = text(client.get(ArticleFactory().get_absolute_url()))
        assert "isAccessibleForFree" not in page


class TestTheBeginning:
    """Of random texts: a beginning of the text, whole blocks, well-formed, never all of it."""

    WORDS = ["mina", "río", "años & niños", "<5", "gold", "valley", "no-one’s", "1 000"]

    def block(self, chance: random.Random, number: int) -> tuple[str, str]:
        word = f"word{number}"
        words = " ".join([word, *chance.choices(self.WORDS, k=chance.randrange(90))])
        words = words.replace("&", "&amp;").replace("<", "&lt;")
        shape = chance.choice(
            [
                "<p>{}</p>",
                "<p>{}</p>",
                "<h2>{}</h2>",
                "<ul><li>{}</li><li>two</li></ul>",
                "<blockquote><p>{}</p><p>after</p></blockquote>",
                "<table><tbody><tr><td>{}</td><td>b</td></tr></tbody></table>",
                '<p><a href="/about/"><strong>{}</strong></a> after</p>',
                "<p>{}<br>line</p><hr>",
                "{}",
            ]
        )
        return word, shape.format(words)

    def test_is_a_beginning_of_the_text_and_has_no_word_of_what_follows(self):
        chance = random.Random(1911)
        beginnings = 0
        for _ in range(400):
            blocks = [self.block(chance, number) for number in range(chance.randrange(8))]
            article = Article(title="x", slug="x", standfirst="x", members_only=True)
            article.body = "\n".join(html for _word, html in blocks)
            article.body = Article._meta.get_field("body").pre_save(article, add=True)
            shown = article.open_body
            assert article.body.startswith(shown)
            assert not article.body or len(shown) < len(article.body)
            assert len(plain_text(shown).split()) <= OPEN_WORDS
            assert not shown.endswith(("</h2>", "<hr>"))
            # Cut between two blocks: what is left is whole too.
            rest = article.body.removeprefix(shown).removeprefix("\n")
            assert plain_text(f"{shown}\n{rest}") == plain_text(article.body)
            seen = plain_text(shown).split()
            markers = [word for word, _html in blocks]
            kept = [word for word in markers if word in seen]
            assert kept == markers[: len(kept)]
            assert not set(markers[len(kept) :]) & set(seen)
            beginnings += bool(shown)
        assert beginnings > 200

    @pytest.mark.parametrize(
        ("body", "shown"),
        [
            ("", ""),
            ("<p>The only one.</p>", ""),
            ("<p>One.</p><p>Two.</p>", "<p>One.</p>"),
            ("<p>One.</p><h2>Head</h2><p>Two.</p>", "<p>One.</p>"),
            ("<p>One.</p><p>Two.</p><p>Three.</p><p>Four.</p>", "<p>One.</p>\n<p>Two.</p>\n<p>Three.</p>"),
            (f"<p>{'long ' * 151}</p><p>Two.</p>", ""),
            (f"<p>One.</p><p>{'long ' * 150}</p><p>Three.</p>", "<p>One.</p>"),
        ],
    )
    def test_is_whole_blocks_and_never_the_last(self, client, body, shown):
        article = ArticleFactory(body=body, members_only=True)
        assert article.open_body == shown
        page = lxml_html.fromstring(client.get(article.get_absolute_url()).content)
        assert [" ".join(each.text_content().split()) for each in page.find_class("prose")] == (
            [plain_text(shown)] if shown else []
        )


class TestTheDesk:
    def form(self, **changes) -> dict:
        return {
            "title": "Headline",
            "slug": "headline",
            "standfirst": "In short.",
            "body": BODY,
            "language": "en",
            "published_at_0": "",
            "published_at_1": "",
            "_save": "",
        } | changes

    @pytest.mark.parametrize(("role", "button"), [("Writer", "_save"), ("Editor", "_publish")])
    def test_writers_and_editors_tick_it(self, client_as, role, button):
        values = self.form(members_only="on", **{button: ""})
        assert client_as(role).post("/admin/news/article/add/", values).status_code == 302
        assert Article.objects.get().members_only

    def test_it_is_off_unless_ticked(self, client_as, client):
        client_as("Editor").post("/admin/news/article/add/", self.form(_publish=""))
        article = Article.objects.get()
        assert not article.members_only
        assert SECRET in text(client.get(article.get_absolute_url()))

    def test_the_list_marks_and_filters_them(self, client_as, article):
        ArticleFactory(title="For all")
        page = text(client_as("Editor").get("/admin/news/article/"))
        assert page.count('<span class="status">Members</span>') == 1
        for readers, shown, other in (("members", "Headline", "For all"), ("everybody", "For all", "Headline")):
            page = text(client_as("Editor").get("/admin/news/article/", {"readers": readers}))
            assert shown in page
            assert other not in page

    def test_the_desk_finds_hidden_words_too(self, client_as, article):
        ArticleFactory(title="Open one", body=f"<p>Also the {SECRET}.</p>")
        ArticleFactory(title="Another")
        for asked in (SECRET, f"Thirdly {SECRET}", "Quetzalcoatlus", "last more"):
            page = text(client_as("Editor").get("/admin/news/article/", {"q": asked}))
            assert "Headline" in page, asked
            assert "Another" not in page
        assert "Open one" in text(client_as("Editor").get("/admin/news/article/", {"q": SECRET}))

    def test_preview_shows_all(self, client_as, client, article):
        editor = client_as("Writer")
        page = editor.post("/admin/news/article/preview/", self.form(slug="other", members_only="on"))
        assert SECRET in text(page)
        assert "for members only" in text(page)
        client_as("Editor").post(f"/admin/news/article/{article.pk}/preview-links/")
        links = text(client_as("Editor").get(f"/admin/news/article/{article.pk}/preview-links/"))
        response = client.get(re.search(r"/preview/[\w-]+/", links)[0])
        assert SECRET in text(response)
        assert "no-store" in response["Cache-Control"]

    def test_history_keeps_it_and_restoring_brings_it_back(self, client_as, client):
        editor = client_as("Editor")
        editor.post("/admin/news/article/add/", self.form(members_only="on", _publish=""))
        article = Article.objects.get()
        values = self.form(seen_version=article.version, published_at_0="01/10/2019", published_at_1="12:00")
        assert editor.post(f"/admin/news/article/{article.pk}/change/", values).status_code == 302
        article.refresh_from_db()
        assert SECRET in text(client.get(article.get_absolute_url()))
        revision = article.history.earliest("history_date")
        assert revision.members_only
        address = f"/admin/news/article/{article.pk}/history/{revision.history_id}/"
        page = lxml_html.fromstring(editor.get(address).content)
        (box,) = [field for field in page.iter("input") if field.get("name") == "members_only"]
        assert box.get("checked") is not None
        restored = values | {"members_only": "on", "seen_version": article.version}
        assert editor.post(address, restored).status_code == 302
        article.refresh_from_db()
        assert article.members_only
        assert SECRET not in text(client.get(article.get_absolute_url()))
        assert SECRET not in text(client.get("/search/", {"q": "context"}))
