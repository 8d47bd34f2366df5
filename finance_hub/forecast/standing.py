"""Forecasts of one series from each of several origins, each with only what was known there: the standing back-test and the forecast in one.

Made for hundreds of short series a day: of the models that ``candidates`` knows, those without a season, fitted twice (at the earliest origin,
and at the last one) and carried on between. A season is the year before, carried on by the year's growth; what is earned by the day is
forecast by the day.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from finance_hub.forecast.candidates import LEAST, SEASONAL, YEAR, Values, drift, last_value
from finance_hub.forecast.cleaning import cleaned

_DAYS = 365.25 / YEAR
_LEAST_ERRORS = 6  # fewer errors judge no model


@dataclass(frozen=True)
class Standing:
    """Forecasts with a row for each origin and a column for each month ahead; ``models`` says how each row was made.

    ``naive`` is the same month of the year before, or the last value where there is no year before.
    """

    mean: Values
    naive: Values
    models: tuple[str, ...]


def standing(known: Sequence[Values], days: Values, horizon: int) -> Standing:
    """Forecast from each origin the ``horizon`` months after what was known there.

    ``known`` has for each origin the history as it was known, from the same first month on, the earliest origin first and each a month
    longer than the one before; ``days`` has the days of all months from the first to the last that is forecast. Fewer than 12 months give a
    level and a drift, fewer than 24 no season. Months out of line count as what is usual (:mod:`finance_hub.forecast.cleaning`). Models are
    weighted by the inverse of their squared errors in what had come by then, and are halved with the naive forecast where that was better.
    """
    naive = np.array([_naive(values, horizon) for values in known])
    known, late = cleaned(known)
    models = _models(known, days, horizon)
    means, names = [], []
    for place, values in enumerate(known):
        there = {name: told[place] for name, told in models.items() if np.isfinite(told[place]).all()}
        if len(values) < LEAST or not there:
            young = (drift if len(values) >= LEAST // 2 else last_value)(values, [], horizon)
            mean, name = young.mean, young.name
        else:
            mean, name = _weighed(there, models, naive, values, place)
        mean = np.where(_never(values, horizon), 0, np.maximum(mean, 0) if values.min() >= 0 else mean)
        mean[0] += late[place]
        means.append(mean)
        names.append(name)
    return Standing(np.array(means), naive, tuple(names))


def _models(known: Sequence[Values], days: Values, horizon: int) -> dict[str, Values]:
    """Every model's forecasts, a row for each origin; not a number where it could not be made."""
    from statsforecast.models import AutoETS, DynamicOptimizedTheta

    last = len(known) - 1
    first = next((place for place, values in enumerate(known) if len(values) >= LEAST), None)
    if first is None or np.ptp(known[last]) == 0:
        return {}
    makers: list[tuple[str, Callable[[], Any]]] = [
        ("ets", lambda: AutoETS(season_length=1, model="AAN", damped=True)),
        ("theta", lambda: DynamicOptimizedTheta(season_length=1)),
    ]
    found = {"season": np.array([_season(values, horizon) for values in known])}
    for name, make in makers:
        found[name] = np.full((len(known), horizon), np.nan)
        fitted_from = (
            [(first, range(first, last)), (last, range(last, last + 1))] if first < last else [(last, range(last, last + 1))]
        )
        for fitted_at, places in fitted_from:
            pace = _pace(known[fitted_at], days)
            try:
                with warnings.catch_warnings(), np.errstate(all="ignore"):
                    warnings.simplefilter("ignore")
                    model = make().fit(known[fitted_at] / pace[: len(known[fitted_at])])
                    for place in places:
                        length = len(known[place])
                        told = (
                            model.predict(h=horizon)
                            if place == fitted_at
                            else model.forward(y=known[place] / pace[:length], h=horizon)
                        )
                        found[name][place] = told["mean"] * pace[length : length + horizon]
            except Exception:  # noqa: BLE001, S112 - a history on which a model cannot be fitted has the others
                continue
        bounds = np.array([20 * np.abs(values).max() for values in known])
        found[name][~(np.abs(found[name]).max(axis=1) <= bounds)] = np.nan
    return found


def _weighed(there: dict[str, Values], models: dict[str, Values], naive: Values, values: Values, place: int) -> tuple[Values, str]:
    """The models' mean, weighted by what each missed of the months that had come by then."""
    missed = {name: _missed(told, values, place) for name, told in models.items() if name in there}
    judged = {name: each for name, each in missed.items() if len(each) >= _LEAST_ERRORS}
    if not judged:
        chosen = [name for name in there if name != "season"] or list(there)
        return np.mean([there[name] for name in chosen], axis=0), "+".join(chosen)
    squares = np.array([np.mean(each**2) for each in judged.values()])
    weights = 1 / np.maximum(squares, squares.max() * 1e-9 + 1e-300)
    weights /= weights.sum()
    mean = np.sum([weight * there[name] for weight, name in zip(weights, judged, strict=True)], axis=0)
    name = "+".join(judged)
    by_naive = _missed(naive, values, place)
    if float(np.sqrt(np.mean(by_naive**2))) < float(weights @ np.sqrt(squares)):
        return (mean + naive[place]) / 2, f"{name}+seasonal_naive"
    return mean, name


def _missed(told: Values, values: Values, place: int) -> Values:
    """Errors of the forecasts from earlier origins, of the months that are known at this one."""
    errors = [
        values[len(values) - place + earlier :][: told.shape[1]] - told[earlier, : place - earlier] for earlier in range(place)
    ]
    joined = np.concatenate(errors) if errors else np.empty(0)
    return np.asarray(joined[np.isfinite(joined)], dtype=np.float64)


def _naive(values: Values, horizon: int) -> Values:
    return np.resize(values[-YEAR:], horizon) if len(values) >= YEAR else np.full(horizon, values[-1])


def _season(values: Values, horizon: int) -> Values:
    """The year before, carried on as the last year grew over the one before it, half as much each further year."""
    if len(values) < SEASONAL:
        return np.full(horizon, np.nan)
    last, before = values[-YEAR:], values[-2 * YEAR : -YEAR]
    years = 2 - 0.5 ** (np.arange(horizon) // YEAR)
    if min(last.min(), before.min()) < 0 or before.sum() <= 0:
        return np.asarray(np.resize(last, horizon) + years * (last.sum() - before.sum()) / (2 * YEAR), dtype=np.float64)
    return np.asarray(np.resize(last, horizon) * np.clip(last.sum() / before.sum(), 0.5, 2.0) ** (0.75 * years), dtype=np.float64)


def _pace(values: Values, days: Values) -> Values:
    """What to divide months by: their length, where months differ less by the day than as a whole; else 1."""
    own = days[: len(values)] / _DAYS
    is_daily = np.abs(np.diff(values / own)).mean() < 0.8 * np.abs(np.diff(values)).mean()
    return days / _DAYS if is_daily else np.ones_like(days)


def _never(values: Values, horizon: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Months ahead whose calendar month was 0 in each of at least two years."""
    places = (len(values) + np.arange(horizon)) % YEAR
    never = [len(same) >= 2 and not same.any() for same in (values[place::YEAR] for place in range(YEAR))]
    return np.array([never[place] for place in places])
