"""BG/NBD: how often customers without a contract buy, and whether they still do.

While a customer is alive, purchases come by chance at a rate of its own (rates are gamma distributed: shape r, scale 1 / alpha); after
each purchase it leaves with a probability of its own (beta distributed: a, b). Fader, Hardie and Lee, "Counting Your Customers" the
Easy Way, Marketing Science 24 (2005): the likelihood is their equation 6, what is expected equation 10. Beyond its first purchase a
customer is described by three figures: frequency (repeat purchases), recency (from the first to the last) and age (from the first up
to now), in one unit of time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from finance_hub.lifetime import LifetimeError
from finance_hub.lifetime.likelihood import Vector, maximise


@dataclass(frozen=True)
class PurchaseModel:
    """Parameters of BG/NBD; ``alpha`` is in the unit of time of the customers. ``log_likelihood`` is the sum over customers."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float


def _likelihood(parameters: Vector, frequency: Vector, recency: Vector, age: Vector) -> tuple[float, Vector]:
    """Mean log-likelihood, and its derivatives by r, alpha, a and b."""
    from scipy.special import digamma, gammaln

    r, alpha, a, b = parameters
    again = frequency > 0
    # Either alive up to now, or gone at the last purchase; who never came back cannot have gone.
    alive = -(r + frequency) * np.log(alpha + age)
    last = np.where(again, b + frequency - 1, 1.0)
    gone = np.where(again, np.log(a) - np.log(last) - (r + frequency) * np.log(alpha + recency), -np.inf)
    either = np.logaddexp(alive, gone)
    is_alive, is_gone = np.exp(alive - either), np.exp(gone - either)
    told = (
        gammaln(r + frequency) - gammaln(r) + r * np.log(alpha)
        + gammaln(a + b) + gammaln(b + frequency) - gammaln(b) - gammaln(a + b + frequency)
        + either
    )  # fmt: skip
    both = digamma(a + b) - digamma(a + b + frequency)
    slopes = (
        digamma(r + frequency) - digamma(r) + np.log(alpha) - is_alive * np.log(alpha + age) - is_gone * np.log(alpha + recency),
        r / alpha - (r + frequency) * (is_alive / (alpha + age) + is_gone / (alpha + recency)),
        both + is_gone / a,
        both + digamma(b + frequency) - digamma(b) - is_gone / last,
    )
    return float(told.mean()), np.array([slope.mean() for slope in slopes])


def fit(frequency: Vector, recency: Vector, age: Vector) -> PurchaseModel:
    """The most likely parameters for customers: three arrays of one length.

    Raises:
        LifetimeError: Figures that no customer can have (recency beyond age, none without a repeat purchase), nobody who bought
            again, or customers too alike to tell the parameters apart.

    """
    frequency, recency, age = (np.asarray(each, dtype=np.float64) for each in (frequency, recency, age))
    if not len(frequency) == len(recency) == len(age):
        raise LifetimeError("Frequency, recency and age tell of different numbers of customers.")
    if not np.isfinite(np.concatenate((frequency, recency, age))).all() or (frequency < 0).any() or (age <= 0).any():
        raise LifetimeError("Every customer needs a frequency of at least 0 and an age above 0.")
    if (recency > age).any() or (recency < 0).any() or ((frequency == 0) & (recency > 0)).any():
        raise LifetimeError(
            "A customer's last purchase lies between the first and today; without a repeat purchase it is the first."
        )
    if not (frequency > 0).any():
        raise LifetimeError("Nobody bought a second time.")
    # In units of the oldest customer's age all parameters are near one.
    scale = float(age.max())
    (r, alpha, a, b), mean = maximise(
        lambda parameters: _likelihood(parameters, frequency, recency / scale, age / scale),
        (np.array([0.5, 0.2, 0.5, 2.0]), np.array([1.0, 1.0, 1.0, 1.0])),
    )
    # Density of times in the unit of the customers, not in that of the search.
    total = mean * len(frequency) - float(frequency.sum()) * float(np.log(scale))
    return PurchaseModel(r=float(r), alpha=float(alpha) * scale, a=float(a), b=float(b), log_likelihood=total)


def _odds_gone(model: PurchaseModel, frequency: Vector, recency: Vector, age: Vector) -> Vector:
    """Odds that a customer has left at its last purchase; 0 for who never bought again, since one leaves after a repeat purchase only."""
    again = frequency > 0
    last = np.where(again, model.b + frequency - 1, 1.0)
    faded = (model.r + frequency) * np.log((model.alpha + age) / (model.alpha + recency))
    # Beyond e^700 a float is infinite, and the probability of being alive zero in any case.
    return np.where(again, model.a / last * np.exp(np.minimum(faded, 700.0)), 0.0)


def p_alive(model: PurchaseModel, frequency: Vector, recency: Vector, age: Vector) -> Vector:
    """The probability, 0 to 1, that each customer still buys."""
    return 1 / (1 + _odds_gone(model, *(np.asarray(each, dtype=np.float64) for each in (frequency, recency, age))))


def expected_purchases(model: PurchaseModel, time: float, frequency: Vector, recency: Vector, age: Vector) -> Vector:
    """How many purchases each customer is expected to make within ``time`` from now.

    Equation 10 after Euler's transformation of its hypergeometric function, whose arguments then do not grow with the frequency, so
    that no customer's figure overflows.
    """
    from scipy.special import hyp2f1

    frequency, recency, age = (np.asarray(each, dtype=np.float64) for each in (frequency, recency, age))
    # At a = 1 the expression is 0 / 0, and runs through smoothly.
    a = model.a + 1e-6 if abs(model.a - 1) < 1e-6 else model.a
    ahead = time / (model.alpha + age + time)
    bound = a + model.b + frequency - 1
    kept = (1 - ahead) ** (a - 1) * hyp2f1(a + model.b - 1 - model.r, a - 1, bound, ahead)
    bought: Vector = bound / (a - 1) * (1 - kept) / (1 + _odds_gone(model, frequency, recency, age))
    return bought
