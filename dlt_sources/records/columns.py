"""Arrow batches that come with types of their own (databases, files) to batches of the declared types.

The rules are those of ``convert``: exact or refused, never rounded or guessed at, and a row that does not fit leaves the others
alone. A column whose type could never be exact, such as a binary floating point number for money, is refused as a whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from dlt_sources.records import convert
from dlt_sources.records.convert import Converted
from dlt_sources.records.declare import Kind, Table

_FLAGS = {
    "true": True,
    "t": True,
    "yes": True,
    "y": True,
    "1": True,
    "false": False,
    "f": False,
    "no": False,
    "n": False,
    "0": False,
}
_OFFSET = r":\d\d(\.\d+)?\s*(Z|[+-]\d\d(:?\d\d)?)$"


class UnfitColumn(Exception):
    """No value of the column could be taken exactly: the message says why and what to do."""


@dataclass(frozen=True)
class Fitted:
    """A batch of the declared types (null at bad values), and ``{position: reason}`` of the rows that do not fit."""

    table: pa.Table
    bad: dict[int, str]


def fit_table(given: pa.RecordBatch, table: Table, *, connection_id: str, page_id: str, zone: str = "UTC") -> Fitted:
    """Fit a batch to a declared table by the names of its columns; those it lacks are null, those undeclared are left out.

    ``zone`` is the time zone of moments that come without an offset. Raises :class:`UnfitColumn`.
    """
    bad: dict[int, str] = {}
    rows = given.num_rows
    arrays = [_repeated(connection_id, rows)]
    for column in table.columns:
        at = given.schema.get_field_index(column.name)
        if at < 0:
            converted = Converted(pa.nulls(rows, column.kind.arrow))
        else:
            try:
                converted = fit(given.column(at), column.kind, zone)
            except UnfitColumn as trouble:
                raise UnfitColumn(f"{table.name}.{column.name} {trouble}") from None
        for position, reason in converted.bad.items():
            bad.setdefault(position, f"{table.name}.{column.name}: {reason}")
        if not column.nullable and converted.array.null_count:
            missing = "part of the key is missing" if column.name in table.key else "a value is missing"
            for position in pc.indices_nonzero(converted.array.is_null()).to_pylist():
                bad.setdefault(position, f"{table.name}.{column.name}: {missing}")
        arrays.append(converted.array)
    arrays.append(_repeated(page_id, rows))
    arrays += [pa.nulls(rows, pa.bool_())] if table.deletable else []
    loose = pa.schema([field.with_nullable(True) for field in table.schema()])
    return Fitted(pa.table(arrays, schema=loose), bad)


def fit(given: pa.Array, kind: Kind, zone: str = "UTC") -> Converted:
    """One column of any Arrow type as one of a declared kind. Trailing blanks of texts are a database's padding.

    Raises :class:`UnfitColumn`.
    """
    if pa.types.is_null(given.type):
        return Converted(pa.nulls(len(given), kind.arrow))
    if pa.types.is_large_string(given.type) or pa.types.is_string_view(given.type):
        given = given.cast(pa.string())
    if pa.types.is_string(given.type):
        return _fit_text(pc.utf8_rtrim(given, characters=" "), kind, zone)
    if pa.types.is_floating(given.type) and not pa.types.is_boolean(kind.arrow):
        raise UnfitColumn("is a binary floating point number, which is not exact: cast it to a decimal type in the query")
    for accepts, source, converter in _TYPED:
        if accepts(kind.arrow) and source(given.type):
            return converter(given, zone)
    raise UnfitColumn(f"cannot be made of the type {given.type}: cast it in the query to what the record declares")


def _fit_text(strings: pa.Array, kind: Kind, zone: str) -> Converted:
    target = kind.arrow
    if pa.types.is_string(target):
        return convert.text(strings)
    if pa.types.is_decimal(target):
        return convert.decimal_text(strings)
    if pa.types.is_integer(target):
        return convert.integer_text(strings)
    if pa.types.is_boolean(target):
        return _flags(strings)
    if pa.types.is_date(target):
        return convert.day(strings)
    found = convert.instant(strings)
    if zone == "UTC":
        return found
    told = pc.match_substring_regex(strings, _OFFSET)
    return Converted(pc.if_else(told, found.array, _to_utc(found.array, zone)), found.bad)


def _flags(strings: pa.Array) -> Converted:
    strings = pc.if_else(pc.equal(strings, ""), pa.scalar(None, pa.string()), strings)
    at = pc.index_in(pc.utf8_lower(strings), pa.array(list(_FLAGS)))
    flags = pa.array(list(_FLAGS.values())).take(at)
    unknown = pc.indices_nonzero(pc.and_(strings.is_valid(), at.is_null())).to_pylist()
    return Converted(flags, {position: f"'{strings[position].as_py()[:60]}' is neither true nor false" for position in unknown})


def _to_utc(local: pa.Array, zone: str) -> pa.Array:
    """Wall clock times of a zone as UTC. In the hour that comes twice the first is meant; the hour that never comes is its end."""
    if zone == "UTC":
        return local
    return (
        pc.assume_timezone(local, zone, ambiguous="earliest", nonexistent="latest")
        .cast(pa.timestamp("us", "UTC"))
        .cast(pa.timestamp("us"))
    )


def _instant(given: pa.Array, zone: str) -> Converted:
    if given.type.tz is not None:
        return Converted(given.cast(pa.timestamp("us", "UTC"), safe=False).cast(pa.timestamp("us")))
    return Converted(_to_utc(given.cast(pa.timestamp("us"), safe=False), zone))


def _day(given: pa.Array, zone: str) -> Converted:
    if pa.types.is_timestamp(given.type) and given.type.tz is not None:
        given = pc.local_timestamp(given.cast(pa.timestamp("us", zone), safe=False))
    return Converted(given.cast(pa.date32(), safe=False))


def _midnight(given: pa.Array, zone: str) -> Converted:
    return Converted(_to_utc(given.cast(pa.date32()).cast(pa.timestamp("us")), zone))


def _number(given: pa.Array, _zone: str) -> Converted:
    return convert.decimal_text(given.cast(pa.string()))


def _whole_number(given: pa.Array, _zone: str) -> Converted:
    return convert.integer_text(given.cast(pa.string()))


def _flag(given: pa.Array, _zone: str) -> Converted:
    return _flags(given.cast(pa.int64(), safe=False).cast(pa.string()))


def _name(given: pa.Array, _zone: str) -> Converted:
    return Converted(given.cast(pa.string()))


def _same(given: pa.Array, _zone: str) -> Converted:
    return Converted(given)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_decimal(kind))


def _is_plain(kind: pa.DataType) -> bool:
    return _is_number(kind) or bool(pa.types.is_boolean(kind) or pa.types.is_date(kind) or pa.types.is_timestamp(kind))


_Is = Callable[[pa.DataType], bool]
_TYPED: tuple[tuple[_Is, _Is, Callable[[pa.Array, str], Converted]], ...] = (
    (pa.types.is_string, _is_plain, _name),
    (pa.types.is_decimal, _is_number, _number),
    (pa.types.is_integer, _is_number, _whole_number),
    (pa.types.is_boolean, pa.types.is_boolean, _same),
    (pa.types.is_boolean, _is_number, _flag),
    (pa.types.is_date, pa.types.is_date, _day),
    (pa.types.is_date, pa.types.is_timestamp, _day),
    (pa.types.is_timestamp, pa.types.is_timestamp, _instant),
    (pa.types.is_timestamp, pa.types.is_date, _midnight),
)


def _repeated(value: str, rows: int) -> pa.Array:
    return pa.repeat(pa.scalar(value, pa.string()), rows)
