"""The logistic model: against effects that are known, against a plain regression, and where there is little to learn from."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from numpy.typing import NDArray

from finance_hub.attribution import AttributionError
from finance_hub.attribution.logistic import Effects, touch_effects
from finance_hub.attribution.paths import Journeys
from tests.attribution.given import conversions, touches

NAMES = [f"channel {number}" for number in range(8)]
TRUE = np.array([0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0])
LEVELS = np.array([-2.5, -1.0, -0.2])


def journeys(count: int, seed: int, effects: NDArray[np.float64] = TRUE) -> Journeys:
    """As many journeys of one to nine touches, of three groups, that convert with the odds of their touches; common channels are weak."""
    chance = np.random.default_rng(seed)
    lengths, group = chance.integers(1, 10, count), chance.integers(0, len(LEVELS), count)
    path = np.repeat(np.arange(count), lengths)
    channel = np.minimum(chance.geometric(0.25, len(path)) - 1, len(effects) - 1)
    odds = LEVELS[group] + np.bincount(path, weights=effects[channel])
    won = (chance.random(count) < 1 / (1 + np.exp(-odds))).astype(float)
    return Journeys(NAMES[: len(effects)], channel, path, won, 1 - won, group, np.ones(len(path)))


def shares(given: Journeys, effects: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each channel in the conversions, if touches have these effects."""
    weight = effects[given.channel]
    part = weight / np.bincount(given.path, weights=weight)[given.path] * given.conversions[given.path]
    return np.asarray(np.bincount(given.channel, weights=part, minlength=len(effects)) / given.conversions.sum())


def test_known_effects_are_found_within_their_errors() -> None:
    found = touch_effects(journeys(15_000, seed=1))
    assert np.abs(found.effect - TRUE).max() < 0.1
    assert (np.abs(found.effect - TRUE) / found.error).max() < 3
    assert (found.error < 0.06).all()


@pytest.mark.parametrize("seed", range(4))
def test_shares_of_few_deals_are_nearer_to_the_truth_than_those_of_equal_touches(seed: int) -> None:
    given = journeys(1500, seed)
    truth = shares(given, TRUE)
    missed, alike = (np.abs(shares(given, each) - truth).sum() / 2 for each in (touch_effects(given).effect, np.ones(len(TRUE))))
    assert missed < 0.1
    assert missed < 0.5 * alike


def test_channels_that_do_not_differ_are_drawn_together() -> None:
    """A plain regression of so few journeys would spread the effects by their errors of a tenth and more."""
    found = touch_effects(journeys(1500, seed=5, effects=np.full(8, 0.3))).effect
    assert found.std() < 0.05
    assert abs(found.mean() - 0.3) < 0.08


def test_a_channel_of_which_little_is_known_is_near_the_others_and_one_that_does_harm_above_zero() -> None:
    given = journeys(5000, seed=2, effects=np.array([0.5, 0.5, 0.5, -1.0]))
    rare = Journeys(
        [*given.channels, "rare"],
        np.append(given.channel, len(given.channels)),
        np.append(given.path, given.path[-1]),
        given.conversions,
        given.nulls,
        given.group,
        np.append(given.share, 1.0),
    )
    found = touch_effects(rare)
    assert 0 < found.effect[3] < 0.1
    assert found.error[4] > 3 * found.error[0]
    assert 0 < found.effect[4] < 2


def by_hand(given: Journeys, spread: float) -> Effects:
    """The same belief with the common mean as one more coefficient, and gradient steps in place of Newton's."""
    from scipy.optimize import minimize

    counts = np.zeros((len(given.conversions), len(given.channels)))
    np.add.at(counts, (given.path, given.channel), 1)
    groups, count = len(LEVELS), counts.shape[1]
    design = np.hstack([np.eye(groups)[given.group], counts])

    def cost(at: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        beta, mean = at[:-1], at[-1]
        off = beta[groups:] - mean
        odds = design @ beta
        belief = (off @ off / spread**2 + (mean / 2.5) ** 2 + (beta[:groups] ** 2).sum() / 100) / 2
        slope = design.T @ (1 / (1 + np.exp(-odds)) - given.conversions)
        slope[groups:] += off / spread**2
        slope[:groups] += beta[:groups] / 100
        return float(np.logaddexp(0, odds).sum() - given.conversions @ odds + belief), np.append(
            slope, mean / 2.5**2 - off.sum() / spread**2
        )

    found = minimize(cost, np.zeros(groups + count + 1), jac=True, method="BFGS", options={"gtol": 1e-7})
    return Effects(found.x[groups:-1], np.sqrt(np.diag(found.hess_inv)[groups:-1]))


def test_it_is_the_hierarchical_regression() -> None:
    given, spread = journeys(3000, seed=3), 0.4
    found, expected = touch_effects(given, spreads=np.array([spread])), by_hand(given, spread)
    clear = expected.effect > 5 * expected.error
    assert clear.sum() >= 4, "the rest is moved by what zero cuts off"
    assert found.effect[clear] == pytest.approx(expected.effect[clear], abs=1e-4)
    assert found.error[clear] == pytest.approx(expected.error[clear], rel=0.1)


def test_it_is_reproducible() -> None:
    first, second = (touch_effects(journeys(800, seed=4)) for _ in range(2))
    assert np.array_equal(first.effect, second.effect)


def test_where_nothing_can_be_compared_touches_are_alike() -> None:
    assert conversions(touches(("AAB", 3, 9, 0), ("B", 1, 1, 0)), "logistic") == {"A": 2, "B": 2}
    assert conversions(touches(("AB", 0, 0, 3)), "logistic") == {"A": 0, "B": 0}
    assert conversions(touches(("AA", 2, 9, 3)), "logistic") == {"A": 2}


def test_a_path_is_divided_over_its_own_touches_only() -> None:
    found = conversions(touches(("A", 30, 1, 10), ("B", 20, 1, 40), ("C", 0, 0, 50)), "logistic")
    assert found == {"A": 30, "B": 20, "C": 0}
    mixed = conversions(touches(("AB", 40, 1, 40), ("A", 30, 1, 10), ("B", 10, 1, 60)), "logistic")
    assert mixed["A"] > 60
    assert sum(mixed.values()) == Decimal(80)


def test_more_channels_than_can_be_solved_are_refused_in_numbers() -> None:
    many = touches(([str(number) for number in range(1001)], 1, 1, 1))
    with pytest.raises(AttributionError, match="up to 1,000 channels, and these paths have 1,001: group the rarest"):
        conversions(many, "logistic")
