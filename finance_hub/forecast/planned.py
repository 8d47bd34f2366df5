"""Forecasts of accounts beside the plans that were in force: what was planned competes with what the months before make likely."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Cube = NDArray[np.float64]

_LEAST_ERRORS = 6  # fewer errors judge no plan
_AHEAD = (1, 2, 4, 7)  # errors of models grow with the months ahead, those of plans hardly: they are judged among their like


def beside_plans(known: Cube, alone: Cube, planned: Cube) -> Cube:
    """Forecasts of many series at once, from each of several origins, drawn towards the plan as far as plans had been right.

    ``known`` has for each series and origin what was known there of all months up to the last origin; ``alone`` and ``planned`` have for each
    series, origin and month ahead the forecast without plan and the plan in force, not a number where there is none. Both are
    weighted by the inverse of the squares of what they missed of the months that had come by then and of which both told, as many months
    ahead. Where the plan tells nothing the forecast stays.
    """
    origins, horizon = alone.shape[1:]
    last = known.shape[2] - 1
    ahead = np.arange(1, horizon + 1)
    mean = alone.copy()
    for place in range(1, origins):
        months = last - (origins - 1) + np.arange(place)[:, None] + ahead
        came = known[:, place][:, np.minimum(months, last)]
        by_plan, by_forecast = (came - told[:, :place] for told in (planned, alone))
        is_told = (months <= last - (origins - 1) + place) & np.isfinite(by_plan) & np.isfinite(by_forecast)
        of_all = _squares(by_plan, by_forecast, is_told)
        for first, after in zip(_AHEAD, (*_AHEAD[1:], horizon + 1), strict=True):
            there = slice(first - 1, after - 1)
            of_these = _squares(by_plan[..., there], by_forecast[..., there], is_told[..., there])
            count, plan, forecast = np.where(of_these[0] >= _LEAST_ERRORS, of_these, of_all)
            is_judged = (count >= _LEAST_ERRORS) & (plan + forecast > 0)
            weight = np.where(is_judged, forecast / np.where(is_judged, plan + forecast, 1), 0)
            drawn = alone[:, place, there] + weight[:, None] * (planned[:, place, there] - alone[:, place, there])
            mean[:, place, there] = np.where(np.isfinite(drawn), drawn, alone[:, place, there])
    return mean


def _squares(by_plan: Cube, by_forecast: Cube, is_told: NDArray[np.bool_]) -> Cube:
    """For each series how many errors there are, and the mean squares of the plan's and of the forecast's."""
    count = is_told.sum(axis=(1, 2))
    sums = [np.where(is_told, errors, 0) ** 2 for errors in (by_plan, by_forecast)]
    return np.array([count, *(each.sum(axis=(1, 2)) / np.maximum(count, 1) for each in sums)])
