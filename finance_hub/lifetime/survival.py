"""How long contracts last: Kaplan and Meier's estimate by whole months, and what follows from it.

A contract is seen for some months, and either ended then or goes on (is censored). The hazard of month t is the part of those seen up to
t that ended at t; the survival function is the product of what remains. Kaplan and Meier, JASA 53 (1958); the variance is Greenwood's.
Where a customer came by several channels, it counts in each by its share.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from finance_hub.lifetime import LifetimeError
from finance_hub.lifetime.likelihood import Vector


@dataclass(frozen=True)
class SurvivalCurve:
    """By month of tenure, from 0: contracts at risk, ended, censored (not known to have ended); hazard, survival and standard error.

    ``observed`` is the last month at which anybody was at risk; months beyond it are carried on from what was seen, with nobody at risk.
    """

    at_risk: Vector
    ended: Vector
    censored: Vector
    hazard: Vector
    survival: Vector
    standard_error: Vector
    observed: int


def kaplan_meier(tenure: ArrayLike, has_ended: ArrayLike, weight: ArrayLike | None = None) -> SurvivalCurve:
    """The curve of contracts, each seen for ``tenure`` whole units of time.

    Raises:
        LifetimeError: There is no contract, or one with a tenure below 0 or between two units.

    """
    months, ended = np.asarray(tenure), np.asarray(has_ended, dtype=bool)
    weights = np.ones(len(months)) if weight is None else np.asarray(weight, dtype=np.float64)
    if not len(months) or weights.sum() <= 0:
        raise LifetimeError("There is no contract to follow.")
    if (months < 0).any() or (months != np.floor(months)).any():
        raise LifetimeError("A contract is followed for whole months, at least 0.")
    whole = months.astype(np.int64)
    size = int(whole[weights > 0].max()) + 1
    stopping: Vector = np.bincount(whole, weights=weights, minlength=size)[:size].astype(np.float64)
    ending: Vector = np.bincount(whole, weights=weights * ended, minlength=size)[:size].astype(np.float64)
    at_risk: Vector = np.cumsum(stopping[::-1])[::-1].astype(np.float64)
    hazard = ending / at_risk
    survival: Vector = np.cumprod(1 - hazard).astype(np.float64)
    # Where all that are left end, survival is zero and so is its variance.
    remaining = at_risk - ending
    terms = np.divide(ending, at_risk * remaining, out=np.zeros(size), where=remaining > 0)
    return SurvivalCurve(
        at_risk=at_risk,
        ended=ending,
        censored=stopping - ending,
        hazard=hazard,
        survival=survival,
        standard_error=survival * np.sqrt(np.cumsum(terms)),
        observed=size - 1,
    )


def median(curve: SurvivalCurve) -> int | None:
    """The first month at which at most half survive; none where more than half are still there when observation ends."""
    below = np.flatnonzero(curve.survival[: curve.observed + 1] <= 0.5)
    return int(below[0]) if len(below) else None


def carried_on(curve: SurvivalCurve, months: int, *, least_at_risk: float = 1.0, cycle: int = 12) -> SurvivalCurve:
    """The curve from month 0 to ``months``, beyond what can be told at the pace of its last full cycle.

    It can be told while ``least_at_risk`` contracts are. Contracts end at anniversaries: the pace is that of a whole cycle (its
    geometric mean by month), never that of single months. Who has not been followed for a cycle tells no pace: then that of all months
    seen, from the beginning.
    """
    enough = np.flatnonzero(curve.at_risk >= least_at_risk)
    told = min(int(enough[-1]) if len(enough) else 0, months)
    # A cycle ends with the month of its anniversary: from 12 to 24, not from 13 to 25.
    back = max(told - cycle, 0)
    before = curve.survival[back] if told > back else 1.0
    pace = (curve.survival[told] / before) ** (1 / max(told - back, 1)) if before > 0 else 0.0
    beyond = months - told
    survival = np.append(curve.survival[: told + 1], curve.survival[told] * pace ** np.arange(1, beyond + 1))
    empty = np.zeros(beyond)
    # Who stays on when observation ends carries on as uncertain as it was.
    return SurvivalCurve(
        at_risk=np.append(curve.at_risk[: told + 1], empty),
        ended=np.append(curve.ended[: told + 1], empty),
        censored=np.append(curve.censored[: told + 1], empty),
        hazard=np.append(curve.hazard[: told + 1], np.full(beyond, 1 - pace)),
        survival=survival,
        standard_error=np.append(curve.standard_error[: told + 1], np.full(beyond, np.nan)),
        observed=told,
    )


def months_served(curve: SurvivalCurve, months: ArrayLike, *, monthly_discount: float = 0.0) -> Vector:
    """How many months a new contract is expected to pay for within each of ``months``: the sum of S(t) / (1 + discount) ^ t, t from 0.

    Raises:
        LifetimeError: The curve does not reach so far.

    """
    asked, told = np.asarray(months, dtype=np.int64), len(curve.survival)
    if (asked > told).any():
        raise LifetimeError(f"The curve tells {told} months, and {asked.max()} are asked for.")
    paid: Vector = np.append(0.0, np.cumsum(curve.survival * (1 + monthly_discount) ** -np.arange(float(told))))[asked]
    return paid
