"""Runs a piece of the hub in this process, which kills itself at a named point: ``python killed.py HOME PIECE POINT``.

The points are those of dlt between which data and state could part; each is a call of the library that is wrapped so that the
process dies, as by kill -9, before or after it.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from pathlib import Path

from finance_hub import ingestion, publish, settings

POINTS = {
    "before_extracted_package_is_committed": ("dlt.extract.extract", "Extract", "commit_packages", "before"),
    "after_extracted_package_is_committed": ("dlt.extract.extract", "Extract", "commit_packages", "after"),
    "before_normalized_package_is_committed": (
        "dlt.common.storages.load_storage",
        "LoadStorage",
        "commit_new_load_package",
        "before",
    ),
    "after_normalized_package_is_committed": (
        "dlt.common.storages.load_storage",
        "LoadStorage",
        "commit_new_load_package",
        "after",
    ),
    "before_the_load_is_recorded": ("dlt.destinations.job_client_impl", "SqlJobClientBase", "complete_load", "before"),
    "after_the_load_is_recorded": ("dlt.destinations.job_client_impl", "SqlJobClientBase", "complete_load", "after"),
    "before_the_package_is_moved": ("dlt.common.storages.load_storage", "LoadStorage", "complete_load_package", "before"),
    "after_the_package_is_moved": ("dlt.common.storages.load_storage", "LoadStorage", "complete_load_package", "after"),
    "before_a_job_is_completed": ("dlt.common.storages.load_package", "PackageStorage", "complete_job", "before"),
    "after_a_job_is_completed": ("dlt.common.storages.load_package", "PackageStorage", "complete_job", "after"),
    "before_the_snapshot_has_its_name": ("pathlib", "Path", "replace", "before"),
    "after_the_snapshot_has_its_name": ("pathlib", "Path", "replace", "after"),
}


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(point: str) -> None:
    """Wrap the call of a point."""
    module, owner, name, when = POINTS[point]
    holder = getattr(importlib.import_module(module), owner)
    original = getattr(holder, name)

    def dying(*arguments: object, **options: object) -> object:
        if when == "before":
            _die()
        result = original(*arguments, **options)
        _die()
        return result

    setattr(holder, name, dying)


def main() -> None:
    """Run the piece; without a point to its end."""
    home, piece, *point = sys.argv[1:]
    found = settings.load(Path(home))
    importlib.import_module("dlt")
    print("ready", flush=True)
    if point and piece == "publish":
        arm(point[0])
    if piece == "publish":
        publish.publish(found)
        return
    for connection in found.connections.values():
        if point:
            arm(point[0])
        ingestion.load(found, ingestion.extract(found, connection))


if __name__ == "__main__":
    main()
