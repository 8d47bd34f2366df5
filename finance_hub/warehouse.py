"""The one place that opens DuckDB.

The warehouse file has one writer at a time and is never read by people: they read published snapshots. Whoever opens it while
another process holds it waits for its turn. Within a process every connection must have the same configuration, so there is one
way to write and one to read.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import duckdb

from dlt_sources.catalog import SYSTEMS
from finance_hub.settings import Settings

Database: TypeAlias = duckdb.DuckDBPyConnection
_LOCKED = "Could not set lock on file"
_CLOSING = "Unique file handle conflict"
"""What DuckDB says where another thread of this process is about to close the file, its last cursor just collected."""
_WAIT_SECONDS = 600.0
_KEPT: dict[Path, Database] = {}
"""Warehouses that this process keeps open (see :func:`kept_open`)."""
_OF_DLT = ("_dlt_loads", "_dlt_pipeline_state", "_dlt_version")
_DLT_LOADS = """
    create table if not exists "{schema}"._dlt_loads (
        load_id varchar, schema_name varchar, status bigint, inserted_at timestamptz, schema_version_hash varchar)
"""
_HUB_TABLES = """
    create schema if not exists hub;
    create or replace table hub.parameters (as_of_date date, reporting_currency varchar);
    create or replace table hub.connections (connection_id varchar, system varchar, entity_id varchar, entity_name varchar);
    create table if not exists hub.source_runs (
        connection_id varchar primary key, system varchar, last_attempt_at timestamp, last_success_at timestamp,
        last_status varchar, last_message varchar, rows_loaded bigint, documents_quarantined bigint);
    create table if not exists hub.unavailable_tables (
        connection_id varchar, table_name varchar, reason varchar, primary key (connection_id, table_name));
    create table if not exists hub.check_results (
        check_id varchar primary key, asset varchar, check_name varchar, domain varchar, severity varchar, blocking boolean,
        passed boolean, measured varchar, expected varchar, failed_rows bigint, checked_at timestamp, description varchar);
    create table if not exists hub.control_results (
        control_id varchar, check_name varchar, run_id varchar, checked_at timestamp, as_of_date date, entity_id varchar,
        period_month date, severity varchar, measured varchar, expected varchar, tolerance varchar, failed_rows bigint,
        sample_keys varchar, status varchar);
    create or replace table hub.closings (entity_id varchar, closed_until_date date, changes varchar, reason varchar);
    create table if not exists hub.closed_balances (
        entity_id varchar, connection_id varchar, account_id varchar, period_month date, net_func decimal(20, 4));
    create table if not exists hub.locked_plan_lines (
        plan_line_key varchar, entity_id varchar, connection_id varchar, budget_id varchar, amount_func decimal(20, 4), kept_at timestamp);
    create table if not exists hub.period_seals (
        entity_id varchar, period_month date, version bigint, sealed_at timestamp, content_hash varchar, previous_seal varchar,
        seal varchar, reason varchar, primary key (entity_id, period_month, version));
"""


class WarehouseBusyError(Exception):
    """Another process has held the warehouse for longer than anybody should wait."""


def _open(path: Path, *, read_only: bool, wait: float) -> Database:
    if path in _KEPT:
        return _KEPT[path].cursor()
    give_up_at = time.monotonic() + wait
    config = {"access_mode": "READ_ONLY"} if read_only else {}
    while True:
        try:
            database = duckdb.connect(str(path), config=config)
        except (duckdb.IOException, duckdb.BinderException) as trouble:
            if not any(sign in str(trouble) for sign in (_LOCKED, _CLOSING)):
                raise
            if time.monotonic() > give_up_at:
                raise WarehouseBusyError(f"{path} is held by another process; stop it, or wait and run again.") from trouble
        else:
            database.execute("set enable_progress_bar = false")  # it would be drawn over what this process prints
            return database
        time.sleep(0.1)


@contextmanager
def writing(path: Path, *, wait: float = _WAIT_SECONDS) -> Iterator[Database]:
    """Open the warehouse for writing, creating it if need be; checkpointed when done, so that nothing rests on the log."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = _open(path, read_only=False, wait=wait)
    try:
        yield connection
        if path not in _KEPT:
            connection.execute("checkpoint")
    finally:
        connection.close()


@contextmanager
def kept_open(path: Path, *, wait: float = _WAIT_SECONDS) -> Iterator[None]:
    """Let whoever opens the warehouse in this process meanwhile share one opening, for reading too.

    To open it and to close it takes half a second, with its hundreds of tables and views; a run does it for each connection that it
    loads. Other processes wait until the end.
    """
    _KEPT[path] = _open(path, read_only=False, wait=wait)
    try:
        yield
    finally:
        _let_go(path)


@contextmanager
def lent(path: Path) -> Iterator[None]:
    """Let another process have the warehouse to itself, if this one keeps it open."""
    was_kept = _let_go(path)
    try:
        yield
    finally:
        if was_kept:
            _KEPT[path] = _open(path, read_only=False, wait=_WAIT_SECONDS)


def _let_go(path: Path) -> bool:
    connection = _KEPT.pop(path, None)
    if connection is None:
        return False
    connection.execute("checkpoint")
    connection.close()
    return True


@contextmanager
def bounded_memory(database: Database, columns: int) -> Iterator[None]:
    """Let a load spill to disk instead of growing with its tables: who loads shares the machine with everybody else.

    What it needs grows with the columns of the widest table: each is written apart.
    """
    row = database.execute("select coalesce(sum(memory_usage_bytes), 0) // 1000000 from duckdb_memory()").fetchone()
    held = row[0] if row else 0  # what former loads left on the log stays in memory until it is in its place
    limit = held + 144 + columns * 3 // 4
    database.execute(f"set memory_limit = '{limit}MB'; set preserve_insertion_order = false; set threads = 1")
    try:
        yield
    finally:
        database.execute("reset memory_limit; reset preserve_insertion_order; reset threads")


def copy_cursors(path: Path, to: Path) -> None:
    """Copy what sources need to know of the warehouse, where they left off, into a file that nobody else holds."""
    to.parent.mkdir(parents=True, exist_ok=True)
    to.unlink(missing_ok=True)
    quoted = str(to).replace("'", "''")
    with writing(path) as database:
        database.execute(f"attach '{quoted}' as cursors")
        known = database.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = ? and table_name in (?, ?, ?) order by all",
            [path.stem, *_OF_DLT],
        ).fetchall()
        for schema in sorted({schema for schema, _ in known}):
            database.execute(f'create schema cursors."{schema}"')
        for schema, name in known:
            database.execute(f'create table cursors."{schema}".{name} as from {path.stem}."{schema}".{name}')
        database.execute("detach cursors")


@contextmanager
def reading(path: Path, *, wait: float = _WAIT_SECONDS) -> Iterator[Database]:
    """Open a warehouse or a snapshot for reading."""
    connection = _open(path, read_only=True, wait=wait)
    try:
        yield connection
    finally:
        connection.close()


def columns(database: Database) -> dict[str, dict[str, dict[str, str]]]:
    """The columns of every table and view, as the macro ``tell_columns`` tells those of one: relation -> name -> ``{"data_type": ...}``."""
    told: dict[str, dict[str, dict[str, str]]] = {}
    answer = database.execute("""
        select '"' || database_name || '"."' || schema_name || '"."' || table_name || '"', column_name, data_type
        from duckdb_columns() where not internal order by 1, column_index
    """)
    for relation, column, kind in answer.fetchall():
        told.setdefault(relation, {})[column] = {"data_type": kind}
    return told


def in_memory() -> Database:
    """A database of nobody's: for SQL over tables of this process, or over files that are attached. The caller closes it."""
    return duckdb.connect()


def prepare(settings: Settings) -> None:
    """Make every declared raw table exist, possibly empty, and write what models need to know of the settings."""
    with writing(settings.warehouse) as connection:
        for system in SYSTEMS.values():
            connection.execute(f'create schema if not exists "{system.name}"')
            connection.execute(_DLT_LOADS.format(schema=system.name))
            for table in system.all_tables:
                connection.execute(table.ddl(system.name))
        connection.execute(_HUB_TABLES)
        connection.execute("insert into hub.parameters values (?, ?)", [settings.as_of_date, settings.reporting_currency])
        for known in settings.connections.values():
            row = [known.name, known.system, known.entity_id, known.entity]
            connection.execute("insert into hub.connections values (?, ?, ?, ?)", row)
        for entity_id, closing in settings.closings.items():
            closed = [entity_id, closing.until, closing.changes, closing.reason]
            connection.execute("insert into hub.closings values (?, ?, ?, ?)", closed)
