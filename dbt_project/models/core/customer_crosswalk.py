"""Which record of which system is which customer or person: since when, how sure, by what evidence; and what became of former ids."""

from __future__ import annotations


def model(dbt, session):
    """Dbt's entry: carries the ids of the last run over to the clusters of this one."""
    from finance_hub.identity import crosswalk, keeping

    dbt.config(materialized="table")
    today = dbt.ref("dim_as_of").fetchone()[0]
    records = dbt.ref("identity_record").order("record_key").to_arrow_table()
    pairs = dbt.ref("identity_pair").to_arrow_table()
    versions = dbt.ref("identity_model").filter("is_current").project("kind, version").to_arrow_table()
    former = keeping.former(session, dbt.this.schema, dbt.this.identifier, crosswalk.FORMER)
    return crosswalk.resolve(records, pairs, former, versions, today=today)
