"""The news desk: what writers and editors can do in the admin, and what they are kept from."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.utils import timezone

from news.models import Article
from psg.publishing.models import PreviewLink, State, Status
from tests.factories import ArticleFactory, AuthorFactory, TopicFactory

pytestmark = pytest.mark.django_db

ADD = "/admin/news/article/add/"
LIST = "/admin/news/article/"


def form(**changes) -> dict:
    """What the browser posts from the article form."""
    return {
        "title": "Años y niños",
        "slug": "anos-y-ninos",
        "standfirst": "In short.",
        "body": "<p>At length.</p>",
        "language": "en",
        "published_at_0": "",
        "published_at_1": "",
        "_save": "",
    } | changes


def change(article: Article) -> str:
    return f"/admin/news/article/{article.pk}/change/"


def messages(response) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def test_a_writer_saves_a_draft_that_readers_do_not_see(client_as, client):
    response = client_as("Writer").post(ADD, form())
    assert response.status_code == 302
    article = Article.objects.get()
    assert (article.title, article.status) == ("Años y niños", Status.DRAFT)
    assert client.get(article.get_absolute_url()).status_code == 404


def test_publishing_takes_one_button(client_as, client):
    response = client_as("Editor").post(ADD, form(_publish=""), follow=True)
    article = Article.objects.get()
    assert article.status == Status.PUBLISHED
    assert client.get(article.get_absolute_url()).status_code == 200
    assert article.get_absolute_url() in messages(response)
    assert "public now" in messages(response)


def test_scheduling_is_the_same_button_with_a_time_to_come_said_in_london_time(client_as):
    with time_machine.travel("2019-07-01T08:00:00+00:00", tick=False):
        values = form(_publish="", published_at_0="01/07/2019", published_at_1="18:30")
        response = client_as("Editor").post(ADD, values, follow=True)
        article = Article.objects.get()
        assert article.status == Status.SCHEDULED
    assert article.published_at.isoformat() == "2019-07-01T17:30:00+00:00"
    assert "Monday 1 July 2019, 18:30, London time" in messages(response)


def test_a_writer_cannot_publish_by_pressing_a_button_that_is_not_there(client_as):
    writer = client_as("Writer")
    assert 'name="_publish"' not in writer.get(ADD).content.decode()
    assert writer.post(ADD, form(_publish="")).status_code == 403
    assert not Article.objects.filter(state=State.PUBLISHED).exists()


def test_a_writer_reads_what_is_published_but_does_not_change_it(client_as):
    article = ArticleFactory(title="Public")
    writer = client_as("Writer")
    assert writer.get(change(article)).status_code == 200
    assert writer.post(change(article), form(title="Hacked", seen_version="1")).status_code == 403
    assert Article.objects.get().title == "Public"


def test_a_correction_is_public_at_once_and_marked(client_as, client):
    article = ArticleFactory()
    client_as("Editor").post(
        change(article),
        form(
            title="Corrected", slug=article.slug, seen_version="1", published_at_0="13/10/2019", published_at_1="12:00"
        ),
    )
    article.refresh_from_db()
    html = client.get(article.get_absolute_url()).content.decode()
    assert "<h1>Corrected</h1>" in html
    assert "Updated" in html


def test_withdrawing_makes_it_gone_and_publishing_again_brings_it_back_at_its_old_address(client_as, client):
    article = ArticleFactory()
    editor, address = client_as("Editor"), article.get_absolute_url()
    at = {
        "published_at_0": article.published_at.strftime("%d/%m/%Y"),
        "published_at_1": article.published_at.strftime("%H:%M"),
    }
    editor.post(change(article), form(slug=article.slug, seen_version="1", _withdraw="", **at))
    assert client.get(address).status_code == 410
    editor.post(change(article), form(slug=article.slug, seen_version="2", _publish="", **at))
    assert client.get(address).status_code == 200


def test_a_published_article_cannot_lose_its_time(client_as):
    article = ArticleFactory()
    response = client_as("Editor").post(change(article), form(slug=article.slug, seen_version="1"))
    assert response.status_code == 200
    assert "it needs a time" in response.content.decode()


def test_what_was_public_is_withdrawn_and_never_deleted(client_as):
    published, draft = ArticleFactory(), ArticleFactory(state=State.DRAFT, published_at=None)
    editor = client_as("Editor")
    assert editor.post(f"/admin/news/article/{published.pk}/delete/", {"post": "yes"}).status_code == 403
    assert editor.post(f"/admin/news/article/{draft.pk}/delete/", {"post": "yes"}).status_code == 302
    assert list(Article.objects.all()) == [published]


def test_the_second_of_two_editors_is_told_and_nothing_is_overwritten_unseen(client_as, staff):
    article = ArticleFactory(state=State.DRAFT, published_at=None, title="At first")
    ana, ben = client_as("Editor"), client_as("Superuser")
    for each in (ana, ben):
        each.get(change(article))
    ana.post(change(article), form(title="By Ana", slug=article.slug, seen_version="1"))
    refused = ben.post(change(article), form(title="By Ben", slug=article.slug, seen_version="1"))
    html = refused.content.decode()
    assert refused.status_code == 200
    assert "Test Editor saved this" in html
    assert 'value="By Ben"' in html, "what Ben typed is kept"
    assert Article.objects.get().title == "By Ana"
    # Now that Ben knows, saving again is his decision; Ana's version stays in the history.
    ben.post(change(article), form(title="By Ben", slug=article.slug, seen_version="2"))
    assert Article.objects.get().title == "By Ben"
    assert {"By Ana", "By Ben"} <= {revision.title for revision in article.history.all()}


def test_the_refused_form_carries_the_version_that_makes_the_next_save_a_decision(client_as):
    article = ArticleFactory(state=State.DRAFT, published_at=None)
    editor = client_as("Editor")
    editor.post(change(article), form(slug=article.slug, seen_version="1"))
    refused = editor.post(change(article), form(slug=article.slug, seen_version="1"))
    assert '<input type="hidden" name="seen_version" value="2"' in refused.content.decode()


def test_whoever_opens_what_a_colleague_has_open_is_warned(client_as):
    article = ArticleFactory()
    assert "may be changing it too" not in messages(client_as("Editor").get(change(article)))
    assert "Test Editor opened this" in messages(client_as("Superuser").get(change(article)))


def test_every_save_is_a_revision_and_an_old_one_can_be_restored_without_unpublishing(client_as, staff):
    article = ArticleFactory(title="First words", state=State.DRAFT, published_at=None)
    editor = client_as("Editor")
    editor.post(change(article), form(title="Second words", slug=article.slug, seen_version="1", _publish=""))
    first, second = article.history.order_by("history_id")[0], article.history.first()
    assert (first.title, second.title, second.history_user) == ("First words", "Second words", staff("Editor"))
    history = f"/admin/news/article/{article.pk}/history/{first.history_id}/"
    opened = editor.get(history)
    assert "First words" in opened.content.decode()
    posted = form(
        title="First words",
        slug=article.slug,
        seen_version=str(opened.context["adminform"].form.initial["seen_version"]),
        published_at_0="13/10/2019",
        published_at_1="12:00",
    )
    assert editor.post(history, posted).status_code == 302
    article.refresh_from_db()
    assert (article.title, article.status) == ("First words", Status.PUBLISHED)


def test_the_list_shows_and_filters_status_and_finds_words_in_bodies(client_as):
    now = timezone.now()
    topic, author = TopicFactory(name="Mining"), AuthorFactory(name="Test Author")
    ArticleFactory(title="Out", topics=[topic], authors=[author])
    ArticleFactory(title="Soon", published_at=now + timedelta(days=1))
    ArticleFactory(title="Gone", state=State.WITHDRAWN)
    ArticleFactory(title="Unfinished", state=State.DRAFT, published_at=None, body="<p>About quinoa.</p>")
    editor = client_as("Editor")

    def shown(query: str) -> set[str]:
        return {article.title for article in editor.get(LIST + query).context["cl"].result_list}

    assert shown("") == {"Out", "Soon", "Gone", "Unfinished"}
    for status, title in [("published", "Out"), ("scheduled", "Soon"), ("withdrawn", "Gone"), ("draft", "Unfinished")]:
        assert shown(f"?status={status}") == {title}
    assert shown(f"?topics__id__exact={topic.pk}") == shown(f"?authors__id__exact={author.pk}") == {"Out"}
    assert shown("?q=quinoa") == {"Unfinished"}
    html = editor.get(LIST).content.decode()
    assert "Scheduled" in html
    assert "Mining" in html


def test_several_are_published_or_withdrawn_at_once(client_as, client):
    drafts = [ArticleFactory(state=State.DRAFT, published_at=None) for _ in range(3)]
    chosen = {"_selected_action": [article.pk for article in drafts[:2]]}
    editor = client_as("Editor")
    editor.post(LIST, {"action": "publish_selected", **chosen})
    assert [Article.objects.get(pk=article.pk).state for article in drafts] == ["published", "published", "draft"]
    assert all(revision.history_user for revision in Article.objects.first().history.all()[:1])
    editor.post(LIST, {"action": "withdraw_selected", **chosen})
    assert [Article.objects.get(pk=article.pk).state for article in drafts] == ["withdrawn", "withdrawn", "draft"]


def test_withdrawing_in_bulk_leaves_drafts_as_they_are(client_as):
    article = ArticleFactory(state=State.DRAFT, published_at=None)
    client_as("Editor").post(LIST, {"action": "withdraw_selected", "_selected_action": [article.pk]})
    article.refresh_from_db()
    assert (article.state, article.history.count()) == (State.DRAFT, 1)


def test_what_was_only_scheduled_becomes_a_draft_again_and_can_be_deleted(client_as):
    article = ArticleFactory(published_at=timezone.now() + timedelta(days=1))
    editor = client_as("Editor")
    editor.post(LIST, {"action": "withdraw_selected", "_selected_action": [article.pk]})
    article.refresh_from_db()
    assert article.status == Status.DRAFT
    assert editor.post(f"/admin/news/article/{article.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Article.objects.exists()


def test_a_schedule_that_was_moved_forward_counts_from_its_new_time(client_as, client):
    with time_machine.travel("2019-10-01T08:00:00+00:00", tick=False):
        article = ArticleFactory(published_at=timezone.now() + timedelta(days=2))
        values = form(slug=article.slug, seen_version="1", published_at_0="01/10/2019", published_at_1="10:00")
        client_as("Editor").post(change(article), values)
    with time_machine.travel("2019-10-01T12:00:00+00:00", tick=False):
        article.refresh_from_db()
        assert client.get(article.get_absolute_url()).status_code == 200
        client_as("Editor").post(change(article), values | {"seen_version": "2", "_withdraw": ""})
        assert client.get(article.get_absolute_url()).status_code == 410


def test_a_writer_has_no_bulk_publishing(client_as):
    article = ArticleFactory(state=State.DRAFT, published_at=None)
    client_as("Writer").post(LIST, {"action": "publish_selected", "_selected_action": [article.pk]})
    assert Article.objects.get().state == State.DRAFT


def test_the_list_costs_the_same_for_five_and_for_fifty(client_as, django_assert_max_num_queries):
    editor = client_as("Editor")
    for _ in range(50):
        ArticleFactory(topics=[TopicFactory()], authors=[AuthorFactory()])
    with django_assert_max_num_queries(15):
        editor.get(LIST)


def test_preview_shows_unsaved_work_as_readers_would_see_it_and_saves_nothing(client_as):
    topic = TopicFactory(name="Mining")
    response = client_as("Writer").post(
        "/admin/news/article/preview/", form(body="<p>Not <script>x</script>saved.</p>", topics=[topic.pk])
    )
    html = response.content.decode()
    assert "<h1>Años y niños</h1>" in html
    assert "<p>Not saved.</p>" in html
    assert "Mining" in html
    assert "Preview" in html
    assert response["X-Robots-Tag"].startswith("noindex")
    assert not Article.objects.exists()


def test_preview_takes_an_unfinished_form(client_as):
    response = client_as("Writer").post(
        "/admin/news/article/preview/", form(title="Only a title", slug="", standfirst="")
    )
    assert response.status_code == 200
    assert "Only a title" in response.content.decode()


def test_preview_of_a_saved_article_leaves_it_as_it_is(client_as):
    article = ArticleFactory(title="Saved")
    html = (
        client_as("Editor")
        .post(f"/admin/news/article/{article.pk}/preview/", form(title="Unsaved", slug=article.slug))
        .content.decode()
    )
    assert "<h1>Unsaved</h1>" in html
    article.refresh_from_db()
    assert (article.title, article.version) == ("Saved", 1)


def test_previewing_is_for_those_who_may_write(client_as, client):
    published = ArticleFactory()
    assert client_as("Writer").post(f"/admin/news/article/{published.pk}/preview/", form()).status_code == 403
    assert client_as("Writer").post(f"/admin/news/article/{published.pk + 1}/preview/", form()).status_code == 404
    assert client_as("Writer").get(f"/admin/news/article/{published.pk}/preview-links/").status_code == 403
    assert client_as("Membership").post("/admin/news/article/preview/", form()).status_code in (302, 403)
    assert client.post("/admin/news/article/preview/", form()).status_code == 302


def test_a_secret_link_shows_a_draft_without_signing_in_until_it_expires_or_is_revoked(client_as):
    article = ArticleFactory(title="Secret", state=State.DRAFT, published_at=None)
    editor, reader = client_as("Editor"), Client()
    page = f"/admin/news/article/{article.pk}/preview-links/"
    editor.post(page, {"_make": ""})
    link = PreviewLink.objects.get()
    address = f"/preview/{link.token}/"
    assert address in editor.get(page).content.decode()
    shown = reader.get(address)
    assert "<h1>Secret</h1>" in shown.content.decode()
    assert (shown["X-Robots-Tag"], shown["Referrer-Policy"]) == ("noindex, nofollow", "no-referrer")
    assert "no-store" in shown["Cache-Control"]
    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1)):
        assert reader.get(address).status_code == 404
    editor.post(page, {"_revoke": ""})
    assert reader.get(address).status_code == 404
    assert reader.get("/preview/guessed/").status_code == 404


def test_the_slug_is_filled_from_the_title_and_stays_in_sight(client_as):
    html = client_as("Writer").get(ADD).content.decode()
    assert "prepopulate" in html
    assert "#id_title" in html


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("sources", "not a link", "is not a web address"),
        ("sources", "javascript:alert(1) click", "is not a web address"),
        ("title", "", "This field is required"),
        ("slug", "Not a slug!", "Enter a valid"),
        ("published_at_0", "31/02/2019", "Enter a valid date"),
        ("title", "x" * 201, "at most 200 characters"),
        ("standfirst", "nul \0 byte", "Null characters are not allowed"),
        ("seo_description", "x" * 161, "at most 160 characters"),
    ],
)
def test_bad_input_is_answered_beside_the_field_and_keeps_the_rest(client_as, field, value, message):
    values = form(**{field: value})
    if field.startswith("published"):
        values["published_at_1"] = "12:00"
    response = client_as("Writer").post(ADD, values)
    html = response.content.decode()
    assert response.status_code == 200
    assert message in html
    assert "At length." in html
    assert not Article.objects.exists()


def test_a_slug_that_is_taken_is_refused(client_as):
    ArticleFactory(slug="anos-y-ninos")
    response = client_as("Writer").post(ADD, form())
    assert "Article with this Slug already exists" in response.content.decode()


def test_view_on_site_is_offered_only_where_there_is_something_to_view(client_as):
    editor = client_as("Editor")
    public, draft = ArticleFactory(), ArticleFactory(state=State.DRAFT, published_at=None)
    assert public.get_absolute_url() in editor.get(change(public)).content.decode()
    assert draft.get_absolute_url() not in editor.get(change(draft)).content.decode()


@pytest.mark.django_db(transaction=True)
class TestTwoSavesAtOnce:
    """The same form posted by two editors in the same moment."""

    def save_together(self, article: Article, clients: list[Client]) -> list[int]:
        """Post from all clients at once; the status of each answer."""
        start = Barrier(len(clients))

        def post(number: int) -> int:
            start.wait()
            values = form(title=f"By number {number}", slug=article.slug, seen_version="1")
            try:
                return clients[number].post(change(article), values).status_code
            finally:
                connection.close()

        with ThreadPoolExecutor(len(clients)) as pool:
            return list(pool.map(post, range(len(clients))))

    def test_one_is_saved_and_the_others_are_told(self, client_as):
        article = ArticleFactory(state=State.DRAFT, published_at=None)
        clients = [client_as("Editor") for _ in range(4)]
        assert sorted(self.save_together(article, clients)) == [200, 200, 200, 302]
        article.refresh_from_db()
        assert article.version == 2

    def test_without_the_lock_they_overwrite_each_other(self, client_as, monkeypatch):
        """The guard is what makes the difference: the same moment, without it, loses work."""
        monkeypatch.setattr("psg.publishing.actions.lock_version", lambda obj, seen_version: None)
        article = ArticleFactory(state=State.DRAFT, published_at=None)
        clients = [client_as("Editor") for _ in range(4)]
        assert self.save_together(article, clients) == [302, 302, 302, 302]
