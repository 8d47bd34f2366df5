"""For the channels of companies: what a further unit would earn, and the split of the same budget that would earn most."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa

from finance_hub.response.curves import Curve, Numbers, ResponseError, fit, resampled
from finance_hub.response.split import best_split, rounded

PLAN = pa.schema(
    [
        ("entity_id", pa.string()),
        ("channel_id", pa.string()),
        ("status", pa.string()),
        ("month_count", pa.int64()),
        ("spend_month_count", pa.int64()),
        ("outcome_month_count", pa.int64()),
        ("current_spend", pa.decimal128(20, 4)),
        ("lowest_spend", pa.decimal128(20, 4)),
        ("highest_spend", pa.decimal128(20, 4)),
        ("ceiling", pa.float64()),
        ("half_spend", pa.float64()),
        ("carry_over", pa.float64()),
        ("r_squared", pa.float64()),
        ("marginal_return", pa.float64()),
        ("marginal_return_low", pa.float64()),
        ("marginal_return_high", pa.float64()),
        ("recommended_spend", pa.decimal128(20, 4)),
        ("recommended_marginal_return", pa.float64()),
        ("expected_outcome", pa.float64()),
        ("recommended_outcome", pa.float64()),
        ("entity_gain", pa.float64()),
        ("entity_gain_low", pa.float64()),
        ("entity_gain_high", pa.float64()),
    ]
)
_LEAST_MONTHS, _LEAST_OUTCOMES, _LEAST_SPREAD = 12, 6, 1.5
_INTERVAL = (2.5, 97.5)


def plans(months: pa.Table, *, recent: int = 12, draws: int = 500, seed: int = 20260630, places: int = 2) -> pa.Table:
    """Rows as ``PLAN``, one for each company and channel that ever spent.

    ``months`` has ``entity_id, channel_id, period_month, spend, outcome``, a row for each month of each channel. The present spend is the
    mean of the last ``recent`` months; intervals hold 95 % of ``draws`` bootstrap samples. Where data is too thin (fewer than twelve months
    with spend, six with an outcome, or spend that hardly varied) the status says so and the spend stays as it is.
    """
    columns = {name: months[name].to_pylist() for name in ("entity_id", "channel_id")}
    keys = sorted(set(zip(columns["entity_id"], columns["channel_id"], strict=True)))
    order = months.sort_by("period_month")
    entity, channel = (np.array(order[name].to_pylist(), dtype=object) for name in ("entity_id", "channel_id"))
    spend = np.array([float(value) for value in order["spend"].to_pylist()])
    outcome = np.array([float(value) for value in order["outcome"].to_pylist()])
    rows: list[dict[str, object]] = []
    for name in dict.fromkeys(entity_id for entity_id, _ in keys):
        picked = [np.flatnonzero((entity == name) & (channel == each)) for entity_id, each in keys if entity_id == name]
        names = [each for entity_id, each in keys if entity_id == name]
        rows += _company(name, names, [(spend[at], outcome[at]) for at in picked], recent, draws, seed, places)
    return pa.Table.from_pylist(rows, schema=PLAN)


def _company(
    name: str, channels: list[str], series: list[tuple[Numbers, Numbers]], recent: int, draws: int, seed: int, places: int
) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    fitted: list[tuple[int, Curve, Numbers, Numbers]] = []
    for number, (channel, (spend, outcome)) in enumerate(zip(channels, series, strict=True)):
        status, curve = _judged(spend, outcome)
        unit = Decimal(1).scaleb(-places)
        row: dict[str, object] = dict.fromkeys(PLAN.names)
        row |= {
            "entity_id": name,
            "channel_id": channel,
            "status": status,
            "month_count": len(spend),
            "spend_month_count": int((spend > 0).sum()),
            "outcome_month_count": int((outcome > 0).sum()),
            "current_spend": Decimal(repr(float(spend[-recent:].mean()))).quantize(unit),
            "lowest_spend": Decimal(repr(float(spend.min()))).quantize(unit),
            "highest_spend": Decimal(repr(float(spend.max()))).quantize(unit),
        }
        rows.append(row)
        if curve:
            fitted.append((number, curve, *resampled(spend, outcome, curve, draws=draws, seed=seed + number)))
    if fitted:
        _split(rows, fitted, places)
    return rows


def _judged(spend: Numbers, outcome: Numbers) -> tuple[str, Curve | None]:
    """What the data allow: a status, and the curve where it is ok."""
    paid = spend[spend > 0]
    if len(paid) < _LEAST_MONTHS:
        return "too_few_months", None
    if (outcome > 0).sum() < _LEAST_OUTCOMES:
        return "too_few_outcomes", None
    if paid.max() < _LEAST_SPREAD * paid.min():
        return "spend_hardly_varied", None
    try:
        return "ok", fit(spend, outcome)
    except ResponseError:
        return "no_response", None


def _split(rows: list[dict[str, object]], fitted: list[tuple[int, Curve, Numbers, Numbers]], places: int) -> None:
    """Fill in curves, their intervals and the best split of what these channels spend together."""
    mine = [rows[number] for number, *_ in fitted]
    ceilings, halves = (np.array([getattr(curve, part) for _, curve, *_ in fitted]) for part in ("ceiling", "half_spend"))
    now, lows, highs = (
        np.array([float(str(row[part])) for row in mine]) for part in ("current_spend", "lowest_spend", "highest_spend")
    )
    total = sum((Decimal(str(row["current_spend"])) for row in mine), Decimal(0))
    best = rounded(best_split(ceilings, halves, lows, highs, float(total)), total, lows, highs, places=places)
    then = np.array([float(each) for each in best])
    drawn = [np.array([samples[part] for _, _, *samples in fitted]) for part in (0, 1)]
    gains = sum(sign * (drawn[0] * at[:, None] / (drawn[1] + at[:, None])).sum(axis=0) for sign, at in ((1, then), (-1, now)))
    gain = float(
        sum(curve.outcome(at) - curve.outcome(before) for (_, curve, *_), at, before in zip(fitted, then, now, strict=True))
    )
    gain_low, gain_high = (float(value) for value in np.percentile(gains, _INTERVAL))
    for row, (_, curve, ceiling, half), recommended, before in zip(mine, fitted, best, now, strict=True):
        low, high = np.percentile(ceiling * half / (half + before) ** 2, _INTERVAL)
        row |= {
            "ceiling": curve.ceiling,
            "half_spend": curve.half_spend,
            "carry_over": curve.carry_over,
            "r_squared": curve.r_squared,
            "marginal_return": float(curve.marginal(before)),
            "marginal_return_low": float(low),
            "marginal_return_high": float(high),
            "recommended_spend": recommended,
            "recommended_marginal_return": float(curve.marginal(float(recommended))),
            "expected_outcome": float(curve.outcome(before)),
            "recommended_outcome": float(curve.outcome(float(recommended))),
            "entity_gain": gain,
            "entity_gain_low": gain_low,
            "entity_gain_high": gain_high,
        }
