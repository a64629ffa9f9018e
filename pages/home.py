"""What happens to the home page's panels. Which there are is in the register, `psg.home`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps as installed
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.utils import timezone

from pages.guards import last_editor
from pages.models import HomePanel, Page
from psg import home
from psg.publishing.actions import EditConflict

STEP = 10  # between positions, so that a number fits in between


@dataclass(frozen=True)
class Place:
    """Where a panel stands and whether it is shown, as a form asks for it."""

    name: str
    position: int
    is_shown: bool


@home.keeper
def kept(name: str) -> HomePanel | None:
    """What staff set of a panel."""
    return HomePanel.objects.filter(name=name).first()


def arrangement(panels: Sequence[HomePanel]) -> str:
    """The order and the ticks as one word: another word means that somebody rearranged them."""
    return ",".join(f"{panel.name}:{panel.is_shown:d}" for panel in panels)


def registered() -> list[HomePanel]:
    """The panels that the register knows, in staff's order."""
    return list(HomePanel.objects.filter(name__in=home.panels()))


@transaction.atomic
def arrange(places: Sequence[Place], *, seen: str, by) -> int:
    """Put the panels in this order, shown or hidden; the number that changed.

    `seen` is the `arrangement` that the form was opened on. Raises EditConflict if it is no longer so.
    """
    locked = HomePanel.objects.select_for_update().filter(name__in=home.panels()).order_by("pk")
    # Sorted here: whoever waited for the lock gets the rows as they are now, but in the order that they had before.
    panels = {panel.name: panel for panel in sorted(locked, key=lambda panel: (panel.position, panel.pk))}
    if arrangement(list(panels.values())) != seen:
        latest = max(panel.updated_at for panel in panels.values())
        raise EditConflict(at=latest, by=last_editor(HomePanel), version=0)
    wanted = sorted((place for place in places if place.name in panels), key=lambda place: place.position)
    changed = 0
    for number, place in enumerate(wanted, start=1):
        panel = panels[place.name]
        if (panel.position, panel.is_shown) != (number * STEP, place.is_shown):
            _move(panel, number * STEP, place.is_shown, by=by)
            changed += 1
    return changed


def _move(panel: HomePanel, position: int, is_shown: bool, *, by) -> None:
    words = []
    if panel.is_shown != is_shown:
        words.append("Shown." if is_shown else "Hidden.")
    if panel.position != position:
        words.append("Moved.")
    panel.position, panel.is_shown, panel.version = position, is_shown, panel.version + 1
    panel.save(update_fields=["position", "is_shown", "version", "updated_at"])
    LogEntry.objects.log_actions(by.pk, [panel], CHANGE, change_message=" ".join(words))


@transaction.atomic
def ensure_panels(*, apps: Any = installed, **_signal) -> None:
    """Make the rows that are missing of the panels that apps offer. Runs after each migrate."""
    try:
        apps.get_model("pages", "HomePanel")
    except LookupError:  # migrated to before there were any
        return
    rows = [
        HomePanel(name=panel.name, position=panel.position, is_shown=panel.shown) for panel in home.panels().values()
    ]
    HomePanel.objects.bulk_create(rows, ignore_conflicts=True)


def link_section(name: str, page: Page) -> None:
    """Have a panel introduce the section, unless staff chose one already."""
    HomePanel.objects.filter(name=name, section=None).update(section=page, updated_at=timezone.now())
