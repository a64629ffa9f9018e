"""One stylesheet out of many: `css/site.css`, made from the files under static/css/ without a build step.

The sources stay short and are edited by hand. This finder joins them in a fixed order whenever static files are asked
for, so `runserver` shows a change at the next reload and `collectstatic` hashes and compresses a single file. A page
then costs one request for its styles.

Every `url()` is written once, in tokens.css, relative to static/css/, where the joined file appears to be as well.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.contrib.staticfiles.finders import BaseFinder
from django.contrib.staticfiles.utils import matches_patterns
from django.core.files.storage import FileSystemStorage

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "static" / "css"
BUILT = ROOT / "var" / "styles"
NAME = "css/site.css"

# Comments go, strings stay whole.
COMMENT_OR_STRING = re.compile(r"""/\*.*?\*/|("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')""", re.DOTALL)


class BundleFinder(BaseFinder):
    """Offers `css/site.css`, joined afresh if a source has changed."""

    storage = FileSystemStorage(BUILT)

    def check(self, **kwargs: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        """The file's place on disk; nothing for other paths."""
        if path != NAME:
            return []
        built = str(write_bundle(SOURCES, BUILT))
        return [built] if find_all or kwargs.get("all") else built

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, FileSystemStorage]]:
        if not matches_patterns(NAME, ignore_patterns or []):
            write_bundle(SOURCES, BUILT)
            yield NAME, self.storage


def write_bundle(sources: Path, built: Path) -> Path:
    """Write the bundle if it differs from what is there. Renamed into place: a reader never sees half of it."""
    target, text = built / NAME, bundle(sources)
    if not target.exists() or target.read_text() != text:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_suffix(f".{uuid4().hex}")
        draft.write_text(text)
        draft.replace(target)
    return target


def bundle(sources: Path) -> str:
    """Tokens, base, components by name, print: the order in which later rules win within a layer."""
    files = [sources / "tokens.css", sources / "base.css", *sorted((sources / "components").glob("*.css"))]
    screen = "".join(trim(file.read_text()) for file in files)
    return screen + "@media print{\n" + trim((sources / "print.css").read_text()) + "}\n"


def trim(css: str) -> str:
    """The same rules without comments, indents and blank lines."""
    bare = COMMENT_OR_STRING.sub(lambda found: found[1] or "", css)
    return "".join(f"{line}\n" for line in map(str.strip, bare.splitlines()) if line)
