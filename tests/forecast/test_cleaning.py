"""What a month out of line counts as, and what of the last one is still to come."""

from __future__ import annotations

import numpy as np
import pytest

from finance_hub.forecast.candidates import Values
from finance_hub.forecast.cleaning import cleaned
from finance_hub.forecast.standing import standing

STEADY = 100 + np.array([3, -2, 5, 0, -4, 2, -1, 4, -3, 1, 2, -5] * 3, dtype=np.float64)


def changed(**months: float) -> Values:
    """The steady history with other amounts in some months, counted from its end: ``m1`` is the last one."""
    values = STEADY.copy()
    for name, amount in months.items():
        values[-int(name[1:])] = amount
    return values


def one(values: Values) -> tuple[Values, float]:
    (found,), late = cleaned([values])
    return found, float(late[0])


def test_a_steady_history_stays_as_it_is() -> None:
    found, late = one(STEADY)
    assert np.array_equal(found, STEADY)
    assert late == 0


@pytest.mark.parametrize("amount", [0.0, 210.0, 1000.0, -100.0])
@pytest.mark.parametrize("month", ["m3", "m8", "m20"])
def test_a_month_out_of_line_counts_as_what_is_usual(month: str, amount: float) -> None:
    found, late = one(changed(**{month: amount}))
    assert np.abs(found - STEADY).max() < 10
    assert late == 0


def test_what_is_missing_of_the_last_month_is_to_come() -> None:
    found, late = one(changed(m1=0))
    assert found[-1] == pytest.approx(100, abs=5)
    assert late == pytest.approx(100, abs=5)
    steady, gap = (standing([values], np.full(49, 30.0), 12).mean[0] for values in (STEADY, changed(m1=0)))
    assert gap[0] == pytest.approx(steady[0] + 100, abs=10)
    assert gap[1:] == pytest.approx(steady[1:], abs=6)


def test_what_came_late_or_early_is_not_awaited_again() -> None:
    for values in (changed(m2=0, m1=200), changed(m2=200, m1=0)):
        found, late = one(values)
        assert np.abs(found - STEADY).max() < 10
        assert late == 0


def test_a_bill_of_twice_the_usual_and_more_at_the_end_is_no_new_level_until_it_comes_again() -> None:
    assert np.abs(one(changed(m1=300))[0] - STEADY).max() < 10
    again = changed(m2=300, m1=310)
    assert np.array_equal(one(again)[0], again)
    raised = changed(m1=190)
    assert np.array_equal(one(raised)[0], raised)


def test_what_comes_each_year_is_of_the_season() -> None:
    yearly = changed(m26=400, m14=400, m2=400)
    assert np.array_equal(one(yearly)[0], yearly)


@pytest.mark.parametrize(
    "values",
    [np.where(np.arange(36) % 3 == 0, 500.0, 0.0), np.random.default_rng(3).lognormal(4, 1, 36), np.full(36, 0.0), STEADY[:7]],
    ids=["each quarter", "anything", "nothing", "too short"],
)
def test_what_is_never_steady_or_too_short_stays(values: Values) -> None:
    found, late = one(values)
    assert np.count_nonzero(found != values) <= 3, "hardly a month of what may be anything"
    assert late == 0


def test_each_origin_is_seen_by_itself_and_sign_and_size_do_not_matter() -> None:
    values = changed(m5=0, m1=0)
    together, late = cleaned([values[:count] for count in range(24, 37)])
    for place, count in enumerate(range(24, 37)):
        alone, missing = one(values[:count])
        assert np.array_equal(together[place], alone)
        assert late[place] == missing
    mirrored, missing = one(-1000 * values)
    assert mirrored == pytest.approx(-1000 * together[-1])
    assert missing == pytest.approx(-1000 * late[-1])
