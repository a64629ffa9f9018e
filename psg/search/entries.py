"""Writing the index."""

from collections.abc import Sequence

from django.apps import apps
from django.db.models import Model, Value, prefetch_related_objects
from django.db.models.expressions import RawSQL
from django.db.models.functions import Concat, Left, Length, Replace
from django.utils.timezone import localtime

from psg.models import SearchEntry, SearchText
from psg.publishing.models import Publishable, State
from psg.search import words
from psg.search.asking import CONFIGS, EVERY, MARK_START, MARK_STOP, year_word

BATCH = 500
# A vector may not exceed 1 MB, whatever it is made of: this many characters always fit (a PDF may have more).
MAX_BODY = 300_000
_NOT_KEPT = {ord(MARK_START): None, ord(MARK_STOP): None, 0: None}
_WRITTEN = [
    field.name
    for field in SearchEntry._meta.concrete_fields
    if field.name not in ("id", "kind", "object_id")
]  # fmt: skip


def searchable() -> list[type[Publishable]]:
    """Every model whose rows are in the index."""
    return [model for model in apps.get_models() if issubclass(model, Publishable)]


def kind_of(model: Model | type[Model]) -> str:
    """How the index names a model."""
    return model._meta.label_lower


def index(obj: Publishable) -> None:
    """Bring the index in line with one object. Call it in the transaction that changes the object."""
    index_many([obj])


def index_many(objects: Sequence[Publishable]) -> None:
    """The same for many objects of one model, in a handful of queries.

    Drafts and what was withdrawn are written too, for the desk; without a time the public never finds them.
    """
    if not objects:
        return
    # One order for everybody, so that two who write the same rows wait for one another and never in a circle.
    rows = [obj for _, obj in sorted({obj.pk: obj for obj in objects}.items())]
    if len(rows) > 1:
        prefetch_related_objects(rows, *rows[0].search_reads)
    texts = {obj.pk: obj.search_text() for obj in rows}
    SearchEntry.objects.bulk_create(
        [_entry(obj, texts[obj.pk]) for obj in rows],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["kind", "object_id"],
        update_fields=_WRITTEN,
    )
    words.learn(
        f"{obj} {texts[obj.pk].summary} {texts[obj.pk].body[:MAX_BODY]}" for obj in rows if obj.state == State.PUBLISHED
    )


def _entry(obj: Publishable, text: SearchText) -> SearchEntry:
    published_at = obj.published_at if obj.state == State.PUBLISHED else None
    date = text.date or (localtime(published_at).date() if published_at else None)
    title, summary = _kept(str(obj))[:250], _kept(text.summary)
    body = _kept(text.body[:MAX_BODY])
    language = text.language if text.language in CONFIGS else "en"
    year = text.year or (date.year if date else None)
    return SearchEntry(
        kind=kind_of(obj),
        object_id=obj.pk,
        url=obj.get_absolute_url(),
        title=title,
        summary=summary,
        body=body,
        language=language,
        published_at=published_at,
        date=text.date,
        year=year,
        topics="".join(topic_line(*topic) for topic in sorted(text.topics)),
        members_only=text.members_only,
        vector=_vector(CONFIGS[language], title, summary, body, f"{EVERY} {year_word(year) if year else ''}"),
    )


def _kept(text: str) -> str:
    return text.translate(_NOT_KEPT)


def _vector(config: str, title: str, summary: str, body: str, hidden: str) -> RawSQL:
    """The words with their weights, and the `hidden` ones that only the search itself asks for.

    As plain SQL: Django's own expressions take longer to write than the row.
    """
    sql = (
        "setweight(to_tsvector(%s::regconfig, %s), 'A') || setweight(to_tsvector(%s::regconfig, %s), 'B')"
        " || setweight(to_tsvector(%s::regconfig, %s), 'D') || to_tsvector('simple', %s)"
    )
    return RawSQL(sql, (config, title, config, summary, config, body, hidden))  # noqa: S611  # a constant, no value


def topic_line(slug: str, name: str) -> str:
    r"""A topic as the index keeps it: "\nhuman-rights Human rights". A slug has no space, a name no line's end."""
    return f"\n{slug} {name}"


def replace_topic(old: tuple[str, str], new: tuple[str, str] | None) -> None:
    """A topic (slug, name) was renamed; with None it was deleted. Every entry that is filed under it follows."""
    before, after = topic_line(*old), topic_line(*new) if new else ""
    # With a line's end after the last topic for the length of the change: "Mining" is not to be found in "Mining law".
    ended = Replace(Concat("topics", Value("\n")), Value(f"{before}\n"), Value(f"{after}\n"))
    filed = SearchEntry.objects.filter(topics__contains=before)
    filed.update(topics=Left(ended, Length(ended) - 1))


def drop_orphans(model: type[Publishable]) -> int:
    """Drop the entries of rows that are no more; the number dropped."""
    entries = SearchEntry.objects.filter(kind=kind_of(model))
    return entries.exclude(object_id__in=model._default_manager.values("pk")).delete()[0]
