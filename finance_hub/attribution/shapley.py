"""Attribution by Shapley values of the conversion rate, exactly, over all subsets of the channels.

A journey counts by the set of its channels. v(S), the worth of a set of channels, is the conversion rate of the journeys that use no
other channel: conversions / (conversions + nulls) of those whose set is a subset of S; 0 where there are none. On counts instead of rates
Shapley's division would be the linear one over distinct channels, and tell nothing new.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from finance_hub.attribution.paths import AttributionError, Journeys

MOST_CHANNELS = 23
"""Eight million subsets take half a gigabyte and some seconds; each channel more doubles both."""


def shapley_values(journeys: Journeys) -> NDArray[np.float64]:
    """Each channel's Shapley value; they add up to the conversion rate of all journeys, and one that lowers the rate is negative.

    phi_c = sum over S without c of |S|! (N - |S| - 1)! / N! * (v(S with c) - v(S)). A set of channels is a number whose bit c says
    whether it holds channel c. A channel that no journey touched adds to no set's worth: it is left out, which changes no value.

    Raises:
        AttributionError: There are too many channels for all their subsets.

    """
    found = np.zeros(len(journeys.channels))
    touched, player = np.unique(journeys.channel, return_inverse=True)
    count = len(touched)
    if count > MOST_CHANNELS:
        raise AttributionError(
            f"shapley is computed exactly for up to {MOST_CHANNELS} channels, and these paths have {count}: "
            "group the rarest into one, or ask for other models."
        )
    if not count:
        return found
    firsts = np.flatnonzero(np.diff(journeys.path, prepend=-1))
    used = np.bitwise_or.reduceat(np.left_shift(1, player), firsts)
    converted = np.bincount(used, weights=journeys.conversions, minlength=1 << count)
    gone = np.bincount(used, weights=journeys.conversions + journeys.nulls, minlength=1 << count)
    size = np.zeros(1 << count, dtype=np.int8)
    # Bit by bit, each set takes in the sum of the same set without the bit; in the end it holds the sum over all its subsets.
    for bit in range(count):
        for totals in (converted, gone):
            with_it, without = _halves(totals, bit)
            with_it += without
        _halves(size, bit)[0][...] += 1
    worth = np.divide(converted, gone, out=np.zeros_like(gone), where=gone > 0)
    weights = np.array([1 / (count * math.comb(count - 1, others)) for others in range(count)])
    for bit in range(count):
        with_it, without = _halves(worth, bit)
        found[touched[bit]] = ((with_it - without) * weights[_halves(size, bit)[1]]).sum()
    return found


def _halves(sets: NDArray, bit: int) -> tuple[NDArray, NDArray]:
    """Views of an array over all sets: those that hold the bit, and, in the same order, the same sets without it."""
    halves = sets.reshape(-1, 2, 1 << bit)
    return halves[:, 1], halves[:, 0]
