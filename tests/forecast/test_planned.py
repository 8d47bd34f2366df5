"""Plans beside forecasts: as far as they had been right, only what was known, only the months that are planned."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from finance_hub.forecast.leaves import forecast_leaves
from finance_hub.forecast.planned import beside_plans

ORIGINS, HORIZON, LENGTH = 12, 4, 30
COURSE = 100.0 + 5 * np.arange(LENGTH + HORIZON)


def ahead(values: np.ndarray) -> np.ndarray:
    """What a series has in the months after each origin."""
    first = LENGTH - ORIGINS + 1
    return np.array([values[first + place :][:HORIZON] for place in range(ORIGINS)])


def known() -> np.ndarray:
    return np.tile(COURSE[:LENGTH], (ORIGINS, 1))


def drawn(planned: np.ndarray, *, alone: np.ndarray | None = None, seen: np.ndarray | None = None) -> np.ndarray:
    forecast = ahead(COURSE) + 10 if alone is None else alone
    return beside_plans((known() if seen is None else seen)[None], forecast[None], planned[None]).squeeze(axis=0)


def test_both_are_weighted_by_what_they_missed() -> None:
    # The plan misses by 5, the forecast by 10: four parts of five are the plan's.
    told = drawn(ahead(COURSE) - 5)
    np.testing.assert_allclose(told[-1], ahead(COURSE)[-1] + 10 * 0.2 - 5 * 0.8)
    np.testing.assert_allclose(drawn(ahead(COURSE))[-1], ahead(COURSE)[-1])


def test_a_plan_that_missed_more_moves_the_less_the_more_it_missed() -> None:
    for missed, part in ((30, 0.1), (90, 1 / 82), (1e6, 0)):
        told = drawn(ahead(COURSE) - missed)
        np.testing.assert_allclose(told[-1], ahead(COURSE)[-1] + 10 - part * (10 + missed), atol=0.02)


def test_a_plan_is_judged_by_six_errors_at_least() -> None:
    alone = ahead(COURSE) + 10
    told = drawn(ahead(COURSE))
    # At the fourth origin three errors of the next month are known, and six of all.
    np.testing.assert_array_equal(told[:3], alone[:3])
    np.testing.assert_allclose(told[3:], ahead(COURSE)[3:])


def test_where_neither_missed_anything_the_forecast_stays() -> None:
    np.testing.assert_array_equal(drawn(ahead(COURSE), alone=ahead(COURSE)), ahead(COURSE))


def test_a_plan_is_judged_among_errors_as_many_months_ahead() -> None:
    off = np.array([0, 0, 0, 40.0])
    told = drawn(ahead(COURSE) + off)
    # Four months ahead it missed by 40 where the forecast missed by 10: a part of seventeen is its.
    np.testing.assert_allclose(told[-1], ahead(COURSE)[-1] + [0, 0, 0, 10 + 30 / 17])


def test_months_without_a_plan_stay_as_they_were() -> None:
    planned = ahead(COURSE)
    planned[-1, 2:] = np.nan
    np.testing.assert_allclose(drawn(planned)[-1], ahead(COURSE)[-1] + [0, 0, 10, 10])
    np.testing.assert_array_equal(drawn(np.full_like(planned, np.nan)), ahead(COURSE) + 10)


def test_what_came_later_changes_no_earlier_forecast() -> None:
    planned, seen = ahead(COURSE) - 5, known()
    other_plan, other_seen = planned.copy(), seen.copy()
    other_plan[8:] *= 3
    other_seen[8:] *= 2
    one, two = drawn(planned), drawn(other_plan, seen=other_seen)
    np.testing.assert_array_equal(one[:8], two[:8])
    assert not np.allclose(one[8:], two[8:])


def test_a_series_that_is_not_yet_forecast_has_no_forecast_from_its_plan() -> None:
    alone = ahead(COURSE) + 10
    alone[:4] = np.nan
    told = drawn(ahead(COURSE), alone=alone)
    assert np.isnan(told[:4]).all()
    np.testing.assert_allclose(told[-1], ahead(COURSE)[-1])


def month(number: int) -> date:
    return date(2023 + number // 12, number % 12 + 1, 1)


def table(rows: Sequence[tuple[object, ...]], *names: str) -> pa.Table:
    return pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


@pytest.fixture(scope="module")
def booked() -> pa.Table:
    """Lines a and b of one account, which grow until they fall by half; c of another one."""
    course = [100.0 + 10 * number if number < 20 else 150.0 for number in range(36)]
    rows = [("a", "x", month(number), month(number), course[number]) for number in range(30)]
    rows += [("b", "x", month(number), month(number), 3 * course[number]) for number in range(30)]
    rows += [("c", "y", month(number), month(number), 50.0 + number) for number in range(30)]
    return table(rows, "leaf_key", "account_key", "period_month", "known_month", "amount")


def forecasts(booked: pa.Table, planned: pa.Table | None) -> dict[tuple[str, date, int], tuple[float, str]]:
    rows = forecast_leaves(booked, month(29), back=12, horizon=3, planned=planned).to_pylist()
    return {(row["leaf_key"], row["origin_month"], row["horizon_months"]): (row["mean"], row["model"]) for row in rows}


def test_lines_follow_the_plan_of_their_account_from_the_closing_at_which_it_was_known(booked: pa.Table) -> None:
    # Whoever planned knew of the fall; the first version of month 31 was too high, and its successor known one month before.
    right = [("x", month(number), month(16), 600.0) for number in range(20, 31)]
    versions = [("x", month(31), month(29), 600.0), ("x", month(31), month(16), 900.0), ("z", month(31), month(16), 1.0)]
    plans = table([*right, *versions], "account_key", "period_month", "known_month", "amount")
    alone, told = forecasts(booked, None), forecasts(booked, plans)
    for ahead_by in (1, 2):
        assert told["a", month(29), ahead_by][0] + told["b", month(29), ahead_by][0] == pytest.approx(600, rel=0.02)
        assert told["b", month(29), ahead_by][0] == pytest.approx(3 * told["a", month(29), ahead_by][0], rel=1e-3)
    assert told["a", month(29), 1][1] == alone["a", month(29), 1][1] + "+plan"
    # Nobody planned month 32, nor the other account; and at first no plan had been judged.
    assert told["a", month(29), 3] == alone["a", month(29), 3]
    assert all(told[key] == alone[key] for key in told if key[0] == "c" or key[1] <= month(20))
    # At the origin before, month 31 was still planned too high.
    assert told["a", month(28), 3][0] > 1.2 * told["a", month(29), 2][0]


def test_no_plans_move_nothing(booked: pa.Table) -> None:
    nothing = table([("x", month(3), month(2), 1.0)], "account_key", "period_month", "known_month", "amount").slice(1)
    assert forecasts(booked, nothing) == forecasts(booked, None)
