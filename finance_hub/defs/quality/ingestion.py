"""What vendors sent is what the warehouse holds: archive, raw tables and staging agree, and nothing was set aside in silence."""

from pathlib import Path

import dagster as dg

from dlt_sources.catalog import SYSTEMS
from dlt_sources.records import Archive
from finance_hub.expectations import checks_of, expectation_check
from finance_hub.settings import Settings
from finance_hub.warehouse import Database

_QUARANTINED_PCT = 0.1  # the accuracy that is promised is 99.9 %


def _archived_documents(settings: Settings, database: Database) -> str:
    """Documents of the pages in the archive, against those that each connection's latest extraction says it received."""
    latest = " union all ".join(
        f"""
        select '{name}' as system, connection_id, extraction_id, any_value(documents_received) as received,
            any_value(documents_unchanged + documents_superseded + documents_quarantined) as not_loaded
        from "{name}".extraction where finished_at >= (select max(finished_at) - interval 1 day from "{name}".extraction)
        group by all
        """
        for name in SYSTEMS
    )
    runs = database.execute(f"select distinct system, connection_id, split_part(extraction_id, '-', 1) from ({latest})").fetchall()
    manifests = [Archive.manifest(settings.home / "archive", *run) for run in runs]
    paths = ", ".join(f"'{_quoted(path)}'" for path in manifests if path)
    if not paths:
        return f"select * from ({latest}) where false" if not runs else f"select * from ({latest})"
    return f"""
        with archived as (
            select regexp_extract(filename, '([^/]+)[.]manifest[.]jsonl$', 1) || '-' || resource as extraction_id, sum(documents) as documents
            from read_json([{paths}], format = 'newline_delimited', filename = true,
                columns = {{resource: 'varchar', documents: 'bigint'}})
            group by all
        )
        select system, connection_id, extraction_id, received, archived.documents as archived
        from ({latest}) left join archived using (extraction_id)
        where archived.documents is distinct from received
    """


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _loaded_rows(_settings: Settings, _database: Database) -> str:
    """Rows and sums of money that the latest extraction of each table counted, against the rows of its load in the raw table."""
    parts = []
    for system in SYSTEMS.values():
        for table in system.tables:
            sums = "".join(f""", '{name}', coalesce(sum("{name}"), 0)::decimal(38, 6)::varchar""" for name in table.money_columns)
            told = ", ".join(
                f"""'{name}', sum(coalesce((money_totals::json->>'{name}')::decimal(38, 6), 0))::decimal(38, 6)::varchar"""
                for name in table.money_columns
            )
            parts.append(
                f"""
                select '{system.name}' as system, '{table.name}' as table_name, connection_id, told.row_count as counted,
                    coalesce(loaded.row_count, 0) as loaded, told.money::varchar as counted_money, loaded.money::varchar as loaded_money
                from (
                    select connection_id, _dlt_load_id, sum(rows_loaded) as row_count, json_object({told}) as money,
                        sum(documents_superseded) as superseded
                    from "{system.name}".extraction where table_name = '{table.name}' and (rows_loaded > 0 or documents_superseded > 0)
                    group by connection_id, _dlt_load_id
                    qualify row_number() over (partition by connection_id order by _dlt_load_id desc) = 1
                ) as told
                left join (
                    select connection_id, _dlt_load_id, count(*) as row_count, json_object({sums.removeprefix(", ")}) as money
                    from "{system.name}"."{table.name}" group by all
                ) as loaded using (connection_id, _dlt_load_id)
                where (superseded = 0 and (told.row_count <> coalesce(loaded.row_count, 0) or told.money::varchar <> loaded.money::varchar))
                    or (superseded > 0 and told.row_count < loaded.row_count)
                """
            )
    return " union all ".join(parts)


def _staged_rows(_settings: Settings, database: Database) -> str:
    """Rows of completed loads, against the rows of the staging view of the same table; parts that an edit removed are not staged."""
    views = {name for (name,) in database.execute("select view_name from duckdb_views() where schema_name = 'staging'").fetchall()}
    parts = [
        f"""
        select '{system.name}.{table.name}' as table_name, raw.row_count as raw_rows, staged.row_count as staged_rows
        from (
            select count(*) as row_count from "{system.name}"."{table.name}"
            where _dlt_load_id in (select load_id from "{system.name}"._dlt_loads where status = 0)
        ) as raw cross join (select count(*) as row_count from staging."stg_{system.name}__{table.name}") as staged
        where raw.row_count {"<" if table.replace else "<>"} staged.row_count
        """
        for system in SYSTEMS.values()
        for table in system.tables
        if f"stg_{system.name}__{table.name}" in views
    ]
    return " union all ".join(parts)


def _doubled_keys(_settings: Settings, _database: Database) -> str:
    """Keys that stand in more than one row of a raw table."""
    parts = []
    for system in SYSTEMS.values():
        for table in system.tables:
            key = ", ".join(f'"{name}"' for name in ("connection_id", *table.key))
            parts.append(
                f"""
                select '{system.name}.{table.name}' as table_name, ({key})::varchar as key, count(*) as row_count
                from "{system.name}"."{table.name}" group by {key} having count(*) > 1
                """
            )
    return " union all ".join(parts)


def _unfinished_rows(_settings: Settings, _database: Database) -> str:
    """Rows of loads that were cut off: invisible to the models, and a sign of a killed run."""
    return " union all ".join(
        f"""
        select '{system.name}.{table.name}' as table_name, _dlt_load_id, count(*) as row_count from "{system.name}"."{table.name}"
        where _dlt_load_id not in (select load_id from "{system.name}"._dlt_loads where status = 0) group by all
        """
        for system in SYSTEMS.values()
        for table in system.all_tables
    )


def _quarantined(_settings: Settings, _database: Database) -> str:
    """Documents set aside per hundred received, over the latest extraction of each endpoint."""
    parts = " union all ".join(
        f"""
        select '{name}' as system, connection_id, table_name, documents_received as received, documents_quarantined as set_aside
        from "{name}".extraction where documents_received > 0
        qualify row_number() over (
            partition by connection_id, table_name, split_part(extraction_id, '-', 2) order by finished_at desc) = 1
        """
        for name in SYSTEMS
    )
    return f"select system, connection_id, table_name, set_aside, set_aside * 100.0 / received as quarantined_pct from ({parts})"


def _undeclared(_settings: Settings, _database: Database) -> str:
    """Fields that a vendor sends and no record declares."""
    parts = " union all ".join(
        f"""
        select '{name}' as system, connection_id, table_name, undeclared_fields from "{name}".extraction
        qualify row_number() over (
            partition by connection_id, table_name, split_part(extraction_id, '-', 2) order by finished_at desc) = 1
        """
        for name in SYSTEMS
    )
    return f"select * from ({parts}) where undeclared_fields <> ''"


CHECKS = (
    expectation_check(
        asset=["core", "fct_source_run"],
        name="archive_is_what_was_received",
        description="The pages in the archive hold exactly the documents that the extractions of the last day counted.",
        query=_archived_documents,
    ),
    expectation_check(
        asset=["core", "fct_source_run"],
        name="raw_is_what_was_received",
        description="The raw tables hold the rows and the sums of money that the latest extraction of each counted.",
        query=_loaded_rows,
    ),
    expectation_check(
        asset=["core", "fct_source_run"],
        name="staging_is_what_is_raw",
        description="The staging views show every row of every completed load.",
        query=_staged_rows,
    ),
    expectation_check(
        asset=["core", "fct_source_run"],
        name="raw_keys_are_unique",
        description="No raw table has two rows of one key: staging views show what a vendor has once.",
        query=_doubled_keys,
    ),
    expectation_check(
        asset=["core", "fct_source_run"],
        name="no_load_was_cut_off",
        description="No raw table holds rows of a load that was not completed.",
        query=_unfinished_rows,
        level="warn",
    ),
    expectation_check(
        asset=["core", "fct_source_run"],
        name="little_was_set_aside",
        description=f"At most {_QUARANTINED_PCT} % of the documents of a connection's latest extraction are in quarantine.",
        query=_quarantined,
        expectations=lambda expect: [
            expect.ExpectColumnValuesToBeBetween(column="quarantined_pct", min_value=0, max_value=_QUARANTINED_PCT)
        ],
    ),
    expectation_check(
        asset=["core", "fct_source_run"],
        name="vendors_send_what_is_declared",
        description="No vendor sends a field that its record does not declare: such fields stay in the archive only.",
        query=_undeclared,
        level="warn",
    ),
    expectation_check(
        asset=["marts", "source_freshness"],
        name="sources_are_fresh",
        description="Every connection was read within a day and two hours.",
        query="select connection_id, minutes_since_success, last_message from marts.source_freshness where is_stale",
        level="warn",
    ),
)


@dg.definitions
def defs() -> dg.Definitions:
    """The checks of ingestion."""
    return dg.Definitions(asset_checks=[checks_of("ingestion", CHECKS)])
