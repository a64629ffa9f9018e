"""Plans and their prices. A price is never changed: a new one takes its place, and the old stays with what it paid."""

from datetime import datetime

from django.db import models
from django.db.models import Prefetch, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from membership.models.people import PersonKind
from membership.money import pounds


class Interval(models.TextChoices):
    """How often a price is paid."""

    YEAR = "year", _("a year")
    MONTH = "month", _("a month")
    ONCE = "once", _("once, for life")

    @property
    def months(self) -> int | None:
        """How many months it pays for; None for life."""
        return {"year": 12, "month": 1}.get(self.value)


class PlanQuerySet(models.QuerySet["Plan"]):
    """Questions about plans."""

    def with_current_prices(self):
        """Each with its current prices, the longest interval first, as `current_prices`."""
        prices = Price.objects.current().order_by("-interval")
        return self.prefetch_related(Prefetch("prices", prices, to_attr="current_prices"))

    def offered(self):
        """What a visitor can join: offered, and with a price."""
        return self.filter(is_offered=True, prices__in=Price.objects.current()).distinct().order_by("position", "pk")


class Plan(models.Model):
    """A kind of membership."""

    slug = models.SlugField(unique=True, help_text="The last part of its address: /membership/join/slug/.")
    name = models.CharField(max_length=60)
    description = models.CharField(max_length=200, blank=True, help_text="One sentence, shown beside the price.")
    kind = models.CharField("for", max_length=12, choices=PersonKind, default=PersonKind.PERSON)
    max_people = models.PositiveSmallIntegerField(
        "people covered", default=1, help_text="1, or more for a household: the one who joins and others."
    )
    is_concession = models.BooleanField("concession", default=False)
    concession_wording = models.CharField(
        max_length=250, blank=True, help_text="What people declare about themselves. No proof is asked for or kept."
    )
    is_life = models.BooleanField("for life", default=False, help_text="Paid once; never ends.")
    gift_aid_eligible = models.BooleanField(
        "counts for Gift Aid",
        null=True,
        blank=True,
        choices=[
            (None, "By its kind: yes for one person, no for a household or an organisation"),
            (True, "Yes"),
            (False, "No"),
        ],
        help_text="Paying for another adult does not count, so a household does not, unless an adviser told you so.",
    )
    position = models.PositiveSmallIntegerField(default=0, help_text="Small numbers come first.")
    is_offered = models.BooleanField("offered", default=True, help_text="Untick to withdraw it. Members keep it.")
    history = HistoricalRecords()

    objects = PlanQuerySet.as_manager()
    current_prices: list["Price"]

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(name="plan_covers_somebody", condition=Q(max_people__range=(1, 12))),
            models.CheckConstraint(
                name="plan_concession_has_words",
                condition=Q(is_concession=False) | ~Q(concession_wording=""),
                violation_error_message="A concession needs the words that people declare.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("membership:join", args=[self.slug])

    @property
    def counts_for_gift_aid(self) -> bool:
        """As staff said; without a word from them, what pays for one person alone."""
        if self.gift_aid_eligible is None:
            return self.max_people == 1 and not self.is_for_organisations
        return self.gift_aid_eligible

    @property
    def is_for_organisations(self) -> bool:
        return self.kind == PersonKind.ORGANISATION


class PriceQuerySet(models.QuerySet["Price"]):
    """Questions about prices."""

    def current(self):
        """Those in force."""
        return self.filter(retired_at__isnull=True)


class Price(models.Model):
    """What a plan costs at the least, from a moment on. The database refuses to change the amount."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="prices")
    interval = models.CharField(max_length=5, choices=Interval, default=Interval.YEAR)
    amount_pence = models.PositiveIntegerField()
    valid_from: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=timezone.now, editable=False)
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = PriceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="price_current_once", fields=["plan", "interval"], condition=Q(retired_at__isnull=True)
            ),
            models.CheckConstraint(name="price_is_positive", condition=Q(amount_pence__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.plan.name}: {self.label}"

    @property
    def label(self) -> str:
        """ "£25.00 a year"."""
        return f"{pounds(self.amount_pence)} {self.get_interval_display()}"

    @property
    def is_current(self) -> bool:
        return self.retired_at is None
