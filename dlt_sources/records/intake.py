"""From the pages of one endpoint to what dlt loads.

The intake keeps each page in the archive, decodes it, leaves out documents that are already loaded (overlap windows and full lists
bring them again and again), sets misfits aside, and counts. What it yields goes into one dlt load package, so rows, quarantine and
counts are committed together or not at all. An extraction that finds nothing new yields nothing: an idle run changes no table.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Context, Decimal
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dlt_sources.http import IncompleteRead, Reply
from dlt_sources.records.archive import Archive
from dlt_sources.records.columns import fit_table
from dlt_sources.records.declare import DELETED, Instant, Record, Table
from dlt_sources.records.decode import Refused, decode_rows, refuse, to_arrow, tombstones
from dlt_sources.records.known import NAMELESS, KnownRows, Numbers, fingerprints, remember

log = logging.getLogger(__name__)
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_JOINT = "|"  # between the parts of a key
_DIGEST = 10  # bytes of a fingerprint: a chance collision among a million documents is below 1e-12

_SUM = pa.decimal256(76, 12)  # sums of 38 digits have more
_EXACT = Context(prec=76)


class QuarantineRow(Record):
    """A row of the quarantine."""

    quarantine_id: str
    table_name: str
    record_key: str
    reason: str
    payload: str
    received_at: Instant


class ExtractionRow(Record):
    """What an extraction of one table received and what became of it.

    ``money_totals`` is JSON, column to decimal sum. A document that arrived again with other content during the extraction has
    superseded itself: its earlier rows were counted, and are replaced. So has one that the vendor has deleted: its rows are taken out.
    """

    extraction_id: str
    table_name: str
    started_at: Instant
    finished_at: Instant
    pages: int
    documents_received: int
    documents_unchanged: int
    documents_superseded: int
    documents_quarantined: int
    rows_loaded: int
    money_totals: str
    undeclared_fields: str


QUARANTINE = Table(
    "quarantine",
    QuarantineRow,
    ("quarantine_id",),
    "Documents that did not fit their declaration. One row per document and reason.",
)
EXTRACTION = Table(
    "extraction",
    ExtractionRow,
    ("extraction_id", "table_name"),
    "Control totals. One row per extraction and table that changed.",
)


@dataclass(frozen=True)
class Endpoint:
    """One listing of a vendor: its document, the tables that feeds (the document's own first), the document's identity."""

    name: str
    document: type[Record]
    tables: tuple[Table, ...]
    identity: Callable[[Any], str]
    version: Callable[[Any], str] = field(default=lambda _document: "")


Choose = Callable[[Sequence[Any], Sequence[msgspec.Raw]], Sequence[int]]
"""From the documents of a page to the positions of those to take, in order."""


@dataclass
class _Counts:
    pages: int = 0
    received: int = 0
    unchanged: int = 0
    superseded: int = 0
    quarantined: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    money: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    undeclared: Counter[str] = field(default_factory=Counter)


def fingerprint(document: msgspec.Raw) -> str:
    """What tells one content of a document from another."""
    return hashlib.blake2b(document, digest_size=_DIGEST).hexdigest()


class Intake:
    """Takes in the pages of one endpoint during one extraction.

    ``known`` maps the identity of documents that are already loaded to their fingerprints; it lives in the resource's dlt state and
    is committed with the rows. None keeps no fingerprints (an endpoint that never sends a document twice). ``after`` is the intake
    of another listing of the same documents in this extraction, named apart by ``listing``. ``batch_rows`` holds rows back until there
    are so many: dlt takes its time for each item, whatever its size. ``choose`` sees the documents of each page, decoded and as bytes,
    and returns the positions of those to take.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        connection_id: str,
        archive: Archive,
        known: MutableMapping[str, str] | None,
        listing: str = "",
        after: Intake | None = None,
        batch_rows: int = 0,
        choose: Choose | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._choose = choose
        self._name = f"{endpoint.name}_{listing}" if listing else endpoint.name
        self._connection_id = connection_id
        self._archive = archive
        self._known = known
        self._counts = _Counts()
        self._started_at = datetime.now(UTC)
        document = endpoint.document
        self._declared = {info.encode_name for info in msgspec.structs.fields(document)} | document.LEFT_OUT
        self._batch_rows = batch_rows
        self._held: dict[str, list[pa.Table]] = {}
        self._taken: set[str] = after._taken if after else set()  # noqa: SLF001 - one of its kind
        self._listed: set[str] | None = None  # the documents of a listing that is taken in whole
        self._is_legible = True

    def take(self, reply: Reply, raw_documents: Sequence[msgspec.Raw]) -> Iterator[Any]:
        """Archive a page and yield what is new in it, as dlt items."""
        endpoint = self._endpoint
        page_id = self._keep(reply, len(raw_documents))
        decoded = decode_rows(raw_documents, endpoint.document, endpoint.name)
        self._is_legible &= not decoded.refused
        documents, raw = self._newest_of_new(*self._chosen(decoded.records, decoded.raw))
        batch = to_arrow(documents, endpoint.tables, connection_id=self._connection_id, page_id=page_id)
        refused = list(decoded.refused)
        for position, reason in batch.bad.items():
            refused.append(refuse(raw[position], endpoint.name, reason, endpoint.identity(documents[position])))
        self._note_undeclared(raw[:1])
        yield from self._give(batch.tables, refused, page_id, reply.received_at)

    def take_arrow(
        self,
        reply: Reply,
        rows: pa.RecordBatch,
        known: KnownRows,
        *,
        cursors: Numbers | None = None,
        zone: str = "UTC",
        aside: Sequence[Refused] = (),
    ) -> Iterator[Any]:
        """Archive a page whose rows came as an Arrow batch, for an endpoint of one table, and yield what is new in it, as dlt items.

        ``cursors`` is where each row stands in the order by which it is read; ``zone`` the time zone of moments without an offset;
        ``aside`` what else the page holds, which its source has found unfit. Raises :class:`UnfitColumn`.
        """
        (table,) = self._endpoint.tables
        page_id = self._keep(reply, rows.num_rows + len(aside))
        fitted = fit_table(rows, table, connection_id=self._connection_id, page_id=page_id, zone=zone)
        keys = _key_texts(fitted.table, table)
        asked = known.needs_fingerprint(rows.num_rows, cursors)
        prints = np.zeros(rows.num_rows, np.uint64)
        prints[asked] = fingerprints(fitted.table.select([column.name for column in table.columns]).filter(pa.array(asked)))
        refused: dict[int, Refused] = {}
        for position, reason in fitted.bad.items():
            refused[position] = refuse(_row_json(rows, position), table.name, reason, keys[position].as_py() or "")
            prints[position] = _print_of(refused[position])
        if any(not each.record_key for each in refused.values()):
            nameless = {at: f"{NAMELESS}{each.quarantine_id}" for at, each in refused.items() if not each.record_key}
            keys = pa.array([nameless.get(at, key) for at, key in enumerate(keys.to_pylist())], pa.string())
        verdict = known.judge(keys, prints, cursors)
        twice = f"{table.name}: the key {' and '.join(table.key)} comes twice in one reading, so that it identifies no row"
        for position in set(np.flatnonzero(verdict.twice).tolist()) - refused.keys():
            refused[position] = refuse(_row_json(rows, position), table.name, twice, keys[position].as_py())
        fresh = verdict.fresh.copy()
        fresh[list(fitted.bad)] = False
        self._counts.unchanged += int((~verdict.fresh & ~verdict.twice).sum())
        told = [each for at, each in refused.items() if verdict.fresh[at] or verdict.twice[at]]
        told += self._new_of(aside, known)
        new = fitted.table.filter(pa.array(fresh)).cast(table.schema())
        yield from self._give({table.name: new}, told, page_id, reply.received_at)

    def _new_of(self, aside: Sequence[Refused], known: KnownRows) -> list[Refused]:
        """Those that were not set aside before."""
        names = pa.array([f"{NAMELESS}{each.quarantine_id}" for each in aside], pa.string())
        verdict = known.judge(names, np.array([_print_of(each) for each in aside], np.uint64))
        self._counts.unchanged += int((~verdict.fresh).sum())
        return [each for each, is_fresh in zip(aside, verdict.fresh, strict=True) if is_fresh]

    def gone(self, keys: Sequence[tuple[str | int, ...]]) -> Iterator[Any]:
        """Yield the order to take documents out that the vendor has deleted, by the key of the document in each table.

        Such a document must not arrive in the same extraction.
        """
        if not keys:
            return
        self._counts.superseded += len(keys)
        for table in self._endpoint.tables:
            yield _item(table, tombstones(keys, table, connection_id=self._connection_id))

    def whole(
        self,
        pages: Iterable[tuple[Reply, Sequence[msgspec.Raw]]],
        key_of: Callable[[str], tuple[str | int, ...]] = lambda identity: (identity,),
    ) -> Iterator[Any]:
        """Take in all pages of a listing that tells everything each time, and order out what it no longer lists.

        ``key_of`` turns a document's identity into its key in each table. While a document cannot be read nobody knows which it was:
        then nothing is ordered out.
        """
        known = {} if self._known is None else self._known
        before = set(known)
        listed: set[str] = set()
        self._listed = listed
        for reply, rows in pages:
            yield from self.take(reply, rows)
        left = sorted(before - listed) if self._is_legible else []
        yield from self.gone([key_of(identity) for identity in left])
        for identity in left:
            known.pop(identity, None)
        yield from self.finish()

    def settle(self, known: KnownRows, state: MutableMapping[str, Any], *, nothing_left: str | None = None) -> Iterator[Any]:
        """Order out the rows that are known and were not read, finish, and keep what the next run must know.

        Raises :class:`IncompleteRead` with the words ``nothing_left``, if given, where none of the known rows was read: more often than not
        somebody can no longer see them.
        """
        gone = known.gone().to_pylist()
        if nothing_left is not None and gone and len(gone) == known.count:
            raise IncompleteRead(nothing_left)
        (table,) = self._endpoint.tables
        yield from self.gone([tuple(key.split(_JOINT)) if len(table.key) > 1 else (key,) for key in gone])
        yield from self.finish()
        remember(self._archive, state, self._endpoint.name, known)

    def finish(self) -> Iterator[Any]:
        """Yield the extraction's own row, if it changed anything."""
        counts = self._counts
        for table in self._endpoint.tables:
            if held := self._held.pop(table.name, None):
                yield _item(table, pa.concat_tables(held))
        if not counts.quarantined and not counts.superseded and not any(counts.rows.values()):
            return
        finished_at = datetime.now(UTC)
        rows = [
            ExtractionRow(
                extraction_id=f"{self._archive.run_id}-{self._name}",
                table_name=table.name,
                started_at=_iso(self._started_at),
                finished_at=_iso(finished_at),
                pages=counts.pages,
                documents_received=counts.received,
                documents_unchanged=counts.unchanged,
                documents_superseded=counts.superseded,
                documents_quarantined=counts.quarantined if table is self._endpoint.tables[0] else 0,
                rows_loaded=counts.rows[table.name],
                money_totals=json.dumps({name: f"{total:f}" for name, total in counts.money.get(table.name, {}).items()}),
                undeclared_fields=", ".join(sorted(counts.undeclared)),
            )
            for table in self._endpoint.tables
        ]
        arrow = to_arrow(rows, [EXTRACTION], connection_id=self._connection_id, page_id=self._archive.run_id).tables[
            EXTRACTION.name
        ]
        yield _item(EXTRACTION, arrow)

    def _keep(self, reply: Reply, documents: int) -> str:
        self._counts.pages += 1
        self._counts.received += documents
        return self._archive.store(self._name, reply, documents)

    def _give(
        self, tables: Mapping[str, pa.Table], refused: Sequence[Refused], page_id: str, received_at: datetime
    ) -> Iterator[Any]:
        """Count what goes on and what is set aside, and yield both."""
        counts = self._counts
        counts.quarantined += len(refused)
        for table in self._endpoint.tables:
            arrow = tables[table.name]
            counts.rows[table.name] += arrow.num_rows
            self._add_money(table, arrow)
            if arrow.num_rows:
                yield from self._pass_on(table, arrow)
        if refused:
            yield self._quarantine(refused, page_id, received_at)

    def _pass_on(self, table: Table, arrow: pa.Table) -> Iterator[Any]:
        held = self._held.setdefault(table.name, [])
        held.append(arrow)
        if sum(each.num_rows for each in held) >= self._batch_rows:
            yield _item(table, pa.concat_tables(self._held.pop(table.name)))

    def _chosen(self, records: list[Any], raw: list[msgspec.Raw]) -> tuple[list[Any], list[msgspec.Raw]]:
        positions = self._choose(records, raw) if self._choose else range(len(records))
        if len(positions) == len(records):
            return records, raw
        self._counts.unchanged += len(records) - len(positions)
        return [records[position] for position in positions], [raw[position] for position in positions]

    def _newest_of_new(self, records: list[Any], raw: list[msgspec.Raw]) -> tuple[list[Any], list[msgspec.Raw]]:
        """Drop documents that are already loaded as they are; of several versions in one page keep the newest."""
        identity, version = self._endpoint.identity, self._endpoint.version
        if self._known is None and all(table.once for table in self._endpoint.tables):
            return records, raw
        newest: dict[str, int] = {}
        for position, record in enumerate(records):
            key = identity(record)
            if key not in newest or version(record) >= version(records[newest[key]]):
                newest[key] = position
        if self._listed is not None:
            self._listed.update(newest)
        positions = sorted(newest.values())
        self._counts.unchanged += len(records) - len(positions)
        if self._known is not None:
            fresh = []
            for position in positions:
                key, found = identity(records[position]), fingerprint(raw[position])
                if self._known.get(key) != found:
                    self._known[key] = found
                    self._counts.superseded += key in self._taken
                    self._taken.add(key)
                    fresh.append(position)
            self._counts.unchanged += len(positions) - len(fresh)
            positions = fresh
        return [records[position] for position in positions], [raw[position] for position in positions]

    def _add_money(self, table: Table, arrow: pa.Table) -> None:
        totals = self._counts.money.setdefault(table.name, {})
        for name in table.money_columns:
            total = pc.sum(arrow[name].cast(_SUM)).as_py() if arrow.num_rows else None
            totals[name] = _EXACT.add(totals.get(name, Decimal(0)), total or Decimal(0))

    def _note_undeclared(self, sample: Iterable[msgspec.Raw]) -> None:
        """Name fields that the vendor sends and the record does not declare: they stay in the archive, and are not silent."""
        for row in sample:
            unknown = _FIELDS.decode(row).keys() - self._declared
            self._counts.undeclared.update(unknown)

    def _quarantine(self, refused: Sequence[Refused], page_id: str, received_at: datetime) -> Any:
        for row in refused:
            log.warning("%s %s: set aside %s: %s", self._connection_id, row.table, row.record_key or "a document", row.reason)
        rows = {
            row.quarantine_id: QuarantineRow(
                quarantine_id=row.quarantine_id,
                table_name=row.table,
                record_key=row.record_key,
                reason=row.reason,
                payload=row.payload.encode("utf-8", "backslashreplace").decode(),
                received_at=_iso(received_at),
            )
            for row in refused
        }
        batch = to_arrow(list(rows.values()), [QUARANTINE], connection_id=self._connection_id, page_id=page_id)
        return _item(QUARANTINE, batch.tables[QUARANTINE.name])


def load_hints(table: Table) -> dict[str, Any]:
    """How dlt merges a table: replace rows by key, and all parts of a document together where the table holds parts."""
    hints: dict[str, Any] = {
        "write_disposition": {"disposition": "merge", "strategy": "delete-insert", "deduplicated": table.once},
        "primary_key": ["connection_id", *table.key],
    }
    if table.replace:
        hints["merge_key"] = ["connection_id", *table.replace]
    if table.deletable:
        hints["columns"] = {DELETED: {"data_type": "bool", "hard_delete": True}}
    return hints


def _item(table: Table, arrow: pa.Table) -> Any:
    import dlt

    return dlt.mark.with_hints(arrow, dlt.mark.make_hints(table_name=table.name, **load_hints(table)), create_table_variant=True)


def _print_of(refused: Refused) -> np.uint64:
    found: np.uint64 = np.frombuffer(bytes.fromhex(refused.quarantine_id[:16]), np.uint64)[0]
    return found


def _row_json(rows: pa.RecordBatch, position: int) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(rows.slice(position, 1).to_pylist()[0]))


def _key_texts(rows: pa.Table, table: Table) -> pa.Array:
    """The key of each row as one text, its parts joined; null where a part is."""
    parts = [rows[name].combine_chunks().cast(pa.string()) for name in table.key]
    return parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, _JOINT)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


__all__ = ["EXTRACTION", "QUARANTINE", "Choose", "Endpoint", "Intake", "fingerprint", "load_hints"]
