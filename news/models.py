"""Articles and what they are filed under."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import JSONObject, TruncMonth, TruncYear
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localtime
from simple_history.models import HistoricalRecords

from news.regions import Region
from psg.library.models import Image
from psg.models import SearchText
from psg.publishing.models import Publishable, PublishableQuerySet, State, public_now
from psg.richtext import RichTextField, beginning, plain_text

LONDON = ZoneInfo("Europe/London")
# What everybody may read of an article for members: its first blocks, at most so many, with at most so many words.
OPEN_BLOCKS, OPEN_WORDS = 3, 150


class TopicQuerySet(models.QuerySet):
    def with_counts(self):
        """Topics with `article_count`, the articles that the public can read now."""
        return self.annotate(
            article_count=Count(
                "articles",
                filter=Q(articles__state=State.PUBLISHED, articles__published_at__lte=timezone.now()),
            )
        ).order_by("name")


class Topic(models.Model):
    """A subject that readers can follow."""

    name = models.CharField(max_length=80, unique=True)
    slug = models.SlugField(max_length=80, unique=True, help_text="The topic's address: /news/topics/…/")
    description = models.CharField(max_length=250, blank=True, help_text="One sentence, shown on the topic's page.")

    objects = TopicQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("news:topic", args=[self.slug])


class Author(models.Model):
    """Somebody who signs articles: staff, a guest, or the desk as a whole."""

    name = models.CharField(max_length=120, help_text="As it is printed under the headline.")
    slug = models.SlugField(max_length=120, unique=True)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        help_text="The staff account, if the author has one. Guests have none.",
    )
    picture = models.ForeignKey(
        Image,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="A portrait, shown small beside the name.",
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def from_signature(cls, signature: dict[str, Any]) -> "Author":
        """An author as `ArticleQuerySet.with_signatures` tells of them, portrait included; for showing only."""
        portrait = signature.pop("portrait")
        return cls(**signature, picture=Image(**portrait) if portrait["id"] else None)


# What is shown of an author's picture: enough for the tag `picture`.
PORTRAIT = ("id", "file", "address", "alt_text", "width", "height", "renditions", "focal_x", "focal_y")


@dataclass(frozen=True)
class Source:
    """A link under an article."""

    url: str
    title: str

    @property
    def host(self) -> str:
        """The site it leads to."""
        return (urlsplit(self.url).hostname or "").removeprefix("www.")


def parse_sources(text: str) -> list[Source]:
    """One link a line: the address, then, after a space, its title. Raises ValidationError naming the bad line."""
    sources = []
    for number, line in enumerate((line.strip() for line in text.splitlines()), start=1):
        if not line:
            continue
        url, _, title = line.partition(" ")
        try:
            URLValidator(schemes=["http", "https"])(url)
        except ValidationError:
            raise ValidationError(
                f"Line {number}: “{url[:60]}” is not a web address. Start with https://, then a space, then the title."
            ) from None
        sources.append(Source(url=url, title=title.strip() or url))
    return sources


def validate_sources(text: str) -> None:
    """Raises ValidationError unless every line is a link."""
    parse_sources(text)


class ArticleQuerySet(PublishableQuerySet):
    """`public()` and friends, and what the news pages ask."""

    def newest_first(self):
        """The order of every list."""
        return self.order_by("-published_at", "-pk")

    def for_list(self):
        """Public articles as lists show them: without bodies, with topics."""
        return self.public().newest_first().defer("body", "sources").prefetch_related("topics")

    def with_signatures(self):
        """Articles with `signatures`: name, account and portrait of each author, by name. It costs no further query."""
        authors = Author.objects.filter(articles=OuterRef("pk")).order_by("name")
        portrait = JSONObject(**{name: f"picture__{name}" for name in PORTRAIT})
        signature = JSONObject(name="name", user_id="user_id", portrait=portrait)
        return self.annotate(signatures=ArraySubquery(authors.values(of=signature)))

    def with_filing(self):
        """Articles with `filing`: number, name and address of each topic, by name. It costs no further query."""
        topics = Topic.objects.filter(articles=OuterRef("pk")).order_by("name")
        return self.annotate(filing=ArraySubquery(topics.values(of=JSONObject(id="pk", name="name", slug="slug"))))

    def with_first_topic(self):
        """Articles with `first_topic`: name and slug of the first topic, by name; None without one."""
        topics = Topic.objects.filter(articles=OuterRef("pk")).order_by("name")
        return self.annotate(first_topic=Subquery(topics.values(of=JSONObject(name="name", slug="slug"))[:1]))

    def in_year(self, year: int):
        """Published in that year, London time."""
        return self.filter(
            published_at__gte=datetime(year, 1, 1, tzinfo=LONDON),
            published_at__lt=datetime(year + 1, 1, 1, tzinfo=LONDON),
        )

    def in_month(self, year: int, month: int):
        """Published in that month, London time."""
        following = (year + month // 12, month % 12 + 1)
        return self.filter(
            published_at__gte=datetime(year, month, 1, tzinfo=LONDON),
            published_at__lt=datetime(*following, 1, tzinfo=LONDON),
        )

    def years(self) -> list[int]:
        """Years that have articles, newest first, London time."""
        years = self.annotate(_year=TruncYear("published_at", tzinfo=LONDON)).order_by("-_year")
        return [moment.year for moment in years.values_list("_year", flat=True).distinct()]

    def months(self):
        """First days of the months that have articles, oldest first, London time."""
        months = self.annotate(_month=TruncMonth("published_at", tzinfo=LONDON)).order_by("_month")
        return [moment.date() for moment in months.values_list("_month", flat=True).distinct()]


class Article(Publishable):
    """One piece of news."""

    class Language(models.TextChoices):
        ENGLISH = "en", "English"
        SPANISH = "es", "Spanish"

    title = models.CharField(max_length=200)
    slug = models.SlugField(
        max_length=200,
        unique=True,
        help_text="The last part of the address. Filled from the title; change it only before publication.",
    )
    standfirst = models.TextField(
        max_length=600,
        help_text="One or two sentences under the headline; also shown in lists, feeds and searches.",
    )
    body = RichTextField()
    language = models.CharField(max_length=2, choices=Language, default=Language.ENGLISH)
    topics = models.ManyToManyField(Topic, related_name="articles", blank=True)
    region = models.CharField(max_length=20, choices=Region, blank=True, help_text="Empty: the whole country.")
    authors = models.ManyToManyField(Author, related_name="articles", blank=True)
    lead_image = models.ForeignKey(
        "library.Image",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="From the picture library; the plus sign adds a new one. Without a picture a woven pattern is shown.",
    )
    lead_caption = models.CharField(
        "caption",
        max_length=250,
        blank=True,
        help_text="What the picture shows. Empty: the library's caption.",
    )
    featured = models.BooleanField(default=False, help_text="The newest featured article leads the home page.")
    members_only = models.BooleanField(
        "for members only",
        default=False,
        help_text="Others see the first paragraphs and why to join.",
    )
    sources = models.TextField(
        blank=True,
        validators=[validate_sources],
        help_text="One link a line: the address, a space, then its title.",
    )
    seo_title = models.CharField(
        "title for search engines",
        max_length=70,
        blank=True,
        help_text="Empty: the title. At most 70 characters.",
    )
    seo_description = models.CharField(
        "description for search engines",
        max_length=160,
        blank=True,
        help_text="Empty: the standfirst. At most 160 characters.",
    )
    history = HistoricalRecords(m2m_fields=[topics, authors])
    search_reads = ("topics",)

    objects = ArticleQuerySet.as_manager()

    class Meta(Publishable.Meta):
        permissions = [("publish_article", "Can publish, correct and withdraw articles")]
        indexes = [
            models.Index(fields=["-published_at", "-id"], name="article_public", condition=Q(state=State.PUBLISHED)),
            models.Index(
                fields=["-featured", "-published_at", "-id"],
                name="article_lead",
                condition=Q(state=State.PUBLISHED),
            ),
            models.Index(fields=["-updated_at"], name="article_updated"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its address, by its date in London; of a draft: the address it would have today."""
        date = localtime(self.published_at or timezone.now(), LONDON)
        return reverse("news:article", args=[date.year, f"{date.month:02}", self.slug])

    def source_list(self) -> list[Source]:
        """The links under the article."""
        return parse_sources(self.sources)

    @property
    def open_body(self) -> str:
        """What everybody may read of the text: all of it; of an article for members its first paragraphs."""
        return beginning(self.body, blocks=OPEN_BLOCKS, words=OPEN_WORDS) if self.members_only else self.body

    def search_text(self) -> SearchText:
        """Only what everybody may read: neither a match nor an excerpt tells what is behind it."""
        return SearchText(
            summary=self.standfirst,
            body=plain_text(self.open_body),
            language=self.language,
            topics=[(topic.slug, topic.name) for topic in self.topics.all()],
            date=localtime(self.published_at, LONDON).date() if self.published_at else None,
            members_only=self.members_only,
        )

    def related(self, topics: list[Topic], *, count: int = 3) -> list["Article"]:
        """The newest public articles that share one of `topics` with this one."""
        if not topics:
            return []
        sharing = Article.objects.filter(
            pk__in=Article.topics.through.objects.filter(topic__in=topics).values("article")
        )
        return list(sharing.for_list().prefetch_related(None).select_related("lead_image").exclude(pk=self.pk)[:count])

    def neighbours(self) -> tuple["Article | None", "Article | None"]:
        """The public articles published just before and just after this one."""
        if self.published_at is None or self.pk is None:
            return None, None
        public = Article.objects.filter(public_now()).only("title", "slug", "published_at", "language")
        here = (self.published_at, self.pk)
        earlier = Q(published_at__lt=here[0]) | Q(published_at=here[0], pk__lt=here[1])
        later = Q(published_at__gt=here[0]) | Q(published_at=here[0], pk__gt=here[1])
        found = list(
            public.filter(earlier)
            .order_by("-published_at", "-pk")[:1]
            .union(public.filter(later).order_by("published_at", "pk")[:1], all=True)
        )
        before = next((a for a in found if (a.published_at, a.pk) < here), None)
        after = next((a for a in found if (a.published_at, a.pk) > here), None)
        return before, after
