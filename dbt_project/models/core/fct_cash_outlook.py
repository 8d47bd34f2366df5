"""What comes in and goes out month by month, by whom it comes from or goes to, as the months before go on."""

from __future__ import annotations


def model(dbt, session):
    """Dbt's entry: cash of whole months of operations, to the forecasts of the hub."""
    from finance_hub.forecast.leaves import forecast_leaves

    dbt.config(materialized="table")
    days, parameters = dbt.ref("fct_cash_day"), dbt.ref("dim_as_of")
    (closed_month,) = parameters.aggregate("max(closed_month)").fetchone()
    # Cash is booked when it moves: a month is known when it has ended.
    booked = session.sql("""
        select leaf_key, date_trunc('month', posting_date)::date as period_month, date_trunc('month', posting_date)::date as known_month,
            sum(amount_func)::double as amount
        from days cross join parameters
        where cash_flow_category = 'operating' and posting_date < closed_month + interval 1 month
        group by all order by all
    """)
    told = forecast_leaves(
        booked.to_arrow_table(),
        closed_month,
        back=int(dbt.config.meta_get("forecast_origins")),  # what models missed since then weighs them
        horizon=int(dbt.config.meta_get("forecast_horizon_months")),
    )
    leaves = days.aggregate("leaf_key, entity_id, cash_line, currency_func")
    return session.sql("""
        select leaves.entity_id, leaves.cash_line, told.period_month, told.mean::decimal(20, 4) as mean_exact, told.model as model_name,
            leaves.currency_func
        from told inner join leaves using (leaf_key) cross join parameters
        where told.origin_month = parameters.closed_month
    """)
