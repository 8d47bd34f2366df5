"""The standing back-test: each origin knows what was known there, and nothing of what came later."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from finance_hub.forecast import standing
from finance_hub.forecast.leaves import forecast_leaves
from tests.forecast.given import public_series

DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] * 9, dtype=np.float64)


def histories(values: np.ndarray, first: int) -> list[np.ndarray]:
    return [values[:length] for length in range(first, len(values) + 1)]


@pytest.mark.parametrize("name", sorted(public_series()))
def test_what_came_later_changes_no_earlier_forecast(name: str) -> None:
    values = public_series()[name][:40]
    known = histories(values, 26)
    other = [*known[:8], *(np.concatenate([each[:33], each[33:] * 3 + 100]) for each in known[8:])]
    one, two = standing(known, DAYS, 12), standing(other, DAYS, 12)
    np.testing.assert_array_equal(one.mean[:8], two.mean[:8])
    assert one.models[:8] == two.models[:8]
    assert not np.allclose(one.mean[8:], two.mean[8:])


def test_public_series_are_forecast_better_than_by_the_year_before() -> None:
    missed, naive, total = 0.0, 0.0, 0.0
    for values in public_series().values():
        told = standing(histories(values, 60), DAYS, 12)
        scale = values.mean()
        for row in range(len(told.mean) - 1):
            came = values[60 + row :][:1]
            missed += float(np.abs(came - told.mean[row, :1]).sum() / scale)
            naive += float(np.abs(came - told.naive[row, :1]).sum() / scale)
            total += float(came.sum() / scale)
    assert missed < naive
    assert missed / total < 0.08


def test_what_is_earned_by_the_day_is_forecast_by_the_day() -> None:
    values = 1000.0 * DAYS[:36]
    told = standing(histories(values, 30), DAYS, 12)
    np.testing.assert_allclose(told.mean[-1], 1000.0 * DAYS[36:48], rtol=0.01)


def test_short_histories_have_a_level_and_a_drift_and_one_month_its_value() -> None:
    told = standing(histories(np.array([10.0, 12, 14, 16, 18, 20, 22, 24]), 1), DAYS, 6)
    assert told.models == ("last_value",) * 5 + ("drift",) * 3
    assert told.mean[0] == pytest.approx(np.full(6, 10))
    assert all(later > earlier for earlier, later in pairwise(told.mean[-1]))
    np.testing.assert_array_equal(told.naive[-1], np.full(6, 24))


def test_a_month_that_never_had_anything_stays_at_nothing() -> None:
    values = np.tile([0.0, 5, 9, 7, 8, 6, 7, 9, 5, 6, 8, 7], 3)
    assert standing(histories(values, 30), DAYS, 12).mean[-1][0] == 0


def test_lines_are_forecast_from_what_was_known_and_a_month_without_bookings_is_zero() -> None:
    def month(number: int) -> date:
        return date(2023 + number // 12, number % 12 + 1, 1)

    rows = [("a", month(number), month(number), 100.0 + number) for number in range(30)]
    # Of line b the second month was told only with the fourth; its third had nothing.
    rows += [("b", month(20), month(20), 5.0), ("b", month(21), month(23), 50.0), ("b", month(23), month(23), 5.0)]
    columns = ("leaf_key", "period_month", "known_month", "amount")
    booked = pa.table(dict(zip(columns, map(list, zip(*sorted(rows), strict=True)), strict=True)))
    told = forecast_leaves(booked, month(23), back=3, horizon=2).to_pylist()
    first = {row["origin_month"]: row for row in told if row["leaf_key"] == "b" and row["horizon_months"] == 1}
    assert [first[month(number)]["naive"] for number in (20, 21, 22, 23)] == [5, 0, 0, 5]
    assert [first[month(number)]["history_months"] for number in (20, 21, 22, 23)] == [1, 2, 3, 4]
    assert first[month(23)]["period_month"] == month(24)
    assert {row["origin_month"] for row in told if row["leaf_key"] == "a"} == set(first)
    # Months after the last closed one are not known yet.
    assert all(row["history_months"] <= 24 for row in told)


def test_no_bookings_are_no_forecasts() -> None:
    nothing = pa.table({"leaf_key": [], "period_month": [], "known_month": [], "amount": []})
    assert forecast_leaves(nothing, date(2026, 5, 1), back=3, horizon=2).num_rows == 0
