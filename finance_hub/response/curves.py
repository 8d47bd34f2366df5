"""Response curves: outcome = ceiling x spend / (half_spend + spend), where a part of each month's spend works in the months after it.

The curve is Hill's with slope one (Michaelis-Menten): concave, so that every further unit earns less than the one before. Carry-over is a
geometric adstock, normalised so that a spend that stays the same is its own carried spend. For a given shape the best ceiling is a linear
regression through the origin: only the shape is searched (variable projection, Golub and Pereyra 1973).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
_CARRY_OVERS = np.linspace(0.0, 0.8, 17)
_HALVES = np.geomspace(0.02, 20, 97)
"""Candidates for the spend of half the ceiling, in units of the largest spend: below, more money earns nothing; above, the curve is a line."""
_WORTH_A_PARAMETER = 2.0


class ResponseError(Exception):
    """No curve fits: what is wrong with the observations."""


@dataclass(frozen=True)
class Curve:
    """A fitted response: ``ceiling`` in units of outcome a month, ``half_spend`` in units of spend a month, ``carry_over`` from 0 to 1."""

    ceiling: float
    half_spend: float
    carry_over: float
    r_squared: float

    def outcome(self, spend: Any) -> Any:
        """Outcome of a month at a steady ``spend``."""
        return self.ceiling * spend / (self.half_spend + spend)

    def marginal(self, spend: Any) -> Any:
        """Outcome of one more unit at a steady ``spend``."""
        return self.ceiling * self.half_spend / (self.half_spend + spend) ** 2


def carried(spend: Numbers, carry_over: Numbers) -> Numbers:
    """Spend that works in each month, shape (carry_overs, months): (1 - c) x (spend of the month + c x that of the month before + ...).

    What was spent before the first month is taken to be what was spent in it.
    """
    kept = np.atleast_1d(np.asarray(carry_over, dtype=float))
    working = np.empty((len(kept), len(spend)))
    now = np.full(len(kept), float(spend[0]) if len(spend) else 0.0)
    for month, amount in enumerate(spend):
        now = kept * now + (1 - kept) * amount
        working[:, month] = now
    return working


def fit(spend: Numbers, outcome: Numbers) -> Curve:
    """The curve nearest to what was observed, by least squares over months (shape (months,) each).

    Carry-over is taken where it explains more than the parameter that it costs (AIC), else it is 0. Raises :class:`ResponseError` where
    nothing was spent, nothing was earned, or outcome does not grow with spend.
    """
    from scipy.optimize import least_squares

    spend, outcome = np.asarray(spend, dtype=float), np.asarray(outcome, dtype=float)
    top = spend.max(initial=0.0)
    if spend.shape != outcome.shape or len(spend) < 3:
        raise ResponseError("fewer than three months")
    if top <= 0 or outcome.sum() <= 0:
        raise ResponseError("nothing was spent or nothing was earned")

    def residuals(log_half: float, carry_over: float) -> tuple[Numbers, float]:
        shape = _shape(carried(spend, np.array([carry_over]))[0], np.exp(log_half) * top)
        ceiling = max(0.0, float(shape @ outcome / (shape @ shape)))
        return ceiling * shape - outcome, ceiling

    working = carried(spend, _CARRY_OVERS)
    errors, _ = _profile(working, outcome, top)
    found: list[tuple[float, float, float, float]] = []
    for rows, free in ((errors[:1], False), (errors, True)):
        row, column = np.unravel_index(np.argmin(rows), rows.shape)
        start = [float(np.log(_HALVES[column])), float(_CARRY_OVERS[row])][: 2 if free else 1]
        bounds = ([np.log(_HALVES[0]), 0.0][: len(start)], [np.log(_HALVES[-1]), 0.8001][: len(start)])
        best = least_squares(lambda x: residuals(x[0], x[1] if len(x) > 1 else 0.0)[0] / outcome.max(), start, bounds=bounds)
        carry_over = float(best.x[1]) if free else 0.0
        remaining, ceiling = residuals(best.x[0], carry_over)
        found.append((float(remaining @ remaining), ceiling, float(np.exp(best.x[0]) * top), carry_over))
    plain, with_carry = found
    months = len(spend)
    saved = months * np.log(max(plain[0], 1e-300) / max(with_carry[0], 1e-300))
    error, ceiling, half, carry_over = with_carry if saved > _WORTH_A_PARAMETER and with_carry[3] > 0 else plain
    if ceiling <= 0:
        raise ResponseError("outcome does not grow with spend")
    spread = float(((outcome - outcome.mean()) ** 2).sum())
    return Curve(ceiling, half, carry_over, 1 - error / spread if spread else 1.0)


def resampled(spend: Numbers, outcome: Numbers, curve: Curve, *, draws: int, seed: int) -> tuple[Numbers, Numbers]:
    """Ceilings and half spends, shape (draws,) each, of curves through months drawn anew with repetition (pairs bootstrap).

    Carry-over stays the curve's. The same ``seed`` draws the same months.
    """
    spend, outcome = np.asarray(spend, dtype=float), np.asarray(outcome, dtype=float)
    months, top = len(spend), spend.max()
    weights = np.random.default_rng(seed).multinomial(months, np.full(months, 1 / months), size=draws).astype(float)
    halves = _HALVES * top
    shapes = _shape(carried(spend, np.array([curve.carry_over]))[0], halves[:, None])
    both, square = weights @ (shapes * outcome).T, weights @ (shapes**2).T
    ceilings = np.divide(np.maximum(both, 0), square, out=np.zeros_like(both), where=square > 0)
    best = np.argmax(ceilings * (2 * both - ceilings * square), axis=1)
    return ceilings[np.arange(draws), best], halves[best]


def _shape(working: Numbers, half: Any) -> Numbers:
    shape: Numbers = working / (half + working)
    return shape


def _profile(working: Numbers, outcome: Numbers, top: float) -> tuple[Numbers, Numbers]:
    """Squared errors and ceilings, shape (carry_overs, halves), each with its best ceiling."""
    shapes = _shape(working[:, None, :], (_HALVES * top)[None, :, None])
    both, square = shapes @ outcome, (shapes**2).sum(axis=2)
    ceilings = np.divide(np.maximum(both, 0), square, out=np.zeros_like(both), where=square > 0)
    return outcome @ outcome - ceilings * (2 * both - ceilings * square), ceilings
