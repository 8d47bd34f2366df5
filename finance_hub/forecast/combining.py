"""One forecast from several models, and how far off it may be.

Models are weighted by the inverse of their squared errors at the origins of the back-test. Where the mixture lost to the seasonal
naive forecast there, it is half of that. The interval is as wide as 95 % of the back-test's errors were, growing with the horizon: what
exponential smoothing itself thinks of its errors covers 83 % of what comes, on public monthly series.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from finance_hub.forecast.candidates import (
    LEAST,
    SEASONAL,
    YEAR,
    Candidate,
    Values,
    actuals,
    drift,
    fitted,
    last_value,
    origins_of,
    seasonal_naive,
)

_COVERED = 0.95
_WIDENING = 0.25  # errors grow with this power of the months ahead
_FEW = 1.15  # a few origins that overlap see less than there is
_NORMAL = 1.959964


@dataclass(frozen=True)
class Forecast:
    """The months ahead of one series: ``mean`` and the bounds within which 95 % of what comes should lie; ``model`` says how."""

    mean: Values
    lo95: Values
    hi95: Values
    model: str


def forecast(values: Values, horizon: int) -> Forecast:
    """Forecast the months after a history without gaps, ``horizon`` of them, whatever unit they are told in.

    Fewer than 12 months give a level and a drift, fewer than 24 no season. With 24 to 26 months the year before is all, with up to 35 it is
    half: models that saw two seasons are worse than it. A calendar month that never had anything stays at 0.
    """
    if len(values) == 0 or horizon < 1:
        raise ValueError("A forecast needs a history, and a horizon of at least 1.")
    if np.ptp(values) == 0:
        always = np.full(horizon, values[-1])
        return Forecast(always, always, always, "last_value")
    # The models' optimisers stop at steps of a fixed size, which suits figures of some hundreds or thousands: all are told as such.
    size = float(np.abs(values).mean() / 1000)
    found = _forecast(values / size, horizon)
    return Forecast(found.mean * size, found.lo95 * size, found.hi95 * size, found.model)


def _forecast(values: Values, horizon: int) -> Forecast:
    origins = origins_of(len(values), horizon)
    if len(values) < LEAST:
        return _young(values, horizon)
    naive = seasonal_naive(values, origins, horizon) if len(values) >= SEASONAL else last_value(values, origins, horizon)
    # Hardly any back-test: nothing has beaten the year before yet.
    is_untried = SEASONAL <= len(values) < SEASONAL + YEAR // 4
    models = [naive] if is_untried else fitted(values, origins, horizon) or [naive]
    ahead = actuals(values, origins, horizon)
    mixed = _mixture(models, ahead)
    if SEASONAL <= len(values) < SEASONAL + YEAR or _error(mixed.back, ahead) > _error(naive.back, ahead):
        mixed = Candidate(
            "+".join(dict.fromkeys([*mixed.name.split("+"), naive.name])),
            (mixed.mean + naive.mean) / 2,
            (mixed.back + naive.back) / 2,
        )
    lows, highs = _interval(mixed, ahead, values)
    mean, zero = mixed.mean, _never(values, horizon)
    return Forecast(np.where(zero, 0, mean), np.where(zero, 0, lows), np.where(zero, 0, highs), mixed.name)


def _young(values: Values, horizon: int) -> Forecast:
    """Less than a year: on as it went, with the errors of a random walk of its steps."""
    told = (drift if len(values) >= LEAST // 2 else last_value)(values, [], horizon)
    steps = np.diff(values)
    spread = float(np.sqrt(np.mean(steps**2))) if len(steps) else abs(float(values[-1]))
    width = _NORMAL * _FEW * spread * np.sqrt(np.arange(1, horizon + 1))
    floor = 0.0 if values.min() >= 0 else -np.inf
    return Forecast(np.maximum(told.mean, floor), np.maximum(told.mean - width, floor), told.mean + width, told.name)


def _mixture(models: list[Candidate], ahead: Values) -> Candidate:
    """The models' mean, each weighted by the inverse of its squared error."""
    errors = np.array([_square(each.back, ahead) for each in models])
    weights = np.ones(len(models)) if not np.isfinite(errors).all() else 1 / np.maximum(errors, errors.max() * 1e-9 + 1e-300)
    weights /= weights.sum()
    return Candidate(
        "+".join(each.name for each in models),
        np.sum([weight * each.mean for weight, each in zip(weights, models, strict=True)], axis=0),
        np.sum([weight * each.back for weight, each in zip(weights, models, strict=True)], axis=0),
    )


def _interval(mixed: Candidate, ahead: Values, values: Values) -> tuple[Values, Values]:
    """The bounds; of what is always above 0 in proportion to the forecast."""
    horizon = len(mixed.mean)
    growth = np.arange(1, horizon + 1) ** _WIDENING
    is_proportional = values.min() > 0 and mixed.mean.min() > 0 and (mixed.back > 0).all()
    errors = np.abs(np.log(ahead / mixed.back)) if is_proportional else np.abs(ahead - mixed.back)
    scaled = (errors / growth)[np.isfinite(errors)]
    if SEASONAL <= len(values) < SEASONAL + YEAR:  # few origins or none: with them, what a year before told of the year after
        year_on = np.log(values[YEAR:] / values[:-YEAR]) if is_proportional else values[YEAR:] - values[:-YEAR]
        scaled = np.concatenate([scaled, np.abs(year_on) / np.median(growth)])
    width = _FEW * np.quantile(scaled, _COVERED) * growth
    if is_proportional:
        return mixed.mean * np.exp(-width), mixed.mean * np.exp(width)
    return mixed.mean - width, mixed.mean + width


def _never(values: Values, horizon: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Months ahead whose calendar month was 0 in each of at least two years."""
    places = (len(values) + np.arange(horizon)) % YEAR
    never = [len(same) >= 2 and not same.any() for same in (values[place::YEAR] for place in range(YEAR))]
    return np.array([never[place] for place in places])


def _error(back: Values, ahead: Values) -> float:
    """Mean absolute error at the origins; 0 where nothing is known."""
    return float(np.nanmean(np.abs(back - ahead))) if ahead.size else 0.0


def _square(back: Values, ahead: Values) -> float:
    return float(np.nanmean((back - ahead) ** 2)) if ahead.size else float("nan")
