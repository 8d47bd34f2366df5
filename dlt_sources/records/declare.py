"""Declaring what a vendor sends.

A record is a Struct whose fields are the vendor's, in snake_case; a :class:`Table` says where a raw table gets its rows. The same
declaration decodes the page, sends rows that do not fit to quarantine, creates the (possibly empty) raw table and documents it::

    class JournalLine(Record, rename=vendor_name):
        journal_line_id: str
        net_amount: Money

    JOURNAL_LINES = Table("journal_lines", JournalLine, key=("journal_line_id",), description="...")

Field types are the markers of this module: each knows how it travels on the wire and what the column becomes.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin, get_type_hints

import msgspec
import pyarrow as pa

from dlt_sources.records import convert


@dataclass(frozen=True)
class Kind:
    """One sort of column: its SQL type, its Arrow type, and how a column of wire values becomes one of Arrow values."""

    sql: str
    arrow: pa.DataType
    convert: Callable[[Sequence[Any]], convert.Converted]


_MONEY = pa.decimal128(38, 12)
TEXT = Kind("VARCHAR", pa.string(), convert.text)
COUNT = Kind("BIGINT", pa.int64(), convert.integer)
FLAG = Kind("BOOLEAN", pa.bool_(), convert.boolean)
INSTANT = Kind("TIMESTAMP", pa.timestamp("us"), convert.instant)

Money = Annotated[Decimal, Kind("DECIMAL(38, 12)", _MONEY, convert.decimal)]
"""A JSON number, or a string that holds a plain one; kept to the last digit."""
Digits = Annotated[Decimal, Kind("VARCHAR", pa.string(), convert.digits)]
"""A JSON number that may have more digits than a decimal column holds, such as a computed rate; stored as text, whole."""
MoneyText = Annotated[str, Kind("DECIMAL(38, 12)", _MONEY, convert.decimal_text)]
"""A number that always travels as a JSON string."""
RateText = Annotated[str, Kind("DECIMAL(38, 18)", pa.decimal128(38, 18), convert.rate_text)]
"""An exchange rate in a JSON string: rates have more decimals than money."""
CountText = Annotated[str, Kind("BIGINT", pa.int64(), convert.integer_text)]
FlagText = Annotated[str, Kind("BOOLEAN", pa.bool_(), convert.boolean_text)]
FlagLetter = Annotated[str, Kind("BOOLEAN", pa.bool_(), convert.boolean_letter)]
"""A flag that travels as "T" or "F"."""
YesNo = Annotated[bool | str, Kind("BOOLEAN", pa.bool_(), convert.flag)]
"""A flag that comes as a JSON boolean in one listing and as Y or N in another."""
Day = Annotated[str, Kind("DATE", pa.date32(), convert.day)]
"""A calendar day: ``/Date(ms+0000)/`` or ``YYYY-MM-DD...``."""
Instant = Annotated[str, INSTANT]
"""A moment, stored as UTC: ``/Date(ms+0000)/``, ISO 8601 with or without offset, or epoch milliseconds in a string."""
Filled = Annotated[str, Kind("VARCHAR", pa.string(), convert.filled)]
"""Text of a system that says "" where nothing is: stored as null."""
ClockTime = Annotated[str, Kind("TIME", pa.time64("us"), convert.clock_time)]
"""A time of day: ``PT14H30M00S`` or ``14:30:00``."""
InstantMs = Annotated[int, Kind("TIMESTAMP", pa.timestamp("us"), convert.instant_ms)]

DELETED = "_deleted"

_PLAIN: Mapping[Any, Kind] = {str: TEXT, int: COUNT, bool: FLAG}


class Record(msgspec.Struct, kw_only=True, gc=False, frozen=False):
    """Base of every declared record. Fields that a vendor omits default to None."""

    LEFT_OUT: ClassVar[frozenset[str]] = frozenset()
    """Fields that the vendor is known to send and nobody needs: any other undeclared field is reported."""


@dataclass(frozen=True)
class Column:
    """One column of a raw table."""

    name: str
    kind: Kind
    nullable: bool
    attribute: str = ""
    """The record's field, where it cannot bear the column's name (``class_``)."""


def names(text: str) -> frozenset[str]:
    """Field names, with blanks between."""
    return frozenset(text.split())


Row = tuple[Record, *tuple[Any, ...]]


def itself(document: Any) -> Iterable[Row]:
    """The document is its own single row."""
    return ((document,),)


@dataclass(frozen=True)
class Table:
    """One raw table.

    ``key`` names the columns that identify a row within a connection. ``rows`` takes a document apart into the rows of this
    table: tuples of a record and the values of the ``within`` columns, which come from the document around it. ``replace`` names
    the columns of the document's own key in a table of its parts: all parts of a document are replaced together, so that a line
    which an edit has removed disappears.
    """

    name: str
    record: type[Record]
    key: tuple[str, ...]
    description: str
    within: Mapping[str, Kind] = field(default_factory=dict)
    rows: Callable[[Any], Iterable[Row]] = itself
    replace: tuple[str, ...] = ()
    once: bool = False
    """The source sees to it that a row arrives once in an extraction: the merge need not look for a newer one, which takes memory."""
    deletable: bool = False
    """Documents that the vendor has deleted are taken out of the raw table; a column, empty in every row, carries the order."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """The declared columns in order: those of the document around it first, then the record's own."""
        around = [Column(name, kind, name not in self.key) for name, kind in self.within.items()]
        return (*around, *record_columns(self.record))

    def schema(self) -> pa.Schema:
        """Arrow schema of a loaded batch: connection, declared columns, archive page."""
        fields = [pa.field("connection_id", pa.string(), nullable=False)]
        fields += [pa.field(column.name, column.kind.arrow, nullable=column.name not in self.key) for column in self.columns]
        fields.append(pa.field("_page_id", pa.string(), nullable=False))
        fields += [pa.field(DELETED, pa.bool_())] if self.deletable else []
        return pa.schema(fields)

    @property
    def money_columns(self) -> tuple[str, ...]:
        """The columns whose sums are control totals."""
        return tuple(column.name for column in self.columns if pa.types.is_decimal(column.kind.arrow))

    def ddl(self, schema: str) -> str:
        """SQL that creates the table where it does not exist yet."""
        lines = ['"connection_id" VARCHAR NOT NULL']
        lines += [f'"{column.name}" {column.kind.sql}{" NOT NULL" if column.name in self.key else ""}' for column in self.columns]
        lines += [
            '"_page_id" VARCHAR NOT NULL',
            *([f'"{DELETED}" BOOLEAN'] if self.deletable else []),
            '"_dlt_load_id" VARCHAR NOT NULL',
        ]
        return f'create table if not exists "{schema}"."{self.name}" (\n    ' + ",\n    ".join(lines) + "\n)"


@cache
def record_columns(record: type[Record]) -> tuple[Column, ...]:
    """The scalar fields of a record as columns; nested lists and records are tables of their own or looked into by the source."""
    hints = get_type_hints(record, include_extras=True)
    columns = []
    for info in msgspec.structs.fields(record):
        kind, nullable = _kind_of(hints[info.name])
        if kind is not None:
            columns.append(Column(info.name.rstrip("_"), kind, nullable, info.name))
    names = [column.name.lower() for column in columns]
    if len(names) != len(set(names)):
        raise TypeError(f"{record.__name__} declares columns that differ in case only: {sorted(names)}")
    return tuple(columns)


def _kind_of(hint: Any) -> tuple[Kind | None, bool]:
    if get_origin(hint) in {Union, types.UnionType}:
        members = [member for member in get_args(hint) if member is not type(None)]
        if len(members) != 1:
            return None, True
        return _kind_of(members[0])[0], True
    if get_origin(hint) is Annotated or hasattr(hint, "__metadata__"):
        kind = next((note for note in typing.cast("Any", hint).__metadata__ if isinstance(note, Kind)), None)
        return kind, False
    return _PLAIN.get(hint), False
