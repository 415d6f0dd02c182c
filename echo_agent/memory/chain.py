"""The chain of records: each link holds the one before, so that a record that was changed later is found."""

import hashlib
import json
import sqlite3
from collections.abc import Collection
from typing import Literal

from echo_agent.state import Value

Kind = Literal["inspection", "answer", "taken back", "removed"]

TABLE = """
CREATE TABLE IF NOT EXISTS chain (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    digest TEXT NOT NULL,
    hash TEXT NOT NULL
)
"""
"""A link a record. ``digest`` is that of what the record says, ``hash`` that of all links up to here."""

CONTENTS: dict[str, str] = {
    "inspection": "SELECT id, sha256, moment, label, record FROM inspection WHERE id = ?",
    "answer": "SELECT id, product, sha256, moment, said FROM answer WHERE id = ?",
    "taken back": "SELECT id, undone FROM answer WHERE id = ?",
}
"""What of a record is chained."""
LATER = """
SELECT id FROM {kind} WHERE number > (
    SELECT MIN(number) FROM {kind} AS first WHERE first.id IN (SELECT id FROM chain WHERE kind = '{kind}')
)
"""
"""Records that were written after the chain was begun."""


class ChainReport(Value):
    """What became of the records since they were written.

    Attributes:
        records: Records that are as they were written.
        removed: Records that the memory no longer keeps; see ``Settings.kept_inspections``.
        unchained: Records from before the chain was begun, or that came beside it.
        changed: What was changed, in words.
        head: Hash of the last link: noted elsewhere, it also tells whether the newest records were cut off.
    """

    records: int = 0
    removed: int = 0
    unchained: int = 0
    changed: tuple[str, ...] = ()
    head: str = ""


def add_link(connection: sqlite3.Connection, kind: Kind, name: str) -> None:
    """Chains a record that was just written."""
    row = connection.execute("SELECT hash FROM chain ORDER BY number DESC LIMIT 1").fetchone()
    digest = _digest(connection, kind, name) or ""
    connection.execute(
        "INSERT INTO chain (kind, id, digest, hash) VALUES (?, ?, ?, ?)",
        (kind, name, digest, _hash(row[0] if row else "", kind, name, digest)),
    )


def let_go(connection: sqlite3.Connection, answers: Collection[str] | None = ()) -> None:
    """Makes one link of those that follow each other and whose inspections are no longer kept.

    Args:
        connection: A transaction.
        answers: People's answers that may be gone as well; any where None, as in a memory that is a part of another.
    """
    inspections = _ids(connection, "SELECT id FROM inspection")
    said = _ids(connection, "SELECT id FROM answer")
    run: list[tuple[int, int, str]] = []
    for number, kind, name, link in [
        *connection.execute("SELECT number, kind, id, hash FROM chain ORDER BY number").fetchall(),
        (-1, "end", "", ""),
    ]:
        gone = kind == "removed" or (kind == "inspection" and name not in inspections)
        may_be = kind in {"answer", "taken back"} and (answers is None or name in answers)
        if gone or (may_be and name not in said):
            count = int(name) if kind == "removed" and name.isdecimal() else 1
            run.append((number, count, link))
        elif run:
            last = run[-1][0]
            connection.executemany("DELETE FROM chain WHERE number = ?", [(one,) for one, _, _ in run])
            connection.execute(
                "INSERT INTO chain (number, kind, id, digest, hash) VALUES (?, 'removed', ?, '', ?)",
                (last, str(sum(count for _, count, _ in run)), run[-1][2]),
            )
            run = []


def check(connection: sqlite3.Connection) -> ChainReport:
    """Holds all records against their links."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'chain'").fetchone():
        (records,) = connection.execute("SELECT COUNT(*) FROM inspection").fetchone()
        return ChainReport(unchained=records)
    before, records, removed = "", 0, 0
    changed: list[str] = []
    chained: dict[str, set[str]] = {kind: set() for kind in CONTENTS}
    for kind, name, digest, link in connection.execute(
        "SELECT kind, id, digest, hash FROM chain ORDER BY number"
    ).fetchall():
        if kind == "removed":
            removed += int(name) if name.isdecimal() else 0
        elif kind not in CONTENTS:
            changed.append(f"{kind} {name}: there is no such link")
        else:
            chained[kind].add(name)
            told = f"the {kind} {name}" if kind != "taken back" else f"that the answer {name} was taken back"
            found = _digest(connection, kind, name)
            if link != _hash(before, kind, name, digest):
                changed.append(f"{told}: its link, or one before it, was changed or taken out")
            elif found is None and kind == "inspection":
                removed += 1
            elif found != digest:
                changed.append(f"{told} was {'taken out' if found is None else 'changed'}")
            else:
                records += 1
        before = link
    undone = _ids(connection, "SELECT id FROM answer WHERE undone IS NOT NULL") - chained["taken back"]
    changed += [f"the answer {name} is marked as taken back, which nobody did" for name in sorted(undone)]
    loose = set()
    for kind in ("inspection", "answer"):
        beside = _ids(connection, LATER.format(kind=kind)) - chained[kind]
        changed += [f"the {kind} {name} came beside the chain" for name in sorted(beside)]
        loose |= _ids(connection, f"SELECT id FROM {kind}") - chained[kind]
    return ChainReport(
        records=records, removed=removed, unchained=len(loose), changed=tuple(changed), head=before
    )


def _ids(connection: sqlite3.Connection, query: str) -> set[str]:
    return {name for (name,) in connection.execute(query).fetchall()}


def _digest(connection: sqlite3.Connection, kind: str, name: str) -> str | None:
    row = connection.execute(CONTENTS[kind], (name,)).fetchone()
    return None if row is None else hashlib.sha256(json.dumps(row, default=repr).encode()).hexdigest()


def _hash(before: str, kind: str, name: str, digest: str) -> str:
    return hashlib.sha256(json.dumps([before, kind, name, digest]).encode()).hexdigest()
