"""Months that are plainly out of line, set right before a series is carried on: a bill entered twice, a charge that was forgotten.

A model that takes such a month for what it is takes the next ones for as large. What is missing of the last month is expected to follow.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from finance_hub.forecast.candidates import YEAR, Values

_AROUND = 4  # months on either side tell what is usual
_LEAST_MONTHS = 8  # fewer tell nothing
_LEAST_BUSY = 0.75  # of a series with more empty months nothing is missing
_SPREADS, _SHARE = 4.0, 0.6  # out of line is what deviates by more than both, robust standard deviations and part of the usual
_LITTLE, _MUCH = 0.3, 2.2  # at the end only what is nearly missing or more than twice the usual: anything else may be a new level
_NORMAL = 1.4826  # from a median of deviations to a standard deviation


def cleaned(known: Sequence[Values]) -> tuple[list[Values], Values]:
    """Histories with the usual amount in months out of line, and what of each one's last month is still to come.

    ``known`` has the history of one series at each of several origins, from the same first month on. A month that was out of line in the
    same way a year before or after is of the season, and stays.
    """
    length = max(len(values) for values in known)
    values = np.full((len(known), length), np.nan)
    for row, one in enumerate(known):
        values[row, : len(one)] = one
    lengths = np.array([len(one) for one in known], dtype=np.int64)
    busy = np.nansum(values != 0, axis=1) - (length - lengths)
    usual = _usual(values)
    deviations = values - usual
    with np.errstate(all="ignore"):
        spread = _NORMAL * np.nanmedian(np.abs(deviations), axis=1, keepdims=True)
        is_out = np.abs(deviations) > np.maximum(_SPREADS * spread, _SHARE * np.abs(usual))
        is_out &= ((lengths >= _LEAST_MONTHS) & (busy >= _LEAST_BUSY * lengths)).reshape(-1, 1) & ~_yearly(deviations)
        is_low = is_out & (np.abs(values) < _LITTLE * np.abs(usual))
        is_high = is_out & (np.abs(values) > _MUCH * np.abs(usual))
        # A month that makes up for the one before or after it: what came late, or early.
        missed = np.where(is_out, deviations, 0)
        pair = (missed[:, :-1] * missed[:, 1:] < 0) & (
            np.abs(missed[:, :-1] + missed[:, 1:]) < np.maximum(np.abs(missed[:, :-1]), np.abs(missed[:, 1:])) / 2
        )
    is_made_up = np.pad(pair, ((0, 0), (0, 1))) | np.pad(pair, ((0, 0), (1, 0)))
    place = np.arange(length)
    is_last, is_last_but_one = (place == (lengths - back)[:, None] for back in (1, 2))
    # Twice in a row at the end it is a new level.
    is_level = (is_last & np.roll(is_high, 1, axis=1)) | (is_last_but_one & np.roll(is_high, -1, axis=1))
    is_plain = is_made_up | is_low | (is_high & ~is_level)
    is_out &= is_plain | ~(is_last | is_last_but_one)
    late = np.where(is_out & is_last & is_low & ~is_made_up, -deviations, 0).sum(axis=1)
    values = np.where(is_out, usual, values)
    return [row[:count] for row, count in zip(values, lengths, strict=True)], late


def _usual(values: Values) -> Values:
    """The median of the months around each one."""
    padded = np.pad(values, ((0, 0), (_AROUND, _AROUND)), constant_values=np.nan)
    windows = sliding_window_view(padded, 2 * _AROUND + 1, axis=1)
    around = np.delete(windows, _AROUND, axis=2)
    # Where nothing is around, as beyond the end of a history, there is the month itself.
    known = np.where(np.isnan(around).all(axis=2, keepdims=True), np.nan_to_num(values)[:, :, np.newaxis], around)
    return np.asarray(np.nanmedian(known, axis=2))


def _yearly(deviations: Values) -> NDArray[np.bool_]:
    """Whether a month deviates as the same month of another year does, by at least half as much."""
    found = np.zeros_like(deviations, dtype=np.bool_)
    for one, other in ((slice(YEAR, None), slice(None, -YEAR)), (slice(None, -YEAR), slice(YEAR, None))):
        here, there = deviations[:, one], deviations[:, other]
        found[:, one] |= (here * there > 0) & (np.abs(there) > np.abs(here) / 2)
    return found
