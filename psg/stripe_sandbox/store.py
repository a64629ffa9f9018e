"""The sandbox's memory: one SQLite file. One connection, one lock: whatever happens, happens one after the other.

An object is kept as it is shown, as JSON; what the sandbox alone needs to know about it is under its key `_sandbox`
and is never shown. A transaction that was committed survives `kill -9`.
"""

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

Doc = dict[str, Any]
ENCODE = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, created INTEGER NOT NULL,
    body TEXT NOT NULL, links TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (kind, seq);
CREATE TABLE IF NOT EXISTS links (
    id TEXT NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (id, field, value)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS links_by_value ON links (field, value, id);
CREATE TABLE IF NOT EXISTS due (
    seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, what TEXT NOT NULL, subject TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS due_by_time ON due (at, seq);
CREATE INDEX IF NOT EXISTS due_by_subject ON due (subject);
CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY, event TEXT NOT NULL, type TEXT NOT NULL, state TEXT NOT NULL, next_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, answer TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS deliveries_by_state ON deliveries (state, next_at, seq);
CREATE INDEX IF NOT EXISTS deliveries_by_event ON deliveries (event);
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, request TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL, created INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS requests (seq INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
TABLES = ["objects", "links", "due", "deliveries", "answers", "requests", "settings"]

# What lists can be filtered by: for each kind, the filter's name and where its value stands in the object.
LINKS: dict[str, dict[str, str]] = {
    "customer": {"email": "email"},
    "product": {"active": "active"},
    "price": {"product": "product", "active": "active", "type": "type", "lookup_keys": "lookup_key"},
    "checkout.session": {
        "customer": "customer",
        "subscription": "subscription",
        "payment_intent": "payment_intent",
        "status": "status",
    },
    "subscription": {"customer": "customer", "status": "status", "price": "items.data.*.price.id"},
    "invoice": {
        "customer": "customer",
        "status": "status",
        "subscription": "parent.subscription_details.subscription",
    },
    "invoice_payment": {"invoice": "invoice", "status": "status", "payment_intent": "payment.payment_intent"},
    "payment_intent": {"customer": "customer", "status": "status"},
    "payment_method": {"customer": "customer", "type": "type"},
    "charge": {"customer": "customer", "payment_intent": "payment_intent"},
    "refund": {"charge": "charge", "payment_intent": "payment_intent"},
    "dispute": {"charge": "charge", "payment_intent": "payment_intent"},
    "balance_transaction": {"source": "source", "type": "type", "payout": "_sandbox.payout"},
    "mandate": {"payment_method": "payment_method"},
    "setup_intent": {"customer": "customer", "payment_method": "payment_method"},
    "payout": {"status": "status"},
    "billing_portal.configuration": {"active": "active", "is_default": "is_default"},
    "event": {"type": "type", "delivery_success": "_sandbox.delivery_success"},
}


class Due(NamedTuple):
    """Something that happens at a time: `what` (a name known to the engine) to `subject` (an object's id)."""

    seq: int
    at: int
    what: str
    subject: str


class Page(NamedTuple):
    """One page of a list, newest first."""

    docs: list[Doc]
    has_more: bool


def _values(value: Any, path: list[str]) -> Iterator[str]:
    """Every value at a path like items.data.*.price.id, as text; nothing for null."""
    if not path:
        if value is not None:
            yield str(value).lower() if isinstance(value, bool) else str(value)
    elif path[0] == "*":
        for one in value or []:
            yield from _values(one, path[1:])
    elif isinstance(value, dict):
        yield from _values(value.get(path[0]), path[1:])


def _links(doc: Doc) -> str:
    fields = LINKS.get(doc["object"], {})
    return ENCODE([[name, value] for name, path in fields.items() for value in _values(doc, path.split("."))])


class Store:
    """Objects by id, lists of them, and the queue of what falls due."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._depth = 0
        self.sql = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        self.sql.execute("PRAGMA journal_mode = WAL")
        # What was written survives kill -9, as the system has it; a power cut may take the last of it.
        self.sql.execute("PRAGMA synchronous = OFF")
        self.sql.execute("PRAGMA cache_size = -100000")  # KiB
        self.sql.executescript(SCHEMA)

    def close(self) -> None:
        with self._lock:
            self.sql.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and nobody else meanwhile. Inside another transaction: all or nothing of this part."""
        with self._lock:
            name = f"part{self._depth}"
            self.sql.execute("BEGIN IMMEDIATE" if self._depth == 0 else f"SAVEPOINT {name}")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                self.sql.execute("ROLLBACK" if self._depth == 0 else f"ROLLBACK TO {name}")
                if self._depth:
                    self.sql.execute(f"RELEASE {name}")
                raise
            self._depth -= 1
            self.sql.execute("COMMIT" if self._depth == 0 else f"RELEASE {name}")

    # --- Objects ---

    def find(self, identifier: str) -> Doc | None:
        """The object with this id, or None."""
        row = self.sql.execute("SELECT body FROM objects WHERE id = ?", [identifier]).fetchone()
        return json.loads(row[0]) if row else None

    def get(self, identifier: str) -> Doc:
        """The object with this id. Raises KeyError if there is none."""
        doc = self.find(identifier)
        if doc is None:
            raise KeyError(identifier)
        return doc

    def save(self, doc: Doc) -> None:
        """Keep the object as it is now, new or changed."""
        identifier, body, links = doc["id"], ENCODE(doc), _links(doc)
        row = self.sql.execute("SELECT links FROM objects WHERE id = ?", [identifier]).fetchone()
        if row is None:
            self.sql.execute(
                "INSERT INTO objects (id, kind, created, body, links) VALUES (?, ?, ?, ?, ?)",
                [identifier, doc["object"], doc.get("created", 0), body, links],
            )
        else:
            self.sql.execute("UPDATE objects SET body = ?, links = ? WHERE id = ?", [body, links, identifier])
        if row is None or row[0] != links:
            if row is not None:
                self.sql.execute("DELETE FROM links WHERE id = ?", [identifier])
            pairs = [(identifier, field, value) for field, value in json.loads(links)]
            self.sql.executemany("INSERT OR IGNORE INTO links VALUES (?, ?, ?)", pairs)

    def forget(self, identifiers: list[str]) -> None:
        """Drop objects for good."""
        rows = [[identifier] for identifier in identifiers]
        self.sql.executemany("DELETE FROM objects WHERE id = ?", rows)
        self.sql.executemany("DELETE FROM links WHERE id = ?", rows)

    def page(
        self,
        kind: str,
        *,
        where: dict[str, list[str]] | None = None,
        created: dict[str, int] | None = None,
        limit: int = 10,
        starting_after: str | None = None,
        ending_before: str | None = None,
    ) -> Page:
        """Objects of a kind, newest first.

        `where`: for each filter the values of which one must match (a `*` matches anything); `created`: gt, gte, lt,
        lte in seconds. Raises KeyError if the object to start at does not exist.
        """
        # A filter is the way in; the plus keeps SQLite from walking through all of the kind in order instead.
        plus = "+" if where else ""
        conditions, values = [f"{plus}kind = ?"], [kind]
        for field, wanted in (where or {}).items():
            tests = " OR ".join("value GLOB ?" if "*" in one else "value = ?" for one in wanted)
            conditions.append(f"id IN (SELECT id FROM links WHERE field = ? AND ({tests}))")  # noqa: S608
            values += [field, *wanted]
        signs = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
        for name, moment in (created or {}).items():
            conditions.append(f"created {signs[name]} ?")
            values.append(str(moment))
        for sign, cursor in (("<", starting_after), (">", ending_before)):
            if cursor:
                conditions.append(f"seq {sign} ?")
                values.append(str(self._seq(cursor)))
        order = "ASC" if ending_before else "DESC"
        query = f"SELECT body FROM objects WHERE {' AND '.join(conditions)} ORDER BY {plus}seq {order} LIMIT ?"  # noqa: S608
        docs = [json.loads(body) for (body,) in self.sql.execute(query, [*values, limit + 1])]
        found = docs[:limit]
        return Page(found[::-1] if ending_before else found, len(docs) > limit)

    def all(self, kind: str, **where: str) -> list[Doc]:
        """Every object of a kind that matches, oldest first."""
        wanted = {field: [value] for field, value in where.items()}
        return self.page(kind, where=wanted, limit=10**9).docs[::-1]

    def _seq(self, identifier: str) -> int:
        row = self.sql.execute("SELECT seq FROM objects WHERE id = ?", [identifier]).fetchone()
        if row is None:
            raise KeyError(identifier)
        return row[0]

    # --- What falls due ---

    def schedule(self, at: int, what: str, subject: str) -> None:
        """Let `what` happen to `subject` at that second; an earlier appointment of the same kind is dropped."""
        self.unschedule(subject, what)
        self.sql.execute("INSERT INTO due (at, what, subject) VALUES (?, ?, ?)", [at, what, subject])

    def unschedule(self, subject: str, what: str | None = None) -> None:
        """Drop an appointment, or all of a subject."""
        condition, values = ("", [subject]) if what is None else (" AND what = ?", [subject, what])
        self.sql.execute(f"DELETE FROM due WHERE subject = ?{condition}", values)  # noqa: S608

    def next_due(self, until: int) -> Due | None:
        """What falls due first, not later than `until`; None if nothing does."""
        row = self.sql.execute("SELECT * FROM due WHERE at <= ? ORDER BY at, seq LIMIT 1", [until]).fetchone()
        return Due(*row) if row else None

    def done(self, due: Due) -> None:
        """Take an appointment off the queue."""
        self.sql.execute("DELETE FROM due WHERE seq = ?", [due.seq])

    # --- Settings ---

    def setting(self, name: str, default: Any = None) -> Any:
        row = self.sql.execute("SELECT value FROM settings WHERE name = ?", [name]).fetchone()
        return json.loads(row[0]) if row else default

    def set(self, name: str, value: Any) -> None:
        self.sql.execute("REPLACE INTO settings VALUES (?, ?)", [name, json.dumps(value)])

    def empty(self) -> None:
        """Forget everything."""
        for table in TABLES:
            self.sql.execute(f"DELETE FROM {table}")  # noqa: S608
