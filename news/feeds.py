"""Atom feeds with the full text (RFC 4287); of what is for members the first paragraphs, since anybody reads feeds."""

from django.conf import settings
from django.contrib.syndication.views import Feed
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import format_html
from django.utils.translation import gettext

from news.models import Article, Topic
from psg.richtext import absolute_links, clean_html

ITEMS = 20


class FullTextAtom(Atom1Feed):
    """Atom whose entries carry the article itself beside its standfirst, in the article's language."""

    mime_type = "application/atom+xml; charset=utf-8"

    def item_attributes(self, item) -> dict[str, str]:
        return super().item_attributes(item) | {"xml:lang": item["language"]}

    def add_item_elements(self, handler, item) -> None:
        super().add_item_elements(handler, item)
        handler.addQuickElement("content", item["content"], {"type": "html"})


class NewsFeed(Feed):
    """The newest articles."""

    feed_type = FullTextAtom
    title = f"{settings.SITE_NAME}: news"
    subtitle = "News and analysis from Peru"
    author_name = settings.SITE_NAME

    def link(self) -> str:
        return settings.SITE_URL + reverse("news:list")

    def feed_url(self, topic: Topic | None) -> str:
        return settings.SITE_URL + (reverse("news:topic_feed", args=[topic.slug]) if topic else reverse("news:feed"))

    def articles(self, topic: Topic | None):
        return Article.objects.public().newest_first().prefetch_related("topics", "authors")

    def items(self, topic: Topic | None):
        return self.articles(topic)[:ITEMS]

    def item_title(self, article: Article) -> str:
        return article.title

    def item_description(self, article: Article) -> str:
        return article.standfirst

    def item_link(self, article: Article) -> str:
        return settings.SITE_URL + article.get_absolute_url()

    def item_guid(self, article: Article) -> str:
        """Stays the same when slug or date change (RFC 4287 4.2.6; tag URI, RFC 4151)."""
        return f"tag:{settings.SITE_URL.split('//')[1].split(':')[0]},2019:article-{article.pk}"

    def item_pubdate(self, article: Article):
        return article.published_at

    def item_updateddate(self, article: Article):
        return article.corrected_at or article.published_at

    def item_categories(self, article: Article) -> list[str]:
        return [topic.name for topic in article.topics.all()]

    def item_author_name(self, article: Article) -> str:
        return ", ".join(author.name for author in article.authors.all()) or settings.SITE_NAME

    def item_extra_kwargs(self, article: Article) -> dict[str, str]:
        content = absolute_links(clean_html(article.open_body), base=settings.SITE_URL)
        if article.members_only:
            content += format_html(
                '<p><em>{} <a href="{}">{}</a></em></p>',
                gettext("The rest of this article is for members."),
                self.item_link(article),
                gettext("Read on at our site"),
            )
        return {"content": content, "language": article.language}

    def __call__(self, request: HttpRequest, *args, **kwargs):
        response = super().__call__(request, *args, **kwargs)
        # The same for everybody, whatever cookies came; feed readers ask often.
        response["Cache-Control"] = "public, max-age=300"
        return response


class TopicFeed(NewsFeed):
    """The newest articles on one topic."""

    def get_object(self, request: HttpRequest, slug: str) -> Topic:
        return get_object_or_404(Topic, slug=slug)

    def title(self, topic: Topic) -> str:  # type: ignore[override]
        return f"{settings.SITE_NAME}: {topic.name}"

    def subtitle(self, topic: Topic) -> str:  # type: ignore[override]
        return topic.description

    def link(self, topic: Topic) -> str:  # type: ignore[override]
        return settings.SITE_URL + topic.get_absolute_url()

    def articles(self, topic: Topic | None):
        return super().articles(topic).filter(topics=topic)
