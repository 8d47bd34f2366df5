"""What customers without a contract are expected to buy: BG/NBD and Gamma-Gamma, fitted to the customers of each company."""

from __future__ import annotations


def model(dbt, session):
    """Dbt's entry: reads how often, how lately and how much each customer bought."""
    from finance_hub.lifetime.customers import predictions

    dbt.config(materialized="table")
    tenures = dbt.ref("fct_customer_tenure")
    customers = session.sql("""
        select entity_id, customer_id, frequency, recency_days, age_days, monetary_value_rpt from tenures
        where relationship = 'transaction' order by entity_id, customer_id
    """)
    predicted = predictions(
        customers.to_arrow_table(),
        months=int(dbt.config.meta_get("ltv_cap_months")),
        least=int(dbt.config.meta_get("lifetime_min_customers")),
        most_correlation=float(dbt.config.meta_get("lifetime_max_correlation")),
        monthly_discount=float(dbt.config.meta_get("ltv_monthly_discount")),
        days_per_month=float(dbt.config.meta_get("days_per_month")),
    )
    return session.sql("""
        select * replace (
            p_alive::decimal(18, 12) as p_alive, expected_purchases_12m::decimal(18, 6) as expected_purchases_12m,
            expected_spend::decimal(20, 4) as expected_spend, expected_value_12m::decimal(20, 4) as expected_value_12m,
            expected_value::decimal(20, 4) as expected_value
        ) from predicted
    """)
