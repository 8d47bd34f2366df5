"""Transactions with their lines and what those post: whole the first time, then those that changed, and those that were deleted.

A change of a line does not always move the moment of its transaction, so later runs ask for three things: heads, lines and accounting
lines that changed since the newest moment of the last run, less an overlap. All lines of a transaction that changed in any of these
are read again and replaced together, so that a removed line disappears. What was loaded of the overlap is remembered by a mark.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from dlt_sources.assembly import State
from dlt_sources.http import BadRequest, NotFound, PermissionMissing
from dlt_sources.netsuite.records import ACCOUNTING_LINES, DELETED, LINES, TRANSACTION, Listing
from dlt_sources.netsuite.suiteql import Query, Refusal, Row, among, changed_from, key_of, moment_of, moments_of, numbers_of
from dlt_sources.records.intake import Intake, fingerprint

CHUNK = 500  # transactions in one condition; a list has 1,000 at most
_FORMAT = "%Y-%m-%d %H:%M:%S"
_BYTES = 8

Open = Callable[[Listing, MutableMapping[str, str] | None], Intake]
"""Opens the intake of a listing, with the fingerprints of what is loaded."""


class Versions:
    """A mark for each of many documents with whole numbers for ids, added in ascending order; compact enough for the state."""

    def __init__(self, saved: str = "") -> None:
        plain = zlib.decompress(base64.b64decode(saved)) if saved else b""
        self._ids, self._marks = array("q"), array("Q")
        self._ids.frombytes(plain[: len(plain) // 2])
        self._marks.frombytes(plain[len(plain) // 2 :])

    def add(self, key: int, mark: int) -> None:
        """Remember a document; its number is above all before it."""
        self._ids.append(key)
        self._marks.append(mark)

    def holds(self, key: int, mark: int) -> bool:
        """Whether the document is remembered with this very mark."""
        at = bisect_left(self._ids, key)
        return at < len(self._ids) and self._ids[at] == key and self._marks[at] == mark

    def __contains__(self, key: int) -> bool:
        at = bisect_left(self._ids, key)
        return at < len(self._ids) and self._ids[at] == key

    def saved(self) -> str:
        """As text for the state; the same documents give the same text."""
        return base64.b64encode(zlib.compress(self._ids.tobytes() + self._marks.tobytes())).decode() if self._ids else ""


def before(moment: str, overlap: timedelta) -> str:
    """A moment less an overlap; empty for the empty moment."""
    if not moment:
        return ""
    return (datetime.strptime(moment, _FORMAT) - overlap).strftime(_FORMAT)  # noqa: DTZ007 - the account's own time


def read_ledger(query: Query, state: State, open_intake: Open, *, book: str, overlap: timedelta) -> Iterator[Any]:
    """Yield what is new of transactions, their lines and accounting lines, as dlt items."""
    if state.get("book", book) != book:
        state.clear()  # another book: everything is read anew
    known: dict[str, str] = {}
    first = "changed_until" not in state
    heads, lines, postings = (
        open_intake(TRANSACTION, None if first else known),
        open_intake(LINES, None),
        open_intake(ACCOUNTING_LINES, None),
    )
    gone = deleted_since(query, TRANSACTION, state, overlap)
    for intake in (heads, lines, postings):
        yield from intake.gone(gone)
    newest = max(query.newest(TRANSACTION), state.get("changed_until", ""))
    floor = before(state.get("changed_until") or newest, overlap)
    of_book = [f"t.accountingbook = {book}"]
    if first:
        versions = Versions()
        for answer in query.pages(TRANSACTION):
            yield from heads.take(answer.reply, answer.rows)
            newest = _note(versions, answer.rows, floor, newest)
        _, moments = _moved(query, floor or before(newest, overlap), Versions())
        for answer in query.pages(LINES):
            yield from lines.take(answer.reply, answer.rows)
        for answer in query.pages(ACCOUNTING_LINES, of_book):
            yield from postings.take(answer.reply, answer.rows)
    else:
        versions, changed = Versions(), array("q")
        former = Versions(state.get("heads", ""))
        for answer in query.pages(TRANSACTION, changed_from(TRANSACTION, floor)):
            changed += _news(answer.rows, former, versions, known)
            yield from heads.take(answer.reply, answer.rows)
        known.clear()
        moved, moments = _moved(query, floor, Versions(state.get("moments", "")))
        for answer in _of(query, TRANSACTION, [key for key in moved if key not in versions]):
            yield from heads.take(answer.reply, answer.rows)
        again = sorted({*changed, *moved})
        for answer in _of(query, LINES, again):
            yield from lines.take(answer.reply, answer.rows)
        for answer in _of(query, ACCOUNTING_LINES, again, of_book):
            yield from postings.take(answer.reply, answer.rows)
    for intake in (heads, lines, postings):
        yield from intake.finish()
    state.update(book=book, changed_until=newest, heads=versions.saved(), moments=moments.saved())


def _news(rows: Sequence[Row], former: Versions, versions: Versions, known: dict[str, str]) -> array[int]:
    """The transactions of a page that are new or changed; the others become known to the intake."""
    changed = array("q")
    known.clear()
    for (key, mark), row in zip(_marked(rows), rows, strict=True):
        versions.add(key, mark)
        if former.holds(key, mark):
            known[str(key)] = fingerprint(row)
        else:
            changed.append(key)
    return changed


def deleted_since(query: Query, listing: Listing, state: State, overlap: timedelta) -> list[tuple[str]]:
    """Keys of rows of a table that were deleted since the last run.

    A deletion tells a number, and numbers are only unique within a kind of record: what counts is that the table no longer holds it.
    The first run notes what is deleted already. Gives nothing where the role may not read deletions.
    """
    cursor, first = state.get("deleted_until", ""), "deleted_until" not in state
    known, seen, fresh = set(state.get("deleted", ())), set(), set()
    try:
        cursor = cursor or query.newest(DELETED)
        floor = before(cursor, overlap)
        for answer in query.since(DELETED, floor):
            for row in answer.rows:
                mark = "|".join(key_of(row, DELETED))
                seen.add(mark)
                cursor = max(cursor, moment_of(row, DELETED))
                number = mark.partition("|")[0]
                if mark not in known and number.isdigit():
                    fresh.add(int(number))
    except (Refusal, PermissionMissing, NotFound, BadRequest):
        return []
    state.update(deleted_until=cursor, deleted=sorted(seen))
    if first:
        return []
    candidates = sorted(fresh)
    gone = []
    for at in range(0, len(candidates), CHUNK):
        chunk = candidates[at : at + CHUNK]
        gone += sorted(set(chunk) - query.existing(listing, chunk))
    return [(str(number),) for number in gone]


def _moved(query: Query, floor: str, known: Versions) -> tuple[array[int], Versions]:
    """Transactions with lines that changed in the overlap otherwise than is known, and what is to be known from now on."""
    latest: dict[int, str] = {}
    if floor:
        for listing in (LINES, ACCOUNTING_LINES):
            for page in query.changed_documents(listing, floor):
                for key, moment in page:
                    latest[key] = f"{latest.get(key, '')}|{moment}"
    moved, now = array("q"), Versions()
    for key in sorted(latest):
        mark = _mark(latest[key].encode())
        now.add(key, mark)
        if not known.holds(key, mark):
            moved.append(key)
    return moved, now


def _note(versions: Versions, rows: Sequence[Row], floor: str, newest: str) -> str:
    """Remember the heads of a first load that the next run will see again; without moments in advance, the newest seen is told."""
    moments = moments_of(rows, TRANSACTION)
    for (key, *_), moment, row in zip(numbers_of(rows, TRANSACTION) or (), moments, rows, strict=True):
        if moment >= floor:
            versions.add(key, _mark(row))
    return newest if floor else max([newest, *moments])


def _marked(rows: Sequence[Row]) -> list[tuple[int, int]]:
    return [(key, _mark(row)) for (key, *_), row in zip(numbers_of(rows, TRANSACTION) or (), rows, strict=True)]


def _mark(content: Row | bytes) -> int:
    return int.from_bytes(hashlib.blake2b(content, digest_size=_BYTES).digest(), "little")


def _of(query: Query, listing: Listing, ids: Sequence[int], conditions: Sequence[str] = ()) -> Iterator[Any]:
    """The rows of some transactions."""
    for at in range(0, len(ids), CHUNK):
        yield from query.pages(listing, [among(listing.order[0], ids[at : at + CHUNK]), *conditions])
