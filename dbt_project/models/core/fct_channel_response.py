"""How the outcome of channels follows their spend, and the split of the same budget that would earn most."""

from __future__ import annotations


def model(dbt, session):
    """Dbt's entry: spend and outcome of each channel's months, as far as sales have had their time, to the curves of the hub."""
    from finance_hub.response import plans

    dbt.config(materialized="table")
    costs, campaigns, shares = dbt.ref("fct_campaign_cost"), dbt.ref("dim_campaign"), dbt.ref("fct_attribution")
    paths, conversions, parameters = dbt.ref("fct_attribution_path"), dbt.ref("fct_conversion"), dbt.ref("dim_as_of")
    model_id, cycle = dbt.config.get("budget_model"), dbt.config.get("sales_cycle_days")
    (places,) = paths.aggregate("coalesce(max(minor_unit), 2)").fetchone()
    months = session.sql(f"""
        with spent as (
            select costs.entity_id, campaigns.channel_id, costs.period_month, sum(costs.cost_rpt) as spend
            from costs inner join campaigns using (entity_id, campaign_id)
            group by all
        ),
        -- Credit counts in the month of its touch: that is when the money worked.
        earned as (
            select shares.entity_id, shares.channel_id, date_trunc('month', paths.touched_at)::date as period_month,
                sum(shares.credit_amount_rpt) as outcome
            from shares inner join paths on shares.conversion_id = paths.conversion_id and shares.touch_id = paths.touch_id
            where shares.attribution_model = '{model_id}'
            group by all
        ),
        -- The touches of a month can all have led to a deal only after the time that a sale takes, and only once deals are told.
        spans as (
            select entity_id, date_trunc('month', min(created_at))::date as first_month,
                date_trunc('month', any_value(as_of_date) - {int(cycle)} + 1)::date - interval 1 month as last_month
            from conversions cross join parameters group by entity_id
        ),
        grid as (
            select channels.entity_id, channels.channel_id, unnest(generate_series(spans.first_month, spans.last_month, interval 1 month))::date
                as period_month
            from (select distinct entity_id, channel_id from spent where spend > 0) as channels inner join spans using (entity_id)
        )
        select grid.*, greatest(coalesce(spent.spend, 0), 0) as spend, coalesce(earned.outcome, 0) as outcome
        -- A month in which more was taken back than spent has no spend of its own.
        from grid left join spent using (entity_id, channel_id, period_month) left join earned using (entity_id, channel_id, period_month)
    """)
    return plans(months.to_arrow_table(), places=places)
