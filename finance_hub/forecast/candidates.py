"""Models for one history of monthly values, and how each would have done on that history.

A model is fitted once at the earliest origin and carried on to the later ones without being fitted anew: it then knows nothing of what
came after, and costs little.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

YEAR = 12
LEAST = 12
"""Fewer months tell no more than a level and a drift."""
SEASONAL = 24
"""Fewer months tell nothing of the season."""
_STEP = 3  # months between origins of the back-test


@dataclass(frozen=True)
class Candidate:
    """One model: its forecast ``mean`` from the end of the history, and what it said at the origins of the back-test.

    ``back`` has a row for each origin and a column for each month ahead.
    """

    name: str
    mean: Values
    back: Values


def origins_of(length: int, horizon: int) -> list[int]:
    """The lengths of history from which the back-test forecasts: over the last two years, as far as a season is known before."""
    least = SEASONAL if length >= SEASONAL else LEAST - 4
    return list(range(max(least, length - max(2 * YEAR, horizon)), length, _STEP))


def actuals(values: Values, origins: list[int], horizon: int) -> Values:
    """What followed each origin, month by month; not a number where the history ends."""
    ahead = np.full((len(origins), horizon), np.nan)
    for row, origin in enumerate(origins):
        known = values[origin : origin + horizon]
        ahead[row, : len(known)] = known
    return ahead


def seasonal_naive(values: Values, origins: list[int], horizon: int) -> Candidate:
    """Each month as a year before: what every other model has to beat."""
    rows = [np.resize(values[origin - YEAR : origin], horizon) for origin in origins]
    return Candidate("seasonal_naive", np.resize(values[-YEAR:], horizon), _table(rows, horizon))


def last_value(values: Values, origins: list[int], horizon: int) -> Candidate:
    """Every month as the last one."""
    rows = [np.full(horizon, values[origin - 1]) for origin in origins]
    return Candidate("last_value", np.full(horizon, values[-1]), _table(rows, horizon))


def drift(values: Values, origins: list[int], horizon: int) -> Candidate:
    """The last value, and on as it went on average, ever more slowly."""

    def ahead(known: Values) -> Values:
        slope = (known[-1] - known[0]) / (len(known) - 1) if len(known) > 1 else 0.0
        return np.asarray(known[-1] + slope * np.cumsum(0.9 ** np.arange(1, horizon + 1)), dtype=np.float64)

    return Candidate("drift", ahead(values), _table([ahead(values[:origin]) for origin in origins], horizon))


def fitted(values: Values, origins: list[int], horizon: int) -> list[Candidate]:
    """Exponential smoothing, also of the logarithms where all values are above 0, and the theta method; those that can be fitted."""
    from statsforecast.models import AutoETS, DynamicOptimizedTheta

    season = YEAR if len(values) >= SEASONAL else 1
    models: list[tuple[str, Callable[[], Any], bool]] = [
        ("ets", lambda: AutoETS(season_length=season), False),
        ("theta", lambda: DynamicOptimizedTheta(season_length=season), False),
    ]
    if values.min() > 0:
        models.append(("log_ets", lambda: AutoETS(season_length=season), True))
    found = []
    for name, make, is_log in models:
        known = np.log(values) if is_log else values
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                mean = np.asarray(make().forecast(y=known, h=horizon)["mean"], dtype=np.float64)
                back = _carried(make(), known, origins, horizon)
        except Exception:  # noqa: BLE001, S112 - a history on which a model cannot be fitted has the others
            continue
        if is_log:
            with np.errstate(over="ignore"):
                mean, back = np.exp(mean), np.exp(back)
        if np.isfinite(mean).all() and np.isfinite(back).all() and _is_sane(mean, values):
            found.append(Candidate(name, mean, back))
    return found


def _carried(model: Any, values: Values, origins: list[int], horizon: int) -> Values:
    """What a model that is fitted at the first origin says there and at the later ones."""
    rows: list[Values] = []
    for place, origin in enumerate(origins):
        known = values[:origin]
        told = model.forward(y=known, h=horizon) if place else model.fit(known).predict(h=horizon)
        rows.append(np.asarray(told["mean"], dtype=np.float64))
    return _table(rows, horizon)


def _is_sane(mean: Values, values: Values) -> bool:
    """Whether a forecast stays within what a growing business could do: no model of so short a history knows more."""
    return bool(np.abs(mean).max() <= 20 * np.abs(values).max())


def _table(rows: list[Values], horizon: int) -> Values:
    return np.array(rows, dtype=np.float64).reshape(len(rows), horizon)
