"""Runs the sources: extraction without the warehouse, then one short load.

Each connection has a dlt pipeline of its own, ``<system>__<connection>``, whose working folder is thrown away: its state (cursors,
fingerprints) is restored from the warehouse, where it was committed together with the rows. A killed run therefore leaves nothing
that the next one has to know of.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dlt_sources.catalog import SYSTEMS
from dlt_sources.connection import Connection, Finding, Unavailable
from dlt_sources.http import TokenStore, load_key
from finance_hub import warehouse
from finance_hub.settings import ConnectionSettings, Settings

_DLT_ENVIRONMENT = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "CRITICAL",
    "NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID": "true",  # staging sees completed loads by it
    "NORMALIZE__LOADER_FILE_FORMAT": "parquet",
    "DESTINATION__PARQUET__ALLOW_TRUNCATION": "false",
}


@dataclass(frozen=True)
class Staged:
    """An extraction that waits to be loaded: the pipeline's folder, and what could not be read."""

    connection: ConnectionSettings
    folder: Path = field(repr=False)
    unavailable: dict[str, str]


@dataclass(frozen=True)
class Loaded:
    """What one connection's run did: rows by table, documents set aside."""

    connection_id: str
    system: str
    rows: dict[str, int]
    quarantined: int
    unavailable: dict[str, str]

    @property
    def total(self) -> int:
        """Rows loaded, over all tables."""
        return sum(self.rows.values())


def open_connection(settings: Settings, connection: ConnectionSettings) -> Connection[Any]:
    """What the source needs of a connection."""
    settings.home.mkdir(parents=True, exist_ok=True)
    tokens = TokenStore(settings.home / "tokens", load_key(settings.home / "tokens.key"))
    return Connection(connection.name, connection.keys, settings.home / "archive", tokens)


def check(settings: Settings, name: str) -> list[Finding]:
    """Try a connection: credentials, reach and scopes, in plain words."""
    connection = settings.connections[name]
    findings: list[Finding] = SYSTEMS[connection.system].module().check(open_connection(settings, connection))
    return findings


def extract(settings: Settings, connection: ConnectionSettings) -> Staged:
    """Fetch what is new from one connection into a staged package. Touches the warehouse only to read the cursors."""
    work = settings.home / "work"
    work.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{connection.name}-", dir=work))
    unavailable = Unavailable()
    try:
        with warehouse.reading(settings.warehouse) as database:
            pipeline = _pipeline(connection, folder, database)
            pipeline.sync_destination()
        source = SYSTEMS[connection.system].module().source(open_connection(settings, connection), unavailable)
        pipeline.extract(source)
        pipeline.normalize()
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Staged(connection, folder, unavailable.reasons)


def load(settings: Settings, staged: Staged) -> Loaded:
    """Load a staged package and note the run. The caller holds the right to write the warehouse."""
    connection = staged.connection
    counts: dict[str, int] = {}
    quarantined = 0
    try:
        with warehouse.writing(settings.warehouse) as database:
            pipeline = _pipeline(connection, staged.folder, database)
            loads = [step.load_id for step in pipeline.load().load_packages] if pipeline.has_pending_data else []
            if loads:
                marks = ", ".join("?" * len(loads))
                found = database.execute(
                    f"""
                    select table_name, sum(rows_loaded)::bigint, sum(documents_quarantined)::bigint
                    from "{connection.system}".extraction where _dlt_load_id in ({marks}) group by all
                    """,
                    loads,
                ).fetchall()
                counts = {table: rows for table, rows, _ in found if rows}
                quarantined = sum(aside for _, _, aside in found)
            _note(database, staged, "ok", "", sum(counts.values()), quarantined)
    finally:
        shutil.rmtree(staged.folder, ignore_errors=True)
    return Loaded(connection.name, connection.system, counts, quarantined, staged.unavailable)


def note_failure(settings: Settings, connection: ConnectionSettings, message: str) -> None:
    """Remember that a connection could not be read, and why."""
    with warehouse.writing(settings.warehouse) as database:
        _note(database, Staged(connection, Path(), {}), "failed", message, 0, 0)


def _pipeline(connection: ConnectionSettings, folder: Path, database: Any) -> Any:
    os.environ.update(_DLT_ENVIRONMENT)
    os.environ.setdefault("DLT_DATA_DIR", str(folder))
    import dlt

    return dlt.pipeline(
        pipeline_name=f"{connection.system}__{connection.name}",
        pipelines_dir=str(folder),
        destination=dlt.destinations.duckdb(database),
        dataset_name=connection.system,
        progress=None,
    )


def _note(database: Any, staged: Staged, status: str, message: str, rows: int, quarantined: int) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    connection = staged.connection
    database.execute(
        """
        insert into hub.source_runs values ($id, $system, $now, $success, $status, $message, $rows, $quarantined)
        on conflict (connection_id) do update set
            last_attempt_at = excluded.last_attempt_at,
            last_success_at = coalesce(excluded.last_success_at, source_runs.last_success_at),
            last_status = excluded.last_status, last_message = excluded.last_message,
            rows_loaded = excluded.rows_loaded, documents_quarantined = excluded.documents_quarantined
        """,
        {
            "id": connection.name,
            "system": connection.system,
            "now": now,
            "success": now if status == "ok" else None,
            "status": status,
            "message": message,
            "rows": rows,
            "quarantined": quarantined,
        },
    )
    database.execute("delete from hub.unavailable_tables where connection_id = ?", [connection.name])
    for table, reason in staged.unavailable.items():
        database.execute("insert into hub.unavailable_tables values (?, ?, ?)", [connection.name, table, reason])
