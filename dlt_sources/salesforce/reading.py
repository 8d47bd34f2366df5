"""One object in one extraction: all of it, or what changed; what was deleted, merged, or vanished unseen.

The resource's state knows the newest stamp, the rows within the lookback before it, and where the ids of all loaded rows are kept
(beside the archive, since they are many).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from dlt_sources.assembly import State
from dlt_sources.http import Reply
from dlt_sources.records import Archive
from dlt_sources.records.bulk import BulkIntake
from dlt_sources.records.intake import Intake
from dlt_sources.salesforce.bulk import BulkRefused, QueryJob, run
from dlt_sources.salesforce.org import FieldLost, Fields, Org
from dlt_sources.salesforce.records import Listing, merges, wire_name

log = logging.getLogger(__name__)
_BATCH_ROWS = 10_000
_SECONDS = len("2026-01-31T23:59:59")  # stamps have no finer unit, and are in UTC however that is written


class Reading:
    """Reads one object; ``run`` yields dlt items."""

    def __init__(
        self,
        org: Org,
        listing: Listing,
        archive: Archive,
        state: State,
        *,
        lookback: int,
        bulk_threshold: int,
        hours_between_sweeps: float,
    ) -> None:
        self._org, self._listing, self._archive, self._state = org, listing, archive, state
        self._lookback, self._threshold = timedelta(seconds=lookback), bulk_threshold
        self._pause = timedelta(hours=hours_between_sweeps)
        self._newest: str = state.get("changed_until", "")
        self._seen: dict[str, str] = {}
        self._deleted: dict[str, str] = {}
        self._losers: list[msgspec.Raw] = []

    def run(self) -> Iterator[Any]:
        """Yield what is new; an object that gained a field is read whole again."""
        state, started = self._state, datetime.now(UTC)
        fields = self._org.fields(self._listing)
        loaded = self._loaded()
        if loaded is None or not set(fields.values()) <= set(state.get("fields", ())):
            state.clear()
            self._newest = ""
        first = "known" not in state
        known: dict[str, str] = dict(state.get("known", {}))
        self._in_bulk: dict[str, str] = dict(state.get("in_bulk", {}))
        intake = self._intake(known)
        if first:
            yield from self._whole(intake, fields)
        else:
            try:
                yield from self._changed(intake, fields)
            except FieldLost:
                again = self._org.fields(self._listing)
                if again == fields:
                    raise
                fields = again
                yield from self._changed(intake, fields)
        blind, loaded = loaded is None, loaded or set()
        gone = {key for key, stamp in self._deleted.items() if (blind or key in loaded) and state.get("gone", {}).get(key) != stamp}
        gone |= loaded - self._seen.keys() if first else set()
        taken = {key for key in self._seen if state.get("known", {}).get(key) != known.get(key)} if not first else set(self._seen)
        loaded |= self._seen.keys()
        if not first and self._is_due(started):
            vanished, missing = self._compared(loaded)
            for reply, rows in self._org.by_id(self._listing, fields, sorted(missing)):
                yield from self._take(intake, reply, rows, fields)
            loaded |= missing
            gone |= vanished
            taken |= missing
            state["swept_at"] = started.isoformat()
        gone -= taken  # what came and went during this extraction is taken out by the next one
        yield from intake.gone([(key,) for key in sorted(gone)])
        yield from intake.finish()
        if first:
            state["swept_at"] = started.isoformat()
        self._remember(fields, known, loaded - gone, gone)

    def _intake(self, known: dict[str, str]) -> Intake:
        return Intake(
            self._listing.endpoint,
            connection_id=self._org.api.name,
            archive=self._archive,
            known=known,
            choose=self._choose,
            batch_rows=_BATCH_ROWS,
        )

    def _whole(self, intake: Intake, fields: Fields) -> Iterator[Any]:
        """All records: many of them as a job, else, or where the org does not run it, page by page."""
        if self._org.count(self._listing) >= self._threshold:
            try:
                job = run(self._org, self._listing, fields)
            except BulkRefused as refused:
                log.info("%s: %s is read by REST: %s", self._org.api.name, self._listing.sobject, refused)
            else:
                yield from self._from_job(job)
                job.forget()
                return
        for reply, rows in self._org.rows(self._listing, fields):
            yield from self._take(intake, reply, rows, fields)

    def _changed(self, intake: Intake, fields: Fields) -> Iterator[Any]:
        """Records that changed since the newest stamp less the lookback; all of them where the object has no stamps."""
        condition = ""
        if self._newest and self._listing.cursor in fields:
            condition = f"{fields[self._listing.cursor]} >= {_earlier(self._newest, self._lookback)}Z"
        for reply, rows in self._org.rows(self._listing, fields, condition):
            yield from self._take(intake, reply, rows, fields)

    def _take(self, intake: Intake, reply: Reply, rows: Sequence[msgspec.Raw], fields: Fields) -> Iterator[Any]:
        """Take in a page under the names of the record, and keep what it tells of merges."""
        record = self._listing.endpoint.document
        for name, _ in self._listing.custom:
            if name in fields:  # nothing within a value looks like this: its quotes would be escaped
                old, new = f'"{fields[name]}":'.encode(), f'"{wire_name(record, name)}":'.encode()
                rows = [msgspec.Raw(bytes(row).replace(old, new)) for row in rows]
        self._losers = []
        yield from intake.take(reply, rows)
        if self._losers:
            yield from self._merged(reply, self._losers)

    def _choose(self, documents: Sequence[Any], raw: Sequence[msgspec.Raw]) -> list[int]:
        """The records of a page that stand; what lies in the recycle bin is noted instead."""
        positions = []
        for position, document in enumerate(documents):
            stamp = (getattr(document, self._listing.cursor, None) or "")[:_SECONDS]
            self._newest = max(self._newest, stamp)
            if getattr(document, "is_deleted", False):
                is_told = stamp in {self._deleted.get(document.id), self._state.get("gone", {}).get(document.id)}
                if getattr(document, "master_record_id", None) and not is_told:
                    self._losers.append(raw[position])
                self._deleted[document.id] = stamp
                continue
            self._seen[document.id] = stamp
            if not stamp or self._in_bulk.get(document.id) != stamp:
                positions.append(position)
        return positions

    def _merged(self, reply: Reply, losers: Sequence[msgspec.Raw]) -> Iterator[Any]:
        endpoint = merges(self._listing)
        intake = Intake(
            endpoint, connection_id=self._org.api.name, archive=self._archive, known=None, listing=f"{len(self._deleted)}"
        )
        yield from intake.take(reply, losers)
        yield from intake.finish()

    def _from_job(self, job: QueryJob) -> Iterator[Any]:
        """The results of a job. Rows that may have changed again within the second in which it began are not taken for known."""
        listing = self._listing
        (table,) = listing.endpoint.tables
        intake = BulkIntake(table, self._org.api.name, self._archive, listing.endpoint.name)
        for page in job.pages():
            columns = dict(page.columns)
            stamps = (
                pc.utf8_slice_codeunits(columns[listing.cursor], 0, _SECONDS)
                if listing.cursor in columns
                else pa.nulls(page.rows, pa.string())
            )
            self._newest = max(self._newest, pc.max(stamps).as_py() or "")
            page_id = self._archive.store(listing.endpoint.name, page.reply, page.rows)
            intake.pages += 1
            keep = (
                pc.fill_null(pc.not_equal(columns["is_deleted"], "true"), True)
                if "is_deleted" in columns
                else pa.array([True] * page.rows)
            )
            gone = {name: array.filter(pc.invert(keep)) for name, array in columns.items()}
            standing = {name: array.filter(keep) for name, array in columns.items()}
            self._deleted.update(zip(gone["id"].to_pylist(), stamps.filter(pc.invert(keep)).to_pylist(), strict=True))
            self._seen.update(zip(standing["id"].to_pylist(), stamps.filter(keep).to_pylist(), strict=True))
            intake.superseded += len(gone["id"])
            intake.received += len(gone["id"])
            yield from intake.take(standing, len(standing["id"]), page_id, page.reply.received_at)
            if "master_record_id" in gone:
                merged = pa.table({name: gone[name] for name in ("id", "master_record_id", listing.cursor)}).filter(
                    pc.is_valid(gone["master_record_id"])
                )
                names = {name: wire_name(listing.endpoint.document, name) for name in merged.column_names}
                losers = [
                    msgspec.Raw(msgspec.json.encode({names[name]: value for name, value in row.items()}))
                    for row in merged.to_pylist()
                ]
                if losers:
                    yield from self._merged(page.reply, losers)
        yield from intake.finish()
        began = job.created_at[:_SECONDS]
        self._in_bulk = {key: stamp for key, stamp in self._seen.items() if stamp and stamp < began}

    def _is_due(self, now: datetime) -> bool:
        swept_at = datetime.fromisoformat(self._state["swept_at"])
        return self._is_compared and now - swept_at >= self._pause

    @property
    def _is_compared(self) -> bool:
        return self._listing.compared and self._listing.is_deletable

    def _compared(self, loaded: set[str]) -> tuple[set[str], set[str]]:
        """Ids that are loaded and no longer there, and such as are there and were never loaded."""
        if self._org.count(self._listing, "IsDeleted = false") == len(loaded - self._deleted.keys()):
            return set(), set()
        there = self._org.ids(self._listing)
        return loaded - there - self._deleted.keys(), there - loaded

    def _loaded(self) -> set[str] | None:
        """The ids of all rows that are loaded; None where they were kept and are there no more: all is read again then."""
        reference = self._state.get("ids")
        kept = self._archive.recall(reference) if reference else b""
        if kept is None:
            self._org.tell(
                f"{self._listing.endpoint.name}.deletions",
                "the list of loaded ids is no longer beside the archive, so that rows which the org has lost for good stay in the raw table",
            )
            return None
        return set(kept.decode().split())

    def _remember(self, fields: Fields, known: dict[str, str], loaded: set[str], gone: set[str]) -> None:
        state, listing = self._state, self._listing
        edge = _earlier(self._newest, self._lookback) if self._newest else ""
        recent = {key for key, stamp in self._seen.items() if not stamp or stamp >= edge}
        former = state.get("gone", {})
        state["fields"] = sorted(fields.values())
        state["changed_until"] = self._newest
        state["known"] = {key: known[key] for key in sorted(recent) if key in known}
        state["in_bulk"] = {key: self._seen[key] for key in sorted(recent) if self._in_bulk.get(key) == self._seen[key] != ""}
        # A deletion that waits for the next extraction is not noted.
        state["gone"] = {
            key: stamp
            for key, stamp in sorted(self._deleted.items())
            if stamp >= edge and (key in gone or key not in loaded or former.get(key) == stamp)
        }
        if self._is_compared:
            name = f"ids-{listing.endpoint.name}"
            state["ids"] = self._archive.remember(name, "\n".join(sorted(loaded)).encode())
            self._archive.forget(name, but=state["ids"])


def _earlier(stamp: str, span: timedelta) -> str:
    return (datetime.fromisoformat(stamp) - span).isoformat(timespec="seconds")
