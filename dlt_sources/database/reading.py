"""Reads one declared record: the query, where it starts, what is new of it, and what has gone.

Without a cursor everything is read and compared with what is known. With one, rows from a little before the last: moments may be
written before they become visible, and numbers be given before they are committed. What was read is kept as Arrow pages in the
landing archive, with the query that gave it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from dlt_sources.assembly import State
from dlt_sources.database.driver import ROOM, Database, TextTooLong
from dlt_sources.database.mapping import MappingError, RecordMapping
from dlt_sources.database.records import DELETED_ROWS
from dlt_sources.http import IncompleteRead, Reply
from dlt_sources.http.redaction import redact
from dlt_sources.records import Archive, Table
from dlt_sources.records.columns import UnfitColumn, fit
from dlt_sources.records.declare import COUNT, TEXT
from dlt_sources.records.intake import Endpoint, Intake
from dlt_sources.records.known import NEVER, KnownRows, Numbers, recall, remember

_CURSOR = "_cursor"
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - cursors stand as the database tells them, in the session's time zone
_MINUTE = 60_000_000


@dataclass(frozen=True)
class Cursor:
    """A sort of cursor: how a value counts (microseconds, days, steps), how it is written in SQL, how far to go back by default."""

    kind: str
    unit: int
    overlap: int

    def literal(self, number: int) -> str:
        """The value in the notation that ODBC and JDBC share."""
        if self.kind == "moment":
            return f"{{ts '{(_EPOCH + timedelta(microseconds=number)).isoformat(sep=' ', timespec='milliseconds')}'}}"
        if self.kind == "date":
            return f"{{d '{date.fromordinal(_EPOCH.toordinal() + number).isoformat()}'}}"
        return str(number)

    def numbers(self, column: pa.Array, zone: str) -> Numbers:
        """Where each row stands; rows without a value are always read again."""
        if self.kind == "moment":
            if column.type.tz is not None:
                column = pc.local_timestamp(column.cast(pa.timestamp("us", zone), safe=False))
            column = column.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
        elif self.kind == "date":
            column = column.cast(pa.date32()).cast(pa.int32()).cast(pa.int64())
        else:
            column = fit(column, COUNT).array
        numbers: Numbers = column.fill_null(NEVER).to_numpy(zero_copy_only=False)
        return numbers

    def believed(self, numbers: Numbers, now: datetime) -> Numbers:
        """The values that can be true by now: one of the future must not hide what is written until then."""
        today = now.replace(tzinfo=None) - _EPOCH
        latest = {"moment": today // timedelta(microseconds=1), "date": today.days}.get(self.kind, NEVER - 1)
        return numbers[numbers <= latest]


def _cursor_of(kind: pa.DataType) -> Cursor | None:
    if pa.types.is_timestamp(kind):
        return Cursor("moment", _MINUTE, 10)
    if pa.types.is_date(kind):
        return Cursor("date", 1, 2)
    if pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale == 0):
        return Cursor("number", 1, 1000)
    return None


class Reading:
    """One record of one connection, in one run.

    Raises :class:`MappingError` where the mapping does not fit what the database has.
    """

    def __init__(self, connection: str, database: Database, endpoint: Endpoint, mapping: RecordMapping, zone: str) -> None:
        self._connection, self._database, self._endpoint, self._mapping, self._zone = connection, database, endpoint, mapping, zone
        self._table: Table = endpoint.tables[0]
        self._there = database.describe(f"select * from {mapping.relation} q where 1 = 0")
        self._columns = {declared: self._found(name) for declared, name in mapping.columns.items()}
        self._cursor = self._cursor_column()
        for declared in self._columns:
            self._check_fit(declared)

    def sql(self, floor: int | None = None) -> str:
        """The query, from ``floor`` on."""
        parts = [f"q.{self._database.quoted(name)} as {self._database.quoted(as_)}" for as_, name in self._columns.items()]
        parts += [f"{_text(value)} as {self._database.quoted(as_)}" for as_, value in self._mapping.constants.items()]
        if "amount" not in self._columns and {"debit", "credit"} <= self._columns.keys():
            debit, credit = (f"q.{self._database.quoted(self._columns[side])}" for side in ("debit", "credit"))
            amount = (
                f"case when {debit} is null and {credit} is null then null else coalesce({debit}, 0) - coalesce({credit}, 0) end"
            )
            parts.append(f"{amount} as {self._database.quoted('amount')}")
        sql = f"from {self._mapping.relation} q"
        if self._cursor:
            column = f"q.{self._database.quoted(self._found(self._mapping.cursor))}"
            parts.append(f"{column} as {self._database.quoted(_CURSOR)}")
            if floor is not None:
                sql += f" where {column} >= {self._cursor.literal(floor)} or {column} is null"
        return f"select {', '.join(parts)} {sql}"

    def first_row(self) -> int:
        """Try the query; returns the rows of the first batch."""
        try:
            return next((batch.num_rows for batch in self._database.fetch(self.sql())), 0)
        except TextTooLong:
            return 1  # there is one, and reading makes room for it

    def read(self, archive: Archive, state: State) -> Iterator[Any]:
        """Yield what is new since the state, as dlt items, and bring the state up to date."""
        self._forget_other_mapping(state)
        now = datetime.now(ZoneInfo(self._zone))
        self._database.text_size = max(self._database.text_size, state.get("text_size", 0))
        lost = f"{self._connection}: what is known of {self._table.name}" if self._mapping.notices_deletes else None
        known = KnownRows(recall(archive, state, lost=lost), self._mapping.notices_deletes)
        self._list_live(archive, known)
        newest: int | None = state.get("cursor")
        sql = self.sql(None if newest is None else newest - self._overlap)
        intake = Intake(self._endpoint, connection_id=self._connection, archive=archive, known=None)
        for batch in self._database.rows(sql):
            cursors = None
            if self._cursor:
                cursors = self._cursor.numbers(batch.column(_CURSOR), self._zone)
                believed = self._cursor.believed(cursors, now)
                if len(believed):
                    newest = max(int(believed.max()), -NEVER if newest is None else newest)
                    known.raise_floor(newest - self._overlap)
            yield from intake.take_arrow(_page(batch, sql), batch, known, cursors=cursors, zone=self._zone)
        yield from self._tell_deletes(archive, known)
        yield from intake.finish()
        if newest is not None:
            state["cursor"] = newest
        if self._database.text_size > state.get("text_size", ROOM):
            state["text_size"] = self._database.text_size
        remember(archive, state, self._endpoint.name, known)

    def _tell_deletes(self, archive: Archive, known: KnownRows) -> Iterator[Any]:
        """Rows that have gone, and those that are back."""
        if not self._mapping.notices_deletes:
            return
        gone, back = known.gone(), known.back()
        if len(gone) and len(gone) == known.count:
            raise IncompleteRead(
                f"{self._connection}: {self._table.name} has no row left of the {known.count:,} known ones. Check the query and the "
                "user's rights; if they were deleted, set keys = false in the mapping."
            )
        rows = pa.record_batch(
            {
                "table_name": pa.repeat(self._table.name, len(gone) + len(back)),
                "row_key": pa.concat_arrays([gone, back]),
                "is_deleted": pa.array([True] * len(gone) + [False] * len(back)),
                "noticed_at": pa.repeat(pa.scalar(datetime.now(UTC), pa.timestamp("us", "UTC")), len(gone) + len(back)),
            }
        )
        if not rows.num_rows:
            return
        deletes = Intake(DELETED_ROWS, connection_id=self._connection, archive=archive, known=None, listing=self._table.name)
        yield from deletes.take_arrow(_page(rows, f"keys of {self._table.name} that are no longer there"), rows, KnownRows())
        yield from deletes.finish()

    def _list_live(self, archive: Archive, known: KnownRows) -> None:
        """The keys that the database holds, where the rows themselves are not all read. Before these, so that none can slip through."""
        keys = self._mapping.keys
        if not self._cursor or not keys:
            return
        if keys is True:
            parts = [f"q.{self._database.quoted(self._columns[part])} as {self._database.quoted(part)}" for part in self._table.key]
            sql = f"select {', '.join(parts)} from {self._mapping.relation} q"
        else:
            sql = str(keys)
        for batch in self._database.rows(sql):
            page = _page(batch, sql)
            archive.store(f"{self._endpoint.name}_keys", page, batch.num_rows)
            if missing := set(self._table.key) - set(batch.schema.names):
                raise MappingError(f"{self._where}: the query 'keys' must give the column {' and '.join(sorted(missing))}.")
            known.list_live(self._key_texts(batch))

    def _key_texts(self, batch: pa.RecordBatch) -> pa.Array:
        kinds = {column.name: column.kind for column in self._table.columns}
        parts = [fit(fit(batch.column(part), kinds[part], self._zone).array, TEXT).array for part in self._table.key]
        return parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, "|")

    def _forget_other_mapping(self, state: State) -> None:
        """After a change of the mapping everything is read again; a change of the key must not leave rows under both."""
        mapping, key = _digest(self._mapping), _digest([self._mapping.columns.get(part, "") for part in self._table.key])
        if state.get("key", key) != key and not self._mapping.notices_deletes:
            raise MappingError(
                f"{self._where}: {' and '.join(self._table.key)} was mapped otherwise when rows were read, which would then be there "
                "twice: map it as before, or read the connection anew under another name."
            )
        if state.get("mapping", mapping) != mapping:
            state.pop("cursor", None)
        state["mapping"], state["key"] = mapping, key

    @property
    def _where(self) -> str:
        return f"{self._connection}: the mapping of {self._table.name}"

    @property
    def _overlap(self) -> int:
        if self._cursor is None:
            return 0
        return self._cursor.unit * (self._cursor.overlap if self._mapping.overlap is None else self._mapping.overlap)

    def _found(self, name: str) -> str:
        """The column as the database writes it; the mapping may differ in case only."""
        names: list[str] = self._there.names
        found = [name] if name in names else [each for each in names if each.lower() == name.lower()]
        if len(found) != 1:
            raise MappingError(f"{self._where} names the column '{name}', which is not there; there are {', '.join(names)}.")
        return found[0]

    def _cursor_column(self) -> Cursor | None:
        if not self._mapping.cursor:
            return None
        kind = self._there.field(self._found(self._mapping.cursor)).type
        cursor = _cursor_of(kind)
        if cursor is None:
            raise MappingError(
                f"{self._where}: the cursor '{self._mapping.cursor}' must be a moment, a date or a whole number; it is a {kind}."
            )
        return cursor

    def _check_fit(self, declared: str) -> None:
        """Refuse a column whose type could never be taken exactly, before anything is read."""
        kind = next(column.kind for column in self._table.columns if column.name == declared)
        try:
            fit(pa.array([], self._there.field(self._columns[declared]).type), kind)
        except UnfitColumn as trouble:
            raise MappingError(f"{self._where}: '{self._columns[declared]}' for {declared} {trouble}.") from None


def _page(batch: pa.RecordBatch, sql: str) -> Reply:
    """A page of the landing archive: the batch as an Arrow stream, and the query that gave it."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return Reply(200, {}, sink.getvalue().to_pybytes(), redact(re.sub(r"\s+", " ", sql).strip()), datetime.now(UTC))


def _text(value: str | int | bool) -> str:
    told = str(value).lower() if isinstance(value, bool) else str(value)
    return "'" + told.replace("'", "''") + "'"


def _digest(value: Any) -> str:
    plain: Mapping[str, Any] | list[Any] = msgspec.to_builtins(value)
    return hashlib.sha256(msgspec.json.encode(plain, order="sorted")).hexdigest()[:16]


__all__ = ["Cursor", "Reading"]
