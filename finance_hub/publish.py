"""Publishes a snapshot: a new file, complete and durable, then one rename that readers follow.

A reader resolves the pointer ``serve/current`` once and reads that file for as long as it likes; a new snapshot never has the name
of an old one. A crash at any point leaves the former snapshot served.
"""

from __future__ import annotations

import os
from pathlib import Path

from finance_hub import warehouse
from finance_hub.settings import Settings

KEPT = 5
SCHEMAS = ("core", "marts")


class NothingPublishedError(Exception):
    """No run has published anything yet."""


def publish(settings: Settings) -> Path:
    """Copy core and marts into a new snapshot and point readers to it; returns its path."""
    folder = settings.home / "serve"
    folder.mkdir(parents=True, exist_ok=True)
    number = max((_number(path) for path in folder.glob("hub_*.duckdb")), default=0) + 1
    snapshot = folder / f"hub_{number:06d}.duckdb"
    building = folder / f".building-{os.getpid()}.duckdb"
    building.unlink(missing_ok=True)
    with warehouse.writing(building) as target:
        _copy(target, settings.warehouse)
    _sync(building)
    building.replace(snapshot)
    pointer = folder / f".current-{os.getpid()}"
    pointer.unlink(missing_ok=True)
    pointer.symlink_to(snapshot.name)
    pointer.replace(folder / "current")
    _sync(folder)
    for old in sorted(folder.glob("hub_*.duckdb"), key=_number)[:-KEPT]:
        old.unlink()
    return snapshot


def current(home: Path) -> Path:
    """The snapshot that is served now.

    Raises :class:`NothingPublishedError`.
    """
    pointer = home / "serve" / "current"
    if not pointer.exists():
        raise NothingPublishedError(f"Nothing has been published in {home} yet: run `finance-hub run --home {home}` first.")
    return pointer.resolve()


def _copy(target: warehouse.Database, source: Path) -> None:
    """Fill an empty snapshot from the warehouse: tables of core and marts, whatever they are there."""
    # under the name it has when dbt writes it: views carry the name of their database
    target.execute(f"attach '{source}' as {source.stem} (read_only)")
    tables = target.execute(
        "select table_schema, table_name from information_schema.tables "
        "where table_catalog = ? and table_schema in ('core', 'marts') order by all",
        [source.stem],
    ).fetchall()
    for schema in SCHEMAS:
        target.execute(f"create schema {schema}")
    for schema, name in tables:
        target.execute(f'create table {schema}."{name}" as from {source.stem}.{schema}."{name}"')
        if schema == "marts":  # people and BI tools may leave the schema out
            target.execute(f'create view main."{name}" as from marts."{name}"')
    target.execute(f"detach {source.stem}")


def _number(path: Path) -> int:
    return int(path.stem.removeprefix("hub_"))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
