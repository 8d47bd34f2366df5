"""Models of lifetime against figures that others have published, and against what can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from finance_hub.lifetime import LifetimeError, purchases, spending, survival, value
from finance_hub.lifetime.likelihood import Vector
from tests.lifetime.given import cdnow


@pytest.fixture(scope="module")
def customers() -> tuple[Vector, Vector, Vector, Vector]:
    """CDNOW: frequency, recency and age in weeks, average spend of a repeat purchase in dollars."""
    frequency, recency, age, spend = cdnow("cdnow_customers_summary_with_transactions.csv")
    return frequency, recency, age, spend


@pytest.fixture(scope="module")
def bought() -> purchases.PurchaseModel:
    return purchases.fit(*cdnow("cdnow_customers_summary.csv"))


def test_purchases_of_cdnow_give_the_published_parameters(bought: purchases.PurchaseModel) -> None:
    """Fader, Hardie and Lee (2005) print .243, 4.414, .793, 2.426 and a log-likelihood of -9,582.4."""
    assert (bought.r, bought.alpha, bought.a, bought.b) == pytest.approx((0.24259, 4.41353, 0.79289, 2.42575), rel=1e-3)
    assert bought.log_likelihood == pytest.approx(-9582.4, abs=0.05)


def test_the_customers_of_cdnow_buy_again_as_published(bought: purchases.PurchaseModel) -> None:
    frequency, recency, age = cdnow("cdnow_customers_summary.csv")
    assert purchases.expected_purchases(bought, 39, frequency, recency, age).sum() == pytest.approx(1653.42, rel=1e-3)
    assert purchases.p_alive(bought, frequency, recency, age).mean() == pytest.approx(0.81344, rel=1e-3)
    # The example of the paper's spreadsheet: two purchases, the last after 30.43 of 38.86 weeks.
    (expected,) = purchases.expected_purchases(bought, 39, *(np.array([each]) for each in (2.0, 30.43, 38.86)))
    assert expected == pytest.approx(1.226, abs=0.001)


def test_the_spending_of_cdnow_gives_the_published_parameters(customers: tuple[Vector, Vector, Vector, Vector]) -> None:
    frequency, _, _, spend = customers
    again = frequency > 0
    assert again.sum() == 946
    assert spend[again].mean() == pytest.approx(35.0786, rel=1e-5)
    assert spending.correlation(frequency, spend) == pytest.approx(0.114, abs=0.0005)
    model = spending.fit(frequency, spend)
    assert (model.p, model.q, model.v) == pytest.approx((6.2488, 3.7446, 15.4477), rel=1e-3)
    assert spending.expected_spend(model, frequency, spend)[:3] == pytest.approx((24.6586, 18.9115, 35.1710), rel=1e-3)


def test_the_customers_of_cdnow_are_worth_what_is_published(customers: tuple[Vector, Vector, Vector, Vector]) -> None:
    """Twelve months at 1 % a month."""
    frequency, recency, age, spend = customers
    expected = spending.expected_spend(spending.fit(frequency, spend), frequency, spend)
    model = purchases.fit(frequency, recency, age)
    worth = value.lifetime_value(model, expected, frequency, recency, age, months=12, monthly_discount=0.01, month=4.345)
    assert worth.mean() == pytest.approx(30.339, rel=1e-3)
    assert worth.sum() == pytest.approx(71509.90, rel=1e-3)


def test_remissions_of_leukaemia_survive_as_published() -> None:
    """Freireich and others (1963): 21 patients on 6-MP, nine relapses; survival and Greenwood's error as in every textbook."""
    relapsed = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    still_well = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    curve = survival.kaplan_meier(relapsed + still_well, [True] * 9 + [False] * 12)
    published = {
        6: (0.857, 0.0764),
        7: (0.807, 0.0869),
        10: (0.753, 0.0963),
        13: (0.690, 0.1068),
        16: (0.627, 0.1141),
        22: (0.538, 0.1282),
        23: (0.448, 0.1346),
    }
    for week, (survives, error) in published.items():
        assert curve.survival[week] == pytest.approx(survives, abs=0.0006)
        assert curve.standard_error[week] == pytest.approx(error, abs=0.00006)
    assert survival.median(curve) == 23
    assert curve.at_risk[[6, 7, 10]].tolist() == [21, 17, 15]


def test_contracts_of_a_year_by_hand() -> None:
    """Of four, one ends after a year and one after two; one is followed for six months and one for thirty: S(12) = 2/3, S(24) = 1/3."""
    curve = survival.kaplan_meier([12, 24, 6, 30], [True, True, False, False])
    assert curve.survival[[0, 11, 12, 23, 24, 30]] == pytest.approx([1, 1, 2 / 3, 2 / 3, 1 / 3, 1 / 3])
    assert survival.months_served(curve, 30) == pytest.approx(12 + 12 * 2 / 3 + 6 / 3)
    # At one per cent a month, month by month.
    discounted = sum((1 if t < 12 else 2 / 3 if t < 24 else 1 / 3) / 1.01**t for t in range(30))
    assert survival.months_served(curve, 30, monthly_discount=0.01) == pytest.approx(discounted)


def test_a_curve_goes_on_at_the_pace_of_its_last_cycle() -> None:
    """A quarter leaves after a year, a third of the others after two: from then on a third a year, spread over its months."""
    curve = survival.kaplan_meier([12, 24, 25, 25], [True, True, False, False])
    longer = survival.carried_on(curve, 60, cycle=12)
    assert (longer.observed, len(longer.survival)) == (25, 61)
    assert longer.survival[[12, 24, 25]] == pytest.approx([3 / 4, 1 / 2, 1 / 2])
    assert longer.survival[37] == pytest.approx(1 / 2 * 2 / 3)
    assert longer.survival[49] == pytest.approx(1 / 2 * 4 / 9)
    assert longer.at_risk[26:].sum() == 0
    assert np.isnan(longer.standard_error[26:]).all()
    # Where too few are left, what they do does not count: three are followed for a year, of whom one leaves.
    assert survival.carried_on(curve, 60, least_at_risk=4).observed == 12
    assert survival.carried_on(curve, 60, least_at_risk=4).survival[24] == pytest.approx((3 / 4) ** 2)


def test_a_median_that_is_not_reached_is_none() -> None:
    curve = survival.kaplan_meier([12, 12, 12], [True, False, False])
    assert survival.median(curve) is None
    assert survival.median(survival.carried_on(curve, 60)) is None, "what was not observed is no median"


def test_who_cannot_be_told_apart_or_cannot_be_is_refused() -> None:
    """Equal customers leave the likelihood without a maximum: no figure is better than one that means nothing."""
    same = np.full(50, 3.0)
    with pytest.raises(LifetimeError, match="without end"):
        purchases.fit(same, np.full(50, 30.0), np.full(50, 30.0))
    with pytest.raises(LifetimeError, match="without end"):
        spending.fit(same, np.full(50, 20.0))
    with pytest.raises(LifetimeError, match="second time"):
        purchases.fit(np.zeros(3), np.zeros(3), np.ones(3))
    with pytest.raises(LifetimeError, match="second time"):
        spending.fit(np.zeros(3), np.zeros(3))
    with pytest.raises(LifetimeError, match="between the first and today"):
        purchases.fit(np.ones(2), np.array([5.0, 1.0]), np.array([4.0, 4.0]))
    with pytest.raises(LifetimeError, match="above 0"):
        purchases.fit(np.ones(2), np.zeros(2), np.array([4.0, 0.0]))
    with pytest.raises(LifetimeError, match="different numbers"):
        purchases.fit(np.ones(2), np.zeros(3), np.ones(3))
    with pytest.raises(LifetimeError, match="above 0"):
        spending.fit(np.ones(2), np.array([3.0, 0.0]))
    with pytest.raises(LifetimeError, match="average means nothing"):
        spending.expected_spend(spending.SpendModel(1, 0.9, 1, 0), np.ones(1), np.ones(1))
    with pytest.raises(LifetimeError, match="no contract"):
        survival.kaplan_meier([], [])
    with pytest.raises(LifetimeError, match="whole months"):
        survival.kaplan_meier([1.5], [True])
    with pytest.raises(LifetimeError, match="60 are asked"):
        survival.months_served(survival.kaplan_meier([1], [True]), 60)
