"""PlanGuru: plans from the workbooks and CSV files that people export, read from a folder through a mapping file.

PlanGuru has no public API. Files are told apart by their content: one that has not changed is not read again, one that is there twice is
read once, and one that was replaced is a new version of what it tells. Every sheet is held to its own totals; one that does not add up is
set aside whole, and what its former version said stays.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dlt_sources.assembly import State, assemble
from dlt_sources.connection import Connection, Finding, Unavailable
from dlt_sources.files import FileSettings, open_shelf
from dlt_sources.http import SourceError
from dlt_sources.planguru import reading, records
from dlt_sources.planguru.grids import ENDINGS
from dlt_sources.planguru.mapping import EXAMPLE, MappingError, read_mapping
from dlt_sources.planguru.reading import Export, Seen, Session
from dlt_sources.records import Archive
from dlt_sources.records.intake import Endpoint


class PlanGuruSettings(FileSettings, frozen=True, forbid_unknown_fields=True):
    """Keys of a connection to exports: where they are, and the ``mapping`` that tells how they are read; without one, the example's."""

    mapping: str = ""


def source(connection: Connection[PlanGuruSettings], unavailable: Unavailable | None = None) -> Any:
    """The dlt source: amounts, and what became of each sheet."""
    path = _mapping(connection)
    mapping = read_mapping(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    archive = Archive(connection.archive, "planguru", connection.name)
    seen = Seen()

    def read(endpoint: Endpoint, state: State) -> Iterator[Any]:
        with open_shelf(connection, _is_wanted) as shelf:
            session = Session(shelf, mapping, digest, archive, connection.name, seen)
            yield from reading.READERS[endpoint.name](session, endpoint, state)

    return assemble("planguru", records.ENDPOINTS, read, essential=("cells",), unavailable=unavailable)


def check(connection: Connection[PlanGuruSettings]) -> list[Finding]:
    """Tell in plain words whether the mapping is good, the files are there, and which of their sheets add up."""
    try:
        mapping = read_mapping(_mapping(connection))
    except MappingError as trouble:
        return [Finding(ok=False, subject="mapping", message=str(trouble))]
    findings = [Finding(ok=True, subject="mapping", message=f"readable ({len(mapping.files)} kinds of files)")]
    try:
        with open_shelf(connection, _is_wanted) as shelf:
            files = shelf.files()
            exports = reading.read_files(shelf, files, mapping)
    except SourceError as trouble:
        return [*findings, Finding(ok=False, subject="files", message=str(trouble))]
    if not files:
        return [*findings, Finding(ok=False, subject="files", message=f"there is no workbook and no CSV file in {shelf.place}")]
    return [*findings, *(_finding(export) for export in exports)]


def _finding(export: Export) -> Finding:
    wrong = [f"{part.name}: {part.reason}" if part.name else part.reason for part in export.parts if part.status == "set_aside"]
    if wrong:
        return Finding(ok=False, subject=export.found.name, message="; ".join(wrong))
    amounts = sum(len(part.lines) for part in export.parts)
    totals = sum(part.sheet.totals for part in export.parts if part.sheet is not None)
    return Finding(ok=True, subject=export.found.name, message=f"readable ({amounts} amounts, {totals} totals that add up)")


def _mapping(connection: Connection[PlanGuruSettings]) -> Path:
    """The mapping's file: where the settings say, which may be beside them."""
    wanted = connection.settings.mapping
    if not wanted:
        return EXAMPLE
    beside = connection.archive.parent / wanted
    return beside if beside.exists() else Path(wanted).expanduser()


def _is_wanted(name: str) -> bool:
    return name.lower().endswith(ENDINGS)


__all__ = ["PlanGuruSettings", "check", "source"]
