"""The home page: the panels that the apps offer, as staff arranged them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from pages.models import HomePanel, MenuItem
from psg import home as register
from psg.publishing.views import Preview


@dataclass(frozen=True)
class Shown:
    """One panel, ready to be shown."""

    name: str
    template: str
    width: register.Width
    context: dict[str, Any]


@dataclass(frozen=True)
class Band:
    """Panels that stand beside each other on a wide screen. The order is that of the page on a phone."""

    panels: list[Shown]

    @property
    def shape(self) -> str:
        """Its class: across the page, side by side, or a broad column with so many panels beside it, left or right."""
        widths = [panel.width for panel in self.panels]
        if widths == ["wide"]:
            return "wide"
        if "main" not in widths:
            return "even"
        if "side" not in widths:
            return "wide"
        return f"{'left' if widths[0] == 'side' else 'right'} sides-{min(widths.count('side'), 4)}"


def bands(panels: Iterable[Shown]) -> list[Band]:
    """Panels in bands, in their order: a wide one has its own; a broad column takes the narrow ones around it."""
    made: list[list[Shown]] = []
    for panel in panels:
        last = [each.width for each in made[-1]] if made else ["wide"]
        joins = panel.width != "wide" and last != ["wide"] and not (panel.width == "main" and "main" in last)
        if joins:
            made[-1].append(panel)
        else:
            made.append([panel])
    return [Band(each) for each in made]


def home(request: HttpRequest) -> HttpResponse:
    """The home page as visitors see it now."""
    return show_home(request)


def show_home(
    request: HttpRequest,
    *,
    rows: Sequence[HomePanel] | None = None,
    preview: Preview | None = None,
    menu_items: Sequence[MenuItem] | None = None,
) -> HttpResponse:
    """Render the home page. A preview brings its own rows, or its own lines of all menus, not saved yet."""
    offered = register.panels()
    panels = []
    if rows is None:
        rows = list(HomePanel.objects.shown().with_found())
        found = {row.name: row.found for row in rows}  # type: ignore[attr-defined]
    else:  # a preview's own rows do not have it
        found = dict(HomePanel.objects.with_found().values_list("name", "found"))
    for row in rows:
        panel = offered.get(row.name)  # one that no app offers any more is passed over
        if panel and (context := panel.function(panel.settings(row, found=found.get(row.name)))) is not None:
            panels.append(Shown(panel.name, panel.template, panel.width, context))
    context = {"panels": panels, "bands": bands(panels), "preview": preview, "menu_items": menu_items}
    return render(request, "pages/home.html", context)
