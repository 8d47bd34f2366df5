"""Response curves: known parameters are found again, the best split is the best one, and a budget is kept to the cent."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finance_hub.response import Curve, ResponseError, best_split, carried, fit, plans, resampled, rounded

some = settings(max_examples=25, deadline=None)
spends = st.lists(st.integers(10, 2000), min_size=2, max_size=6, unique=True)


def months(curve: Curve, *, count: int = 48, noise: float = 0.0, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Spend that varies, and what it earns on a curve."""
    chance = np.random.default_rng(seed)
    spend = chance.uniform(50, 2000, count)
    working = carried(spend, np.array([curve.carry_over]))[0]
    return spend, np.asarray(curve.outcome(working)) * np.exp(noise * chance.standard_normal(count))


def table(series: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]) -> pa.Table:
    rows = [
        {"entity_id": entity, "channel_id": channel, "period_month": number, "spend": spend, "outcome": outcome}
        for (entity, channel), (spent, earned) in series.items()
        for number, (spend, outcome) in enumerate(zip(spent, earned, strict=True))
    ]
    return pa.Table.from_pylist(rows)


@pytest.mark.parametrize("carry_over", [0.0, 0.3, 0.6])
@pytest.mark.parametrize("half", [150.0, 900.0])
def test_known_parameters_are_found_again(half: float, carry_over: float) -> None:
    true = Curve(5000, half, carry_over, 1)
    exact = fit(*months(true))
    assert (exact.ceiling, exact.half_spend) == pytest.approx((5000, half), rel=0.001)
    assert exact.carry_over == pytest.approx(carry_over, abs=0.001)
    assert exact.r_squared == pytest.approx(1, abs=1e-6)
    spend, outcome = months(true, count=120, noise=0.02)
    noisy = fit(spend, outcome)
    assert noisy.marginal(500) == pytest.approx(true.marginal(500), rel=0.15)
    assert noisy.outcome(500) == pytest.approx(true.outcome(500), rel=0.02)
    ours, theirs = (
        ((curve.outcome(carried(spend, np.array([curve.carry_over]))[0]) - outcome) ** 2).sum() for curve in (noisy, true)
    )
    assert ours <= theirs * 1.001, "no curve is nearer than the nearest"


def test_carry_over_is_not_taken_from_noise() -> None:
    found = [fit(*months(Curve(5000, 400, 0.0, 1), noise=0.1, seed=seed)).carry_over for seed in range(20)]
    assert sum(value > 0 for value in found) <= 6


def test_a_spend_that_stays_the_same_is_its_own_carried_spend() -> None:
    assert carried(np.full(9, 7.0), np.array([0.0, 0.5, 0.8])) == pytest.approx(np.full((3, 9), 7.0))
    assert carried(np.array([0.0, 8.0, 0.0]), np.array([0.5]))[0].tolist() == [0, 4, 2]


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    """Of forty samples with known parameters, most of the intervals that should hold 95 % hold the true marginal return."""
    true, held = Curve(5000, 600, 0.0, 1), 0
    for seed in range(40):
        spend, outcome = months(true, noise=0.2, seed=seed)
        ceilings, halves = resampled(spend, outcome, fit(spend, outcome), draws=200, seed=seed)
        low, high = np.percentile(ceilings * halves / (halves + 800) ** 2, (2.5, 97.5))
        held += bool(low <= true.marginal(800) <= high)
    assert held >= 33


def test_the_same_seed_draws_the_same_months() -> None:
    spend, outcome = months(Curve(5000, 600, 0.0, 1), noise=0.2)
    curve = fit(spend, outcome)
    first, again, other = (resampled(spend, outcome, curve, draws=50, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("spend", "outcome", "says"),
    [([1, 2], [1, 2], "three months"), ([0, 0, 0], [1, 1, 1], "nothing was spent"), ([1, 2, 3], [0, 0, 0], "nothing was earned")],
)
def test_what_cannot_be_fitted_says_why(spend: list[float], outcome: list[float], says: str) -> None:
    with pytest.raises(ResponseError, match=says):
        fit(np.array(spend), np.array(outcome))


@some
@given(spends, st.floats(0.05, 0.95), st.randoms())
def test_the_best_split_earns_the_same_with_the_next_unit_everywhere_and_more_than_any_other(
    tops: list[int], share: float, chance: object
) -> None:
    count = len(tops)
    ceilings = np.array([chance.uniform(100, 9000) for _ in tops])
    halves = np.array([chance.uniform(0.05, 5) * top for top in tops])
    lows, highs = np.array([0.1 * top for top in tops]), np.array(tops, dtype=float)
    total = float(lows.sum() + share * (highs - lows).sum())
    found = best_split(ceilings, halves, lows, highs, total)
    assert found.sum() == pytest.approx(total)
    assert (found >= lows - 1e-9).all()
    assert (found <= highs + 1e-9).all()
    marginal = ceilings * halves / (halves + found) ** 2
    inside = (found > lows * 1.0001) & (found < highs * 0.9999)
    if inside.any():
        price = marginal[inside].mean()
        assert marginal[inside] == pytest.approx(price, rel=1e-4)
        assert (marginal[found <= lows * 1.0001] <= price * 1.001).all()
        assert (marginal[found >= highs * 0.9999] >= price * 0.999).all()
    earned = (ceilings * found / (halves + found)).sum()
    for one in range(count):
        other = (one + 1) % count
        moved = min(found[one] - lows[one], highs[other] - found[other], 5.0)
        at = found.copy()
        at[one], at[other] = at[one] - moved, at[other] + moved
        assert (ceilings * at / (halves + at)).sum() <= earned + 1e-6


@some
@given(spends, st.floats(0.05, 0.95), st.sampled_from([0, 2, 3]))
def test_a_split_keeps_its_total_and_its_bounds_to_the_last_unit(tops: list[int], share: float, places: int) -> None:
    lows, highs = np.zeros(len(tops)), np.array(tops, dtype=float)
    unit = Decimal(1).scaleb(-places)
    total = (Decimal(sum(tops)) * Decimal(repr(share))).quantize(unit)
    found = rounded(highs * float(total) / highs.sum(), total, lows, highs, places=places)
    assert sum(found) == total
    assert all(0 <= each <= top and each == each.quantize(unit) for each, top in zip(found, tops, strict=True))


def test_what_does_not_fit_between_the_bounds_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        rounded(np.array([5.0]), Decimal(6), np.array([0.0]), np.array([5.0]))


def test_a_company_is_told_where_the_same_money_earns_more_and_where_it_cannot_be_told() -> None:
    steep, flat = Curve(9000, 2500, 0.0, 1), Curve(2000, 100, 0.0, 1)
    chance = np.random.default_rng(3)
    series = {
        ("e", "steep"): months(steep, noise=0.05, seed=1),
        ("e", "flat"): months(flat, noise=0.05, seed=2),
        ("e", "fixed"): (np.full(48, 100.0), chance.uniform(1, 200, 48)),
        ("e", "short"): (np.r_[np.zeros(40), np.full(8, 9.0)], np.full(48, 5.0)),
        ("e", "rare"): (chance.uniform(1, 200, 48), np.r_[np.zeros(45), np.ones(3)]),
        ("f", "alone"): months(steep, noise=0.05, seed=4),
    }
    told = {(row["entity_id"], row["channel_id"]): row for row in plans(table(series), draws=100).to_pylist()}
    assert {key: row["status"] for key, row in told.items()} == {
        ("e", "steep"): "ok",
        ("e", "flat"): "ok",
        ("e", "fixed"): "spend_hardly_varied",
        ("e", "short"): "too_few_months",
        ("e", "rare"): "too_few_outcomes",
        ("f", "alone"): "ok",
    }
    up, down, alone = told["e", "steep"], told["e", "flat"], told["f", "alone"]
    assert up["recommended_spend"] > up["current_spend"]
    assert up["recommended_spend"] + down["recommended_spend"] == up["current_spend"] + down["current_spend"]
    assert up["recommended_spend"] <= up["highest_spend"]
    assert up["marginal_return_low"] < up["marginal_return"] < up["marginal_return_high"]
    assert 0 < up["entity_gain_low"] <= up["entity_gain"] <= up["entity_gain_high"]
    true_gain = sum(
        curve.outcome(float(row["recommended_spend"])) - curve.outcome(float(row["current_spend"]))
        for curve, row in ((steep, up), (flat, down))
    )
    assert up["entity_gain"] == pytest.approx(true_gain, rel=0.15)
    assert alone["recommended_spend"] == alone["current_spend"]
    assert alone["entity_gain"] == pytest.approx(0, abs=1e-6)
    assert told["e", "fixed"]["recommended_spend"] is None


def test_nothing_spent_is_an_empty_plan() -> None:
    empty = pa.schema(
        [
            ("entity_id", pa.string()),
            ("channel_id", pa.string()),
            ("period_month", pa.int64()),
            ("spend", pa.float64()),
            ("outcome", pa.float64()),
        ]
    ).empty_table()
    assert plans(empty).num_rows == 0
