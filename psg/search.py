"""One index over everything public. A row is written in the same transaction as the change it reflects."""

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_

from django.contrib.postgres.search import SearchHeadline, SearchQuery, SearchRank, SearchVector
from django.db.models import Case, F, FloatField, Model, Q, QuerySet, Value, When
from django.utils import timezone

from psg.models import SearchEntry
from psg.publishing.models import Publishable, State

# Text search configurations made by a migration: stemming with accents ignored, one for each language.
CONFIGS = {"en": "psg_en", "es": "psg_es"}
_START, _STOP = "\ue000", "\ue001"  # private-use characters: no text has them
MAX_QUERY = 200  # characters; more than any title, and short enough to be cheap


def _kind(obj: Model) -> str:
    return obj._meta.label_lower


def _entry(obj: Publishable) -> SearchEntry | None:
    if obj.state != State.PUBLISHED or obj.published_at is None:
        return None
    text = obj.search_text()
    return SearchEntry(
        kind=_kind(obj),
        object_id=obj.pk,
        url=obj.get_absolute_url(),
        title=str(obj),
        summary=text.summary,
        body=text.body,
        language=text.language,
        published_at=obj.published_at,
    )


def index(obj: Publishable) -> None:
    """Bring the index in line with one object: written if it is published or scheduled, else removed."""
    index_many([obj])


def index_many(objects: Sequence[Publishable]) -> None:
    """The same for many objects of one model, in a handful of queries."""
    if not objects:
        return
    kind = _kind(objects[0])
    entries = [entry for obj in objects if (entry := _entry(obj))]
    SearchEntry.objects.filter(kind=kind, object_id__in=[obj.pk for obj in objects]).delete()
    SearchEntry.objects.bulk_create(entries, batch_size=500)
    written = SearchEntry.objects.filter(kind=kind, object_id__in=[entry.object_id for entry in entries])
    for language, config in CONFIGS.items():
        written.filter(language=language).update(
            vector=SearchVector("title", weight="A", config=config)
            + SearchVector("summary", weight="B", config=config)
            + SearchVector("body", weight="D", config=config)
        )


def find(text: str) -> QuerySet[SearchEntry]:
    """Public entries that match, best first; quoted phrases and -exclusions work. Empty text finds nothing."""
    text = text[:MAX_QUERY].strip()
    if not text:
        return SearchEntry.objects.none()
    queries = {language: _query(text, config) for language, config in CONFIGS.items()}
    # Each text is asked in its own language: asked in both, a -word would be left out in one and found in the other.
    matches = reduce(or_, (Q(language=language, vector=query) for language, query in queries.items()))
    ranks = [When(language=language, then=_rank(query)) for language, query in queries.items()]
    return (
        SearchEntry.objects.filter(matches, published_at__lte=timezone.now())
        .annotate(rank=Case(*ranks, default=0.0, output_field=FloatField()))
        .order_by("-rank", "-published_at", "-pk")
        .defer("body", "vector")
    )


def _query(text: str, config: str) -> SearchQuery:
    return SearchQuery(text[:MAX_QUERY].strip(), config=config, search_type="websearch")


def _rank(query: SearchQuery) -> SearchRank:
    return SearchRank(F("vector"), query, normalization=Value(1))


def add_excerpts(entries: Iterable[SearchEntry], text: str) -> None:
    """Give each entry of one page the passage that matched. Reads the bodies: not for a whole result."""
    query = _query(text, CONFIGS["en"])
    cut = SearchHeadline(
        "body", query, config=CONFIGS["en"], start_sel=_START, stop_sel=_STOP, max_words=32, min_words=16
    )
    found = SearchEntry.objects.filter(pk__in=[entry.pk for entry in entries]).annotate(headline=cut)
    headlines = dict(found.values_list("pk", "headline"))
    for entry in entries:
        entry.excerpt = _cut(headlines.get(entry.pk, ""))


def _cut(headline: str) -> list[tuple[str, bool]]:
    parts = []
    for piece in headline.split(_START):
        marked, stop, rest = piece.partition(_STOP)
        parts += [(marked, True), (rest, False)] if stop else [(piece, False)]
    return [part for part in parts if part[0]]
