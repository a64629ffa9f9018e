"""Publications: PDFs that the group put out, by year, with their covers."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from psg.library.models import Document, Image, Kind, Language, validate_title
from psg.models import SearchText
from psg.publishing.models import Publishable, PublishableQuerySet

FIRST_YEAR, LAST_YEAR = 1900, 2200  # what the table takes; the form asks for more


def validate_year(year: int) -> None:
    """Raises ValidationError for what cannot be a year of publication: before 1900 or after the next one."""
    following = timezone.localdate().year + 1
    if not FIRST_YEAR <= year <= following:
        raise ValidationError(f"Write the year in four digits, from {FIRST_YEAR} to {following}.")


class PublicationQuerySet(PublishableQuerySet):
    """`public()` and friends, and what the list asks."""

    def newest_first(self):
        """By year of publication; within a year by when it came to the site."""
        return self.order_by("-year", "-published_at", "-pk")

    def for_list(self):
        """Public ones as the list shows them, with cover and file but without the words of the PDF."""
        return self.public().newest_first().with_file()

    def with_file(self):
        """With everything that a page shows, by one query."""
        return self.select_related("cover", "document__cover").defer("document__text")

    def years_and_languages(self) -> list[tuple[int, str]]:
        """What there is, newest year first."""
        return list(self.order_by("-year", "language").values_list("year", "language").distinct())


class Publication(Publishable):
    """One PDF with what readers need to find and judge it. Its cover is the first page unless staff choose another."""

    title = models.CharField(max_length=200, validators=[validate_title])
    slug = models.SlugField(max_length=200, unique=True, help_text="The publication's address: /publications/…/")
    summary = models.TextField(
        max_length=700, blank=True, help_text="What it is about, in a few sentences; shown in lists and searches."
    )
    year = models.PositiveSmallIntegerField(
        "year of publication", validators=[validate_year], help_text="As it is printed on the publication."
    )
    language = models.CharField(max_length=2, choices=Language, default=Language.ENGLISH)
    document = models.ForeignKey(
        Document,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name="PDF",
        limit_choices_to={"kind": Kind.PDF},
    )
    cover = models.ForeignKey(
        Image,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Leave empty to show the first page of the PDF, of which a picture is made within a minute.",
    )
    history = HistoricalRecords()

    objects = PublicationQuerySet.as_manager()

    class Meta(Publishable.Meta):
        permissions = [("publish_publication", "Can publish, correct and withdraw publications")]
        indexes = [models.Index(fields=["-year", "-published_at", "-id"], name="publication_newest")]
        constraints = [
            *Publishable.Meta.constraints,
            models.CheckConstraint(
                name="publication_year_is_one", condition=Q(year__gte=FIRST_YEAR, year__lte=LAST_YEAR)
            ),
        ]

    search_reads = ("document",)

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        super().clean()
        if self.document_id and not self.document.is_pdf:
            raise ValidationError({"document": "A publication is a PDF. Choose or upload one."})

    def get_absolute_url(self) -> str:
        return reverse("pages:publication", args=[self.slug])

    @property
    def shown_cover(self) -> Image | None:
        """The cover that staff chose, else the first page, if the worker has made a picture of it."""
        return self.cover or self.document.cover

    def search_text(self) -> SearchText:
        """The summary and the words of the PDF."""
        return SearchText(self.summary, self.document.text, self.language, year=self.year)
