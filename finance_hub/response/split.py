"""The split of a budget that earns most: every channel's next unit earns the same, unless it is at a bound (Karush-Kuhn-Tucker)."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal

import numpy as np

from finance_hub.response.curves import Numbers

_HALVINGS = 200


def best_split(ceilings: Numbers, halves: Numbers, lows: Numbers, highs: Numbers, total: float) -> Numbers:
    """Spends, shape (channels,), that add up to ``total`` within ``lows`` and ``highs`` and earn most on the curves.

    At a price of money p a channel spends until its next unit earns p: sqrt(ceiling x half / p) - half. The price at which all of them
    spend the total is found by bisection. ``total`` is taken into the sum of the bounds where it lies outside.
    """
    total = float(np.clip(total, lows.sum(), highs.sum()))

    def at(log_price: float) -> Numbers:
        spends: Numbers = np.clip(np.sqrt(ceilings * halves * np.exp(-log_price)) - halves, lows, highs)
        return spends

    prices = [
        float(np.log(value))
        for value in np.concatenate([_marginal(ceilings, halves, lows), _marginal(ceilings, halves, highs)])
        if value > 0
    ]
    if not prices:
        even: Numbers = lows + (highs - lows) * ((total - lows.sum()) / max((highs - lows).sum(), 1e-300))
        return even
    cheap, dear = min(prices) - 1, max(prices) + 1
    for _ in range(_HALVINGS):
        middle = (cheap + dear) / 2
        cheap, dear = (middle, dear) if at(middle).sum() > total else (cheap, middle)
    spends: Numbers = at((cheap + dear) / 2)
    # What bisection leaves goes where there is room.
    missing = total - spends.sum()
    room = (highs - spends) if missing > 0 else (spends - lows)
    filled: Numbers = spends + (missing * room / room.sum() if room.sum() > 0 else 0)
    return filled


def rounded(spends: Numbers, total: Decimal, lows: Numbers, highs: Numbers, *, places: int = 2) -> list[Decimal]:
    """Spends in whole units of ``places`` decimals that add up to ``total`` (largest remainder), none beyond its bounds."""
    unit = Decimal(1).scaleb(-places)
    exact = [Decimal(repr(float(spend))) for spend in spends]
    most = [Decimal(repr(float(high))).quantize(unit, ROUND_FLOOR) for high in highs]
    least = [-(-Decimal(repr(float(low)))).quantize(unit, ROUND_FLOOR) for low in lows]
    whole = [max(low, min(each.quantize(unit, ROUND_FLOOR), high)) for each, low, high in zip(exact, least, most, strict=True)]
    order = sorted(range(len(whole)), key=lambda place: (whole[place] - exact[place], place))
    left = int((total - sum(whole)) / unit)
    step = unit if left > 0 else -unit
    while left:
        moved = False
        for place in order if left > 0 else reversed(order):
            if left and least[place] <= whole[place] + step <= most[place]:
                whole[place] += step
                left -= 1 if step > 0 else -1
                moved = True
        if not moved:
            raise ValueError(f"{total} does not fit between {sum(least)} and {sum(most)}")
    return whole


def _marginal(ceilings: Numbers, halves: Numbers, spends: Numbers) -> Numbers:
    return ceilings * halves / (halves + spends) ** 2
