"""/sitemap.xml: one file while everything fits in it, beyond that an index of several (sitemaps.org protocol)."""

from functools import cache
from importlib import import_module

from django.apps import apps
from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.contrib.sites.requests import RequestSite
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.module_loading import module_has_submodule

# The protocol allows 50,000 addresses a file; a fifth of that keeps a file small and quick to make.
PER_FILE = 10_000


class StartPages(Sitemap):
    """The pages that always exist."""

    def items(self) -> list[str]:
        return ["pages:home", "news:list", "news:topics", "events:list", "pages:publications", "membership:why_join"]

    def location(self, name: str) -> str:
        return reverse(name)


@cache
def sections() -> dict[str, type[Sitemap]]:
    """Each app's sitemaps, by section name."""
    found: dict[str, type[Sitemap]] = {"start": StartPages}
    for app in apps.get_app_configs():
        if app.module and app.path.startswith(str(settings.BASE_DIR)) and module_has_submodule(app.module, "sitemaps"):
            found |= import_module(f"{app.name}.sitemaps").sitemaps
    return found


class _OurSite(RequestSite):
    """What Django asks for the domain: ours is in the settings, whatever host a request came to."""

    def __init__(self, domain: str) -> None:
        self.domain = self.name = domain


def _urls(sitemap: Sitemap, page: int) -> list[dict]:
    sitemap.limit = PER_FILE
    protocol, host = settings.SITE_URL.split("://")
    return sitemap.get_urls(page=page, site=_OurSite(host), protocol=protocol)


def _xml(request: HttpRequest, template: str, context: dict) -> HttpResponse:
    response = render(request, template, context, content_type="application/xml")
    response["X-Robots-Tag"] = "noindex"
    return response


def sitemap(request: HttpRequest) -> HttpResponse:
    """Everything public, or the index of the files that hold it."""
    made = {name: section() for name, section in sections().items()}
    for each in made.values():
        each.limit = PER_FILE
    if sum(each.paginator.count for each in made.values()) <= PER_FILE:
        urls = [url for each in made.values() for url in _urls(each, 1)]
        return _xml(request, "sitemap.xml", {"urls": urls})
    files = [
        settings.SITE_URL + reverse("sitemap_section", args=[name, page])
        for name, each in made.items()
        for page in each.paginator.page_range
        if each.paginator.count
    ]
    return _xml(request, "sitemap_index.xml", {"files": files})


def sitemap_section(request: HttpRequest, section: str, page: int) -> HttpResponse:
    """One file of the index."""
    found = sections().get(section)
    if found is None:
        raise Http404
    made = found()
    made.limit = PER_FILE
    if page not in made.paginator.page_range:
        raise Http404
    return _xml(request, "sitemap.xml", {"urls": _urls(made, page)})
