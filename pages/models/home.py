"""The home page's panels, as staff set them. What panels there are is in the register, `psg.home`."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, F, JSONField, Q, When
from django.utils import timezone

from pages.models.guarded import Guarded
from pages.models.menus import ADDRESS
from pages.models.pages import Page
from psg import home


class Tone(models.TextChoices):
    """The colour of an appeal."""

    OCHRE = "ochre", "Ochre: an invitation"
    RED = "red", "Red: urgent"


class HomePanelQuerySet(models.QuerySet):
    """The questions that the home page asks."""

    def shown(self):
        """Those that visitors see now, in their order."""
        now = timezone.now()
        return self.filter(
            Q(shown_from__isnull=True) | Q(shown_from__lte=now),
            Q(shown_until__isnull=True) | Q(shown_until__gt=now),
            is_shown=True,
        )

    def with_found(self):
        """Each with what its panel looks up along with this query, in `found`; most look nothing up."""
        looking = {name: panel.looks_up for name, panel in home.panels().items() if panel.looks_up}
        cases = [When(name=name, then=looks_up()) for name, looks_up in looking.items()]
        return self.annotate(found=Case(*cases, default=None, output_field=JSONField()))


class HomePanel(Guarded):
    """What staff set of one panel. Each panel uses the fields that it offers in the register; the rest stay empty."""

    name = models.SlugField(max_length=40, unique=True, editable=False)
    position = models.PositiveIntegerField("order", default=0)
    is_shown = models.BooleanField("shown", default=True)
    heading = models.CharField(max_length=120, blank=True)
    text = models.TextField(max_length=1000, blank=True)
    link_label = models.CharField("words on the button", max_length=60, blank=True)
    link_address = models.CharField("the button leads to", max_length=400, blank=True)
    section = models.ForeignKey(Page, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    count = models.PositiveSmallIntegerField("how many", null=True, blank=True)
    tone = models.CharField("colour", max_length=10, choices=Tone, blank=True)
    shown_from = models.DateTimeField("shown from", null=True, blank=True)
    shown_until = models.DateTimeField("shown until", null=True, blank=True)

    objects = HomePanelQuerySet.as_manager()

    class Meta:
        verbose_name = "home page panel"
        verbose_name_plural = "home page"
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                name="home_panel_ends_after_it_starts",
                condition=Q(shown_from__isnull=True) | Q(shown_until__isnull=True) | Q(shown_until__gt=F("shown_from")),
            ),
            models.CheckConstraint(name="home_panel_count", condition=Q(count__isnull=True) | Q(count__range=(1, 20))),
            models.CheckConstraint(
                name="home_panel_link_is_safe", condition=Q(link_address="") | Q(link_address__regex=ADDRESS)
            ),
        ]

    def __str__(self) -> str:
        return self.name.replace("_", " ").capitalize()

    def get_absolute_url(self) -> str:
        return "/"

    @property
    def is_public(self) -> bool:
        """Whether visitors see it now."""
        now = timezone.now()
        has_begun = self.shown_from is None or self.shown_from <= now
        return self.is_shown and has_begun and (self.shown_until is None or self.shown_until > now)

    def clean(self) -> None:
        super().clean()
        if self.shown_from and self.shown_until and self.shown_until <= self.shown_from:
            raise ValidationError({"shown_until": "It would end before it begins."})
