"""The home page is made of panels. Each app offers its own in a module `panels`; this page knows only their order."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

# A panel's function returns what its template shows, or None to be left out.
PanelFunction = Callable[[], dict[str, Any] | None]

_panels: dict[str, tuple[str, PanelFunction]] = {}
ORDER = ["lead", "latest", "next_event", "why_join", "about"]


@dataclass(frozen=True)
class Panel:
    """One block of the home page, ready to be shown."""

    name: str
    template: str
    context: dict[str, Any]


def panel(name: str, *, template: str) -> Callable[[PanelFunction], PanelFunction]:
    """Offer a function as the home page's panel `name`."""

    def decorate(function: PanelFunction) -> PanelFunction:
        _panels[name] = (template, function)
        return function

    return decorate


def home(request: HttpRequest) -> HttpResponse:
    """The home page: every panel that has something to say."""
    panels = []
    for name in ORDER:
        template, function = _panels[name]
        if (context := function()) is not None:
            panels.append(Panel(name, template, context))
    return render(request, "pages/home.html", {"panels": panels})
