"""How long contracts last: by company and by the channel that won them, month by month of their tenure."""

from __future__ import annotations


def model(dbt, session):
    """Dbt's entry: contracts whose beginning is known, each in its company and by its shares in channels."""
    from finance_hub.lifetime.customers import survival_curves

    dbt.config(materialized="table")
    cap = int(dbt.config.meta_get("ltv_cap_months"))
    tenures, channels = dbt.ref("fct_customer_tenure"), dbt.ref("bridge_customer_channel")
    contracts = session.sql("""
        with contracts as (
            select entity_id, customer_id, tenure_months, has_ended from tenures
            where relationship = 'contract' and is_start_known
        )
        select entity_id, 'all' as channel_id, tenure_months, has_ended, 1::double as weight from contracts
        union all
        select contracts.entity_id, channels.channel_id, tenure_months, has_ended, weight::double
        from contracts inner join channels using (customer_id)
        order by all
    """)
    curves = survival_curves(
        contracts.to_arrow_table(),
        # As far again as a customer's worth is counted: who has stayed long is told as far ahead as who is new.
        months=2 * cap,
        least=int(dbt.config.meta_get("lifetime_min_customers")),
        monthly_discount=float(dbt.config.meta_get("ltv_monthly_discount")),
    )
    return session.sql("""
        select * replace (
            customers::decimal(18, 6) as customers, ended_customers::decimal(18, 6) as ended_customers, at_risk::decimal(18, 6) as at_risk,
            ended::decimal(18, 6) as ended, censored::decimal(18, 6) as censored, hazard::decimal(18, 12) as hazard,
            survival::decimal(18, 12) as survival, standard_error::decimal(18, 12) as standard_error,
            served_months::decimal(18, 9) as served_months, discounted_months::decimal(18, 9) as discounted_months
        ) from curves
    """)
