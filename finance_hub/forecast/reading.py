"""Monthly series from a file of rows."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from finance_hub import warehouse

_COLUMNS = ("series", "month", "value")
_GIVEN = pa.schema([("line", pa.int64()), *((name, pa.string()) for name in ("series", "month_text", "value_text"))])


class ForecastError(Exception):
    """What was asked cannot be forecast; the message says what and where to mend it."""


@dataclass(frozen=True)
class Series:
    """One figure by month: ``values`` from ``first_month`` on, without a gap."""

    name: str
    first_month: date
    values: NDArray[np.float64]

    def month(self, horizon: int) -> date:
        """The first day of the month that lies ``horizon`` months after the last value."""
        number = self.first_month.year * 12 + self.first_month.month - 1 + len(self.values) - 1 + horizon
        return date(number // 12, number % 12 + 1, 1)


def read(file: Path) -> list[Series]:
    """Read a CSV with the columns ``series``, ``month`` (2026-05, or any day of the month) and ``value``, in any order of rows.

    Raises:
        ForecastError: The file cannot be read, or the line that is named does not fit: a month told twice, a month left out (what
            happened in it cannot be guessed; nothing is 0), a value that is no number.

    """
    with warehouse.in_memory() as database:
        # Whole columns at once: a row at a time, a hundred thousand rows take longer to hand over than to forecast.
        columns = list(zip(*_rows(file), strict=True)) or [()] * len(_GIVEN)
        database.register("given", pa.table(columns, schema=_GIVEN))
        wrong = database.execute(
            """
            with read as (
                select *, try_cast(case when length(month_text) = 7 then month_text || '-01' else month_text end as date) as day,
                    try_cast(value_text as double) as value
                from given
            ),
            placed as (
                select *, date_trunc('month', day) as month, lag(line) over same as line_before, lag(date_trunc('month', day)) over same as month_before
                from read window same as (partition by series order by date_trunc('month', day), line)
            )
            select line, case
                when series = '' then 'the series has no name'
                when day is null then 'month is ''' || month_text || ''', where one such as 2026-05 is expected'
                when value is null or not isfinite(value) then 'value is ''' || value_text || ''', where a number is expected'
                when month = month_before then 'series ''' || series || ''' has ' || strftime(month, '%Y-%m') || ' a second time, after line ' || line_before
                when month <> month_before + interval 1 month then 'series ''' || series || ''' has no row for '
                    || strftime(month_before + interval 1 month, '%Y-%m') || ', after line ' || line_before || ': add it, with 0 if nothing happened'
            end as trouble
            from placed where trouble is not null order by line limit 1
            """
        ).fetchone()
        if wrong:
            raise ForecastError(f"Line {wrong[0]} of {file}: {wrong[1]}.")
        found = database.execute(
            """
            with read as (
                select series, date_trunc('month', cast(case when length(month_text) = 7 then month_text || '-01' else month_text end as date))::date as month,
                    cast(value_text as double) as value
                from given
            )
            select series, min(month), list(value order by month) from read group by series order by series
            """
        ).fetchall()
    if not found:
        raise ForecastError(f"{file} has no rows below its header.")
    return [Series(name, first, np.asarray(values, dtype=np.float64)) for name, first, values in found]


def _rows(file: Path) -> list[tuple[int, str, str, str]]:
    """Line number and texts of each row."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as trouble:
        raise ForecastError(f"{file} cannot be read: {trouble}.") from None
    reader = csv.reader(io.StringIO(text))
    header = [name.strip().lower() for name in next(reader, [])]
    if missing := [name for name in _COLUMNS if name not in header]:
        raise ForecastError(f"{file} has no column {', '.join(missing)}: its first line is expected to be {','.join(_COLUMNS)}.")
    places = [header.index(name) for name in _COLUMNS]
    rows = []
    for cells in reader:
        if any(cell.strip() for cell in cells):
            if len(cells) != len(header):
                raise ForecastError(f"Line {reader.line_num} of {file}: {len(cells)} values, where {len(header)} are expected.")
            series, month, value = (cells[place].strip() for place in places)
            rows.append((reader.line_num, series, month, value))
    return rows
