"""All lines of a ledger by month, forecast from the last closed month and from months before it."""

from __future__ import annotations

import calendar
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from finance_hub.forecast.planned import Cube, beside_plans
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


def forecast_leaves(booked: pa.Table, closed_month: date, *, back: int, horizon: int, planned: pa.Table | None = None) -> pa.Table:
    """Forecast every line from ``closed_month`` and from each of the ``back`` months before it, as :data:`TOLD`.

    ``booked`` has the columns leaf_key, period_month, known_month and amount: what was booked for a month and known from another on, in order
    of lines. A line is forecast from the first month on in which anything of it was known; a month without bookings is 0.

    ``planned`` has the columns account_key, period_month, known_month and amount: what was planned for an account and month, by the month at
    whose closing that plan was known. ``booked`` then has account_key too. An account is drawn towards its plan
    as far as plans had been right (:func:`finance_hub.forecast.planned.beside_plans`), and each of its lines by its part in the sum.
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
    means = np.full((len(seen), len(origins), horizon), np.nan)
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
        means[number, places[0] :] = told.mean
        parts.append((number, start, places, told))
    moved = np.zeros_like(means)
    if planned is not None:
        accounts = booked["account_key"].combine_chunks().dictionary_encode()
        of_lines = np.empty(len(seen), dtype=np.int64)
        of_lines[keys.indices.to_numpy()] = accounts.indices.to_numpy()
        moved = _drawn(seen, means, of_lines, _in_force(planned, accounts.dictionary, origins, first, horizon))
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
            "mean": np.concatenate([means[number, place] + moved[number, place] for number, _, place, *_ in rows]) if rows else [],
            "naive": np.concatenate([told.naive[row] for *_, told, row in rows]) if rows else [],
            "model": pa.array(
                [
                    f"{told.models[row]}+plan" if is_moved else told.models[row]
                    for number, _, place, told, row in rows
                    for is_moved in moved[number, place] != 0
                ],
                pa.string(),
            ),
            "history_months": pa.array(
                np.repeat([origins[place] - first - start + 1 for _, start, place, _, _ in rows], horizon), pa.int32()
            ),
        },
        schema=TOLD,
    )


def _in_force(planned: pa.Table, accounts: pa.Array, origins: list[int], first: int, horizon: int) -> Cube:
    """What the newest plan of each month that was known at an origin tells of the months after it, by account; not a number where none does."""
    plans = planned.append_column("account", pc.index_in(planned["account_key"], accounts)).sort_by("known_month")
    plans = plans.filter(pc.is_valid(plans["account"]))
    account, amounts = plans["account"].to_numpy(), plans["amount"].to_numpy()
    months, known = (_numbers(plans[name]) for name in ("period_month", "known_month"))
    is_told = (months >= first) & (months <= origins[-1] + horizon) & (known <= origins[-1])
    place = np.clip(known - origins[0], 0, None)
    told = np.full((len(accounts), len(origins), origins[-1] + horizon - first + 1), np.nan)
    told[account[is_told], place[is_told], months[is_told] - first] = amounts[is_told]
    for later in range(1, len(origins)):
        told[:, later] = np.where(np.isnan(told[:, later]), told[:, later - 1], told[:, later])
    return np.stack([told[:, place, origin - first + 1 :][:, :horizon] for place, origin in enumerate(origins)], axis=1)


def _drawn(seen: Cube, means: Cube, of_lines: np.ndarray[tuple[int], np.dtype[np.int64]], planned: Cube) -> Cube:
    """By how much the plans of accounts move the forecasts of their lines."""
    is_told = np.isfinite(means).all(axis=2, keepdims=True)
    known, alone, sizes = np.zeros((len(planned), *seen.shape[1:])), np.zeros_like(planned), np.zeros_like(planned)
    # Of an account of which nothing is expected each line has as much as the next one.
    size = np.where(is_told, np.abs(means), 0)
    np.add.at(sizes, of_lines, size)
    size = np.where(sizes[of_lines] > 0, size, is_told)
    sizes[:] = 0
    for total, each in ((known, seen), (alone, np.where(is_told, means, 0)), (sizes, size)):
        np.add.at(total, of_lines, each)
    alone = np.where(sizes > 0, alone, np.nan)
    moved = np.nan_to_num(beside_plans(known, alone, planned) - alone)
    return np.asarray(moved[of_lines] * size / np.where(sizes[of_lines] > 0, sizes[of_lines], 1))


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
