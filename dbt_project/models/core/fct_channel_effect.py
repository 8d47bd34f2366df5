"""What each channel is worth by the models that look at all journeys at once, by entity: Markov chains, Shapley values, odds of winning."""

from __future__ import annotations


def model(dbt, session):
    """Dbt's entry: reads the journeys, and hands them to the models of the hub."""
    from finance_hub.attribution.touches import channel_effects, read_channels

    dbt.config(materialized="table")
    paths, readings = dbt.ref("fct_attribution_path"), dbt.ref("bridge_channel_reading")
    touches = session.sql("""
        select entity_id, path_id, position, channel_id as channel, channel_basis, deal_outcome is not null as is_decided,
            conversions::decimal(38, 12) as conversions, nulls::decimal(38, 12) as nulls, 0::decimal(38, 12) as value
        from paths order by path_id, position
    """)
    # In a settled order: sums of fractions depend on it, in their last digits.
    read = session.sql(f"{read_channels('touches', 'readings')} order by path_id, position, channel")
    return channel_effects(touches.to_arrow_table(), read.to_arrow_table())
