"""Where pictures and documents are used: by foreign key, which tables know, and in rich texts, which `Use` keeps."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote, urlsplit

from django.apps import apps
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from simple_history.models import HistoricalChanges

from psg.library.models import Document, Image, Use
from psg.publishing.models import Publishable
from psg.richtext import RichTextField

SHOWN = 100  # places of one sort that a list shows; the rest is counted


# --- What a text names -------------------------------------------------------------------------------------------


class _Addresses(HTMLParser):
    """Collects the addresses of pictures and links."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        wanted = {"img": "src", "a": "href"}.get(tag)
        self.found += [value for name, value in attrs if name == wanted and value]


def library_names(html: str) -> set[str]:
    """Names below MEDIA_URL that the HTML shows or links to, whether or not our own host stands before them."""
    if settings.MEDIA_URL not in html:
        return set()  # most texts
    parser = _Addresses()
    parser.feed(html)
    parser.close()
    names = set()
    for address in parser.found:
        try:
            parts = urlsplit(address.strip().removeprefix(settings.SITE_URL))
        except ValueError:  # not an address at all
            continue
        path = unquote(parts.path)
        if not parts.netloc and path.startswith(settings.MEDIA_URL):
            names.add(path.removeprefix(settings.MEDIA_URL))
    return names


def rich_text_fields(model: type[models.Model]) -> list[str]:
    """The names of the model's rich texts."""
    return [field.name for field in model._meta.concrete_fields if isinstance(field, RichTextField)]


def models_with_rich_text() -> list[type[models.Model]]:
    """All whose texts can use the library; not their histories."""
    return [model for model in apps.get_models() if rich_text_fields(model) and not _is_history(model)]


def _is_history(model: type[models.Model]) -> bool:
    return issubclass(model, HistoricalChanges)


# --- Kept with each save -----------------------------------------------------------------------------------------


def record(obj: models.Model) -> None:
    """Bring the table in line with the rich texts of one saved object. Belongs into the transaction of the save."""
    record_many([obj])


def record_many(objects: Sequence[models.Model]) -> tuple[int, int]:
    """The same for many objects of one model, in at most five queries; the number of uses written and dropped."""
    if not objects or not rich_text_fields(type(objects[0])):
        return 0, 0
    fields = rich_text_fields(type(objects[0]))
    named = {obj.pk: library_names(" ".join(getattr(obj, name) or "" for name in fields)) for obj in objects}
    wanted = _wanted(named)
    kind = ContentType.objects.get_for_model(type(objects[0]))
    there = {
        (use.object_id, use.image_id, use.document_id): use.pk
        for use in Use.objects.filter(content_type=kind, object_id__in=list(named))
    }
    stale = [pk for key, pk in there.items() if key not in wanted]
    new = [
        Use(content_type=kind, object_id=target, image_id=image, document_id=document)
        for target, image, document in sorted(wanted - there.keys(), key=str)
    ]
    if stale:
        Use.objects.filter(pk__in=stale).delete()
    if new:
        Use.objects.bulk_create(new, ignore_conflicts=True)
    return len(new), len(stale)


def _wanted(named: dict[Any, set[str]]) -> set[tuple[Any, int | None, int | None]]:
    """(object, picture, document) for each thing of the library that is named and exists.

    The rows are locked, so that none is deleted between this look and the end of the transaction.
    """
    names = sorted(set().union(*named.values()))
    if not names:
        return set()
    images = dict(_locked(Image, names))
    documents = dict(_locked(Document, names))
    pairs = [(target, name) for target, found in named.items() for name in found]
    return {(target, images[name], None) for target, name in pairs if name in images} | {
        (target, None, documents[name]) for target, name in pairs if name in documents
    }


def _locked(model: type[Image | Document], names: list[str]) -> QuerySet:
    found = model._default_manager.filter(address__in=names).order_by("pk")
    return found.select_for_update(no_key=True).values_list("address", "pk")


# --- Where something is used -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """One thing that uses a picture or a document."""

    target: models.Model
    field: str  # what it is there: "lead image"; empty for a text

    @property
    def in_text(self) -> bool:
        """Whether it stands in a text, so that deleting leaves a gap but is possible."""
        return not self.field

    @property
    def status(self) -> str:
        """What readers see of it, in a word; empty for what is never published by itself."""
        return str(self.target.status.label) if isinstance(self.target, Publishable) else ""


@dataclass(frozen=True)
class Uses:
    """All uses of one thing. `places` shows the first of them, `total` counts them all."""

    places: list[Place]
    total: int
    in_texts: int  # how many different things show it in a text

    @property
    def more(self) -> int:
        """How many are not shown."""
        return self.total - len(self.places)

    @property
    def holds(self) -> bool:
        """Whether a field points to it, so that it cannot be deleted."""
        return self.total > self.in_texts


def references(model: type[models.Model]) -> tuple[Any, ...]:
    """Every relation to the model but those of histories, of `Use`, and of tables that only join two others."""
    found = []
    for relation in model._meta.get_fields(include_hidden=True):
        if not (relation.auto_created and not relation.concrete and relation.is_relation):
            continue
        other = relation.related_model
        if other is None or isinstance(other, str) or other is Use or _is_history(other) or other._meta.auto_created:
            continue
        found.append(relation)
    return tuple(found)


def where_used(thing: Image | Document) -> Uses:
    """Everything that uses it. The number of queries depends on the number of models alone."""
    places: list[Place] = []
    total = 0
    for relation in references(type(thing)):
        found = _without_texts(relation.related_model).filter(**{relation.field.name: thing})
        label = str(getattr(relation.field, "verbose_name", relation.field.name))
        first = [Place(obj, label) for obj in found[: SHOWN + 1]]
        total += len(first) if len(first) <= SHOWN else found.count()
        places += first[:SHOWN]
    in_texts = _text_uses(thing)
    places += [Place(obj, "") for obj in in_texts[:SHOWN]]
    return Uses(places, total + len(in_texts), len(in_texts))


def _without_texts(model: type[models.Model]) -> QuerySet:
    return model._default_manager.defer(*rich_text_fields(model)).order_by("-pk")


def _text_uses(thing: Image | Document) -> list[models.Model]:
    found: list[models.Model] = []
    for kind, keys in _by_kind(Use.objects.filter(**{thing._meta.model_name or "": thing})):
        if model := kind.model_class():
            found += _without_texts(model).filter(pk__in=keys)
    return found


def _by_kind(uses: QuerySet[Use]) -> Iterator[tuple[ContentType, list[int]]]:
    keys: dict[int, list[int]] = {}
    for kind, key in uses.values_list("content_type", "object_id"):
        keys.setdefault(kind, []).append(key)
    for kind in keys:
        yield ContentType.objects.get_for_id(kind), keys[kind]


def with_use_count(queryset: QuerySet) -> QuerySet:
    """The pictures or documents with `use_count`, for lists: counted by the same query."""
    model = queryset.model
    counts = [_count(relation.related_model._base_manager, relation.field.name) for relation in references(model)]
    counts.append(_count(Use._base_manager, model._meta.model_name))
    return queryset.annotate(use_count=sum(counts, start=Value(0, output_field=IntegerField())))


def _count(manager: Any, field: str) -> Coalesce:
    rows = manager.filter(**{field: OuterRef("pk")}).order_by().values(field).annotate(_count=Count("pk"))
    return Coalesce(Subquery(rows.values("_count"), output_field=IntegerField()), 0)


def publishables_with(thing: Image | Document) -> Iterable[tuple[type[Publishable], list[Publishable]]]:
    """What is published by itself and points to it by a field, locked, by model: for the search index."""
    for relation in references(type(thing)):
        model = relation.related_model
        if issubclass(model, Publishable) and relation.one_to_many:
            name = relation.field.name
            rows = model._default_manager.filter(**{name: thing}).select_related(name).order_by("pk")
            if found := list(rows.select_for_update(of=("self",))):
                yield model, found
