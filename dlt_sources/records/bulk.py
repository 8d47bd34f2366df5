"""From columns of text, as files bring them by the million, to the tables of declared records.

The counterpart of the intake for bulk files: columns are converted whole, in Arrow; only a column with a value that does not fit is
looked at value by value, and the row goes to quarantine with its reason. A row fits or does not on its own: a file does not say
which rows belong together.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dlt_sources.records import convert
from dlt_sources.records.archive import Archive
from dlt_sources.records.convert import Converted
from dlt_sources.records.declare import Column, Kind, Table
from dlt_sources.records.decode import Refused, to_arrow
from dlt_sources.records.intake import EXTRACTION, QUARANTINE, ExtractionRow, QuarantineRow, load_hints


def from_text(kind: Kind, texts: pa.Array) -> Converted:
    """A column of text as the column of a declared kind; the empty string is absent."""
    if pa.types.is_string(kind.arrow):
        return Converted(texts)
    fast, slow = _WAYS[kind.arrow]
    try:
        array = fast(texts)
    except pa.ArrowException:
        array = None
    if array is not None:
        return Converted(array)
    found: Converted = slow(texts.to_pylist())
    return found


def _all(texts: pa.Array, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(texts, pattern), min_count=0).as_py())


def _numbers(texts: pa.Array) -> pa.Array | None:
    return pc.cast(texts, _MONEY) if _all(texts, r"^[+-]?\d{1,26}(\.\d{1,12})?$") else None


def _counts(texts: pa.Array) -> pa.Array | None:
    return pc.cast(texts, pa.int64()) if _all(texts, r"^-?\d{1,18}$") else None


def _flags(texts: pa.Array) -> pa.Array | None:
    if not _all(texts, r"^(?i:y|n|true|false)$"):
        return None
    return pc.match_substring_regex(texts, r"^(?i:y|true)$")


def _days(texts: pa.Array) -> pa.Array | None:
    return pc.cast(pc.utf8_slice_codeunits(texts, 0, 10), pa.date32()) if _all(texts, r"^\d{4}-\d\d-\d\d([T ]|$)") else None


def _instants(texts: pa.Array) -> pa.Array | None:
    return pc.cast(texts, _INSTANT) if _all(texts, r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d:\d\d(\.\d{1,6})?)?$") else None


_MONEY, _INSTANT = pa.decimal128(38, 12), pa.timestamp("us")
_WAYS: Mapping[pa.DataType, tuple[Callable[[pa.Array], pa.Array | None], Callable[[Sequence[Any]], Converted]]] = {
    _MONEY: (_numbers, convert.decimal_text),
    pa.int64(): (_counts, convert.integer_text),
    pa.bool_(): (_flags, convert.flag),
    pa.date32(): (_days, convert.day),
    _INSTANT: (_instants, convert.instant),
}


@dataclass
class BulkIntake:
    """Takes in the rows of one table during one extraction; ``listing`` names it in the archive and in the extraction's log."""

    table: Table
    connection_id: str
    archive: Archive
    listing: str
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    pages: int = 0
    received: int = 0
    superseded: int = 0
    """Rows of which this extraction has a newer version: left out."""
    quarantined: int = 0
    loaded: int = 0
    undeclared: set[str] = field(default_factory=set)
    _money: dict[str, Decimal] = field(default_factory=dict)

    def take(self, texts: Mapping[str, pa.Array], rows: int, page_id: str, received_at: datetime) -> Iterator[Any]:
        """Convert rows given as columns of text, by declared column; what is not given is absent. Yields dlt items."""
        self.received += rows
        bad: dict[int, str] = {}
        arrays: list[pa.Array] = [pa.repeat(pa.scalar(self.connection_id), rows)]
        for column in self.table.columns:
            converted = _of_column(column, texts, rows)
            for at, reason in converted.bad.items():
                bad.setdefault(at, f"{self.table.name}.{column.name}: {reason}")
            if column.name in self.table.key and converted.array.null_count:
                for at in pc.indices_nonzero(pc.is_null(converted.array)).to_pylist():
                    bad.setdefault(at, f"{self.table.name}.{column.name}: part of the key is missing")
            arrays.append(converted.array)
        arrays.append(pa.repeat(pa.scalar(page_id), rows))
        arrays += [pa.nulls(rows, pa.bool_())] if self.table.deletable else []
        if bad:
            wrong = pa.array(sorted(bad), pa.int64())
            keep = pc.invert(pc.is_in(pa.array(range(rows), pa.int64()), value_set=wrong))
            arrays = [array.filter(keep) for array in arrays]
            payloads = {at: json.dumps({name: texts[name][at].as_py() for name in texts}, ensure_ascii=False) for at in bad}
            yield from self.refuse([(bad[at], payloads[at]) for at in sorted(bad)], page_id, received_at)
        loaded = pa.table(arrays, schema=self.table.schema())
        self.loaded += loaded.num_rows
        for name in self.table.money_columns:
            self._money[name] = self._money.get(name, Decimal(0)) + (pc.sum(loaded[name]).as_py() or Decimal(0))
        if loaded.num_rows:
            yield _item(self.table, loaded)

    def refuse(self, rows: list[tuple[str, str]], page_id: str, received_at: datetime) -> Iterator[Any]:
        """Set rows aside: reasons and what they hold."""
        self.quarantined += len(rows)
        refused = [Refused(self.table.name, "", reason, payload) for reason, payload in rows]
        records = {
            each.quarantine_id: QuarantineRow(
                quarantine_id=each.quarantine_id,
                table_name=each.table,
                record_key="",
                reason=each.reason,
                payload=each.payload,
                received_at=_iso(received_at),
            )
            for each in refused
        }
        batch = to_arrow(list(records.values()), [QUARANTINE], connection_id=self.connection_id, page_id=page_id)
        yield _item(QUARANTINE, batch.tables[QUARANTINE.name])

    def finish(self) -> Iterator[Any]:
        """Yield the extraction's own row, if it changed anything."""
        if not self.loaded and not self.quarantined:
            return
        row = ExtractionRow(
            extraction_id=f"{self.archive.run_id}-{self.listing}",
            table_name=self.table.name,
            started_at=_iso(self.started_at),
            finished_at=_iso(datetime.now(UTC)),
            pages=self.pages,
            documents_received=self.received,
            documents_unchanged=self.superseded,
            documents_superseded=0,
            documents_quarantined=self.quarantined,
            rows_loaded=self.loaded,
            money_totals=json.dumps({name: f"{total:f}" for name, total in self._money.items()}),
            undeclared_fields=", ".join(sorted(self.undeclared)),
        )
        batch = to_arrow([row], [EXTRACTION], connection_id=self.connection_id, page_id=self.archive.run_id)
        yield _item(EXTRACTION, batch.tables[EXTRACTION.name])


def _of_column(column: Column, texts: Mapping[str, pa.Array], rows: int) -> Converted:
    given = texts.get(column.name)
    return Converted(pa.nulls(rows, column.kind.arrow)) if given is None else from_text(column.kind, given)


def _item(table: Table, arrow: pa.Table) -> Any:
    import dlt

    hints = load_hints(table)
    # Files bring rows one by one; where another connection replaces the parts of a document together, the schema has a key for it.
    marked = hints.get("columns", {})
    hints["columns"] = {name: {"name": name, "merge_key": False, **marked.get(name, {})} for name in table.schema().names}
    return dlt.mark.with_hints(arrow, dlt.mark.make_hints(table_name=table.name, **hints), create_table_variant=True)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
