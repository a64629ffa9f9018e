"""What happens to menus, and what visitors see of them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from django.apps import apps as installed
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from pages.addresses import is_of_pages, page_at
from pages.models import Menu, MenuItem, Page, Slot

STEP = 10  # between positions, so that a number fits in between

# What a new site has: each slot's heading and lines. Words are in English, shown in the reader's language.
DEFAULTS: dict[Slot, tuple[str, list[tuple[str, str]]]] = {
    Slot.MAIN: (
        "",
        [
            (_("News"), "/news/"),
            (_("About"), "/about/"),
            (_("Events"), "/events/"),
            (_("Search"), "/search/"),
            (_("Join"), "/membership/"),
        ],
    ),
    Slot.FOOT_1: (
        _("News"),
        [
            (_("Latest news"), "/news/"),
            (_("Topics"), "/news/topics/"),
            (_("Feed"), "/news/feed/"),
            (_("Search"), "/search/"),
        ],
    ),
    Slot.FOOT_2: (
        _("The group"),
        [
            (_("About us"), "/about/"),
            (_("Publications"), "/publications/"),
            (_("Events"), "/events/"),
            (_("Membership"), "/membership/"),
            (_("Give"), "/donate/"),
            (_("Sign in"), "/accounts/login/"),
        ],
    ),
    Slot.FOOT_3: (
        _("Help"),
        [
            (_("Contact"), "/contact/"),
            (_("Complaints"), "/about/complaints/"),
            (_("Privacy"), "/about/privacy/"),
            (_("Accessibility"), "/about/accessibility/"),
        ],
    ),
}
BUTTON = (Slot.MAIN, "/membership/")


# --- What visitors see -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Link:
    """One line, ready to be shown. `current` is for aria-current: "page" on the page itself, "true" below it."""

    label: str
    url: str
    is_button: bool = False
    current: str = ""

    @property
    def is_elsewhere(self) -> bool:
        """Whether it leaves this site."""
        return not self.url.startswith("/")


@dataclass(frozen=True)
class Column:
    """One column of the foot."""

    slot: str
    heading: str
    links: list[Link]


@dataclass(frozen=True)
class Menus:
    """All menus of a page. Columns without a line are left out."""

    main: list[Link] = field(default_factory=list)
    foot: list[Column] = field(default_factory=list)


def why_left_out(item: MenuItem) -> str:
    """Why visitors do not see this line, for staff; empty if they do. The item comes from `with_targets`."""
    if item.page:
        if not item.page.is_public:
            return item.page.status.label
        return "" if item.page.is_listed else "Not listed"
    if is_of_pages(item.address) and not item.has_page:  # type: ignore[attr-defined]
        return "No page there"
    return ""


def shown(items: Iterable[MenuItem], *, path: str = "") -> Menus:
    """The lines that lead somewhere, as visitors at `path` see them. The items come from `with_targets`."""
    lines: dict[str, list[Link]] = {slot: [] for slot in Slot.values}
    headings = {}
    for item in items:
        if not why_left_out(item):
            slot = item.menu.slot
            headings[slot] = item.menu.heading
            is_button = item.is_button and slot == Slot.MAIN
            lines[slot].append(Link(gettext(item.words), item.target, is_button))
    main = _with_current(lines.pop(Slot.MAIN), path)
    return Menus(main, [Column(slot, gettext(headings[slot]), links) for slot, links in lines.items() if links])


def built_in(path: str = "") -> Menus:
    """The menus of a new site, for when the database is away."""
    main = [Link(gettext(label), url, (Slot.MAIN, url) == BUTTON) for label, url in DEFAULTS[Slot.MAIN][1]]
    return Menus(_with_current(main, path))


def _with_current(links: list[Link], path: str) -> list[Link]:
    """Mark where the reader is: the page itself, else the nearest one above it."""
    above = [link.url for link in links if link.url != "/" and path.startswith(link.url)]
    here = path if any(link.url == path for link in links) else max(above, key=len, default=None)
    return [
        replace(link, current="page" if link.url == path else "true") if link.url == here else link for link in links
    ]


# --- What happens ----------------------------------------------------------------------------------------------------


def slots_of(page: Page) -> list[str]:
    """The menus that the page is in."""
    return list(MenuItem.objects.filter(page=page.pk).order_by("menu").values_list("menu__slot", flat=True))


@transaction.atomic
def set_menus(page: Page, slots: Collection[str], *, by) -> None:
    """Have the page in these menus and in no others. A new line comes last, but before a button that is last."""
    for menu in Menu.objects.order_by("pk").select_for_update().prefetch_related("items"):
        items = list(menu.items.all())
        mine = next((item for item in items if item.page_id == page.pk), None)
        if (menu.slot in slots) == (mine is not None):
            continue
        if mine is not None:
            items.remove(mine)
            mine.delete()
            done = "Took out"
        else:
            last = len(items) - 1 if items and items[-1].is_button else len(items)
            items.insert(last, MenuItem.objects.create(menu=menu, page=page))
            done = "Added"
        arrange(items)
        Menu.objects.filter(pk=menu.pk).update(version=menu.version + 1, updated_at=timezone.now())
        LogEntry.objects.log_actions(by.pk, [menu], CHANGE, change_message=f"{done} “{page}” on the page's own form.")


def arrange(items: list[MenuItem]) -> None:
    """Number the lines of one menu in the order given. At most one of them is a button."""
    for number, item in enumerate(items, start=1):
        item.position = number * STEP
    MenuItem.objects.bulk_update(items, ["position", "is_button"])


@transaction.atomic
def link_pages() -> None:
    """Lines that name the address of a page become links to that page, so that they follow it from now on."""
    named = [item for item in MenuItem.objects.filter(page=None) if is_of_pages(item.address)]
    found = [(item, page) for item in named if (page := page_at(item.address))]
    if not found:
        return
    list(Menu.objects.order_by("pk").select_for_update())  # menus first, as everybody locks them
    for item, page in found:
        if not MenuItem.objects.filter(menu=item.menu_id, page=page).exists():
            MenuItem.objects.filter(pk=item.pk, page=None).update(page=page, address="")


@transaction.atomic
def ensure_menus(*, apps: Any = installed, **_signal) -> None:
    """Make the menus that are missing, with the lines of a new site. Runs after each migrate."""
    try:
        apps.get_model("pages", "Menu")
    except LookupError:  # migrated to before there were menus
        return
    there = set(Menu.objects.values_list("slot", flat=True))
    for slot, (heading, lines) in DEFAULTS.items():
        if slot in there:
            continue
        menu = Menu.objects.create(slot=slot, heading=heading)
        MenuItem.objects.bulk_create(
            MenuItem(menu=menu, label=label, address=url, position=number * STEP, is_button=(slot, url) == BUTTON)
            for number, (label, url) in enumerate(lines, start=1)
        )
