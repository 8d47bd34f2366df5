"""What holds of every population: the same figures by another way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from finance_hub.lifetime import purchases, spending, survival

CONTRACTS = st.lists(st.tuples(st.integers(0, 40), st.booleans(), st.integers(1, 3)), min_size=1, max_size=40)


@given(CONTRACTS)
def test_survival_is_what_counting_every_contract_at_every_month_gives(contracts: list[tuple[int, bool, int]]) -> None:
    """A weight of two is two contracts."""
    each = [(tenure, ended) for tenure, ended, weight in contracts for _ in range(weight)]
    curve = survival.kaplan_meier(*zip(*contracts, strict=True))
    surviving, variance = 1.0, 0.0
    for month in range(max(tenure for tenure, _ in each) + 1):
        at_risk = sum(tenure >= month for tenure, _ in each)
        ended = sum(tenure == month and gone for tenure, gone in each)
        surviving *= 1 - ended / at_risk
        variance += ended / (at_risk * (at_risk - ended)) if at_risk > ended else 0
        assert (curve.at_risk[month], curve.ended[month]) == (at_risk, ended)
        assert curve.survival[month] == pytest.approx(surviving)
        assert curve.standard_error[month] == pytest.approx(surviving * variance**0.5)
    assert curve.ended.sum() + curve.censored.sum() == pytest.approx(len(each)), "every contract stops once"
    longer = survival.carried_on(curve, 60)
    assert (np.diff(longer.survival) <= 1e-12).all()
    assert len(longer.survival) == 61


@settings(max_examples=25)
@given(
    st.floats(0.2, 3),
    st.floats(2, 20),
    st.floats(0.3, 3),
    st.floats(0.5, 4),
    st.integers(0, 8),
    st.floats(0.1, 1),
    st.floats(1, 60),
)
def test_a_customer_is_what_integrating_over_all_rates_and_chances_of_leaving_gives(
    r: float, alpha: float, a: float, b: float, frequency: int, part: float, ahead: float
) -> None:
    """P(alive) is the likelihood of having stayed, over that of the history; both are integrals over the beta of leaving."""
    age, recency = 50.0, 50.0 * part if frequency else 0.0
    model = purchases.PurchaseModel(r, alpha, a, b, 0)
    arrays = [np.array([float(each)]) for each in (frequency, recency, age)]
    # Over the rate the integral is known: (alpha + t) ^ -(r + x), but for what both have in common.
    stayed, _ = integrate.quad(lambda p: (1 - p) ** frequency, 0, 1, weight="alg", wvar=(a - 1, b - 1))
    left, _ = (
        integrate.quad(lambda p: p * (1 - p) ** (frequency - 1), 0, 1, weight="alg", wvar=(a - 1, b - 1)) if frequency else (0, 0)
    )
    alive, gone = stayed * (alpha + age) ** -(r + frequency), left * (alpha + recency) ** -(r + frequency)
    (found,) = purchases.p_alive(model, *arrays)
    assert found == pytest.approx(alive / (alive + gone), rel=1e-5)
    assert 0 <= found <= 1
    soon, later = (purchases.expected_purchases(model, time, *arrays)[0] for time in (ahead, 2 * ahead))
    # Never more than if nobody left: time x the mean rate of those alive.
    assert 0 <= soon <= later <= found * 2 * ahead * (r + frequency) / (alpha + age) * (1 + 1e-6)


def test_purchases_drawn_from_known_parameters_are_found_again() -> None:
    """Four thousand customers simulated one after another, purchase by purchase, as the model's assumptions say."""
    chance = np.random.default_rng(20260630)
    ages = chance.choice([30.0, 52.0, 78.0, 100.0], 4000)
    rates, leaving = chance.gamma(0.8, 1 / 6.0, 4000), chance.beta(0.9, 2.5, 4000)
    figures = []
    for age, rate, leaves in zip(ages, rates, leaving, strict=True):
        moment, times = 0.0, []
        while (moment := moment + chance.exponential(1 / rate)) <= age:
            times.append(moment)
            if chance.uniform() < leaves:
                break
        figures.append((len(times), times[-1] if times else 0.0, age))
    frequency, recency, age = np.array(figures, dtype=float).T
    model = purchases.fit(frequency, recency, age)
    assert (model.r, model.alpha) == pytest.approx((0.8, 6.0), rel=0.15)
    assert model.a / (model.a + model.b) == pytest.approx(0.9 / 3.4, rel=0.1)
    # The model knows how many bought: the sum of what it expects from the first day on is what came.
    new = np.zeros(4000)
    begin = (np.zeros(1), np.zeros(1), np.full(1, 1e-12))
    expected = sum(
        float(purchases.expected_purchases(model, float(limit), *begin)[0]) * (ages == limit).sum() for limit in np.unique(ages)
    )
    assert expected == pytest.approx(frequency.sum(), rel=0.03)
    assert (purchases.p_alive(model, new, new, ages) == 1).all()


def test_spending_drawn_from_known_parameters_is_found_again() -> None:
    chance = np.random.default_rng(20260630)
    frequency = chance.integers(1, 12, 5000).astype(float)
    scale = chance.gamma(4.0, 1 / 30.0, 5000)
    average = stats.gamma.rvs(5.0 * frequency, random_state=chance) / (scale * frequency)
    model = spending.fit(frequency, average)
    assert (model.p, model.q, model.v) == pytest.approx((5.0, 4.0, 30.0), rel=0.12)
    # Over all customers the expected spend is the average one.
    assert spending.expected_spend(model, frequency, average).mean() == pytest.approx(average.mean(), rel=0.02)


def test_a_thousand_purchases_do_not_overflow() -> None:
    model = purchases.PurchaseModel(0.24, 4.4, 0.79, 2.43, 0)
    frequency, recency, age = np.array([0.0, 5.0, 3000.0]), np.array([0.0, 0.5, 520.0]), np.array([520.0, 520.0, 520.0])
    expected = purchases.expected_purchases(model, 52, frequency, recency, age)
    assert np.isfinite(expected).all()
    assert expected[2] == pytest.approx(300, rel=0.06), "who bought 5.8 times a week up to now goes on to"
    at_one = purchases.expected_purchases(purchases.PurchaseModel(0.24, 4.4, 1.0, 2.43, 0), 52, frequency, recency, age)
    near = purchases.expected_purchases(purchases.PurchaseModel(0.24, 4.4, 1.0001, 2.43, 0), 52, frequency, recency, age)
    assert at_one == pytest.approx(near, rel=1e-3)
