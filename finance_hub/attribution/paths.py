"""Paths: the touches that led, or did not lead, to conversions, and how often each path was gone.

A table of touches has one row for each touch, in any order: ``path_id``, ``position`` (ascending within the path), ``channel``, and on
every touch of a path the same ``conversions`` and ``nulls`` (how often it ended in a conversion, and how often in none) and ``value``
(money of those conversions in all), as DECIMAL(38, 12). A path may be one conversion (1, 0) or many journeys taken together.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from finance_hub import warehouse

_REQUIRED, _OPTIONAL = ("path", "conversions"), ("value", "nulls")
_EXPECTED = {"conversions": "a number from 0 up", "value": "an amount", "nulls": "a number from 0 up"}
_DIGITS = "with at most 15 digits before the point"
_NUMBER = r"[+-]?([0-9]{1,15}(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?"
_SPACE = r"[\s\p{Z}]*"


class AttributionError(Exception):
    """What was asked cannot be attributed; the message says what and where to mend it."""


def read(file: Path) -> pa.Table:
    """Read a CSV of paths into a table of touches; equal paths are summed.

    Columns, in any order: ``path``, channels with `` > `` between them; ``conversions``; and, 0 where the column is absent, ``value``
    and ``nulls``. Numbers are read to the twelfth decimal: what programs write beyond it is what floating point leaves.

    Raises:
        AttributionError: The file cannot be read, or the line that is named does not fit.

    """
    names, lines, rows = _records(file)
    given: dict[str, pa.Array] = {"line": pa.array(lines, pa.int64())}
    given |= {name: pa.array(column, pa.string()) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
    given |= {name: pa.repeat("0", len(lines)) for name in _OPTIONAL if name not in names}
    with warehouse.in_memory() as database:
        database.register("given", pa.table(given))
        database.execute(rf"""
            create macro clean(text) as regexp_replace(text, '^{_SPACE}|{_SPACE}$', '', 'g');
            create table record as
                select line, regexp_split_to_array(clean(path), '{_SPACE}>{_SPACE}') as steps,
                    clean(conversions) as conversions, clean(value) as value, clean(nulls) as nulls
                from given
        """)
        unreadable = " ".join(
            f"when not regexp_full_match({name}, '{_NUMBER}') or try_cast({name} as decimal(27, 12)) is null"
            f" {'' if name == 'value' else f'or starts_with({name}, chr(45))'}"
            f" then '{name} is ''' || {name} || ''', where {expected} is expected, {_DIGITS}'"
            for name, expected in _EXPECTED.items()
        )
        wrong = database.execute(f"""
            select line, case when steps = [''] then 'the path is empty'
                when list_contains(steps, '') then 'the path has an empty step' {unreadable} end as trouble
            from record where trouble is not null order by line limit 1
        """).fetchone()
        if wrong:
            raise AttributionError(f"Line {wrong[0]} of {file}: {wrong[1]}.")
        return database.execute("""
            with summed as (
                select steps, sum(cast(conversions as decimal(38, 12))) as conversions,
                    sum(cast(value as decimal(38, 12))) as value, sum(cast(nulls as decimal(38, 12))) as nulls
                from record group by steps
            ),
            numbered as (select row_number() over (order by steps) as path_id, * from summed)
            select path_id, unnest(range(1, len(steps) + 1)) as position, unnest(steps) as channel, conversions, value, nulls
            from numbered order by path_id, position
        """).to_arrow_table()


def _records(file: Path) -> tuple[list[str], list[int], list[list[str]]]:
    """The names of the columns, and each record with the line on which it begins. Blank lines are no records.

    The csv module alone tells lines exactly, whatever stands in quotes; everything after it is done to whole columns.
    """
    content = b""
    try:
        content = file.read_bytes()
        records = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
    except OSError as trouble:
        raise AttributionError(f"{file} cannot be read: {trouble.strerror}.") from None
    except UnicodeDecodeError as trouble:
        line = content.count(b"\n", 0, trouble.start) + 1
        raise AttributionError(f"Line {line} of {file} is not UTF-8 text.") from None
    lines, rows, end = [], [], 0
    try:
        for row in records:
            if row:
                lines.append(end + 1)
                rows.append(row)
            end = records.line_num
    except csv.Error as trouble:
        raise AttributionError(f"Line {end + 1} of {file} is not valid CSV: {trouble}.") from None
    if not rows:
        raise AttributionError(f"{file} is empty; a header line with path and conversions is expected.")
    names = _header(file, lines[0], rows[0])
    if len(rows) == 1:
        raise AttributionError(f"{file} has no paths below its header on line {lines[0]}.")
    for line, row in zip(lines, rows, strict=True):
        if len(row) != len(names):
            raise AttributionError(f"Line {line} of {file} has {len(row)} values, where the header names {len(names)} columns.")
    return names, lines[1:], rows[1:]


def _header(file: Path, line: int, row: list[str]) -> list[str]:
    names = [name.strip().lower() for name in row]
    known = _REQUIRED + _OPTIONAL
    for name in names:
        if name not in known or names.count(name) > 1:
            what = "stands twice" if name in known else "is not known"
            raise AttributionError(f"Line {line} of {file}: the column '{name}' {what}; columns are {', '.join(known)}.")
    for name in _REQUIRED:
        if name not in names:
            raise AttributionError(f"Line {line} of {file}: the column '{name}' is missing.")
    return names


@dataclass(frozen=True)
class Journeys:
    """Paths as arrays, for what is computed outside SQL.

    ``channels`` are in order of name. ``channel`` (an index of ``channels``) and ``path`` have one element for each touch, in order of
    path and position, and so has ``share``, how much of a touch it is; ``conversions`` and ``nulls`` have one for each path, and so has
    ``group``, the number of what the path belongs to. Paths that nobody went are left out, their channels are not.
    """

    channels: list[str]
    channel: NDArray[np.int64]
    path: NDArray[np.int64]
    conversions: NDArray[np.float64]
    nulls: NDArray[np.float64]
    group: NDArray[np.int64]
    share: NDArray[np.float64]

    @classmethod
    def of(cls, touches: pa.Table, *, group: str | None = None) -> Journeys:
        """The arrays of a table of touches; paths belong to what its column ``group`` names, to one whole if none is named.

        Touches are whole ones unless the table has a column ``share``.
        """
        names = pc.unique(touches["channel"]).sort()
        went = touches.filter(pc.greater(pc.add(_floats(touches["conversions"]), _floats(touches["nulls"])), 0))
        path = pc.index_in(went["path_id"], pc.unique(went["path_id"])).to_numpy()
        order = np.lexsort((went["position"].to_numpy(), path))
        path = path[order].astype(np.int64)
        firsts = np.flatnonzero(np.diff(path, prepend=-1))
        return cls(
            channels=names.to_pylist(),
            channel=pc.index_in(went["channel"], names).to_numpy()[order].astype(np.int64),
            path=path,
            conversions=_floats(went["conversions"]).to_numpy()[order][firsts],
            nulls=_floats(went["nulls"]).to_numpy()[order][firsts],
            group=np.zeros(len(firsts), dtype=np.int64)
            if group is None
            else pc.index_in(went[group], pc.unique(went[group]).sort()).to_numpy().astype(np.int64)[order][firsts],
            share=_floats(went["share"]).to_numpy()[order] if "share" in went.column_names else np.ones(len(path)),
        )


def _floats(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.cast(column, pa.float64())
