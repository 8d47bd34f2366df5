"""The one way in which the sandbox opens a database."""

from __future__ import annotations

import duckdb


def in_memory() -> duckdb.DuckDBPyConnection:
    """An empty database in memory. It draws no progress of long queries: that would stand in what the caller prints."""
    database = duckdb.connect()
    database.execute("set enable_progress_bar = false")
    return database
