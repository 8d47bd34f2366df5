"""Pairs of records that could be one, with score, evidence and decision: those of unchanged records as the last run left them."""

from __future__ import annotations


def model(dbt, session):
    """Dbt's entry: scores the pairs of what is new or changed, and decides about all."""
    from finance_hub.identity import crosswalk, keeping
    from finance_hub.identity.decisions import decide

    dbt.config(materialized="table")
    today = dbt.ref("dim_as_of").fetchone()[0]
    records = dbt.ref("identity_record").order("record_key").to_arrow_table()
    models = dbt.ref("identity_model").to_arrow_table()
    overrides = dbt.ref("identity_overrides").to_arrow_table()
    # The crosswalk of the last run says which records have been compared, as they are now.
    pairs = keeping.former(session, dbt.this.schema, dbt.this.identifier, keeping.PAIRS)
    known = keeping.former(session, dbt.this.schema, "customer_crosswalk", crosswalk.FORMER)
    scored, _ = keeping.scored(records, models, pairs, known, today=today)
    return decide(records, scored, overrides)
