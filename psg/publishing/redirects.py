"""Old addresses that go on working. A redirect is asked only where nothing lives, so it never shadows a page."""

import re
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.db.models import Case, F, Value, When
from django.utils import timezone

from psg.publishing.living import living
from psg.publishing.models import Redirect

# The old site's addresses. Asked last: what staff enter for one of them wins.
LEGACY = {"/news.php": "/news/", "/articles.php": "/news/", "/about.php": "/about/"}
LEGACY_ARTICLE = re.compile(r"/(\d{4})/(\d{1,2})/([-\w]+)/?", re.ASCII)

MAX_LENGTH = 400  # characters, of either address
_NO_ADDRESS = re.compile(r"[\\\x00-\x20\x7f]")
_BAD_TARGET = "Write /a/path/ or a full address, https://…"


class RedirectLoop(ValidationError):
    """The new address leads back to the old one."""

    def __init__(self, path: str) -> None:
        super().__init__(f"That would lead in a circle: {path} comes back to itself.")


def normalised(path: str) -> str:
    """An old address as it is kept: path and query, whatever site's name came with it, as a request for it is read
    (`%C3%B1` is “ñ”). Raises ValidationError.
    """
    try:
        parts = urlsplit(path.strip())
    except ValueError as error:  # a bracket that is no IPv6 address
        raise ValidationError(f"“{path}” is not an address.") from error
    if path.strip().startswith("//") or not parts.path.startswith("/"):
        raise ValidationError("Start with a slash: /old/address/. The site's own name is not part of it.")
    return _fitting(unquote(parts.path) + (f"?{parts.query}" if parts.query else ""))


def checked_target(new: str) -> str:
    """A new address as it is kept: a path here, or a full address that somebody typed. Raises ValidationError.

    Browsers read `//host`, `/\\host` and `/<tab>/host` as addresses of another site: none of them is a path.
    """
    new = _without_own_host(new.strip())
    if _NO_ADDRESS.search(new):
        raise ValidationError(_BAD_TARGET)
    if not new.startswith("/") or new.startswith("//"):
        URLValidator(schemes=["http", "https"], message=_BAD_TARGET)(new)
    return _fitting(new)


def _without_own_host(address: str) -> str:
    """`https://our.site/path/` is `/path/`, so that a circle is seen for what it is."""
    own = settings.SITE_URL
    return (address.removeprefix(own) or "/") if f"{address}/".startswith(f"{own}/") else address


def _fitting(address: str) -> str:
    if len(address) > MAX_LENGTH or "\0" in address:
        raise ValidationError(f"An address has at most {MAX_LENGTH} characters, all of them visible.")
    return address


def final_target(new: str) -> str:
    """Where `new` really leads: chains are one step long, so one look is enough. Where a page lives, readers stay."""
    further = Redirect.objects.filter(old_path=new).values_list("new_path", flat=True).first()
    return further if further and not living([new]) else new


@transaction.atomic
def add(old: str, new: str, *, by=None, automatic: bool = False) -> Redirect:
    """Send readers of `old` to `new` from now on.

    Chains are flattened both ways: what led to `old` leads to `new`, and `new` is followed to where it leads itself.
    Raises RedirectLoop if that comes back to `old`; ValidationError if `old` is no path, `new` is no address, or one
    that is left by itself would lead to another site.
    """
    old = normalised(old)
    new = checked_target(new)
    if automatic and not new.startswith("/"):
        raise ValidationError("Only staff send readers to another site.")
    new = final_target(new)
    if new == old:
        raise RedirectLoop(old)
    Redirect.objects.filter(new_path=old).exclude(old_path=new).update(new_path=new)
    made, _ = Redirect.objects.update_or_create(
        old_path=old, defaults={"new_path": new, "is_automatic": automatic, "created_by": by}
    )
    return made


@transaction.atomic
def moved_many(moves: Sequence[tuple[str, str]]) -> int:
    """Public things moved at once, each from its old address to its new one; the number of redirects left behind.

    The new addresses are alive, so older redirects from there are void: nothing can lead in a circle. What led to an
    old address leads on to the new one, so chains stay one step long. As many queries for one as for many.
    """
    alive = {new for _old, new in moves}
    changes = {old: new for old, new in moves if old not in alive}
    Redirect.objects.filter(old_path__in=alive).delete()
    further = [When(new_path=old, then=Value(new)) for old, new in changes.items()]
    if not further:
        return 0
    Redirect.objects.filter(new_path__in=changes).update(new_path=Case(*further))
    made = [Redirect(old_path=old, new_path=new, is_automatic=True) for old, new in changes.items()]
    Redirect.objects.bulk_create(
        made,
        update_conflicts=True,
        unique_fields=["old_path"],
        update_fields=["new_path", "is_automatic", "created_by"],
    )
    return len(made)


def follow(path: str, query: str) -> str | None:
    """Where readers of a dead address go, counted as a hit; None if nobody left word. With its query first."""
    asked = [f"{path}?{query}", path] if query else [path]
    found = {redirect.old_path: redirect for redirect in Redirect.objects.filter(old_path__in=asked)}
    redirect = next((found[address] for address in asked if address in found), None)
    if redirect is None:
        return _legacy(path)
    Redirect.objects.filter(pk=redirect.pk).update(hits=F("hits") + 1, last_hit_at=timezone.now())
    return redirect.new_path


def lead_to(path: str) -> bool:
    """Whether readers of another address are sent to this one: then something should be here."""
    return Redirect.objects.filter(new_path=path).exists()


def _legacy(path: str) -> str | None:
    if article := LEGACY_ARTICLE.fullmatch(path):
        year, month, slug = article.groups()
        return f"/news/{year}/{month}/{slug}/"
    return LEGACY.get(path)
