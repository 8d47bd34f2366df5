"""Bulk extracts: jobs that the vendor works off one after another, and the files that they leave.

Files are fetched in parts, checked against size and checksum, and kept in the archive before anything of them is read.
"""

from __future__ import annotations

import csv
import hashlib
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import pyarrow as pa
from pyarrow import csv as arrow_csv

from dlt_sources.http import ApiClient, IncompleteRead, MalformedReply, Reply, Request, SourceError
from dlt_sources.marketo import wire
from dlt_sources.marketo.records import vendor_name
from dlt_sources.records import Archive, PageEntry, Table
from dlt_sources.records.convert import read_instant

WINDOW = timedelta(days=31)
_AT_A_TIME = 5  # jobs on their way; the vendor runs two and lets ten wait, for all its callers together
_PART = 16 * 1024 * 1024  # bytes of a file that one call fetches
_BLOCK = 2 * 1024 * 1024
_LONGEST_PAUSE, _LONGEST_JOB = 60.0, 3 * 3600.0  # seconds; the vendor renews a status once a minute
_ENDED_BADLY = frozenset({"failed", "canceled", "cancelled"})  # the vendor spells it in both ways
_UNFIT = frozenset({"1003", "1006", "1035"})


class _Job(msgspec.Struct, rename="camel"):
    export_id: str
    status: str
    created_at: str | None = None
    number_of_records: int | None = None
    file_size: int | None = None
    file_checksum: str | None = None
    error_msg: str | None = None


@dataclass(frozen=True)
class File:
    """A file that a job left: the place of its order, where it lies on this machine, and its page in the archive."""

    place: int
    path: Path
    page_id: str
    rows: int | None
    size: int
    sha256: str
    request: str
    received_at: datetime


@dataclass
class Extract:
    """What the jobs of one extraction brought. ``refusal`` is why not all of them could run; ``done`` is how many did."""

    files: list[File] = field(default_factory=list)
    done: int = 0
    refusal: SourceError | None = None
    began_at: datetime | None = None
    """The vendor's own time when the first job was created."""


@dataclass
class Exports:
    """Runs jobs of one kind (``leads``, ``activities``, ``program/members``); ``folder`` takes the files."""

    api: ApiClient
    kind: str
    archive: Archive
    folder: Path
    pause: float

    def run(self, orders: Sequence[Mapping[str, object]]) -> Extract:
        """Run a job for each order, in their order; stops without harm where the vendor permits no more of them."""
        found, waiting, ahead = Extract(), deque(orders), deque[_Job]()
        try:
            while waiting or ahead:
                while waiting and len(ahead) < _AT_A_TIME and found.refusal is None:
                    try:
                        ahead.append(self._start(waiting[0], patient=not ahead))
                        waiting.popleft()
                    except wire.JobsWaiting:
                        break
                    except (wire.ExportQuota, wire.Refused) as refusal:
                        if isinstance(refusal, wire.Refused) and refusal.code not in _UNFIT:
                            raise
                        found.refusal = refusal
                if not ahead:
                    break
                job = self._ended(ahead[0])
                if found.began_at is None and job.created_at:
                    found.began_at = read_instant(job.created_at)
                if job.number_of_records != 0:
                    found.files.append(self._fetched(job, found.done))
                found.done += 1
                ahead.popleft()
        finally:
            for job in ahead:
                with suppress(SourceError):
                    wire.post(self.api, self._path(job.export_id, "cancel"))
        return found

    def _path(self, job: str, what: str) -> str:
        return f"bulk/v1/{self.kind}/export/{job}/{what}.json"

    def _start(self, order: Mapping[str, object], *, patient: bool) -> _Job:
        """Create a job and let it wait in the queue; ``patient``: until there is a place in it."""
        job = _job(wire.post(self.api, f"bulk/v1/{self.kind}/export/create.json", {"format": "CSV", **order}))
        for wait in _pauses(self.pause):
            try:
                wire.post(self.api, self._path(job.export_id, "enqueue"))
            except wire.JobsWaiting:
                if not patient:
                    with suppress(SourceError):
                        wire.post(self.api, self._path(job.export_id, "cancel"))
                    raise
                time.sleep(wait)
            except wire.Refused as refusal:
                if "already queued" not in str(refusal).lower():  # an answer that was lost on its way
                    raise
                break
            else:
                break
        return job

    def _ended(self, job: _Job) -> _Job:
        """Wait until a job is complete."""
        for wait in _pauses(self.pause):
            job = _job(wire.get(self.api, self._path(job.export_id, "status"))[1])
            state = job.status.lower()
            if state == "completed":
                return job
            if state in _ENDED_BADLY:
                raise SourceError(
                    f"The bulk job {job.export_id} of {self.kind} ended as {job.status}: {job.error_msg or 'no reason'}."
                )
            time.sleep(wait)
        raise SourceError(f"The bulk job {job.export_id} of {self.kind} took longer than {_LONGEST_JOB / 3600:.0f} hours.")

    def _fetched(self, job: _Job, place: int) -> File:
        """The file of a job, whole and as the vendor says it is."""
        path = self.folder / f"{job.export_id}.csv"
        for last_try in (False, True):
            digest = hashlib.sha256()
            with path.open("wb") as target:
                while True:
                    reply = self._part(job, target.tell())
                    target.write(reply.body)
                    digest.update(reply.body)
                    if job.file_size is None or target.tell() >= job.file_size:
                        break
                size = target.tell()
            found = digest.hexdigest()
            if found == ((job.file_checksum or "").partition(":")[2] or found):
                return File(
                    place, path, self.archive.store_file(path), job.number_of_records, size, found, reply.request, reply.received_at
                )
            if last_try:
                break
        raise IncompleteRead(f"The file of bulk job {job.export_id} is not the one that the vendor made: its checksum differs.")

    def _part(self, job: _Job, start: int) -> Reply:
        in_parts = job.file_size is not None and job.file_size > _PART
        headers = {"Range": f"bytes={start}-{start + _PART - 1}"} if in_parts else {}

        def parse(reply: Reply) -> Reply:
            kind = next((value for name, value in reply.headers.items() if name.lower() == "content-type"), "")
            if "json" in kind or "html" in kind:
                wire.answer(reply)
                raise MalformedReply(f"{reply.request} did not answer with a file.")
            wanted = None if job.file_size is None else min(_PART, job.file_size - start) if in_parts else job.file_size
            if wanted is not None and len(reply.body) != wanted:
                raise MalformedReply(f"{reply.request} answered with {len(reply.body)} bytes, not {wanted}.")
            return reply

        return self.api.send(Request("GET", self._path(job.export_id, "file"), headers={"Accept": "*/*", **headers}), parse)


def file_is_late(reply: Reply) -> bool | None:
    """A job may be complete before its file is there: worth another try."""
    return True if reply.status == 404 and "/file.json" in reply.request else None


def windows(start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """Spans of at most 31 days from the first one's beginning until after ``end``, oldest first."""
    found = [(start, start + WINDOW)]
    while found[-1][1] <= end:
        found.append((found[-1][1], found[-1][1] + WINDOW))
    return found


def _job(envelope: wire.Envelope) -> _Job:
    try:
        return msgspec.json.decode(envelope.rows[0], type=_Job)
    except (IndexError, msgspec.DecodeError):
        raise SourceError("The vendor's answer tells no bulk job.") from None


def _pauses(first: float) -> Iterator[float]:
    """Ever longer waits, until a job takes too long."""
    waited, wait = 0.0, first
    while waited < _LONGEST_JOB:
        yield wait
        waited, wait = waited + wait, min(2 * wait, _LONGEST_PAUSE)


class _Plain:
    """A file without its NUL bytes, which break lines apart."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.closed = False

    def read(self, size: int = -1) -> bytes:
        while data := self._file.read(size):
            if plain := data.replace(b"\0", b""):
                return plain
        return b""

    def close(self) -> None:
        self.closed = True


@dataclass
class Odd:
    """What a file has beside fitting rows: lines of another length, with their reasons, and columns that nobody knows."""

    lines: list[tuple[str, str]] = field(default_factory=list)
    columns: set[str] = field(default_factory=set)


def batches(
    file: File, table: Table, ours: Mapping[str, str], odd: Odd, only: str = ""
) -> Iterator[tuple[dict[str, pa.Array], int]]:
    """The columns of a file that the table knows, as text, block by block; what is odd about it is added to ``odd``.

    ``only`` names the one column that is wanted. ``ours`` are the record's names of fields that the vendor's instance names otherwise. Raises :class:`IncompleteRead` where the
    file has not as many rows as the vendor says.
    """
    known = {str(vendor_name(column.attribute or column.name)): column.name for column in table.columns}
    with file.path.open(encoding="utf-8-sig", newline="") as head:
        headers = next(csv.reader(head), [])
    columns: dict[str, str] = {}
    for header in headers:
        name = known.get(ours.get(header, header))
        if name is not None:
            columns |= {header: name} if only in {"", name} else {}
        elif header != "":
            odd.columns.add(header)
    known_odd = len(odd.lines)

    def aside(row: Any) -> str:
        odd.lines.append((f"{table.name}: the line has {row.actual_columns} cells, not {row.expected_columns}", row.text))
        return "skip"

    with file.path.open("rb") as body:
        reader = arrow_csv.open_csv(
            pa.PythonFile(_Plain(body), mode="r"),
            read_options=arrow_csv.ReadOptions(block_size=_BLOCK, column_names=headers, skip_rows=1),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=aside),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()),
                include_columns=list(columns),
                null_values=["null"],
                strings_can_be_null=True,
            ),
        )
        rows = 0
        for batch in reader:
            rows += batch.num_rows
            yield {name: batch.column(header) for header, name in columns.items()}, batch.num_rows
    rows += len(odd.lines) - known_odd
    if file.rows is not None and rows != file.rows:
        raise IncompleteRead(f"{file.request}: the file has {rows} rows, but {file.rows} were announced.")


def note(archive: Archive, listing: str, file: File, documents: int) -> None:
    """Write the file's line of the archive's manifest."""
    archive.note(
        PageEntry(
            page_id=file.page_id,
            resource=listing,
            request=file.request,
            received_at=file.received_at.astimezone(UTC),
            documents=documents,
            size_bytes=file.size,
            sha256=file.sha256,
        )
    )
