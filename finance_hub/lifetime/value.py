"""What the coming purchases of customers are worth today."""

from __future__ import annotations

import numpy as np

from finance_hub.lifetime.likelihood import Vector
from finance_hub.lifetime.purchases import PurchaseModel, expected_purchases


def lifetime_value(
    model: PurchaseModel,
    spend: Vector,
    frequency: Vector,
    recency: Vector,
    age: Vector,
    *,
    months: int,
    monthly_discount: float,
    month: float,
) -> Vector:
    """The discounted worth of each customer's purchases in the next ``months``: spend x purchases(month t) / (1 + discount) ^ t.

    A month's purchases count at its end. ``spend`` is what a purchase brings (expected spend, or its margin); ``month`` is a month's
    length in the unit of time of the customers (4.345 for weeks).
    """
    bought = np.array([expected_purchases(model, month * ahead, frequency, recency, age) for ahead in range(months + 1)])
    factors = (1 + monthly_discount) ** -np.arange(1.0, months + 1)
    worth: Vector = np.asarray(spend, dtype=np.float64) * (factors @ np.diff(bought, axis=0))
    return worth
