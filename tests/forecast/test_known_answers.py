"""Public series whose forecasts others have measured: as good as those, right about how wrong they are, and better than last year."""

from __future__ import annotations

import numpy as np
import pytest

from finance_hub.forecast import Series, forecast_all
from tests.forecast.given import public_series

HORIZON, ORIGINS = 12, 3
# Weighted absolute percentage error over 12 months and three origins a year apart of the mean of exponential smoothing and theta, and
# of the same month of the year before, as measured elsewhere with the same data.
MEASURED = {"AirPassengers": (5.23, 8.38), "UKDriverDeaths": (12.85, 13.15)}


@pytest.fixture(scope="module")
def told() -> dict[str, list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]]]:
    """By series and origin: what came, the mean, the bounds, and the year before."""
    from datetime import date

    cases = [
        (name, values[: len(values) - HORIZON * (ORIGINS - origin)], values[len(values) - HORIZON * (ORIGINS - origin) :][:HORIZON])
        for name, values in public_series().items()
        for origin in range(ORIGINS)
        if len(values) - HORIZON * (ORIGINS - origin) >= 36
    ]
    found = forecast_all([Series(name, date(2000, 1, 1), known) for name, known, _ in cases], HORIZON)
    answers: dict[str, list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]]] = {}
    for (name, known, came), each in zip(cases, found, strict=True):
        answers.setdefault(name, []).append((came, each.mean, each.lo95, each.hi95, known[-12:]))
    return answers


def error(cases: list[tuple[np.ndarray, ...]], of: int) -> float:
    """Percent of what came."""
    return 100 * float(sum(np.abs(case[of] - case[0]).sum() for case in cases) / sum(np.abs(case[0]).sum() for case in cases))


@pytest.mark.parametrize("name", MEASURED)
def test_public_series_are_forecast_as_well_as_was_measured_elsewhere(
    name: str, told: dict[str, list[tuple[np.ndarray, ...]]]
) -> None:
    smoothing, year_before = MEASURED[name]
    assert error(told[name], 4) == pytest.approx(year_before, abs=0.005), "the same data"
    assert error(told[name], 1) <= smoothing


def test_every_series_is_forecast_better_than_by_the_year_before(told: dict[str, list[tuple[np.ndarray, ...]]]) -> None:
    assert {name: error(cases, 1) for name, cases in told.items() if error(cases, 1) >= error(cases, 4)} == {}


def test_ninety_to_ninety_nine_percent_of_what_came_lay_within_the_bounds(told: dict[str, list[tuple[np.ndarray, ...]]]) -> None:
    within = [np.mean([(low <= came) & (came <= high) for came, _, low, high, _ in cases]) for cases in told.values()]
    assert 0.90 <= np.mean(within) <= 0.99
