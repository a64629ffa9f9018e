"""Publications, for readers."""

from urllib.parse import urlencode

from django.conf import settings
from django.core.paginator import InvalidPage, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from pages.models import Publication
from pages.structured_data import publication_json_ld
from psg.library.models import Language
from psg.publishing.views import Preview, gone

PER_PAGE = 20
OTHERS = 3


def _chosen(request: HttpRequest) -> dict[str, str]:
    """The filters that the address asks for. A year that is none finds nothing; a language that is none is ignored."""
    asked = {"language": request.GET.get("language", ""), "year": request.GET.get("year", "")}
    if asked["language"] not in Language.values:
        asked["language"] = ""
    return {name: value for name, value in asked.items() if value}


def _filtered(chosen: dict[str, str]):
    found = Publication.objects.for_list()
    if "language" in chosen:
        found = found.filter(language=chosen["language"])
    if "year" in chosen:
        year = chosen["year"]
        found = found.filter(year=int(year)) if year.isascii() and year.isdigit() and len(year) == 4 else found.none()
    return found


def _links(chosen: dict[str, str], name: str, values: list[tuple[str, str]]) -> list[dict[str, str | bool]]:
    """One link a value of a filter, which keeps the other filter; the first takes this one off."""
    links: list[dict[str, str | bool]] = []
    for value, label in [("", "All"), *values]:
        query = urlencode({key: each for key, each in (chosen | {name: value}).items() if each})
        links.append({"url": f"?{query}" if query else ".", "label": label, "current": chosen.get(name, "") == value})
    return links


def publication_list(request: HttpRequest) -> HttpResponse:
    """All publications by year, newest first; by language and year where there is a choice."""
    chosen = _chosen(request)
    try:
        page = Paginator(_filtered(chosen), PER_PAGE).page(request.GET.get("page", 1))
    except InvalidPage as error:
        raise Http404("There is no such page.") from error
    there = Publication.objects.public().years_and_languages()
    years = list(dict.fromkeys(str(year) for year, _ in there))
    languages = {language for _, language in there}
    kept = chosen | ({"page": str(page.number)} if page.number > 1 else {})
    context = {
        "page": page,
        "chosen": chosen,
        "query": f"{urlencode(chosen)}&" if chosen else "",
        "years": _links(chosen, "year", [(year, year) for year in years]) if len(years) > 1 else [],
        "languages": _links(chosen, "language", list(Language.choices)) if len(languages) > 1 else [],
        "canonical_url": f"{settings.SITE_URL}{request.path}" + (f"?{urlencode(kept)}" if kept else ""),
    }
    return render(request, "pages/publication_list.html", context)


def publication(request: HttpRequest, slug: str) -> HttpResponse:
    """One publication."""
    found = get_object_or_404(Publication.objects.with_file(), slug=slug)
    if found.is_withdrawn:
        return gone(request)
    if not found.is_public:
        raise Http404
    return show_publication(request, found)


def show_publication(request: HttpRequest, publication: Publication, *, preview: Preview | None = None) -> HttpResponse:
    """Render a publication as readers see it. A preview may be without its PDF yet."""
    document = getattr(publication, "document", None)
    cover = publication.cover or (document.cover if document else None)
    others = Publication.objects.for_list().exclude(pk=publication.pk)[:OTHERS]
    url = settings.SITE_URL + reverse("pages:publication", args=[publication.slug or "untitled"])
    context = {
        "publication": publication,
        "document": document,
        "cover": cover,
        "others": others,
        "preview": preview,
        "canonical_url": url,
        "og_image_url": settings.SITE_URL + cover.file.url if cover else "",
        "json_ld": publication_json_ld(publication, document, url=url, cover=cover),
        "language": publication.language,
    }
    return render(request, "pages/publication_detail.html", context)
