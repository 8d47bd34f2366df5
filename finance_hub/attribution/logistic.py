"""Attribution by what each touch adds to the odds of a conversion: a logistic regression whose channels share strength.

A journey with x_c touches of channel c (or parts of touches, where a touch may be of several channels) converts with log-odds a + sum of
x_c b_c; a is the level of the journey's group (a company that sells), b_c the effect of one touch. Effects are drawn towards their common mean, as far as they cannot be told apart: b_c ~ N(m, t^2).
How far is not chosen but averaged over, each spread t having the weight with which it predicts what was seen (its marginal likelihood, by
Laplace's approximation). A touch has the part of a conversion that its effect has of those of all touches of its journey.

Sources: Shao and Li, "Data-driven multi-touch attribution models" (KDD 2011) for the regression; Gelman et al., "Bayesian Data Analysis"
(3rd edition), chapters 5 and 13, for the hierarchy and the approximation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from finance_hub.attribution.paths import AttributionError, Journeys

if TYPE_CHECKING:
    from scipy.sparse import csr_array

MOST_CHANNELS = 1000
"""Each spread that is tried then takes a second."""

SPREADS = np.geomspace(0.01, 2, 10)
"""Of effects around their mean, in log-odds: from none to speak of, up to one that no touch of any channel has."""
_MEAN_SCALE = 2.5
_LEVEL_SCALE = 10.0
"""Standard deviations of what is believed beforehand of the common effect and of a group's level: wide enough to say nothing, narrow enough
to have an answer where data have none (2.5 after Gelman et al., "A weakly informative default prior distribution for logistic and other
regression models", 2008)."""
_SHARE_UNITS = 1e6
_STEPS = 60
_PRECISION = 1e-9


@dataclass(frozen=True)
class Effects:
    """Of one touch of each channel, in order of ``Journeys.channels``, in log-odds: what is expected, and its standard error."""

    effect: NDArray[np.float64]
    error: NDArray[np.float64]


def logistic_credits(journeys: Journeys) -> NDArray[np.float64]:
    """The conversions of each channel: every path's are divided by the effects of its touches.

    Returns one number for each channel; zeros if nothing converts.

    Raises:
        AttributionError: There are too many channels.

    """
    if not journeys.conversions.any():
        return np.zeros(len(journeys.channels))
    found = _Regression.of(journeys)
    touches = found.counts[:, found.groups :]
    worth = found.converted / (touches @ (effect := touch_effects(journeys).effect))
    return np.asarray(touches.T @ worth) * effect


def touch_effects(journeys: Journeys, *, spreads: NDArray[np.float64] = SPREADS) -> Effects:
    """Estimate what one touch of each channel adds to the log-odds of a conversion; ``spreads`` are those of effects that are thought possible.

    An effect is what is expected of it, given that no touch does harm: the mean of its normal distribution above zero. So all are above
    zero, and one of which little is known is near the common one. Where all journeys convert, or none does, nothing can be compared:
    effects are 1, touches are alike.

    Raises:
        AttributionError: There are too many channels.

    """
    count = len(journeys.channels)
    if count > MOST_CHANNELS:
        raise AttributionError(
            f"logistic is estimated for up to {MOST_CHANNELS:,} channels, and these paths have {count:,}: group the rarest into one."
        )
    if not journeys.conversions.any() or not journeys.nulls.any():
        return Effects(np.ones(count), np.full(count, np.nan))
    from scipy.special import log_ndtr

    found = _Regression.of(journeys)
    start = np.zeros(found.counts.shape[1])
    start[: found.groups] = np.log(journeys.conversions.sum() / journeys.nulls.sum())
    evidence, means, squares = [], [], []
    # From the widest spread to the narrowest, each beginning where the one before ended.
    for spread in np.sort(spreads)[::-1]:
        start, curvature, height = found.highest(start, spread)
        # Cholesky's factor gives the determinant and, inverted, the covariance.
        factor = np.linalg.cholesky(curvature)
        evidence.append(height - np.log(np.diag(factor)).sum())
        inverse = np.linalg.inv(factor)[:, found.groups :]
        mean, error = start[found.groups :], np.sqrt((inverse**2).sum(axis=0))
        ratio = mean / error
        hazard = np.exp(-(ratio**2) / 2 - log_ndtr(ratio)) / np.sqrt(2 * np.pi)
        means.append(mean + error * hazard)
        squares.append(error**2 + mean * means[-1])
    weight = np.exp(np.array(evidence) - max(evidence))
    weight /= weight.sum()
    effect = weight @ np.array(means)
    return Effects(effect, np.sqrt(np.maximum(weight @ np.array(squares) - effect**2, 0)))


@dataclass(frozen=True)
class _Regression:
    """Kinds of journeys, as counts of ``groups`` and then of touches by channel; how often each was gone, and how often it converted.

    Journeys of one group with the same touches are one row, and rows stand in an order of their own: so nothing depends on the order or
    on the bundles in which journeys came.
    """

    counts: csr_array
    groups: int
    went: NDArray[np.float64]
    converted: NDArray[np.float64]

    @classmethod
    def of(cls, journeys: Journeys) -> _Regression:
        from scipy.sparse import csr_array

        groups = int(journeys.group.max()) + 1
        columns = groups + len(journeys.channels)
        # A sum of large random numbers, one for each column, tells kinds apart: two of a million share one with a chance of 1 in 10^7.
        numbers = np.random.default_rng(0).integers(0, 2**64, columns, dtype=np.uint64)
        firsts = np.flatnonzero(np.diff(journeys.path, prepend=-1))
        units = np.rint(journeys.share * _SHARE_UNITS).astype(np.uint64)
        mark = numbers[journeys.group] + np.add.reduceat(numbers[journeys.channel + groups] * units, firsts)
        _, example, kind = np.unique(mark, return_index=True, return_inverse=True)
        shown = np.zeros(len(mark), dtype=bool)
        shown[example] = True
        told = shown[journeys.path]
        rows = np.concatenate([np.arange(len(example)), kind[journeys.path[told]]])
        places = np.concatenate([journeys.group[example], journeys.channel[told] + groups])
        met = np.concatenate([np.ones(len(example)), units[told] / _SHARE_UNITS])
        counts = csr_array((met, (rows, places)), shape=(len(example), columns))
        converted = np.bincount(kind, weights=journeys.conversions).astype(np.float64)
        return cls(counts, groups, converted + np.bincount(kind, weights=journeys.nulls).astype(np.float64), converted)

    def highest(self, start: NDArray[np.float64], spread: float) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
        """Newton's way to the most likely coefficients; with the curvature there, and the height: likelihood times belief, as logarithm."""
        count = len(start) - self.groups
        between = (_MEAN_SCALE / spread) ** 2
        belief = np.zeros((len(start), len(start)))
        belief[: self.groups, : self.groups] = np.eye(self.groups) / _LEVEL_SCALE**2
        # The common mean is integrated out: covariance t^2 I + s^2, inverted after Sherman and Morrison.
        belief[self.groups :, self.groups :] = (np.eye(count) - between / (1 + count * between)) / spread**2
        constant = -count * np.log(spread) - np.log1p(count * between) / 2

        def height(at: NDArray[np.float64]) -> float:
            odds = self.counts @ at
            return float(self.converted @ odds - self.went @ np.logaddexp(0, odds) - at @ belief @ at / 2 + constant)

        at, reached = start, height(start)
        for _ in range(_STEPS):
            chance = 1 / (1 + np.exp(-(self.counts @ at)))
            gradient = self.counts.T @ (self.converted - self.went * chance) - belief @ at
            sloped = self.counts.multiply((self.went * chance * (1 - chance))[:, None]).tocsr()
            curvature = (self.counts.T @ sloped).toarray() + belief
            step = np.linalg.solve(curvature, gradient)
            size = 1.0
            while (higher := height(at + size * step)) < reached and size > _PRECISION:
                size /= 2
            at, reached = at + size * step, higher
            if gradient @ step < _PRECISION:
                break
        return at, curvature, reached
