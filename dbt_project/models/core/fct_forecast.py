"""Where each line of the profit and loss is going, from the last closed month and from each month of a back-test before it."""

from __future__ import annotations


def model(dbt, session):
    """Dbt's entry: what was known of each line at each origin, and of each account's plan, to the forecasts of the hub."""
    from finance_hub.forecast.leaves import forecast_leaves

    dbt.config(materialized="table")
    booked, planned, parameters = dbt.ref("fct_booked_month"), dbt.ref("fct_planned_month"), dbt.ref("dim_as_of")
    (closed_month,) = parameters.aggregate("max(closed_month)").fetchone()
    told = forecast_leaves(
        booked.select(
            "leaf_key, concat_ws('|', connection_id, entity_id, account_id) as account_key, period_month, known_month, amount_func::double as amount"
        )
        .order("leaf_key, period_month")
        .to_arrow_table(),
        closed_month,
        back=int(dbt.config.meta_get("forecast_origins")),
        horizon=int(dbt.config.meta_get("forecast_horizon_months")),
        planned=planned.select("account_key, period_month, known_month, amount_func::double as amount").to_arrow_table(),
    )
    leaves = booked.aggregate("leaf_key, entity_id, connection_id, account_id, department_name, is_within_group, currency_func")
    return session.sql("""
        select leaves.leaf_key, leaves.entity_id, leaves.connection_id, leaves.account_id, leaves.department_name, leaves.is_within_group,
            told.origin_month, told.period_month, told.horizon_months,
            told.mean::decimal(20, 4) as mean_exact, told.naive::decimal(20, 4) as naive_exact,
            told.model as model_name, told.history_months, leaves.currency_func
        from told inner join leaves using (leaf_key)
    """)
