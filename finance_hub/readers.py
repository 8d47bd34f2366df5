"""Connections read side by side, each in a process of its own, while the run that needs them does something else.

Within one process Dagster takes one step after the other, and most of reading is waiting: for the vendor, and for what it sent to be
made into rows. A process for each step, as Dagster has it elsewhere, would load all definitions anew for each.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Collection
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection as Pipe
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType
from typing import Self

from finance_hub import ingestion, warehouse
from finance_hub.ingestion import Staged
from finance_hub.settings import ConnectionSettings, Settings

AT_ONCE = 4
_PRELOADED = ["finance_hub.ingestion", "dlt.destinations.impl.duckdb.duck", "dlt.sources.helpers.requests", "pandas"]
"""What each of the processes would import for itself, two seconds long."""


class Readers:
    """Reads the named connections of a hub, a few at once, from the beginning of the ``with`` block; ends with it or with its process.

    The warehouse must be there: sources find in it where they left off. They are given a copy of that, so that it is free meanwhile.
    """

    def __init__(self, settings: Settings, names: Collection[str]) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(_PRELOADED)
        self._settings = settings
        self._names = names
        self._threads = ThreadPoolExecutor(AT_ONCE)
        self._begun: dict[str, Future[Staged]] = {}
        self._processes: set[BaseProcess] = set()

    def __enter__(self) -> Self:
        cursors = self._cursors("all")
        for name in self._names:
            self._begun[name] = self._threads.submit(self._read, self._settings, self._settings.connections[name], cursors)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        for process in self._processes.copy():
            process.kill()
        self._threads.shutdown()

    def staged(self, settings: Settings, connection: ConnectionSettings) -> Staged:
        """What was read through a connection, waited for; asked for again, it is read again."""
        begun = self._begun.pop(connection.name, None)
        if begun is None:
            begun = self._threads.submit(self._read, settings, connection, self._cursors(connection.name))
        return begun.result()

    def _cursors(self, whose: str) -> Path:
        """Where sources left off, as the warehouse has it now."""
        copy = self._settings.home / "work" / f"cursors-{whose}.duckdb"
        warehouse.copy_cursors(self._settings.warehouse, copy)
        return copy

    def _read(self, settings: Settings, connection: ConnectionSettings, cursors: Path) -> Staged:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_reader, args=(theirs, settings, connection, cursors), daemon=True)
        process.start()
        self._processes.add(process)
        theirs.close()
        with ours:
            try:
                staged: Staged = ours.recv()
            except EOFError:
                process.join()
                problem = f"The process that read {connection.name} ended before its work was done (exit code {process.exitcode})."
                staged = Staged(connection.name, connection.system, problem=problem)
        process.join()
        self._processes.discard(process)
        return staged


def _reader(pipe: Pipe, settings: Settings, connection: ConnectionSettings, cursors: Path) -> None:
    def end_with_parent() -> None:
        try:
            pipe.recv()
        except (EOFError, OSError):
            os._exit(1)

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a person's Ctrl-C reaches the parent, which ends this process
    threading.Thread(target=end_with_parent, daemon=True).start()
    pipe.send(ingestion.attempt(settings, connection, cursors))
