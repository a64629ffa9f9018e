"""Redirects from the rows of a file: what they would do (`plan`), and doing exactly that (`carry_out`).

A plan is made in memory by the rules of `redirects.add`, row after row, so that a dry run changes nothing and a
thousand rows cost a handful of queries.
"""

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import connection, transaction

from psg.publishing import redirects
from psg.publishing.csv_file import Row
from psg.publishing.living import living
from psg.publishing.models import Redirect


class Verdict(StrEnum):
    """What happens to one row."""

    ADD = "will be added"
    CHANGE = "changes"
    SAME = "there already"
    REFUSED = "refused"


@dataclass
class Line:
    """One row of the file and what becomes of it. `target` is where readers really go, chains followed."""

    row: Row
    old: str = ""
    target: str = ""
    verdict: Verdict = Verdict.REFUSED
    note: str = ""
    before: str = ""  # where the old address leads now

    @property
    def host(self) -> str:
        """The other site that it leads to, if it does."""
        return urlsplit(self.target).netloc


@dataclass
class Plan:
    """What an import would do: every row's fate, and the table's changes (old address → new)."""

    lines: list[Line]
    added: dict[str, str] = field(default_factory=dict)
    changed: dict[str, str] = field(default_factory=dict)
    typed: set[str] = field(default_factory=set)  # the old addresses that the file names, among both

    @property
    def totals(self) -> Counter[str]:
        """How many rows of each fate."""
        return Counter(line.verdict.name for line in self.lines)

    @property
    def to_do(self) -> int:
        """How many rows of the file will change something."""
        return self.totals["ADD"] + self.totals["CHANGE"]

    @property
    def also_changed(self) -> int:
        """Redirects not in the file that lead on to a new end, so that no reader takes two steps."""
        return len(set(self.changed) - self.typed)

    @property
    def fingerprint(self) -> str:
        """The same for plans that do the same, and for no others."""
        told = [(line.old, line.target, line.verdict, line.note, line.before) for line in self.lines]
        done = [sorted(self.added.items()), sorted(self.changed.items())]
        return hashlib.sha256(repr((told, done)).encode()).hexdigest()


class TableChanged(Exception):
    """Since the plan was shown somebody else changed the redirects; `plan` is what would happen now."""

    def __init__(self, plan: Plan) -> None:
        super().__init__("the redirects have changed since")
        self.plan = plan


class _Table:
    """The redirects as they would be: old address → new, and who leads where."""

    def __init__(self) -> None:
        self.now: dict[str, str] = dict(Redirect.objects.values_list("old_path", "new_path"))
        self.then = dict(self.now)
        self.leading_to: dict[str, set[str]] = defaultdict(set)
        for old, new in self.now.items():
            self.leading_to[new].add(old)

    def add(self, old: str, new: str, *, new_lives: bool) -> None:
        """As `redirects.add`. Raises RedirectLoop."""
        target = new if new_lives else self.then.get(new, new)
        if target == old:
            raise redirects.RedirectLoop(old)
        for each in self.leading_to[old] - {target}:
            self._point(each, target)
        self._point(old, target)

    def _point(self, old: str, target: str) -> None:
        self.leading_to[self.then.get(old, "")].discard(old)
        self.then[old] = target
        self.leading_to[target].add(old)


def plan(rows: list[Row]) -> Plan:
    """What importing the rows would do now. Changes nothing."""
    table, made = _Table(), Plan([Line(row) for row in rows])
    candidates = [line for line in made.lines if _is_sound(line)]
    alive = living({line.old for line in candidates} | {line.target for line in candidates})
    first: dict[str, Line] = {}
    for line in candidates:
        _judge(line, table, alive, first)
    for line in first.values():
        _say_outcome(line, table)
    made.typed = set(first)
    for old, new in table.then.items():
        if old not in table.now:
            made.added[old] = new
        elif table.now[old] != new:
            made.changed[old] = new
    return made


def _is_sound(line: Line) -> bool:
    """Whether both addresses can be read; if not, the line says why."""
    if line.row.problem:
        line.note = line.row.problem
        return False
    try:
        line.old = redirects.normalised(line.row.old)
        line.target = redirects.checked_target(line.row.new)
    except ValidationError as error:
        line.note = " ".join(error.messages)
        return False
    return True


def _judge(line: Line, table: _Table, alive: set[str], first: dict[str, Line]) -> None:
    """Add the line to the table, or refuse it with the reason."""
    if twin := first.get(line.old):
        same = twin.row.new.strip() == line.row.new.strip()
        line.note = f"The old address is in line {twin.row.number} already{'' if same else ', with another new one'}."
        return
    if line.old in alive:
        line.note = "A page lives at the old address: readers see it, and a redirect would never be asked."
        return
    try:
        table.add(line.old, line.target, new_lives=line.target in alive)
    except redirects.RedirectLoop as loop:
        line.note = " ".join(loop.messages)
        return
    first[line.old] = line


def _say_outcome(line: Line, table: _Table) -> None:
    """What the table looks like for this address once every row is in."""
    typed, line.target = line.target, table.then[line.old]
    line.before = table.now.get(line.old, "")
    if line.before == line.target:
        line.verdict = Verdict.SAME
    else:
        line.verdict = Verdict.CHANGE if line.before else Verdict.ADD
    if typed != line.target:
        line.note = f"{typed} leads on to {line.target}."


@transaction.atomic
def carry_out(rows: list[Row], *, fingerprint: str, by) -> Plan:
    """Do what the plan with this fingerprint said, all of it or nothing; the plan.

    Raises TableChanged if that would not be the same any more.
    """
    with connection.cursor() as cursor:  # until the end nobody else writes; readers go on being led
        cursor.execute(f"LOCK TABLE {Redirect._meta.db_table} IN SHARE ROW EXCLUSIVE MODE")
    made = plan(rows)
    if made.fingerprint != fingerprint:
        raise TableChanged(made)
    changed = list(Redirect.objects.filter(old_path__in=made.changed))
    for redirect in changed:
        redirect.new_path = made.changed[redirect.old_path]
        if redirect.old_path in made.typed:
            redirect.is_automatic, redirect.created_by = False, by
    Redirect.objects.bulk_update(changed, ["new_path", "is_automatic", "created_by"], batch_size=500)
    new = (Redirect(old_path=old, new_path=target, created_by=by) for old, target in made.added.items())
    Redirect.objects.bulk_create(new, batch_size=1000)
    return made
