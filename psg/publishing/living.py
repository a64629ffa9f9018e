"""Which addresses have something living at them."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from django.urls import Resolver404, resolve
from django.utils import timezone

from psg.models import SearchEntry


def living(addresses: Iterable[str]) -> set[str]:
    """Those of the addresses where readers find something now: what can be searched, and the site's fixed pages.

    One query, whatever their number. A list by topic or month is not known here: a redirect from there is never asked,
    as from any living page, but nobody is told beforehand.
    """
    paths = {address: urlsplit(address).path for address in addresses if address.startswith("/")}
    public = SearchEntry.objects.filter(url__in=set(paths.values()), published_at__lte=timezone.now())
    found = set(public.values_list("url", flat=True))
    return {address for address, path in paths.items() if path in found or _is_fixed(path)}


def _is_fixed(path: str) -> bool:
    """Whether the address belongs to a page that is always there: it has no part that varies, or is the admin's."""
    try:
        match = resolve(path)
    except Resolver404:
        return False
    return not match.kwargs or "admin" in match.app_names
