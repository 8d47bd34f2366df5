"""What holds of every forecast, whatever the history."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finance_hub.forecast import Forecast, candidates, forecast

lengths = st.integers(1, 60)
SOME = settings(max_examples=8, deadline=None)


def history(length: int, seed: int, *, level: float = 100.0) -> np.ndarray:
    """A growing, seasonal, noisy figure."""
    noise = np.random.default_rng(seed).normal(0, 4, length)
    months = np.arange(length)
    return level + months + 15 * np.sin(months * np.pi / 6) + noise


def parts(found: Forecast) -> np.ndarray:
    return np.array([found.mean, found.lo95, found.hi95])


@SOME
@given(length=lengths, seed=st.integers(0, 99), horizon=st.integers(1, 15), level=st.sampled_from([100.0, 0.0, -1000.0]))
def test_the_mean_lies_between_its_bounds_and_there_is_one_for_each_month(
    length: int, seed: int, horizon: int, level: float
) -> None:
    found = forecast(history(length, seed, level=level), horizon)
    assert parts(found).shape == (3, horizon)
    assert np.isfinite(parts(found)).all()
    assert (found.lo95 <= found.mean).all()
    assert (found.mean <= found.hi95).all()


@SOME
@given(length=st.integers(24, 60), seed=st.integers(0, 99), factor=st.sampled_from([0.001, 7.0, 1e6]))
def test_another_unit_of_the_figure_changes_the_unit_of_the_forecast_only(length: int, seed: int, factor: float) -> None:
    values = history(length, seed)
    assert parts(forecast(values * factor, 12)) == pytest.approx(parts(forecast(values, 12)) * factor, rel=0.02)


@SOME
@given(length=st.integers(1, 60), seed=st.integers(0, 99))
def test_the_same_history_gives_the_same_forecast(length: int, seed: int) -> None:
    values = history(length, seed)
    first, second = forecast(values, 6), forecast(values.copy(), 6)
    assert (parts(first) == parts(second)).all()
    assert first.model == second.model


def test_what_was_said_at_an_origin_knows_nothing_of_what_came_after() -> None:
    values, horizon, last = history(60, 5), 6, 6
    changed = np.concatenate([values[:-last], values[-last:] * 3])
    origins = candidates.origins_of(60, horizon)
    known = [origin <= 60 - last for origin in origins]
    assert sum(known) >= 5
    told, then = candidates.fitted(values, origins, horizon), candidates.fitted(changed, origins, horizon)
    assert [each.name for each in told] == [each.name for each in then] == ["ets", "theta", "log_ets"]
    for before, after in zip(told, then, strict=True):
        assert (before.back[known] == after.back[known]).all()
        assert (before.mean != after.mean).any()


def test_what_never_moves_is_forecast_so() -> None:
    assert (parts(forecast(np.full(40, 7.0), 5)) == 7).all()
    assert (parts(forecast(np.zeros(40), 5)) == 0).all()


def test_a_month_that_never_has_anything_stays_empty() -> None:
    values = history(48, 1)
    values[7::12] = 0
    found = forecast(values, 12)
    assert [found.mean[7], found.lo95[7], found.hi95[7]] == [0, 0, 0]
    assert (np.delete(found.mean, 7) > 0).all()


@pytest.mark.parametrize(
    ("length", "model"),
    [(1, "last_value"), (5, "last_value"), (6, "drift"), (11, "drift"), (24, "seasonal_naive"), (35, "seasonal_naive")],
)
def test_short_histories_are_not_asked_for_more_than_they_know(length: int, model: str) -> None:
    assert model in forecast(history(length, 3), 6).model


@pytest.mark.parametrize("length", [24, 25, 27])
def test_two_years_give_bounds_that_hold_and_say_something(length: int) -> None:
    course = history(length + 12, 5)
    found = forecast(course[:length], 12)
    came = course[length:]
    assert ((found.lo95 <= came) & (came <= found.hi95)).sum() >= 10
    assert ((found.hi95 - found.lo95) < 0.8 * came).all()


def test_a_year_to_two_has_no_season() -> None:
    values = np.tile([100.0, 200.0, 100.0, 100.0, 50.0, 100.0], 3)
    found = forecast(values, 6)
    assert "seasonal_naive" not in found.model
    assert np.ptp(found.mean) < 60


def test_nothing_to_go_by_is_an_error() -> None:
    with pytest.raises(ValueError, match="needs a history"):
        forecast(np.array([]), 3)
