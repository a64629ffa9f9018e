"""Addresses that staff type for menus and panels: a path on this site, or https:// elsewhere."""

import re
from functools import lru_cache
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import F, Func, Value
from django.urls import Resolver404, resolve

from pages.models.pages import Page
from psg.publishing import redirects

WORDS = "Write a path on this site, like /news/, or a full address elsewhere, like https://example.org/."
_BACK_OR_BLANK = re.compile(r"[\s\\\x00-\x1f\x7f]")


def normalised(address: str) -> str:
    """The address as it is kept: this site's own name dropped, the last slash added. Raises ValidationError."""
    address = address.strip()
    for own in (settings.SITE_URL, settings.SITE_URL.replace("https://", "http://")):
        if address == own or address.startswith((f"{own}/", f"{own}?", f"{own}#")):
            address = address.removeprefix(own) or "/"
    if _BACK_OR_BLANK.search(address):
        raise ValidationError(f"An address has no spaces and no backslashes. {WORDS}")
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError as error:  # "https://[": no address
        raise ValidationError(f"This is no address. {WORDS}") from error
    if parts.scheme == "http":
        raise ValidationError("Write https:// instead of http://: readers' browsers warn of the other.")
    if parts.scheme == "https" and "." in host.strip(".") and "@" not in parts.netloc:
        return address
    if parts.scheme or address.startswith("//") or not address.startswith("/"):
        raise ValidationError(WORDS)
    return _with_last_slash(address)


def _with_last_slash(address: str) -> str:
    """Every page here ends with a slash; a file, like /sitemap.xml, does not."""
    path, mark, rest = re.fullmatch(r"([^?#]*)([?#]?)(.*)", address).groups()  # type: ignore[union-attr]
    if not path.endswith("/") and "." not in path.rpartition("/")[2]:
        path += "/"
    return path + mark + rest


def page_at(address: str) -> Page | None:
    """The page whose address this is, or was before it moved; None for anything else, a part of a page as well."""
    for path in (address, redirects.final_target(address)):
        if path.startswith("/") and (found := Page.objects.filter(path=path.strip("/")).first()):
            return found
    return None


@lru_cache(maxsize=512)
def is_of_pages(address: str) -> bool:
    """Whether only a page of the tree can live there: nothing else of the site answers to it."""
    path = urlsplit(address).path
    try:
        return path.startswith("/") and not urlsplit(address).netloc and resolve(path).view_name == "pages:page"
    except Resolver404:
        return False


def as_page_path(field: str) -> Func:
    """The database's way from an address, with its query and its fragment, to the path that `Page` keeps."""
    return Func(F(field), Value(r"^/|/?([?#].*)?$"), Value(""), Value("g"), function="regexp_replace")
