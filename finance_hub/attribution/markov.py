"""Attribution by removal effects of a Markov chain, solved exactly.

A journey walks from the start over the states of its touches into conversion or into none. A state is the channel of a touch (order 1),
or that channel and those of the touches before it (order k: the last k). Each transition is weighted by how often it was gone and divided
by all that leave its state. Removing a channel loses the traffic into it: the other probabilities stay as they are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from finance_hub.attribution.paths import AttributionError, Journeys

MOST_STATES = 6000
"""The inverse of the chain then takes 300 MB and some ten seconds."""


def removal_effects(journeys: Journeys, order: int) -> NDArray[np.float64]:
    """The part of all conversions that is lost without each channel: 1 - P(conversion without it) / P(conversion).

    One inverse serves all channels. With N = (I - Q)^-1 and x = N r, the probabilities of conversion from each state, let C be the states
    whose last touch is channel c. The walk's first entry into C is distributed as h = N[start, C] N[C, C]^-1, and what is lost without c
    is h x[C]: the same as solving the chain anew without the rows and columns of c, since states in which c stands earlier are reached
    only through C.

    Returns one number from 0 to 1 for each channel; zeros if nothing converts.

    Raises:
        AttributionError: There are too many states to solve the chain exactly.

    """
    effects = np.zeros(len(journeys.channels))
    if not journeys.conversions.any():
        return effects
    path, weight = journeys.path, (journeys.conversions + journeys.nulls)[journeys.path]
    no_channel = len(journeys.channels)
    code = journeys.channel.copy()
    for lag in range(1, order):
        before = np.full_like(code, no_channel)
        before[lag:] = np.where(path[lag:] == path[:-lag], journeys.channel[:-lag], no_channel)
        code += before * (no_channel + 1) ** lag
    codes, state = np.unique(code, return_inverse=True)
    count = len(codes)
    if count > MOST_STATES:
        raise AttributionError(
            f"markov_{order} is solved exactly for up to {MOST_STATES:,} states, and these paths have {count:,}: "
            f"group the rarest of the {no_channel:,} channels into one."
        )
    goes_on = np.flatnonzero(path[1:] == path[:-1])
    is_first = np.diff(path, prepend=-1) != 0
    is_last = np.append(is_first[1:], True)
    leaving = np.bincount(state, weights=weight, minlength=count)
    steps = np.bincount(state[goes_on] * count + state[goes_on + 1], weights=weight[goes_on], minlength=count * count)
    converting = np.bincount(state[is_last], weights=journeys.conversions, minlength=count) / leaving
    start = np.bincount(state[is_first], weights=weight[is_first], minlength=count) / weight[is_first].sum()
    passages = np.linalg.inv(np.eye(count) - steps.reshape(count, count) / leaving[:, None])
    visits, reaching = start @ passages, passages @ converting
    last_touch = codes % (no_channel + 1)
    for channel in np.unique(last_touch):
        removed = np.flatnonzero(last_touch == channel)
        effects[channel] = visits[removed] @ np.linalg.solve(passages[np.ix_(removed, removed)], reaching[removed])
    effects /= start @ reaching
    return effects
