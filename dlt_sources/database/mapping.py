"""The mapping: a small TOML file that tells what each declared record is read from.

See ``example.toml`` in this folder, which a test runs. A wrong mapping is told in one sentence before anything is read.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from dlt_sources.database.records import ENDPOINTS
from dlt_sources.http import SourceError
from dlt_sources.records import Table

_PART = r"(?:[^\W\d][\w$#]*|\"[^\"]+\"|`[^`]+`|\[[^\]]+\])"
_TABLE = re.compile(rf"{_PART}(?:\.{_PART}){{0,3}}")
_DECLARED: Mapping[str, Table] = {endpoint.name: endpoint.tables[0] for endpoint in ENDPOINTS}


class MappingError(SourceError):
    """The mapping file is wrong, or does not fit the database."""


class RecordMapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one record is read from.

    ``columns`` are columns of the table or query by the record's own; ``constants`` values that are the same in every row.
    ``cursor`` is the column by which new and changed rows are found, ``overlap`` how far before the last one reading starts again:
    minutes of a moment, days of a date, steps of a number. ``keys`` lists the keys that are there, to notice rows that have gone:
    true for those of the table itself, or a query of them; where rows are read whole they are noticed anyway, unless it is false.
    """

    table: str = ""
    query: str = ""
    columns: dict[str, str] = {}
    constants: dict[str, str | int | bool] = {}
    cursor: str = ""
    overlap: int | None = None
    keys: bool | str | None = None

    @property
    def relation(self) -> str:
        """What stands behind ``from``: the table, or the query in parentheses. To be given an alias."""
        return self.table or f"({self.query.strip().rstrip(';').rstrip()}\n)"

    @property
    def notices_deletes(self) -> bool:
        """Whether every key is compared with those known."""
        return self.keys is not False and (not self.cursor or self.keys is not None)


class DatabaseMapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mapping file.

    ``time_zone`` is that of moments without an offset, and of the session. ``session`` are statements of the firm's own, run after
    connecting. ``quote`` is the sign around names, where the product's own is not known.
    """

    time_zone: str = "UTC"
    session: tuple[str, ...] = ()
    quote: str = ""
    records: dict[str, RecordMapping] = {}


def read_mapping(path: Path) -> DatabaseMapping:
    """Read and check a mapping file.

    Raises :class:`MappingError`.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as trouble:
        raise MappingError(f"The mapping {path} cannot be read: {trouble.strerror}; set 'mapping' to a TOML file.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as trouble:
        raise MappingError(f"The mapping {path} is not valid TOML: {trouble}.") from None
    records = {name: value for name, value in values.items() if isinstance(value, dict)}
    if unknown := sorted(records.keys() - _DECLARED.keys()):
        raise MappingError(f"The mapping {path}: [{unknown[0]}] is not a record; known are {', '.join(_DECLARED)}.")
    try:
        plain = {name: value for name, value in values.items() if name not in records}
        mapping = msgspec.convert({**plain, "records": records}, type=DatabaseMapping)
        ZoneInfo(mapping.time_zone)
    except msgspec.ValidationError as trouble:
        raise MappingError(f"The mapping {path}: {trouble}.") from None
    except (ZoneInfoNotFoundError, ValueError):
        raise MappingError(
            f"The mapping {path}: time_zone must be a zone such as Europe/Berlin, not '{mapping.time_zone}'."
        ) from None
    for name, record in mapping.records.items():
        if wrong := _wrong(record, _DECLARED[name]):
            raise MappingError(f"The mapping {path}: [{name}] {wrong}.")
    return mapping


def _wrong(record: RecordMapping, table: Table) -> str:
    """What is wrong with the mapping of a record; empty if nothing is."""
    declared = {column.name for column in table.columns}
    given = record.columns.keys() | record.constants.keys()
    needed = {column.name for column in table.columns if not column.nullable}
    if {"debit", "credit"} <= record.columns.keys():
        needed.discard("amount")
    checks: tuple[tuple[Any, str], ...] = (
        (bool(record.table) == bool(record.query), "needs either 'table' or 'query'"),
        (
            record.table and not _TABLE.fullmatch(record.table),
            "'table' must be a name such as fibu.postings; anything else is a 'query'",
        ),
        (
            unknown := sorted(given - declared),
            f"maps '{''.join(unknown[:1])}', which it does not have; it has {', '.join(sorted(declared))}",
        ),
        (
            twice := sorted(record.columns.keys() & record.constants.keys()),
            f"gives '{''.join(twice[:1])}' both a column and a constant",
        ),
        (missing := sorted(needed - given), f"must map {', '.join(missing)}"),
        (
            record.overlap is not None and (not record.cursor or record.overlap < 0),
            "'overlap' must not be negative, and needs a 'cursor'",
        ),
        (
            any(isinstance(value, str) and ("\\" in value or "\0" in value) for value in record.constants.values()),
            "constants must not hold a backslash: use the query",
        ),
    )
    return next((told for wrong, told in checks if wrong), "")
