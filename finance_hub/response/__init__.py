"""What more money in a channel would earn: response curves with diminishing returns, and the split of a budget that earns most.

``curves`` fits how a channel's outcome follows its spend; ``split`` divides a budget among curves. Both are pure functions of arrays;
``plan`` puts them together for the channels of companies. Everything here is an estimate: money is exact again when it is rounded, at the end.
"""

from __future__ import annotations

from finance_hub.response.curves import Curve, ResponseError, carried, fit, resampled
from finance_hub.response.plan import PLAN, plans
from finance_hub.response.split import best_split, rounded

__all__ = ["PLAN", "Curve", "ResponseError", "best_split", "carried", "fit", "plans", "resampled", "rounded"]
