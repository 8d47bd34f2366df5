"""Runs the sources: extraction without the warehouse, then one short load.

Each connection has a dlt pipeline of its own, ``<system>__<connection>``, whose working folder is thrown away: its state (cursors,
fingerprints) is restored from the warehouse, where it was committed together with the rows. A killed run therefore leaves nothing
that the next one has to know of.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dlt_sources.catalog import SYSTEMS
from dlt_sources.connection import Connection, Finding, Unavailable
from dlt_sources.http import DeadlineExceeded, IncompleteRead, SourceError, TokenStore, TransientFailure, ask, load_key
from finance_hub import warehouse
from finance_hub.settings import ConnectionSettings, Settings, SettingsError

DLT_ENVIRONMENT = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "CRITICAL",
    "NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID": "true",  # staging sees completed loads by it
    "NORMALIZE__LOADER_FILE_FORMAT": "parquet",
    "DESTINATION__PARQUET__ALLOW_TRUNCATION": "false",
    "LOAD__WORKERS": "1",  # tables that are loaded at once share the memory that a load may take: a wide one finds too little
}
"""How the hub sets dlt, which it does by the environment."""


_STAGED_SECONDS = 86400.0


@dataclass(frozen=True)
class Staged:
    """An extraction that waits to be loaded: the pipeline's folder, what could not be read, or why nothing could.

    It travels between processes, so it holds no settings: those have secrets.
    """

    connection_id: str
    system: str
    folder: str = ""
    unavailable: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    may_pass: bool = False
    """Whether trying again in a moment may help: the vendor or the network was in trouble, not the settings or the data."""


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


def authorize(settings: Settings, name: str, *, port: int, show: Callable[[str], None]) -> None:
    """Get a person's consent for a connection and keep the tokens; ``show`` gets the address of the vendor's page.

    Raises :class:`SettingsError` for a system that needs none, :class:`SourceError` where consent does not come.
    """
    connection = settings.connections[name]
    make = getattr(SYSTEMS[connection.system].module(), "application", None)
    application = make(connection.keys) if make else None
    if application is None or not application.client_id:
        raise SettingsError(
            f"Connection '{name}' needs no consent: {SYSTEMS[connection.system].title} is read with the credentials in the settings."
        )
    tokens = ask(name, application, port=port, show=show)
    open_connection(settings, connection).tokens.save(name, tokens, first_refresh_token=application.first_refresh_token)


def extract(settings: Settings, connection: ConnectionSettings, cursors: Path | None = None) -> Staged:
    """Fetch what is new from one connection into a staged package.

    Where it left off it finds in ``cursors`` (see :func:`finance_hub.warehouse.copy_cursors`), else in the warehouse.
    """
    work = settings.home / "work"
    work.mkdir(parents=True, exist_ok=True)
    _sweep(work)
    folder = Path(tempfile.mkdtemp(prefix=f"{connection.name}-", dir=work))
    unavailable = Unavailable()
    try:
        with warehouse.reading(cursors or settings.warehouse) as database:
            pipeline = _pipeline(connection.system, connection.name, folder, database)
            pipeline.sync_destination()
        source = SYSTEMS[connection.system].module().source(open_connection(settings, connection), unavailable)
        pipeline.extract(source)
        pipeline.normalize()
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Staged(connection.name, connection.system, str(folder), unavailable.reasons)


def attempt(settings: Settings, connection: ConnectionSettings, cursors: Path | None = None) -> Staged:
    """Extract; what went wrong is told in the answer, which can travel between processes as an exception of a source cannot."""
    try:
        return extract(settings, connection, cursors)
    except Exception as trouble:  # noqa: BLE001 - whatever it is, it is told
        may_pass = isinstance(_of_source(trouble), TransientFailure | DeadlineExceeded | IncompleteRead)
        return Staged(connection.name, connection.system, problem=cause(trouble), may_pass=may_pass)


def load(settings: Settings, staged: Staged) -> Loaded:
    """Load a staged package and note the run. The caller holds the right to write the warehouse."""
    folder = Path(staged.folder)
    counts: dict[str, int] = {}
    quarantined = 0
    try:
        with warehouse.writing(settings.warehouse) as database:
            pipeline = _pipeline(staged.system, staged.connection_id, folder, database)
            widest = max((len(table["columns"]) for table in pipeline.default_schema.tables.values()), default=0)
            with warehouse.bounded_memory(database, widest):
                loads = [step.load_id for step in pipeline.load().load_packages] if pipeline.has_pending_data else []
            if loads:
                marks = ", ".join("?" * len(loads))
                found = database.execute(
                    f"""
                    select table_name, sum(rows_loaded)::bigint, sum(documents_quarantined)::bigint
                    from "{staged.system}".extraction where _dlt_load_id in ({marks}) group by all
                    """,
                    loads,
                ).fetchall()
                counts = {table: rows for table, rows, _ in found if rows}
                quarantined = sum(aside for _, _, aside in found)
            _note(database, staged, sum(counts.values()), quarantined)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Loaded(staged.connection_id, staged.system, counts, quarantined, staged.unavailable)


def note_failure(settings: Settings, staged: Staged) -> None:
    """Remember that a connection could not be read, and why."""
    with warehouse.writing(settings.warehouse) as database:
        _note(database, staged, 0, 0)


def cause(trouble: BaseException) -> str:
    """The plain sentence of a source's own error, which dlt wraps in several of its own."""
    found = _of_source(trouble)
    return str(found) if found else f"{type(trouble).__name__}: {trouble}"


def _of_source(trouble: BaseException) -> SourceError | None:
    seen: BaseException | None = trouble
    while seen is not None and not isinstance(seen, SourceError):
        seen = seen.__cause__ or seen.__context__
    return seen


def _sweep(work: Path) -> None:
    """Remove what killed runs left: staged packages that nobody will load, since cursors come from the warehouse."""
    oldest = time.time() - _STAGED_SECONDS
    for folder in work.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if folder.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)


def _pipeline(system: str, connection_id: str, folder: Path, database: Any) -> Any:
    os.environ.update(DLT_ENVIRONMENT)
    os.environ.setdefault("DLT_DATA_DIR", str(folder))
    import dlt

    return dlt.pipeline(
        pipeline_name=f"{system}__{connection_id}",
        pipelines_dir=str(folder),
        destination=dlt.destinations.duckdb(database),
        dataset_name=system,
        progress=None,
    )


def _note(database: Any, staged: Staged, rows: int, quarantined: int) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
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
            "id": staged.connection_id,
            "system": staged.system,
            "now": now,
            "success": None if staged.problem else now,
            "status": "failed" if staged.problem else "ok",
            "message": staged.problem,
            "rows": rows,
            "quarantined": quarantined,
        },
    )
    database.execute("delete from hub.unavailable_tables where connection_id = ?", [staged.connection_id])
    for table, reason in staged.unavailable.items():
        database.execute("insert into hub.unavailable_tables values (?, ?, ?)", [staged.connection_id, table, reason])
