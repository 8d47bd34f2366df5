"""Credits of single touches: every model's weight of each touch of a conversion, and its share of the amount, to the cent.

The rule models weigh a touch by its place (``rules``). Markov chains and Shapley values tell what a channel is worth in all journeys
(``channel_effects``): a touch weighs its part of that, for a channel that is met twice as often is worth more by that alone. The logistic
model tells what one touch is worth.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from finance_hub.attribution import rules
from finance_hub.attribution.credits import DATA_DRIVEN
from finance_hub.attribution.logistic import touch_effects
from finance_hub.attribution.paths import Journeys

EFFECTS = pa.schema(
    [
        ("entity_id", pa.string()),
        ("attribution_model", pa.string()),
        ("channel_id", pa.string()),
        ("effect", pa.float64()),
        ("effect_share", pa.float64()),
        ("touches", pa.int64()),
        ("journeys", pa.int64()),
        ("conversions", pa.int64()),
    ]
)
_WEIGHT_UNITS = 10**12
# A channel without an effect, or one that does harm, weighs nothing; where that is all of a path, its touches are equal.
_BY_EFFECT = f"""
    select * exclude (units, total), case when total = 0 then 1 else units end as numerator,
        case when total = 0 then length else total end as denominator
    from (
        select *, sum(units) over (partition by model, path_id) as total
        from (
            select paths.* exclude (share), effects.attribution_model as model,
                row_number() over (partition by effects.attribution_model, paths.path_id order by paths.position, paths.channel) as place,
                count(*) over (partition by effects.attribution_model, paths.path_id) as length,
                cast(round(paths.share * {{worth}} * {_WEIGHT_UNITS}) as bigint) as units
            from ({{touches}}) as paths
            inner join {{effects}} as effects
                on paths.entity_id = effects.entity_id and paths.channel = effects.channel_id and effects.attribution_model in ({{models}})
        )
    )
"""
_WORTH = {"logistic": "effects.effect"}
"""What a touch is worth by the models that tell it; by the others a touch has its part of what its channel is worth."""
_PART = "greatest(effects.effect_share, 0) / effects.touches"


def read_channels(touches: str, readings: str) -> str:
    """SQL for touches as parts of touches: what looks like one channel, and no campaign or lead tells more, may be of several.

    ``touches`` names a table of touches with ``channel_basis`` (``seen`` where it only looks like its channel), ``readings`` one with
    ``seen_channel_id``, ``channel_id`` and ``share``, which adds up to one. The rows are those of ``touches``, with ``share``, for each
    channel that a touch may be of.
    """
    return f"""
        select touches.* replace (coalesce(readings.channel_id, touches.channel) as channel), coalesce(readings.share, 1) as share
        from {touches} as touches
        left join {readings} as readings
            on case when touches.channel_basis = 'seen' then touches.channel end = readings.seen_channel_id
    """


def channel_effects(touches: pa.Table, read: pa.Table) -> pa.Table:
    """What each channel is worth under each data-driven model, by entity, from converting and other journeys.

    ``touches`` is a table of touches as ``paths`` describes it, with ``entity_id`` and ``is_decided`` (whether the journey came to a deal,
    won or lost; a path belongs to one entity); ``read`` the same as parts of touches (``read_channels``), for the logistic model. Rows as
    ``EFFECTS``; ``effect`` is the removal effect or the Shapley value, or what a touch adds to the log-odds of a deal's being won;
    ``effect_share`` the channel's part of all effects; ``touches`` how often it was met in these journeys. An entity without a conversion
    has no rows.
    """
    odds = _effects_on_deals(read)
    found = []
    for entity in pc.unique(touches["entity_id"]).sort().to_pylist():
        journeys = Journeys.of(touches.filter(pc.equal(touches["entity_id"], entity)))
        conversions = int(journeys.conversions.sum())
        if not conversions:
            continue
        parts = Journeys.of(read.filter(pc.equal(read["entity_id"], entity)))
        count = conversions + int(journeys.nulls.sum())
        for model, effects_of in DATA_DRIVEN.items():
            of = parts if model == "logistic" else journeys
            met = np.bincount(of.channel, weights=of.share, minlength=len(of.channels))
            effects = np.array([odds[channel] for channel in of.channels]) if model == "logistic" else effects_of(of)
            worth = effects * met if model == "logistic" else effects
            total = worth.sum() or 1.0
            found += [
                (entity, model, channel, float(effect), float(part / total), round(touched), count, conversions)
                for channel, effect, part, touched in zip(of.channels, effects, worth, met, strict=True)
            ]
    columns = list(zip(*found, strict=True)) or [()] * len(EFFECTS)
    return pa.table([pa.array(column, kind.type) for column, kind in zip(columns, EFFECTS, strict=True)], schema=EFFECTS)


def _effects_on_deals(touches: pa.Table) -> dict[str, float]:
    """By channel, what a touch adds to the log-odds of winning: won deals against lost ones, whoever the seller, each at its own level.

    Whether a deal is won says what touches do to a buyer; whether a visitor becomes one says first of all who visits. Where the CRM keeps
    no lost deals, journeys without a deal stand against the won.
    """
    decided = touches.filter(touches["is_decided"])
    has_lost = pc.any(pc.greater(decided["nulls"], 0)).as_py()
    journeys = Journeys.of(decided if has_lost else touches, group="entity_id")
    effects = touch_effects(journeys).effect
    known = dict(zip(journeys.channels, effects.tolist(), strict=True))
    others = pc.unique(touches["channel"]).to_pylist()
    # Of a channel that no deal met one can say what holds of all.
    return dict.fromkeys(others, float(effects.mean()) if known else 1.0) | known


def touch_credits(
    touches: str, effects: str, readings: str, *, places: int, models: Sequence[str] = (*rules.RULES, *DATA_DRIVEN)
) -> str:
    """SQL for the weight and the credit of every touch of a conversion under each model.

    ``touches``, ``effects`` and ``readings`` name tables: converting paths with ``entity_id``, ``touch_id``, ``channel_basis`` and the
    columns that all models need, what ``channel_effects`` gives, and what ``read_channels`` takes. Rows: those of ``touches``, under the
    logistic model one for each channel that a touch may be of, with ``model``, ``weight`` (twelve decimals; they add up to one) and
    ``credit`` (they add up to the path's value, in units of ``places`` decimals).
    """
    ruled = [model for model in models if model in rules.RULES]
    driven = [model for model in models if model in DATA_DRIVEN]
    by_channel = ", ".join(f"'{model}'" for model in driven if model not in _WORTH)
    whole = f"select *, 1 as share from {touches}"
    both = [_BY_EFFECT.format(touches=whole, effects=effects, worth=_PART, models=by_channel or "null")]
    both += [
        _BY_EFFECT.format(touches=read_channels(touches, readings), effects=effects, worth=_WORTH[model], models=f"'{model}'")
        for model in driven
        if model in _WORTH
    ]
    both = [f"select * from ({each}) where numerator > 0" for each in both]
    both += [f"select * from ({rules.weights(ruled, touches)})"] if ruled else []
    weighted = " union all by name ".join(both)
    return f"""
        select * exclude (given),
            cast((given - lag(given, 1, 0) over (partition by model, path_id order by place)) / {_WEIGHT_UNITS} as decimal(18, 12)) as weight
        from (
            select *, cast(
                (2 * cast({_WEIGHT_UNITS} as hugeint) * sum(numerator) over (partition by model, path_id order by place) + denominator)
                // (2 * denominator) as bigint) as given
            from ({rules.by_touch(weighted, places=places)})
        )
    """
