"""The search page. Query, filters and page are all in the address."""

import re
from collections import Counter
from dataclasses import dataclass
from urllib.parse import urlencode

from django.core.paginator import InvalidPage, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import capfirst
from django.utils.translation import gettext

from psg.search import asking, results
from psg.search.entries import kind_of, searchable
from psg.search.results import Counts, Filters

PER_PAGE = 20
TOPICS_SHOWN = 12
YEAR = re.compile(r"(19|20|21)\d\d", re.ASCII)


@dataclass(frozen=True)
class Choice:
    """One value of a filter. `address` leads to the result with it; of a chosen one, to the result without it."""

    label: str
    count: int
    address: str
    is_chosen: bool


@dataclass(frozen=True)
class Facet:
    """One filter with its values."""

    name: str
    label: str
    choices: list[Choice]

    @property
    def chosen(self) -> Choice | None:
        """The value that is chosen."""
        return next((choice for choice in self.choices if choice.is_chosen), None)


def search_page(request: HttpRequest) -> HttpResponse:
    """Search everything public."""
    asked = asking.cleaned(request.GET.get("q", ""))
    given = _given(request)
    filters = Filters(kind=_kinds().get(given["kind"], ""), topic=given["topic"], year=_year(given["year"]))
    answer = results.answer(asked, filters)
    counts = answer.counts
    page = _page(request, counts)
    if counts.total:
        first, last = page.start_index(), page.end_index()
        page.object_list = results.page(answer.text, filters, counts, start=first - 1, stop=last)
    context = {
        "answer": answer,
        "counts": counts,
        "page": page,
        "facets": _facets(asked, given, counts),
        "is_narrowed": any(given.values()),
        "page_query": _address(asked, given).removeprefix("?") + "&",
        "unfiltered_address": _address(asked),
        "suggestion_address": _address(answer.suggestion or ""),
        "is_cut_off": counts.total > counts.within_reach,
    }
    return render(request, "search/results.html", context)


def _page(request: HttpRequest, counts: Counts):
    paginator = Paginator(range(counts.within_reach), PER_PAGE)
    try:
        return paginator.page(request.GET.get("page", 1))
    except InvalidPage as error:
        raise Http404("There is no such page.") from error


def _kinds() -> dict[str, str]:
    """What the address calls a kind, and what the index does: {"article": "news.article"}."""
    return {str(model._meta.model_name): kind_of(model) for model in searchable()}


def _year(text: str) -> int | None:
    return int(text) if text else None


def _given(request: HttpRequest) -> dict[str, str]:
    """The filters of the address. What cannot be one is as good as not given."""
    kind, topic, year = (request.GET.get(name, "") for name in ("kind", "topic", "year"))
    return {
        "kind": kind if kind in _kinds() else "",
        "topic": topic[:80].strip(),
        "year": year if YEAR.fullmatch(year) else "",
    }


def _address(asked: str, given: dict[str, str] | None = None, **changes: str) -> str:
    values = {"q": asked} | (given or {}) | changes
    return "?" + urlencode({name: value for name, value in values.items() if value})


def _facets(asked: str, given: dict[str, str], counts: Counts) -> list[Facet]:
    """The filters that tell the results apart, and those in use."""
    labels = {str(model._meta.model_name): capfirst(str(model._meta.verbose_name_plural)) for model in searchable()}
    kinds = Counter({kind.partition(".")[2]: number for kind, number in counts.kinds.items()})
    years = Counter({str(year): number for year, number in counts.years.items()})
    values: list[tuple[str, str, Counter[str], list[tuple[str, int]], dict[str, str]]] = [
        ("kind", gettext("Kind"), kinds, kinds.most_common(), labels),
        ("topic", gettext("Topic"), counts.topics, counts.topics.most_common(TOPICS_SHOWN), counts.topic_names),
        ("year", gettext("Year"), years, sorted(years.items(), reverse=True), {}),
    ]
    facets = []
    for name, label, numbers, shown, names in values:
        chosen = given[name]
        there = [(value, number) for value, number in shown if number or value == chosen]
        if chosen and chosen not in dict(there):
            there.insert(0, (chosen, numbers[chosen]))
        if len(there) > 1 or chosen:
            choices = [_choice(asked, given, name, value, number, names) for value, number in there]
            facets.append(Facet(name, label, choices))
    return facets


def _choice(asked: str, given: dict[str, str], name: str, value: str, number: int, names: dict[str, str]) -> Choice:
    is_chosen = value == given[name]
    return Choice(
        label=names.get(value, value.replace("-", " ")),
        count=number,
        address=_address(asked, given, **{name: "" if is_chosen else value}),
        is_chosen=is_chosen,
    )
