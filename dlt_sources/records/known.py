"""What is already loaded of a table whose rows come again and again, and what of it has gone.

Rows are compared by fingerprints of their declared values, so that neither the driver nor the page they came in matters. What must
be remembered between runs lies beside the landing archive (see ``Archive.remember``), never in the warehouse: the state committed
with the rows only names it.
"""

from __future__ import annotations

import hashlib
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dlt_sources.http import SourceError
from dlt_sources.records.archive import Archive

Hashes = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_NULL = np.uint64(0x2545F4914F6CDD1D)
_SHORT = 256
NEVER = int(np.iinfo(np.int64).max)
"""The cursor of a row that has none: it is always compared."""
NAMELESS = "\0"
"""Begins what stands in place of a key that a row lacks, so that it is known and yet never told to have gone."""

REMEMBERED = pa.schema(
    [
        pa.field("key", pa.string()),
        pa.field("hash", pa.uint64()),
        pa.field("print", pa.uint64()),
        pa.field("compared", pa.bool_()),
        pa.field("deleted", pa.bool_()),
    ]
)


def text_hashes(strings: pa.Array) -> Hashes:
    """64 bits of each text (nulls as the empty text); equal in every process."""
    strings = strings.fill_null("")
    ends = np.frombuffer(strings.buffers()[1], np.int32)[strings.offset : strings.offset + len(strings) + 1].astype(np.int64)
    lengths = np.diff(ends)
    long = np.flatnonzero(lengths > _SHORT)
    if len(long):
        digests = b"".join(hashlib.blake2b(strings[at].as_py().encode(), digest_size=8).digest() for at in long.tolist())
        hashes = text_hashes(pc.if_else(pa.array(lengths > _SHORT), "", strings))
        hashes[long] = np.frombuffer(digests, "<u8")
        return hashes
    # Each text as whole words of eight bytes, filled up with zeros.
    width = int(lengths.max(initial=0) + 7) // 8
    words = np.zeros(len(strings) * width * 8, np.uint8)
    if width:
        shifts = np.arange(len(strings)) * width * 8 - ends[:-1]
        content = np.frombuffer(strings.buffers()[2], np.uint8)[ends[0] : ends[-1]]
        words[np.arange(ends[0], ends[-1]) + np.repeat(shifts, lengths)] = content
    columns = words.view("<u8").reshape(len(strings), width).T
    hashes = _mixed(lengths.astype(np.uint64) * _MULTIPLIER + _NULL)
    for number, column in enumerate(columns):
        hashes = np.where(lengths > 8 * number, _mixed(hashes * _MULTIPLIER + column), hashes)
    return hashes


def fingerprints(rows: pa.Table) -> Hashes:
    """64 bits of each row's values, column by column."""
    prints: Hashes = np.full(rows.num_rows, _MULTIPLIER)
    if not rows.num_rows:
        return prints
    for column in rows.itercolumns():
        values = column.combine_chunks()
        hashes = np.where(values.is_null().to_numpy(zero_copy_only=False), _NULL, _mixed(_bits(values)))
        prints = _mixed(prints * _MULTIPLIER + hashes)
    return prints


def _bits(values: pa.Array) -> Hashes:
    if pa.types.is_string(values.type):
        return text_hashes(values)
    if pa.types.is_decimal(values.type):
        halves: Hashes = np.frombuffer(values.buffers()[1], np.uint64)[2 * values.offset : 2 * (values.offset + len(values))]
        return _mixed(halves[::2]) ^ halves[1::2]
    if pa.types.is_date(values.type):
        values = values.cast(pa.int32())
    bits: Hashes = values.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False).view(np.uint64)
    return bits


def _mixed(bits: Hashes) -> Hashes:
    """The finisher of splitmix64: every bit of the result depends on every bit."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


class _HashSet:
    """Hashes seen so far, in sorted runs that double in size: 8 bytes a member."""

    def __init__(self) -> None:
        self._runs: list[Hashes] = []

    def has(self, hashes: Hashes) -> Flags:
        found: Flags = np.zeros(len(hashes), np.bool_)
        for run in self._runs:
            found |= _member(hashes, run)
        return found

    def add(self, hashes: Hashes) -> None:
        self._runs.append(np.sort(hashes))
        while len(self._runs) > 1 and len(self._runs[-2]) <= 2 * len(self._runs[-1]):
            self._runs[-2:] = [np.sort(np.concatenate(self._runs[-2:]), kind="stable")]


def _member(hashes: Hashes, members: Hashes) -> Flags:
    """Which hashes are among the sorted ``members``."""
    if not len(members):
        return np.zeros(len(hashes), np.bool_)
    at = np.minimum(np.searchsorted(members, hashes), len(members) - 1)
    found: Flags = members[at] == hashes
    return found


@dataclass
class _Rows:
    keys: pa.Array
    hashes: Hashes
    prints: Hashes
    cursors: Numbers

    def where(self, mask: Flags) -> _Rows:
        if mask.all():
            return self
        return _Rows(self.keys.filter(pa.array(mask)), self.hashes[mask], self.prints[mask], self.cursors[mask])

    def reaches_below(self, floor: int) -> bool:
        return bool(len(self.cursors)) and bool(self.cursors.min() < floor)


@dataclass(frozen=True)
class Verdict:
    """Of each row: whether it is new or changed, and whether its key has come before in this reading."""

    fresh: Flags
    twice: Flags


@dataclass
class KnownRows:
    """What earlier runs have read of a table (``remembered``), and what this run does.

    ``every_key``: each key is remembered, so that rows which have gone can be named; otherwise only rows at or above the floor,
    which will be read again.
    """

    remembered: pa.Table = field(default_factory=REMEMBERED.empty_table)
    every_key: bool = False
    floor: int = -NEVER
    _seen: _HashSet = field(default_factory=_HashSet)
    _read: list[_Rows] = field(default_factory=list)
    _listed: list[pa.Array] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.remembered = self.remembered.combine_chunks()
        self._hashes: Hashes = self.remembered["hash"].to_numpy()
        self._prints: Hashes = self.remembered["print"].to_numpy()
        self._compared: Flags = self.remembered["compared"].to_numpy(zero_copy_only=False).astype(np.bool_)

    def needs_fingerprint(self, rows: int, cursors: Numbers | None) -> Flags:
        """Of ``rows`` rows, those that are compared with earlier ones or will be compared with later ones."""
        if cursors is None or self.every_key or len(self._hashes):
            return np.ones(rows, np.bool_)
        return cursors >= self.floor

    def judge(self, keys: pa.Array, prints: Hashes, cursors: Numbers | None = None) -> Verdict:
        """Compare rows with what is known, and know them from now on."""
        hashes = text_hashes(keys)
        first = np.zeros(len(hashes), np.bool_)
        first[np.unique(hashes, return_index=True)[1]] = True
        twice = ~first | self._seen.has(hashes)
        unchanged = np.zeros(len(hashes), np.bool_)
        if len(self._hashes):
            at = np.minimum(np.searchsorted(self._hashes, hashes), len(self._hashes) - 1)
            unchanged = (self._hashes[at] == hashes) & (self._prints[at] == prints) & self._compared[at]
        self._seen.add(hashes[~twice])
        rows = _Rows(keys, hashes, prints, np.full(len(hashes), NEVER) if cursors is None else cursors)
        self._read.append(rows.where(~twice if self.every_key else ~twice & (rows.cursors >= self.floor)))
        return Verdict(~twice & ~unchanged, twice)

    def raise_floor(self, floor: int) -> None:
        """Rows whose cursor lies below will not be read again."""
        if floor > self.floor:
            self.floor = floor
            if not self.every_key:
                self._read = [rows.where(rows.cursors >= floor) if rows.reaches_below(floor) else rows for rows in self._read]

    def list_live(self, keys: pa.Array) -> None:
        """Keys that the database holds, of rows that it need not send."""
        self._listed.append(keys)

    def gone(self) -> pa.Array:
        """The keys that were known and are no longer there."""
        keys = self._remembered_where(~self._deleted() & ~self._is_live())
        return keys.filter(pc.invert(pc.starts_with(keys, NAMELESS)))

    def back(self) -> pa.Array:
        """The keys that had gone and are there again."""
        return self._remembered_where(self._deleted() & self._is_live())

    def to_remember(self) -> pa.Table:
        """What the next run must know, in an order of its own: the same rows make the same table."""
        parts = [_table(rows, compared=rows.cursors >= self.floor) for rows in self._read]
        if self._listed:
            keys = pc.unique(pa.chunked_array(self._listed, pa.string()))
            hashes = text_hashes(keys)
            unread = ~self._seen.has(hashes)
            listed = _Rows(keys, hashes, np.zeros(len(keys), np.uint64), np.zeros(len(keys), np.int64)).where(unread)
            parts.append(_table(listed, compared=np.zeros(len(listed.hashes), np.bool_)))
        if self.every_key:
            named = ~pc.starts_with(self.remembered["key"], NAMELESS).to_numpy(zero_copy_only=False).astype(np.bool_)
            away = self.remembered.filter(pa.array(named & ~self._is_live()))
            parts.append(away.set_column(4, "deleted", pa.repeat(pa.scalar(value=True), away.num_rows)))
        return pa.concat_tables([REMEMBERED.empty_table(), *parts]).sort_by("hash").combine_chunks()

    @property
    def count(self) -> int:
        """How many rows were known to be there when this run began."""
        return int((~self._deleted()).sum())

    def _deleted(self) -> Flags:
        flags: Flags = self.remembered["deleted"].to_numpy(zero_copy_only=False).astype(np.bool_)
        return flags

    def _is_live(self) -> Flags:
        live = self._seen.has(self._hashes)
        for keys in self._listed:
            live |= _member(self._hashes, np.sort(text_hashes(keys)))
        return live

    def _remembered_where(self, mask: Flags) -> pa.Array:
        return self.remembered["key"].filter(pa.array(mask)).combine_chunks()


def _table(rows: _Rows, *, compared: Flags) -> pa.Table:
    """Prints that are not compared are of no use to anybody: they are left out, so that they make no difference either."""
    prints = np.where(compared, rows.prints, np.uint64(0))
    return pa.table([rows.keys, rows.hashes, prints, compared, np.zeros(len(rows.hashes), np.bool_)], REMEMBERED)


def recall(archive: Archive, state: MutableMapping[str, Any], *, lost: str | None) -> pa.Table:
    """What :func:`remember` kept for the next run; nothing at the first one.

    ``lost`` is what to say where the archive has it no more, which raises :class:`SourceError`; None: then all is new again.
    """
    reference = state.get("known")
    content = None if reference is None else archive.recall(reference)
    if content is not None:
        with pa.ipc.open_stream(content) as reader:
            return reader.read_all()
    if reference is not None and lost is not None:
        raise SourceError(
            f"{lost} is no longer in the archive, so that deletes cannot be noticed: bring back the archive's folder "
            "'known', or read the connection anew under another name."
        )
    return REMEMBERED.empty_table()


def remember(archive: Archive, state: MutableMapping[str, Any], name: str, known: KnownRows) -> None:
    """Keep under ``name`` what the next run must know; the state names it, and is left as it was where nothing has changed."""
    table = known.to_remember()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    before, reference = state.get("known"), archive.remember(name, sink.getvalue().to_pybytes())
    if reference != before:
        state["known"] = reference
    archive.forget(name, but=before or reference)
