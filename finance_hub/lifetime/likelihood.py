"""Parameters that make what was observed most likely."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from finance_hub.lifetime import LifetimeError

Vector = NDArray[np.float64]
LIMIT = 11.0
"""Logarithms of parameters are sought between -LIMIT and LIMIT: a likelihood that still rises there has no maximum."""


def maximise(mean_log_likelihood: Callable[[Vector], tuple[float, Vector]], starts: tuple[Vector, ...]) -> tuple[Vector, float]:
    """The positive parameters with the greatest likelihood, and that likelihood.

    Args:
        mean_log_likelihood: Tells, for parameters, the log-likelihood per customer and its derivatives.
        starts: Parameters to begin at; the best of what they lead to is taken.

    Raises:
        LifetimeError: The likelihood rises without end along a parameter, or no search came to its end.

    """
    from scipy.optimize import minimize

    def downhill(logs: Vector) -> tuple[float, Vector]:
        parameters = np.exp(logs)
        told, slope = mean_log_likelihood(parameters)
        return -told, -slope * parameters

    found = [
        minimize(
            downhill,
            np.log(start),
            jac=True,
            method="L-BFGS-B",
            bounds=[(-LIMIT, LIMIT)] * len(start),
            options={"ftol": 1e-13, "gtol": 1e-8, "maxiter": 2000},
        )
        for start in starts
    ]
    ended = [each for each in found if np.isfinite(each.fun) and np.isfinite(each.x).all()]
    if not ended:
        raise LifetimeError("The likelihood of these customers cannot be computed.")
    best = min(ended, key=lambda each: float(each.fun))
    if np.abs(best.x).max() > LIMIT - 0.01:
        raise LifetimeError("The likelihood of these customers rises without end: they are too alike to tell the parameters apart.")
    # The search may stop for want of digits where it stands still: what counts is that the ground is level.
    if float(np.abs(downhill(best.x)[1]).max()) > 1e-4:
        raise LifetimeError("The search for the most likely parameters did not come to its end.")
    return np.exp(best.x), -float(best.fun)
