"""BICC's extracts: manifests, the zipped CSV files that they name, and lists of primary keys that tell what was deleted.

A run reads every manifest that it has not read yet: first it finds all files and verifies their checksums, then it reads them,
the newest manifest first, leaving out rows of which it has already read a newer version. So each manifest counts once and in order,
and a row comes once. A missing file, a wrong checksum, a damaged archive stop the run before anything of it is loaded.
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from dlt_sources.assembly import State
from dlt_sources.files import Store
from dlt_sources.http import SourceError
from dlt_sources.oracle_fusion.ledger import Chart
from dlt_sources.oracle_fusion.manifests import DATA, KEYS, Extracted, Manifest, View, bare, damaged, digests_of, listed, opened
from dlt_sources.oracle_fusion.records import CHART_SEGMENTS, FusionRecord
from dlt_sources.records import Archive, Instant, PageEntry, Table
from dlt_sources.records.bulk import BulkIntake
from dlt_sources.records.intake import Endpoint

_BLOCK = 2 * 1024 * 1024  # of text: several are on their way at once
_COLUMNS_OF_A_LEDGER = "ledger_id"


class PrimaryKey(FusionRecord):
    """A row that was there when the keys of its table were last extracted with it."""

    table_name: str
    key: str
    extracted_at: Instant | None = None


PRIMARY_KEYS = Table(
    "primary_keys",
    PrimaryKey,
    ("table_name", "key"),
    "Keys of rows, joined by |, with the latest primary-key extract that held them. "
    "A row last changed before the latest of its table, and not in it, was deleted.",
    once=True,
)


def of(
    connection: str, store: Store, chart: Chart, ledger: str, tables: tuple[Table, ...], archive: Archive, state: State
) -> Iterator[Any]:
    """Everything that was extracted and not read yet, as dlt items."""
    done: dict[str, str] = state.setdefault("manifests", {})
    stored = listed(store)
    pending = [opened(connection, store, manifest, stored.names) for manifest in stored.manifests if manifest.digest not in done]
    pending.sort(key=lambda manifest: manifest.moment)
    reading = _Reading(connection, store, archive, {table.name: _row_by_row(table) for table in tables}, ledger, state)
    reading.find_ledger(pending)
    for manifest in reversed(pending):
        older = {file.view.table for each in pending if each.moment < manifest.moment for file in each.files if file.kind == DATA}
        yield from reading.read(manifest, older)
    if stored.manifests and state.get("chart") != repr(chart):
        yield from reading.tell_chart(stored.manifests[-1], chart)
        state["chart"] = repr(chart)
    yield from reading.finish()
    state["manifests"] = {manifest.digest: manifest.name for manifest in stored.manifests}


def _row_by_row(table: Table) -> Table:
    return replace(table, replace=(), once=True)


@dataclass
class _Reading:
    connection: str
    store: Store
    archive: Archive
    tables: Mapping[str, Table]
    ledger: str
    state: State
    intakes: dict[str, BulkIntake] = field(default_factory=dict)
    seen: dict[str, pa.Array] = field(default_factory=dict)
    keyed: set[str] = field(default_factory=set)

    def intake(self, table: str) -> BulkIntake:
        if table not in self.intakes:
            self.intakes[table] = BulkIntake(self.tables[table], self.connection, self.archive, f"extract_{table}")
        return self.intakes[table]

    def find_ledger(self, pending: list[Manifest]) -> None:
        """Learn the id of the ledger that the settings name: journals tell it by id."""
        if not self.ledger or not pending:
            return
        for manifest in pending:
            for file in manifest.files:
                if file.kind == DATA and file.view.table == "ledgers":
                    for texts, _ in self._batches(file, self.tables["ledgers"]):
                        named = dict(zip(texts["name"].to_pylist(), texts["ledger_id"].to_pylist(), strict=True))
                        self.state["ledger_id"] = named.get(self.ledger, self.state.get("ledger_id"))
        if "ledger_id" not in self.state or self.state["ledger_id"] is None:
            raise SourceError(
                f"Connection '{self.connection}': no extract tells of a ledger named {self.ledger}; correct ledger, "
                "or extract LedgerExtractPVO."
            )

    def read(self, manifest: Manifest, older: set[str]) -> Iterator[Any]:
        """The rows of a manifest; ``older`` are the tables that manifests still to be read have rows of."""
        keys: dict[str, list[pa.Array]] = {}
        for file in manifest.files:
            table = self.tables[file.view.table]
            if file.kind == KEYS:
                if table.name not in self.keyed:
                    yield from self._keys(file, table)
            else:
                yield from self._rows(file, table, keys if table.name in older else None)
            self.store.release(file.name)
        self.keyed |= {file.view.table for file in manifest.files if file.kind == KEYS}
        for name, parts in keys.items():
            known = [self.seen[name]] if name in self.seen else []
            self.seen[name] = pa.concat_arrays([*known, *parts])

    def _rows(self, file: Extracted, table: Table, keys: dict[str, list[pa.Array]] | None) -> Iterator[Any]:
        intake = self.intake(table.name)
        page_id, before = self.archive.store_file(self.store.fetch(file.name)), intake.received
        for read, refused in self._batches(file, table, intake):
            texts = self._of_ledger(read)
            labels = _labels(texts, table.key)
            if table.name in self.seen:
                new = pc.invert(pc.is_in(labels, value_set=self.seen[table.name]))
                older = len(labels) - (pc.sum(new).as_py() or 0)
                intake.received += older
                intake.superseded += older
                texts, labels = {name: column.filter(new) for name, column in texts.items()}, labels.filter(new)
            if keys is not None:
                keys.setdefault(table.name, []).append(labels)
            yield from intake.take(texts, len(labels), page_id, file.stamp)
            if refused:
                intake.received += len(refused)
                yield from intake.refuse(refused, page_id, file.stamp)
        self._note(intake, file, page_id, intake.received - before)

    def _keys(self, file: Extracted, table: Table) -> Iterator[Any]:
        intake = self.intake(PRIMARY_KEYS.name)
        page_id, before = self.archive.store_file(self.store.fetch(file.name)), intake.received
        moment = file.stamp.strftime("%Y-%m-%dT%H:%M:%S.%f")
        for texts, _ in self._batches(file, table):
            labels = _labels(texts, table.key)
            named = {
                name: pa.repeat(pa.scalar(value), len(labels))
                for name, value in (("table_name", table.name), ("extracted_at", moment))
            }
            yield from intake.take({**named, "key": labels}, len(labels), page_id, file.stamp)
        self._note(intake, file, page_id, intake.received - before)

    def tell_chart(self, manifest: Manifest, chart: Chart) -> Iterator[Any]:
        """What the places of an account combination mean, as the settings say."""
        intake = BulkIntake(self.tables[CHART_SEGMENTS.name], self.connection, self.archive, f"extract_{CHART_SEGMENTS.name}")
        self.intakes[CHART_SEGMENTS.name] = intake
        path = self.store.fetch(manifest.name)
        page_id = self.archive.store_file(path)
        names, roles = zip(*chart.segments, strict=True)
        texts = {
            "position": pa.array([str(place) for place in range(1, len(names) + 1)]),
            "attribute": pa.array(names),
            "role": pa.array(roles),
            "value_set_code": pa.array([chart.value_sets.get(role) for role in roles], pa.string()),
            "delimiter": pa.repeat(pa.scalar(chart.delimiter), len(names)),
        }
        yield from intake.take(texts, len(names), page_id, datetime.now(UTC))
        file = Extracted(
            manifest.name, View("", (), {}, {}), "", "", datetime.now(UTC), digests_of(path)["sha256"], path.stat().st_size
        )
        self._note(intake, file, page_id, len(names))

    def finish(self) -> Iterator[Any]:
        for intake in self.intakes.values():
            yield from intake.finish()

    def _of_ledger(self, texts: dict[str, pa.Array]) -> dict[str, pa.Array]:
        """The rows of the ledger that the settings name."""
        if not self.ledger or _COLUMNS_OF_A_LEDGER not in texts:
            return texts
        ours = pc.fill_null(pc.equal(texts[_COLUMNS_OF_A_LEDGER], str(self.state["ledger_id"])), pa.scalar(True))
        return {name: column.filter(ours) for name, column in texts.items()}

    def _note(self, intake: BulkIntake, file: Extracted, page_id: str, documents: int) -> None:
        intake.pages += 1
        self.archive.note(
            PageEntry(
                page_id=page_id,
                resource=intake.listing,
                request=f"extract {file.name}",
                received_at=file.stamp,
                documents=documents,
                size_bytes=file.size,
                sha256=file.sha256,
            )
        )

    def _batches(
        self, file: Extracted, table: Table, intake: BulkIntake | None = None
    ) -> Iterator[tuple[dict[str, pa.Array], list[tuple[str, str]]]]:
        """The columns of a file that the table knows, as text, block by block; and lines with too few or too many cells."""
        broken: list[tuple[str, str]] = []

        def aside(row: Any) -> str:
            broken.append((f"{table.name}: the line has {row.actual_columns} cells, not {row.expected_columns}", row.text))
            return "skip"

        try:
            with zipfile.ZipFile(self.store.fetch(file.name)) as packed:
                with packed.open(file.member) as head:
                    headers = next(csv.reader(io.TextIOWrapper(head, "utf-8-sig", newline="")), [])
                columns = self._columns(file, table, headers, intake)
                if columns is None:
                    return
                with packed.open(file.member) as body:
                    reader = arrow_csv.open_csv(
                        pa.PythonFile(body, mode="r"),
                        read_options=arrow_csv.ReadOptions(block_size=_BLOCK, column_names=headers, skip_rows=1),
                        parse_options=arrow_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=aside),
                        convert_options=arrow_csv.ConvertOptions(
                            column_types=dict.fromkeys(columns, pa.string()),
                            include_columns=list(columns),
                            null_values=[""],
                            strings_can_be_null=True,
                            quoted_strings_can_be_null=True,
                        ),
                    )
                    for batch in reader:
                        texts = {target: batch.column(header) for header, target in columns.items()}
                        for target, sources in file.view.derived.items():
                            given = [texts[source] for source in sources if source in texts]
                            if given:
                                texts[target] = pc.coalesce(*given)
                        yield texts, broken
                        broken.clear()
        except (zipfile.BadZipFile, zlib.error, pa.ArrowException, UnicodeDecodeError, OSError, EOFError) as trouble:
            raise damaged(self.connection, file.name, trouble) from trouble

    def _columns(self, file: Extracted, table: Table, headers: list[str], intake: BulkIntake | None) -> dict[str, str] | None:
        """The table's column for each of the file's that has one; None for an empty file. Those that have none are reported."""
        if not headers:
            return None
        known = {bare(column.name): column.name for column in table.columns}
        columns: dict[str, str] = {}
        for header in headers:
            target = file.view.column(header, known)
            if target is not None and target not in columns.values():
                columns[header] = target
            elif intake is not None:
                intake.undeclared.add(header)
        made = {target for target, sources in file.view.derived.items() if any(source in columns.values() for source in sources)}
        if missing := [name for name in table.key if name not in columns.values() and name not in made]:
            raise SourceError(
                f"Connection '{self.connection}': {file.name} has no column for {table.name}.{missing[0]} "
                f"among {', '.join(headers[:20])}; "
                "add its name to views.toml. Nothing was loaded."
            )
        return columns


def _labels(texts: Mapping[str, pa.Array], key: tuple[str, ...]) -> pa.Array:
    parts = [pc.fill_null(texts[name], "") for name in key]
    return pc.binary_join_element_wise(*parts, "|") if len(parts) > 1 else parts[0]


EXTRACTS = Endpoint("extracts", PrimaryKey, (PRIMARY_KEYS,), lambda d: f"{d.table_name}|{d.key}")
