"""From what somebody typed to what Postgres is asked."""

import re
from collections.abc import Callable, Sequence
from functools import reduce
from operator import and_, or_

from django.contrib.postgres.search import (
    CombinedSearchQuery,
    SearchHeadline,
    SearchQuery,
    SearchQueryField,
    SearchRank,
    SearchVector,
    SearchVectorExact,
)
from django.db.models import Case, F, Field, Q, TextField, Value, When
from django.db.models.expressions import Combinable, Expression
from django.utils import timezone

# Text search configurations made by a migration: stemming with accents ignored, one for each language.
CONFIGS = {"en": "psg_en", "es": "psg_es"}
# Around matched words in what Postgres marks. Private-use characters: the index keeps none (see `entries.py`).
MARK_START, MARK_STOP = "\ue000", "\ue001"
EVERY = "inall"  # a word in every vector
EXCLUDES = re.compile(r"(?<!\w)-")
MAX_QUERY = 200  # characters; more than any title, and short enough to be cheap


def cleaned(text: str) -> str:
    """The query as it is asked and shown again: one line, at most `MAX_QUERY` characters."""
    return " ".join(text[:MAX_QUERY].split())


def public() -> Q:
    """What the public may find now. Drafts and withdrawn things are in the index too, without a time."""
    return Q(published_at__lte=timezone.now())


def _each(condition) -> Q:
    """Each text is asked in its own language: asked in both, a -word would be left out in one and found in the other.

    Written so that it is exactly what the partial indexes hold: Postgres then never unpacks a vector to check it.
    """
    return reduce(or_, (Q(language=language) & condition(config) for language, config in CONFIGS.items()))


def _query(text: str, config: str) -> SearchQuery | CombinedSearchQuery:
    query = SearchQuery(text, config=config, search_type="websearch")
    if EXCLUDES.search(text):
        # "-gold" alone names nothing to look up: without this, Postgres would unpack every vector of the table.
        return query & SearchQuery(EVERY, config="simple", search_type="raw")
    return query


def year_word(year: int) -> str:
    """A word in the vector of every entry of that year: so the index itself leaves out other years, without a look
    at their rows. Whoever types it finds that year, which does no harm."""
    return f"inyear{year}"


def matches(text: str, *, years: Sequence[int] = ()) -> Q:
    """Entries in whose title, summary or body the words are. Quoted phrases and -exclusions work.

    With `years`, those of these years alone.
    """
    of_years = " | ".join(map(year_word, years))

    def condition(config: str) -> Q:
        query = _query(text, config)
        return Q(vector=query & SearchQuery(of_years, config="simple", search_type="raw") if years else query)

    return _each(condition)


def title_matches(text: str) -> Q:
    """Entries in whose title alone the words are."""
    return _each(lambda config: Q(SearchVectorExact(SearchVector("title", config=config), _query(text, config))))


def matches_unfinished(text: str) -> Q:
    """The same as `matches` while somebody is typing: the last word may be the beginning of one."""
    last = re.search(r'(?<![\w"-])(\w+)$', text)
    if last is None:
        return matches(text)
    head, beginning = text[: last.start()].strip(), f"{last[1]}:*"

    def condition(config: str) -> Q:
        parts = [_query(head, config)] if head else []
        unfinished = reduce(and_, [*parts, SearchQuery(beginning, config=config, search_type="raw")])
        return Q(vector=_query(text, config) | unfinished)

    return _each(condition)


def _own(choose: Callable[[str], Expression], output_field: Field) -> Case:
    """Of each entry, that of its own language."""
    return Case(
        When(language="es", then=choose(CONFIGS["es"])), default=choose(CONFIGS["en"]), output_field=output_field
    )


def _own_query(text: str) -> Case:
    return _own(lambda config: _query(text, config), SearchQueryField())


def rank(text: str) -> Expression:
    """How well an entry matches; a word in the title counts ten times one in the body."""
    return SearchRank(F("vector"), _own_query(text), normalization=Value(1))


def marked(source: Combinable | str, text: str, **options) -> Expression:
    """`source` with the matched words between marks."""
    config = _own(Value, TextField())
    return SearchHeadline(source, _own_query(text), config=config, start_sel=MARK_START, stop_sel=MARK_STOP, **options)


def parts(headline: str) -> list[tuple[str, bool]]:
    """A marked text as (words, whether they matched)."""
    found = []
    for piece in headline.split(MARK_START):
        matched, stop, rest = piece.partition(MARK_STOP)
        found += [(matched, True), (rest, False)] if stop else [(piece, False)]
    return [part for part in found if part[0]]
