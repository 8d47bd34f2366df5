"""Gamma-Gamma: what customers spend at a purchase.

What a customer spends varies around a mean of its own (gamma, shape p), and these means among customers (gamma, shape q, scale 1 / v). A
customer's expected spend lies between its own average and that of all, the nearer to its own the more it has bought. The model holds
only where spending does not go with frequency. Fader and Hardie, The Gamma-Gamma Model of Monetary Value (2013), equations 1a and 5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from finance_hub.lifetime import LifetimeError
from finance_hub.lifetime.likelihood import Vector, maximise


@dataclass(frozen=True)
class SpendModel:
    """Parameters of Gamma-Gamma; ``v`` is in the currency of the customers. ``log_likelihood`` is the sum over customers."""

    p: float
    q: float
    v: float
    log_likelihood: float


def _likelihood(parameters: Vector, frequency: Vector, average: Vector) -> tuple[float, Vector]:
    """Mean log-likelihood, and its derivatives by p, q and v."""
    from scipy.special import digamma, gammaln

    p, q, v = parameters
    shape, total = p * frequency, frequency * average
    told = (
        gammaln(shape + q) - gammaln(shape) - gammaln(q) + q * np.log(v)
        + (shape - 1) * np.log(average) + shape * np.log(frequency) - (shape + q) * np.log(total + v)
    )  # fmt: skip
    slopes = (
        frequency * (digamma(shape + q) - digamma(shape) + np.log(average) + np.log(frequency) - np.log(total + v)),
        digamma(shape + q) - digamma(q) + np.log(v) - np.log(total + v),
        q / v - (shape + q) / (total + v),
    )
    return float(told.mean()), np.array([slope.mean() for slope in slopes])


def correlation(frequency: Vector, average: Vector) -> float | None:
    """How far spending goes with frequency, -1 to 1, among who bought again; none where either is the same for all."""
    again = np.asarray(frequency) > 0
    counted, spent = np.asarray(frequency, dtype=np.float64)[again], np.asarray(average, dtype=np.float64)[again]
    if len(counted) < 2 or np.ptp(counted) == 0 or np.ptp(spent) == 0:
        return None
    return float(np.corrcoef(counted, spent)[0, 1])


def fit(frequency: Vector, average: Vector) -> SpendModel:
    """The most likely parameters for the repeat purchases of customers: how many, and what each cost on average.

    Who never bought again is left out, since nothing is known of a repeat purchase.

    Raises:
        LifetimeError: Nobody bought again, a purchase cost nothing or less, or the customers are too alike to tell the parameters apart.

    """
    frequency, average = np.asarray(frequency, dtype=np.float64), np.asarray(average, dtype=np.float64)
    again = frequency > 0
    frequency, average = frequency[again], average[again]
    if not len(frequency):
        raise LifetimeError("Nobody bought a second time.")
    if not np.isfinite(average).all() or (average <= 0).any():
        raise LifetimeError("What a purchase costs must be above 0.")
    scale = float(average.mean())
    (p, q, v), mean = maximise(
        lambda parameters: _likelihood(parameters, frequency, average / scale),
        (np.array([3.0, 3.0, 1.0]), np.array([1.0, 1.5, 1.0])),
    )
    total = (mean - float(np.log(scale))) * len(frequency)
    return SpendModel(p=float(p), q=float(q), v=float(v) * scale, log_likelihood=total)


def expected_spend(model: SpendModel, frequency: Vector, average: Vector) -> Vector:
    """What each customer is expected to spend at a purchase; that of all customers for who never bought again.

    Raises:
        LifetimeError: q is at most 1: spending varies so widely that its mean does not exist.

    """
    if model.q <= 1:
        raise LifetimeError("Spending varies so widely among these customers that an average means nothing.")
    frequency = np.asarray(frequency, dtype=np.float64)
    own = np.where(frequency > 0, np.asarray(average, dtype=np.float64), 0.0)
    weight = model.p * frequency / (model.p * frequency + model.q - 1)
    return weight * own + (1 - weight) * model.p * model.v / (model.q - 1)
