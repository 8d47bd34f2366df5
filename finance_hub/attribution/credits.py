"""Credits of channels: one function over all models, with amounts that add up to the cent."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from finance_hub import warehouse
from finance_hub.attribution import rules
from finance_hub.attribution.logistic import logistic_credits
from finance_hub.attribution.markov import removal_effects
from finance_hub.attribution.paths import AttributionError, Journeys
from finance_hub.attribution.shapley import shapley_values

DATA_DRIVEN: dict[str, Callable[[Journeys], NDArray[np.float64]]] = {
    "markov_1": partial(removal_effects, order=1),
    "markov_2": partial(removal_effects, order=2),
    "shapley": shapley_values,
    "logistic": logistic_credits,
}
"""Models that look at all journeys at once, and what each channel is worth under them, in the order of ``Journeys.channels``."""
MODELS = (*rules.RULES, *DATA_DRIVEN)
_NEEDED = {
    "is_lead_creation": "which touch created the lead",
    "is_opportunity_creation": "which touch created the opportunity",
    "touched_at": "the time of each touch",
}
_CONVERSION_UNIT = Decimal("1e-12")
_CENT = Decimal("0.01")
# Shares of equal channels differ by what floating point leaves, some 1e-16: they are equal, so that the odd cent goes by name.
_SHARE_UNITS = 10**14
_EXACT = Context(prec=80)


@dataclass(frozen=True)
class Credit:
    """What one model gives one channel: conversions, to 12 decimals, and money, to the cent."""

    model: str
    channel: str
    conversions: Decimal
    value: Decimal


def needing_only_paths() -> tuple[str, ...]:
    """The models that need nothing but channels in their order, and how often each path was gone."""
    return tuple(model for model in MODELS if model not in rules.NEEDS)


def attribute(touches: pa.Table, models: Sequence[str], *, half_life_days: float = rules.HALF_LIFE_DAYS) -> list[Credit]:
    """Divide the conversions and the value of all paths over their channels.

    ``touches`` is a table of touches as ``paths`` describes it, with the columns of ``rules.NEEDS`` for the models that need them. The rule
    models divide each path; the data-driven ones divide the totals, conversions and value by the same shares. Under each model both
    add up to the totals exactly: rounding is done once, by largest remainder, to a cent, or to the last decimal of a total that has
    more than two. Every channel is listed, in the order of the models asked for, the most conversions first, then by name.

    Raises:
        AttributionError: A model is unknown or lacks columns, there are too many channels for an exact answer, or no conversions to which
            the value could belong.

    """
    for model in models:
        if model not in MODELS:
            raise AttributionError(f"There is no model '{model}'; known are: {', '.join(MODELS)}.")
        lacking = [_NEEDED[column] for column in rules.NEEDS.get(model, ()) if column not in touches.column_names]
        if lacking:
            raise AttributionError(f"The model '{model}' needs to know {' and '.join(lacking)}, which paths alone do not tell.")
    with warehouse.in_memory() as database:
        database.register("touches", touches)
        ruled = _by_rules(database, [model for model in models if model not in DATA_DRIVEN], half_life_days)
        conversions, value = _totals(database)
    channels = pc.unique(touches["channel"]).sort().to_pylist()
    journeys = Journeys.of(touches) if any(model in DATA_DRIVEN for model in models) else None
    found = []
    for model in dict.fromkeys(models):
        if journeys is None or model not in DATA_DRIVEN:
            exact = {channel: ruled[model, channel] for channel in channels}
        elif value and not conversions:
            raise AttributionError(f"The paths have a value and no conversions, so '{model}' has nothing to divide the value by.")
        else:
            shares = _exact_shares(DATA_DRIVEN[model](journeys))
            exact = {channel: (share * conversions, share * value) for channel, share in zip(channels, shares, strict=True)}
        credited = split({channel: each for channel, (each, _) in exact.items()}, _CONVERSION_UNIT)
        paid = split({channel: each for channel, (_, each) in exact.items()}, _unit_of(value))
        ordered = sorted(exact, key=lambda channel: (-credited[channel], channel))
        found += [Credit(model, channel, credited[channel], paid[channel]) for channel in ordered]
    return found


def _by_rules(
    database: warehouse.Database, models: Sequence[str], half_life_days: float
) -> Mapping[tuple[str, str], tuple[Fraction, Fraction]]:
    """Conversions and value by model and channel, exact."""
    found: defaultdict[tuple[str, str], tuple[Fraction, Fraction]] = defaultdict(lambda: (Fraction(0), Fraction(0)))
    if models:
        weighted = rules.weights(models, half_life_days=half_life_days)
        for model, channel, denominator, conversions, value in database.execute(rules.by_channel(weighted)).fetchall():
            so_far = found[model, channel]
            found[model, channel] = (
                so_far[0] + Fraction(conversions) / denominator,
                so_far[1] + Fraction(value) / denominator,
            )
    return found


def _totals(database: warehouse.Database) -> tuple[Fraction, Fraction]:
    """Conversions and value of all paths."""
    row = database.execute("""
        select coalesce(sum(conversions), 0), coalesce(sum(value), 0)
        from (select any_value(conversions) as conversions, any_value(value) as value from touches group by path_id)
    """).fetchone()
    return (Fraction(row[0]), Fraction(row[1])) if row else (Fraction(0), Fraction(0))


def _exact_shares(found: NDArray[np.float64]) -> list[Fraction]:
    """Shares that add up to one exactly; zeros if there is nothing to share."""
    units = [round(each) for each in found / (found.sum() or 1.0) * _SHARE_UNITS]
    return [Fraction(each, sum(units) or 1) for each in units]


def _unit_of(total: Fraction) -> Decimal:
    """A cent, or the last decimal of a total that has more than two."""
    return next(unit for places in range(2, 13) if (total / Fraction(unit := Decimal(1).scaleb(-places))).denominator == 1)


def split(exact: Mapping[str, Fraction], unit: Decimal) -> dict[str, Decimal]:
    """Round amounts to whole units so that they add up to their sum; the odd units go to the largest remainders, then by name.

    The sum is a whole number of units. Amounts may have either sign, and with all signs turned the result is the same with its signs
    turned. Cost allocation has a split of its own, for shares of one sign.
    """
    units = {name: amount / Fraction(unit) for name, amount in exact.items()}
    # To the nearest unit, a half towards zero: an amount that floating point left just below a whole one is that one.
    whole = {name: math.ceil(abs(amount) - Fraction(1, 2)) * (1 if amount > 0 else -1) for name, amount in units.items()}
    odd = int(sum(units.values()) - sum(whole.values()))
    towards = 1 if odd > 0 else -1
    # Among equals the first by name has the more: it is given to first, and taken from last.
    turn = {name: number if towards * units[name] > 0 else -number for number, name in enumerate(sorted(units))}
    order = sorted(units, key=lambda name: (-towards * (units[name] - whole[name]), turn[name]))
    for name in order[: abs(odd)]:
        whole[name] += towards
    return {name: _EXACT.multiply(Decimal(number), unit) for name, number in whole.items()}
