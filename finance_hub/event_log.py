"""Dagster's event log for a run within one process: Dagster's own, with its connections kept open.

Dagster opens its SQLite files anew for each event, and makes ready anew each statement that it runs on them: with an event for every
table, column list and check that is ten seconds in each run of this project.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import dagster as dg
import sqlalchemy
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy.pool import StaticPool

IN_PROCESS = {"finance_hub/in_process": "yes"}
"""The tag of a run within one process."""
_SETTINGS, _OWN_SETTINGS = "dagster.yaml", "in_process.yaml"


class KeptOpen(SqliteEventLogStorage):
    """The files of ``SqliteEventLogStorage``, each opened once. For a process that writes one run: a server would open every run's file."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, sqlalchemy.Engine] = {}
        self._tables: set[str] = set()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """As Dagster makes it from its settings."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sqlalchemy.Connection]:
        with self._db_lock:
            if shard not in self._engines:
                waiting = {
                    "timeout": SQLITE_BUSY_TIMEOUT_SECONDS,
                    "check_same_thread": False,
                }  # the lock sees to one thread at a time
                engine = sqlalchemy.create_engine(self.conn_string_for_shard(shard), poolclass=StaticPool, connect_args=waiting)
                self._initdb(engine)
                with engine.connect() as connection:
                    # The journal is written ahead: a file stays whole if the machine stops, and no event waits for the disk.
                    connection.execute(sqlalchemy.text("pragma synchronous = normal"))
                self._engines[shard] = engine
            with self._engines[shard].begin() as connection:
                yield connection

    def has_table(self, table_name: str) -> bool:
        """Whether the log has a table; Dagster asks for each event, and what is there stays."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def dispose(self) -> None:
        """Close the files."""
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()
        super().dispose()


def in_process_instance(folder: Path) -> dg.DagsterInstance:
    """The instance in a folder, for a run within this process."""
    storage = {
        "module": KeptOpen.__module__,
        "class": KeptOpen.__name__,
        "config": {"base_dir": str(folder / "history" / "runs")},  # where Dagster looks for it too
    }
    settings = (folder / _SETTINGS).read_text()
    (folder / _OWN_SETTINGS).write_text(f"{settings}\nevent_log_storage: {json.dumps(storage)}\n")
    return dg.DagsterInstance.from_config(str(folder), _OWN_SETTINGS)


def end_dead_runs(instance: dg.DagsterInstance) -> None:
    """Let go of what killed runs hold: their turn at the warehouse, for which the next run would wait for ever.

    The caller knows that no run within one process is at work; of others, Dagster's daemon takes care.
    """
    at_work = dg.RunsFilter(tags=IN_PROCESS, statuses=[dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTED])
    for run in instance.get_runs(at_work):
        instance.report_run_failed(run, "The process of the run has ended before its work was done.")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
