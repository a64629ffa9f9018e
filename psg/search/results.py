"""An answer: how many, filed how, and one page of them, best first."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from django.db.models import Count, Q, QuerySet, TextField, Value
from django.db.models.functions import Concat, Left

from psg.models import SearchEntry
from psg.publishing.models import Publishable
from psg.search import asking, words
from psg.search.entries import kind_of

# Of a very common word the newest entries, and the newest that have it in their title, are put in order of merit.
RANKED = 600
RANKED_BY_TITLE = 100
# A word further down in a long text (a whole PDF) is found but not shown: cutting an excerpt reads the text again.
EXCERPT_FROM = 20_000
EXCERPT: dict[str, Any] = {"max_fragments": 2, "max_words": 22, "min_words": 12, "fragment_delimiter": " … "}

# A slug, a path, or a whole address.
ADDRESS = re.compile(r"(?:https?://[^/\s]+)?(?P<path>[-\w/]+)", re.ASCII)


@dataclass(frozen=True)
class Filters:
    """What a result is narrowed to; an empty value narrows nothing. `kind` is a model's label, `topic` a slug."""

    kind: str = ""
    topic: str = ""
    year: int | None = None


@dataclass
class Counts:
    """How many entries match. Each filter's counts take the other filters into account, but not itself."""

    everything: int = 0  # without filters
    total: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    topics: Counter[str] = field(default_factory=Counter)  # by slug
    years: Counter[int] = field(default_factory=Counter)
    topic_names: dict[str, str] = field(default_factory=dict)  # of each slug

    @property
    def within_reach(self) -> int:
        """How many of them can be leafed through."""
        return min(self.total, RANKED)


def count(text: str, filters: Filters) -> Counts:
    """Count what the public finds, in one query that touches each match once and unpacks no text."""
    counts = Counts()
    if not text:
        return counts
    groups = SearchEntry.objects.filter(asking.matches(text), asking.public()).values_list("kind", "topics", "year")
    for kind, lines, year, number in groups.annotate(Count("pk")).order_by():
        topics = [line.partition(" ") for line in lines.splitlines()[1:]]
        is_kind = filters.kind in ("", kind)
        is_topic = not filters.topic or any(slug == filters.topic for slug, _, _ in topics)
        is_year = filters.year in (None, year)
        counts.everything += number
        if is_kind and is_topic and is_year:
            counts.total += number
        if is_topic and is_year:
            counts.kinds[kind] += number
        if is_kind and is_topic and year:
            counts.years[year] += number
        for slug, _, name in topics:
            counts.topics[slug] += number if is_kind and is_year else 0
            counts.topic_names[slug] = name
    return counts


def _narrowed(filters: Filters) -> Q:
    narrowed = asking.public()
    if filters.kind:
        narrowed &= Q(kind=filters.kind)
    if filters.topic:
        narrowed &= Q(topics__contains=f"\n{filters.topic} ")
    if filters.year:
        narrowed &= Q(year=filters.year)
    return narrowed


def _candidates(text: str, filters: Filters, counts: Counts) -> QuerySet[SearchEntry]:
    """What is put in order of merit: all that matches; of very much the newest, and the newest by title."""
    entries = SearchEntry.objects.filter(_narrowed(filters))
    if counts.total <= RANKED:
        return entries.filter(asking.matches(text))
    newest_first = "-year", "-published_at", "-pk"
    newest = entries.filter(asking.matches(text, years=_years_with_enough(filters, counts))).order_by(*newest_first)
    titled = entries.filter(asking.title_matches(text)).order_by(*newest_first)
    keys = newest.values_list("pk")[:RANKED].union(titled.values_list("pk")[:RANKED_BY_TITLE])
    # Fetched, not nested: Postgres would rank before it limits, or read the whole table for a subquery's keys.
    return SearchEntry.objects.filter(pk__in=[key for (key,) in keys])


def _years_with_enough(filters: Filters, counts: Counts) -> list[int]:
    """The years in which the newest `RANKED` matches are."""
    years = sorted(counts.years, reverse=True) if filters.year is None else [filters.year]
    before = accumulate((counts.years[year] for year in years), initial=0)
    return [year for year, newer in zip(years, before, strict=False) if newer < RANKED]


def page(text: str, filters: Filters, counts: Counts, *, start: int, stop: int) -> Sequence[SearchEntry]:
    """The entries from `start` up to `stop`, best first, with their matched words. At most two queries."""
    order = "-rank", "-published_at", "-pk"
    best = _candidates(text, filters, counts).annotate(rank=asking.rank(text)).order_by(*order)
    beginning = Left(Concat("summary", Value(" "), "body", output_field=TextField()), EXCERPT_FROM)
    entries = SearchEntry.objects.filter(pk__in=best.values("pk")[start:stop]).annotate(
        rank=asking.rank(text),
        marked_title=asking.marked("title", text, highlight_all=True),
        marked_text=asking.marked(beginning, text, **EXCERPT),
    )
    shown = []
    for entry in entries.order_by(*order).defer("body", "vector"):
        entry.title_parts = asking.parts(entry.marked_title)
        entry.excerpt = _excerpt(asking.parts(entry.marked_text), entry.summary)
        shown.append(entry)
    return shown


def _excerpt(parts: list[tuple[str, bool]], beginning: str) -> list[tuple[str, bool]]:
    """With dots where the text goes on; nothing if nothing in it matched."""
    if not any(matched for _, matched in parts):
        return []
    starts = "".join(words for words, _ in parts).startswith(beginning[:20] or " ")
    return [*([] if starts else [("… ", False)]), *parts, (" …", False)]


@dataclass(frozen=True)
class Answer:
    """What is shown to somebody who asked for `asked`."""

    asked: str
    text: str  # what was looked for: `asked`, or what was probably meant where that finds nothing
    counts: Counts
    suggestion: str | None = None  # another spelling that finds more

    @property
    def is_corrected(self) -> bool:
        """Whether this is the answer to another spelling."""
        return self.text != self.asked


def answer(asked: str, filters: Filters) -> Answer:
    """Look for it; where that finds nothing, for what was probably meant. At most three queries."""
    counts = count(asked, filters)
    if counts.everything > words.FEW or (better := words.respelt(asked)) is None:
        return Answer(asked, asked, counts)
    its_counts = count(better, filters)
    if its_counts.everything <= counts.everything:
        return Answer(asked, asked, counts)
    if counts.everything == 0:
        return Answer(asked, better, its_counts)
    return Answer(asked, asked, counts, suggestion=better)


def matching_ids(model: type[Publishable], text: str) -> QuerySet:
    """Ids of all rows of a model that match what is typed at the desk, drafts and withdrawn ones included.

    The last word may be unfinished. A slug, a path or a whole address finds its row. Where nothing does, the
    nearest spelling is asked.
    """
    entries = SearchEntry.objects.filter(kind=kind_of(model))
    text = asking.cleaned(text)
    found = entries.filter(asking.matches_unfinished(text)).values("object_id")
    address = ADDRESS.fullmatch(text)
    if address is not None:
        path = address["path"]
        end = "" if "/" in path else "[^/]*/?$"  # without a slash it is about the last part: all news is under /news/
        found = found.union(entries.filter(url__iregex=path + end).values("object_id"))
    if not found.exists() and (better := words.respelt(text)):
        return entries.filter(asking.matches(better)).values("object_id")
    return found
