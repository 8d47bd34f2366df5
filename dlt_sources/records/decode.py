"""A page of bytes to checked Arrow tables, and what did not fit.

A page is decoded whole, in C. Only when that fails is it taken apart row by row, so that one bad document never holds up the
others. Conservation is exact: rows received = rows fitted + rows quarantined.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec
import pyarrow as pa
from msgspec.structs import astuple

from dlt_sources.records.declare import DELETED, Record, Table, itself

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Refused:
    """One row that does not fit its declaration: why, and its bytes as they came."""

    table: str
    record_key: str
    reason: str
    payload: str

    @property
    def quarantine_id(self) -> str:
        """Same row, same reason, same id: a row refused again is not counted twice."""
        return hashlib.sha256(f"{self.table}|{self.reason}|{self.payload}".encode("utf-8", "backslashreplace")).hexdigest()[:32]


@dataclass
class Decoded(Generic[R]):
    """The documents of a page that could be read, with the bytes of each, and those that could not."""

    records: list[R] = field(default_factory=list)
    raw: list[msgspec.Raw] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


def decode_rows(raw_rows: Sequence[msgspec.Raw], record: type[R], table: str) -> Decoded[R]:
    """Decode the documents of one page, each on its own only if the page fails as a whole."""
    rows_type: Any = list[record]  # type: ignore[valid-type]
    try:
        records = msgspec.json.decode(b"[" + b",".join(bytes(row) for row in raw_rows) + b"]", type=rows_type)
        return Decoded(records, list(raw_rows))
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
        decoded: Decoded[R] = Decoded()
    for row in raw_rows:
        try:
            decoded.records.append(msgspec.json.decode(row, type=record))
            decoded.raw.append(row)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as reason:
            decoded.refused.append(refuse(row, table, str(reason)))
    return decoded


def refuse(row: msgspec.Raw, table: str, reason: str, key: str = "") -> Refused:
    """A refused document with its bytes as text."""
    return Refused(table, key, reason, bytes(row).decode("utf-8", "backslashreplace"))


@dataclass(frozen=True)
class Batch:
    """The Arrow tables of the documents that fit, and the positions and reasons of those that do not."""

    tables: dict[str, pa.Table]
    bad: dict[int, str]


def to_arrow(documents: Sequence[Record], tables: Sequence[Table], *, connection_id: str, page_id: str) -> Batch:
    """Take documents apart into Arrow tables.

    A document fits whole or not at all: one line with a value that its column cannot hold exactly, or without a part of its key,
    takes the whole document out, since a journal without one of its lines would no longer balance.
    """
    bad: dict[int, str] = {}
    arrows = {}
    for table in tables:
        arrows[table.name], failed = _one_table(documents, table, connection_id, page_id)
        for position, reason in failed.items():
            bad.setdefault(position, reason)
    if not bad:
        return Batch(arrows, {})
    good = [document for position, document in enumerate(documents) if position not in bad]
    return Batch(to_arrow(good, tables, connection_id=connection_id, page_id=page_id).tables, bad)


def _one_table(documents: Sequence[Record], table: Table, connection_id: str, page_id: str) -> tuple[pa.Table, dict[int, str]]:
    owners: Sequence[int]
    if table.rows is itself:  # most ledgers: spares a tuple a row
        owners, records, around = range(len(documents)), documents, []
    else:
        rows = [(position, *row) for position, document in enumerate(documents) for row in table.rows(document)]
        owners, records, *around = zip(*rows, strict=True) if rows else ((), (), *(() for _ in table.within))
    bad: dict[int, str] = {}
    arrays: list[pa.Array] = [pa.repeat(pa.scalar(connection_id, pa.string()), len(records))]
    fields = dict(zip(table.record.__struct_fields__, zip(*map(astuple, records), strict=True), strict=False))
    for number, column in enumerate(table.columns):
        converted = column.kind.convert(around[number] if number < len(around) else fields.get(column.attribute, ()))
        for at, reason in converted.bad.items():
            bad.setdefault(owners[at], f"{table.name}.{column.name}: {reason}")
        if column.name in table.key and converted.array.null_count:
            for at, missing in enumerate(converted.array.is_null().to_pylist()):
                if missing:
                    bad.setdefault(owners[at], f"{table.name}.{column.name}: part of the key is missing")
        arrays.append(converted.array)
    arrays.append(pa.repeat(pa.scalar(page_id, pa.string()), len(records)))
    arrays += [pa.nulls(len(records), pa.bool_())] if table.deletable else []
    return pa.table(arrays, schema=table.schema()) if not bad else table.schema().empty_table(), bad


def tombstones(keys: Sequence[tuple[str | int, ...]], table: Table, *, connection_id: str) -> pa.Table:
    """Rows that order the deletion of documents, by the values of the key that all rows of a document share."""
    given = dict(zip(table.replace or table.key, zip(*keys, strict=True), strict=True))
    kinds = {column.name: column.kind for column in table.columns}
    always = {"connection_id": connection_id, "_page_id": "", DELETED: True}
    arrays = []
    for entry in table.schema():
        if entry.name in given:
            arrays.append(kinds[entry.name].convert(given[entry.name]).array)
        else:
            value = always.get(entry.name, None if entry.nullable else "")
            arrays.append(pa.repeat(pa.scalar(value, entry.type), len(keys)))
    return pa.table(arrays, schema=table.schema())
