"""The main menu, and the columns at the foot of every page."""

from django.db import models
from django.db.models import Exists, OuterRef, Q

from pages.models.guarded import Guarded
from pages.models.pages import Page

# A path on this site that no browser takes for another host, or an address elsewhere. For Postgres and Python alike.
ADDRESS = r"^(/([^/\\\s][^\\\s]*)?|https://[^/\\\s][^\\\s]*)$"


class Slot(models.TextChoices):
    """Where a menu stands."""

    MAIN = "main", "Main menu"
    FOOT_1 = "foot_1", "Footer, first column"
    FOOT_2 = "foot_2", "Footer, second column"
    FOOT_3 = "foot_3", "Footer, third column"


class Menu(Guarded):
    """One menu. There is one for each slot, made after migrate; staff fill it."""

    slot = models.CharField(max_length=10, choices=Slot, unique=True, editable=False)
    heading = models.CharField(max_length=40, blank=True, help_text="Stands above the column.")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="menu_column_has_a_heading",
                condition=Q(slot=Slot.MAIN, heading="") | (~Q(slot=Slot.MAIN) & ~Q(heading="")),
            ),
        ]

    def __str__(self) -> str:
        return self.get_slot_display()

    def get_absolute_url(self) -> str:
        return "/"

    @property
    def is_main(self) -> bool:
        """Whether it is the one at the head, which may have a button."""
        return self.slot == Slot.MAIN


class MenuItemQuerySet(models.QuerySet):
    """The questions that menus ask."""

    def with_targets(self):
        """Each with what it leads to, in one query: its menu, its page, and whether a public page is at its address."""
        from pages.addresses import as_page_path  # it needs the pages' models

        at_address = Page.objects.public().listed().filter(path=OuterRef("address_path"))
        return (
            self.select_related("menu", "page")
            .annotate(address_path=as_page_path("address"))
            .annotate(has_page=Exists(at_address))
            .only(
                *("label", "address", "is_button", "position", "menu", "menu__slot", "menu__heading"),
                *("page", "page__title", "page__path", "page__state", "page__published_at", "page__is_listed"),
            )
            .order_by("menu", "position", "pk")
        )


class MenuItem(models.Model):
    """One line of a menu: a page, which it follows wherever that moves, or an address."""

    menu = models.ForeignKey(Menu, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveIntegerField("order", default=0)
    label = models.CharField(max_length=60, blank=True)
    page = models.ForeignKey(Page, null=True, blank=True, on_delete=models.CASCADE, related_name="menu_items")
    address = models.CharField(max_length=400, blank=True)
    is_button = models.BooleanField("as a button", default=False)

    objects = MenuItemQuerySet.as_manager()

    class Meta:
        verbose_name = "link"
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                name="menu_item_leads_to_one_thing",
                condition=Q(page__isnull=True, address__regex=ADDRESS) | Q(page__isnull=False, address=""),
            ),
            models.CheckConstraint(name="menu_item_has_words", condition=Q(page__isnull=False) | ~Q(label="")),
            models.UniqueConstraint(name="menu_has_one_button", fields=["menu"], condition=Q(is_button=True)),
            # Deferred: two lines may swap their pages in one save.
            models.UniqueConstraint(
                name="menu_has_a_page_once", fields=["menu", "page"], deferrable=models.Deferrable.DEFERRED
            ),
        ]

    def __str__(self) -> str:
        return self.words

    @property
    def words(self) -> str:
        """What is read: its own label, else its page's title."""
        return self.label or (self.page.title if self.page else "")

    @property
    def target(self) -> str:
        """Where it leads now."""
        return self.page.get_absolute_url() if self.page else self.address
