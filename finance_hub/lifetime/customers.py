"""The customers of a warehouse, as the models of lifetime see them: Arrow tables in, Arrow tables out.

Each company's customers are a population of their own. A population to which no model can be fitted gives no figure and the reason.
"""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pyarrow as pa

from finance_hub.lifetime import LifetimeError, purchases, spending, survival, value

DAYS_PER_WEEK = 7.0

CURVES = pa.schema(
    [
        ("entity_id", pa.string()),
        ("channel_id", pa.string()),
        ("tenure_months", pa.int32()),
        ("curve_of", pa.string()),
        ("customers", pa.float64()),
        ("ended_customers", pa.float64()),
        ("at_risk", pa.float64()),
        ("ended", pa.float64()),
        ("censored", pa.float64()),
        ("hazard", pa.float64()),
        ("survival", pa.float64()),
        ("standard_error", pa.float64()),
        ("is_observed", pa.bool_()),
        ("served_months", pa.float64()),
        ("discounted_months", pa.float64()),
        ("median_months", pa.int32()),
        ("status", pa.string()),
    ]
)

PREDICTIONS = pa.schema(
    [
        ("entity_id", pa.string()),
        ("customer_id", pa.string()),
        ("fitted_customers", pa.int64()),
        ("fitted_repeaters", pa.int64()),
        ("r", pa.float64()),
        ("alpha_weeks", pa.float64()),
        ("a", pa.float64()),
        ("b", pa.float64()),
        ("p", pa.float64()),
        ("q", pa.float64()),
        ("v", pa.float64()),
        ("spend_correlation", pa.float64()),
        ("p_alive", pa.float64()),
        ("expected_purchases_12m", pa.float64()),
        ("expected_spend", pa.float64()),
        ("expected_value_12m", pa.float64()),
        ("expected_value", pa.float64()),
        ("status", pa.string()),
    ]
)


def survival_curves(contracts: pa.Table, *, months: int, least: int, monthly_discount: float) -> pa.Table:
    """The curve of each company and channel, ``months`` long; channel ``all`` holds every contract once.

    Args:
        contracts: entity_id, channel_id, tenure_months, has_ended and weight of each contract (1 in the channel ``all``).
        months: Tenure up to which curves are told, beyond what was observed at the pace of the last year observed.
        least: Contracts by which a curve is told. A channel with fewer has that of its company (``curve_of`` = company), a company with
            fewer has its own with the status ``too_few_customers``; where fewer are at risk, the curve counts as not observed.
        monthly_discount: What a month of waiting takes (0.01 for 1 %), for ``discounted_months``.

    Returns:
        One row per company, channel and tenure from 0 to ``months``, in the shape of ``CURVES``. ``served_months`` is the sum of S(k)
        for k below the tenure, ``discounted_months`` that of S(k) / (1 + discount) ^ k.

    """
    columns = {name: contracts[name].to_numpy(zero_copy_only=False) for name in ("entity_id", "channel_id")}
    tenure = contracts["tenure_months"].to_numpy()
    ended = contracts["has_ended"].to_numpy(zero_copy_only=False).astype(bool)
    weight = contracts["weight"].to_numpy().astype(np.float64)
    tables = []
    for entity in sorted(set(columns["entity_id"])):
        of_entity = columns["entity_id"] == entity
        company = None
        # The company's first: channels with few contracts fall back on it.
        for channel in sorted(set(columns["channel_id"][of_entity]), key=lambda name: (name != "all", name)):
            chosen = of_entity & (columns["channel_id"] == channel) & (weight > 0)
            count = float(weight[chosen].sum())
            if channel != "all" and count < least and company is not None:
                curve_of, shown = "company", company
            else:
                seen = survival.kaplan_meier(tenure[chosen], ended[chosen], weight[chosen])
                # Where few are left the curve would jump with each; a curve of few is taken as it is.
                curve = survival.carried_on(seen, months, least_at_risk=min(least / 3, count))
                curve_of, shown = "own", (curve, survival.median(curve))
                company = shown if channel == "all" else company
            counted = (count, float(weight[chosen & ended].sum()))
            status = "ok" if curve_of == "company" or count >= least else "too_few_customers"
            tables.append(_told(entity, channel, shown, counted, (curve_of, status), monthly_discount))
    return pa.concat_tables([CURVES.empty_table(), *tables])


def _told(
    entity: str,
    channel: str,
    shown: tuple[survival.SurvivalCurve, int | None],
    counted: tuple[float, float],
    judged: tuple[str, str],
    monthly_discount: float,
) -> pa.Table:
    """One curve as rows."""
    curve, median = shown
    size = len(curve.survival)
    columns = {
        "entity_id": [entity] * size,
        "channel_id": [channel] * size,
        "tenure_months": np.arange(size),
        "curve_of": [judged[0]] * size,
        "customers": np.full(size, counted[0]),
        "ended_customers": np.full(size, counted[1]),
        "at_risk": curve.at_risk,
        "ended": curve.ended,
        "censored": curve.censored,
        "hazard": curve.hazard,
        "survival": curve.survival,
        "standard_error": [None if np.isnan(error) else float(error) for error in curve.standard_error],
        "is_observed": np.arange(size) <= curve.observed,
        "served_months": survival.months_served(curve, np.arange(size)),
        "discounted_months": survival.months_served(curve, np.arange(size), monthly_discount=monthly_discount),
        "median_months": [median] * size,
        "status": [judged[1]] * size,
    }
    return pa.table({name: pa.array(columns[name], CURVES.field(name).type) for name in CURVES.names}, schema=CURVES)


def predictions(
    customers: pa.Table, *, months: int, least: int, most_correlation: float, monthly_discount: float, days_per_month: float
) -> pa.Table:
    """What each customer without a contract is expected to buy, fitted to the customers of its company.

    Args:
        customers: entity_id, customer_id, frequency, recency_days, age_days and monetary_value_rpt (average of the repeat purchases,
            null without one or without a rate).
        months: How far ahead ``expected_value`` looks; ``expected_value_12m`` looks a year ahead.
        least: Customers who bought again, by which models are fitted.
        most_correlation: Beyond this correlation of spending and frequency Gamma-Gamma does not hold.
        monthly_discount: What a month of waiting takes; values are discounted, purchases are not.
        days_per_month: A month's length.

    Returns:
        One row per customer, in the shape of ``PREDICTIONS``. Status ``ok``; without any figure ``too_few_customers`` or
        ``no_convergence`` (of purchases); with purchases but no spending ``correlated``, ``missing_rate`` or
        ``no_convergence_of_spending``.

    """
    entities = customers["entity_id"].to_numpy(zero_copy_only=False)
    tables = []
    for entity in sorted(set(entities)):
        chosen = customers.filter(pa.array(entities == entity))
        count = len(chosen)
        found = _predict(chosen, months, least, most_correlation, monthly_discount, days_per_month)
        columns = {"entity_id": [entity] * count, "customer_id": chosen["customer_id"].to_pylist(), **found}
        tables.append(
            pa.table(
                {field.name: _column(columns.get(field.name), field.type, count) for field in PREDICTIONS},
                schema=PREDICTIONS,
            )
        )
    return pa.concat_tables([PREDICTIONS.empty_table(), *tables])


def _column(found: object, kind: pa.DataType, count: int) -> pa.Array:
    """A column of what may be one figure for all, one for each, or none."""
    return pa.array(found if isinstance(found, list | np.ndarray) else [found] * count, kind)


def _predict(
    customers: pa.Table, months: int, least: int, most_correlation: float, monthly_discount: float, days_per_month: float
) -> dict[str, object]:
    """The figures of one population, by column."""
    frequency = customers["frequency"].to_numpy().astype(np.float64)
    recency = customers["recency_days"].to_numpy() / DAYS_PER_WEEK
    # Who bought for the first time today has been seen for a day.
    age = np.maximum(customers["age_days"].to_numpy(), 1) / DAYS_PER_WEEK
    again = frequency > 0
    found: dict[str, object] = {"fitted_customers": len(frequency), "fitted_repeaters": int(again.sum())}
    if again.sum() < least:
        return {**found, "status": "too_few_customers"}
    month = days_per_month / DAYS_PER_WEEK
    history = (frequency, recency, age)
    try:
        buying = purchases.fit(*history)
    except LifetimeError:
        return {**found, "status": "no_convergence"}
    fitted = asdict(buying)
    found |= {"r": fitted["r"], "alpha_weeks": fitted["alpha"], "a": fitted["a"], "b": fitted["b"]}
    found |= {
        "p_alive": purchases.p_alive(buying, *history),
        "expected_purchases_12m": purchases.expected_purchases(buying, 12 * month, *history),
    }
    # What is null becomes not a number.
    average = customers["monetary_value_rpt"].cast(pa.float64()).to_numpy(zero_copy_only=False)
    if np.isnan(average[again]).any():
        return {**found, "status": "missing_rate"}
    tied = spending.correlation(frequency, average)
    found["spend_correlation"] = tied
    if tied is not None and abs(tied) > most_correlation:
        return {**found, "status": "correlated"}
    try:
        spent = spending.fit(frequency, average)
        expected = spending.expected_spend(spent, frequency, average)
    except LifetimeError:
        return {**found, "status": "no_convergence_of_spending"}
    return {
        **found,
        "p": spent.p,
        "q": spent.q,
        "v": spent.v,
        "expected_spend": expected,
        **{
            name: value.lifetime_value(buying, expected, *history, months=ahead, monthly_discount=monthly_discount, month=month)
            for name, ahead in (("expected_value_12m", 12), ("expected_value", months))
        },
        "status": "ok",
    }
