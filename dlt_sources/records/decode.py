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

from dlt_sources.records.declare import Record, Row, Table

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
    owners: list[int] = []
    rows: list[Row] = []
    for position, document in enumerate(documents):
        parts = list(table.rows(document))
        rows += parts
        owners += [position] * len(parts)
    bad: dict[int, str] = {}
    arrays: list[pa.Array] = [pa.array([connection_id] * len(rows), pa.string())]
    around = len(table.within)
    fields = dict(zip(table.record.__struct_fields__, zip(*(astuple(row[0]) for row in rows), strict=True), strict=False))
    for number, column in enumerate(table.columns, 1):
        values = [row[number] for row in rows] if number <= around else fields.get(column.attribute, ())
        converted = column.kind.convert(values)
        for at, reason in converted.bad.items():
            bad.setdefault(owners[at], f"{table.name}.{column.name}: {reason}")
        if column.name in table.key and converted.array.null_count:
            for at, missing in enumerate(converted.array.is_null().to_pylist()):
                if missing:
                    bad.setdefault(owners[at], f"{table.name}.{column.name}: part of the key is missing")
        arrays.append(converted.array)
    arrays.append(pa.array([page_id] * len(rows), pa.string()))
    return pa.table(arrays, schema=table.schema()) if not bad else table.schema().empty_table(), bad
