"""Who earned a won deal: every model's weight of each touch, and its share of the amount, to the cent.

What no touch explains is a row of its own, so that each model gives the whole amount of every deal.
"""

from __future__ import annotations


def model(dbt, session):
    """Dbt's entry: reads conversions, their journeys and the channels' effects."""
    from finance_hub.attribution import MODELS
    from finance_hub.attribution.touches import touch_credits

    dbt.config(materialized="table")
    conversions, paths, effects = dbt.ref("fct_conversion"), dbt.ref("fct_attribution_path"), dbt.ref("fct_channel_effect")
    # Amounts are whole units of the reporting currency: one for all of them.
    (places,) = paths.aggregate("coalesce(max(minor_unit), 2)").fetchone()
    session.register("channel_effects", effects.to_arrow_table())
    converting = paths.filter("conversions > 0").project("*, channel_id as channel, coalesce(amount_rpt, 0) as value")
    session.register("converting", converting.to_arrow_table())
    session.register("channel_readings", dbt.ref("bridge_channel_reading").to_arrow_table())
    names = ", ".join(f"'{name}'" for name in MODELS)
    return session.sql(f"""
        with credited as ({touch_credits("converting", "channel_effects", "channel_readings", places=places)}),
        unattributed as (
            select conversion_id, unnest([{names}]) as model from conversions
            anti join (select distinct conversion_id from converting) as touched using (conversion_id)
        ),
        shares as (
            select conversion_id, model, touch_id, channel as channel_id, campaign_id, position, weight, credit from credited
            union all
            select conversion_id, model, 'unattributed', 'unattributed', null, null, 1, null from unattributed
        )
        select conversions.entity_id, shares.conversion_id, shares.model as attribution_model, shares.touch_id, shares.channel_id,
            shares.campaign_id, cast(shares.position as bigint) as position, cast(shares.weight as decimal(18, 12)) as weight,
            cast(case
                when conversions.amount_rpt is null then null
                when shares.touch_id = 'unattributed' then conversions.amount_rpt
                else shares.credit
            end as decimal(20, 4)) as credit_amount_rpt,
            conversions.currency_rpt
        from shares inner join conversions using (conversion_id)
    """)
