"""A table wider than any of the hub's own: what a load takes of memory grows with its columns."""

from __future__ import annotations

from pathlib import Path

import dlt
import pyarrow as pa

from finance_hub import ingestion, settings, warehouse
from finance_hub.ingestion import Staged

COLUMNS, ROWS = 1600, 2


def test_a_table_of_many_columns_gets_the_memory_that_it_needs(tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text('as_of_date = "2026-06-30"\n')
    found = settings.load(tmp_path, {})
    warehouse.prepare(found)
    rows = pa.table({"key": list(range(ROWS)), **{f"column_{number}": ["x"] * ROWS for number in range(COLUMNS)}})
    staged = tmp_path / "staged"
    with warehouse.reading(found.warehouse) as database:
        destination = dlt.destinations.duckdb(database)
        pipeline = dlt.pipeline("xero__books", str(staged), destination=destination, dataset_name="xero")
        pipeline.extract(dlt.resource(rows, name="wide", primary_key="key", write_disposition="merge"))
        pipeline.normalize()
    ingestion.load(found, Staged("books", "xero", str(staged)))
    with warehouse.reading(found.warehouse) as database:
        assert database.execute("select count(*) from xero.wide").fetchone() == (ROWS,)
