"""All lines of a ledger by month, forecast from the last closed month and from months before it."""

from __future__ import annotations

import calendar
from datetime import date

import numpy as np
import pyarrow as pa

from finance_hub.forecast.standing import standing

TOLD = pa.schema(
    [
        ("leaf_key", pa.string()),
        ("origin_month", pa.date32()),
        ("period_month", pa.date32()),
        ("horizon_months", pa.int32()),
        ("mean", pa.float64()),
        ("naive", pa.float64()),
        ("model", pa.string()),
        ("history_months", pa.int32()),
    ]
)


def forecast_leaves(booked: pa.Table, closed_month: date, *, back: int, horizon: int) -> pa.Table:
    """Forecast every line from ``closed_month`` and from each of the ``back`` months before it, as :data:`TOLD`.

    ``booked`` has the columns leaf_key, period_month, known_month and amount: what was booked for a month and known from another on, in order
    of lines. A line is forecast from the first month on in which anything of it was known; a month without bookings is 0.
    """
    if not booked.num_rows:
        return TOLD.empty_table()
    keys = booked["leaf_key"].combine_chunks().dictionary_encode()
    months, known = (_numbers(booked[name]) for name in ("period_month", "known_month"))
    amounts = booked["amount"].to_numpy()
    first, last = int(months.min()), _number(closed_month)
    origins = [origin for origin in range(last - back, last + 1) if origin >= first]
    days = np.array([calendar.monthrange(*_month(number))[1] for number in range(first, last + horizon + 1)], dtype=np.float64)
    # What is known at an origin is what was known before and what has come to be known since: one sum over all lines.
    seen = np.zeros((len(keys.dictionary), len(origins), last - first + 1))
    place = np.clip(known - origins[0], 0, None)
    is_known = place < len(origins)
    np.add.at(seen, (keys.indices.to_numpy()[is_known], place[is_known], months[is_known] - first), amounts[is_known])
    seen = seen.cumsum(axis=1)
    begun = np.array([month[0] if len(month := np.flatnonzero(line.any(axis=0))) else -1 for line in seen])
    parts = []
    for number, line in enumerate(seen):
        if begun[number] < 0:
            continue
        start = int(begun[number])
        places = [place for place, origin in enumerate(origins) if line[place, start : origin - first + 1].any()]
        if not places:
            continue
        # From there on in each origin, also in one from which a line was taken back again.
        places = list(range(places[0], len(origins)))
        told = standing([line[place, start : origins[place] - first + 1] for place in places], days[start:], horizon)
        parts.append((number, start, places, told))
    rows = [(number, start, place, told, row) for number, start, places, told in parts for row, place in enumerate(places)]
    ahead = np.arange(1, horizon + 1)
    origin_numbers = np.repeat([origins[place] for _, _, place, _, _ in rows], horizon)
    horizons = np.tile(ahead, len(rows))
    return pa.table(
        {
            "leaf_key": keys.dictionary.take(pa.array(np.repeat([number for number, *_ in rows], horizon), pa.int32())),
            "origin_month": _dates(origin_numbers),
            "period_month": _dates(origin_numbers + horizons),
            "horizon_months": pa.array(horizons, pa.int32()),
            "mean": np.concatenate([told.mean[row] for *_, told, row in rows]) if rows else [],
            "naive": np.concatenate([told.naive[row] for *_, told, row in rows]) if rows else [],
            "model": pa.array([told.models[row] for *_, told, row in rows for _ in range(horizon)], pa.string()),
            "history_months": pa.array(
                np.repeat([origins[place] - first - start + 1 for _, start, place, _, _ in rows], horizon), pa.int32()
            ),
        },
        schema=TOLD,
    )


def _numbers(months: pa.ChunkedArray) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Months since year 0 of first days of months."""
    return np.asarray(months.to_numpy().astype("datetime64[M]").astype(np.int64) + 1970 * 12)


def _number(month: date) -> int:
    return month.year * 12 + month.month - 1


def _month(number: int) -> tuple[int, int]:
    return number // 12, number % 12 + 1


def _dates(numbers: np.ndarray[tuple[int], np.dtype[np.int64]]) -> pa.Array:
    """First days of months."""
    return pa.array((numbers - 1970 * 12).astype("datetime64[M]").astype("datetime64[D]"))
