"""Bulk extracts: jobs that write a file each, of leads, activities or members of programs.

A job waits for one of two places, runs for a while and is then complete; its status is told as of the last full minute. The sandbox's
minute is short.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.vendors.marketo import replies
from sandbox.vendors.marketo.leads import LEAD_FIELDS, MEMBER_FIELDS, columns, known_fields
from sandbox.vendors.marketo.replies import Refusal
from sandbox.vendors.marketo.store import MarketoStore

RUNNING, QUEUED, DAYS, DAILY_BYTES = 2, 10, 31, 500 * 1024 * 1024
_DELIMITERS = {"CSV": ",", "TSV": "\t", "SSV": ";"}
_ACTIVITY = {
    "marketoGUID": "id::varchar",
    "leadId": "lead_id",
    "activityDate": "told(happened_at)",
    "activityTypeId": "type_id",
    "campaignId": "campaign_id",
    "primaryAttributeValueId": "primary_id",
    "primaryAttributeValue": "primary_value",
    "attributes": "attributes",
}
_MOST_PROGRAMS = 10
_DELETE_LEAD = 37


class _Order(msgspec.Struct):
    """What a job shall do."""

    filter: dict[str, Any]
    fields: list[str] | None = None
    format: str = "CSV"
    columnHeaderNames: dict[str, str] | None = None  # noqa: N815 - the vendor's name


@dataclass
class _Job:
    kind: str
    order: _Order
    created_at: datetime
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    state: str = "Created"
    queued_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    file: bytes = b""
    rows: int = 0


@dataclass
class BulkApi:
    """``/bulk/v1/...``. ``minute`` is how long a job waits and runs, in seconds."""

    store: MarketoStore
    now: Callable[[], datetime]
    today: Callable[[], object]
    minute: float
    daily_bytes: int = DAILY_BYTES
    limits: bool = True

    def __post_init__(self) -> None:
        self._jobs: dict[str, _Job] = {}
        self._lock = threading.Lock()
        self._used: tuple[object, int] = (None, 0)

    def routes(self) -> list[BaseRoute]:
        """What it answers."""
        found: list[BaseRoute] = []
        for kind in ("leads", "activities", "program/members"):
            path = f"/bulk/v1/{kind}/export"
            found += [
                Route(f"{path}/create.json", self._create, methods=["POST"], name=kind),
                Route(f"{path}/{{id}}/enqueue.json", self._enqueue, methods=["POST"], name=kind),
                Route(f"{path}/{{id}}/cancel.json", self._cancel, methods=["POST"], name=kind),
                Route(f"{path}/{{id}}/status.json", self._status, name=kind),
                Route(f"{path}/{{id}}/file.json", self._file, name=kind),
                Route(f"{path}.json", self._list, name=kind),
            ]
        return found

    async def _create(self, request: Request) -> Response:
        if "json" not in request.headers.get("content-type", ""):
            raise Refusal("612", "Invalid Content Type")
        try:
            order = msgspec.json.decode(await request.body(), type=_Order)
        except msgspec.DecodeError:
            raise Refusal("609", "Invalid JSON") from None
        if order.format not in _DELIMITERS:
            raise Refusal("1003", f"Invalid format '{order.format}'")
        kind = _kind_of(request)
        _select(kind, order)
        self._within_quota()
        job = _Job(kind, order, self.now())
        self._jobs[job.id] = job
        return replies.rows([_told(job)])

    def _enqueue(self, request: Request) -> Response:
        job = self._job(request)
        with self._lock:
            self._move()
            if job.state != "Created":
                raise Refusal("1029", "Job already queued")
            self._within_quota()
            if sum(each.state in {"Queued", "Processing"} for each in self._jobs.values()) >= QUEUED:
                raise Refusal("1029", "Too many jobs in queue")
            job.state, job.queued_at = "Queued", self.now()
        return replies.rows([_told(job)])

    def _cancel(self, request: Request) -> Response:
        job = self._job(request)
        with self._lock:
            self._move()
            if job.state in {"Created", "Queued", "Processing"}:
                job.state = "Cancelled"
        return replies.rows([_told(job)])

    def _status(self, request: Request) -> Response:
        job = self._job(request)
        with self._lock:
            self._move()
        return replies.rows([_told(job)])

    def _list(self, request: Request) -> Response:
        with self._lock:
            self._move()
        wanted = {state.strip() for state in request.query_params.get("status", "").split(",") if state.strip()}
        kind = _kind_of(request)
        found = [job for job in self._jobs.values() if job.kind == kind and (not wanted or job.state in wanted)]
        offset = 0
        if request.query_params.get("nextPageToken"):
            offset = replies.whole_number(replies.text_of(request.query_params["nextPageToken"]), "nextPageToken")
        size = replies.batch_of(request)
        more = {"nextPageToken": replies.token_of(str(offset + size))} if len(found) > offset + size else {}
        return replies.rows([_told(job) for job in found[offset : offset + size]], **more)

    def _file(self, request: Request) -> Response:
        job = self._job(request)
        with self._lock:
            self._move()
        if job.state != "Completed":
            return PlainTextResponse("The file of this export is not there yet.", 404)
        headers = {"Accept-Ranges": "bytes"}
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
        if asked is None:
            return Response(job.file, 200, headers, media_type="text/csv")
        first, size = int(asked[1]), len(job.file)
        last = min(int(asked[2] or size - 1), size - 1)
        if first > last:
            return PlainTextResponse("Range not satisfiable", 416, {"Content-Range": f"bytes */{size}"})
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
        return Response(job.file[first : last + 1], 206, headers, media_type="text/csv")

    def _job(self, request: Request) -> _Job:
        job = self._jobs.get(request.path_params["id"])
        if job is None or job.kind != _kind_of(request):
            raise Refusal("1013", f"Export job '{request.path_params['id']}' not found")
        return job

    def _within_quota(self) -> None:
        day, used = self._used
        if self.limits and day == self.today() and used >= self.daily_bytes:
            raise Refusal("1029", "Export daily quota exceeded")

    def _move(self) -> None:
        """Let jobs go on as the time that has passed allows: a started one ends after a minute, a queued one starts when there is a place."""
        now = self.now()
        for job in sorted(self._jobs.values(), key=lambda each: each.queued_at or each.created_at):
            if job.state == "Queued" and job.queued_at and (now - job.queued_at).total_seconds() >= self.minute:
                if sum(each.state == "Processing" for each in self._jobs.values()) < RUNNING:
                    job.state, job.started_at = "Processing", now
            elif job.state == "Processing" and job.started_at and (now - job.started_at).total_seconds() >= self.minute:
                self._write(job)
                job.state, job.finished_at = "Completed", now

    def _write(self, job: _Job) -> None:
        names, sql, values = _select(job.kind, job.order)
        found = self.store.records(sql, values)
        text = io.StringIO()
        writer = csv.writer(text, delimiter=_DELIMITERS[job.order.format], lineterminator="\n")
        writer.writerow([(job.order.columnHeaderNames or {}).get(name, name) for name in names])
        writer.writerows([_cell(row[name]) for name in names] for row in found)
        job.file, job.rows = text.getvalue().encode(), len(found)
        day, used = self._used
        self._used = (self.today(), len(job.file) + (used if day == self.today() else 0))


def _kind_of(request: Request) -> str:
    return request.url.path.partition("/bulk/v1/")[2].partition("/export")[0]


def _cell(value: object) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _told(job: _Job) -> dict[str, object]:
    moments = {"createdAt": job.created_at, "queuedAt": job.queued_at, "startedAt": job.started_at, "finishedAt": job.finished_at}
    body: dict[str, object] = {"exportId": job.id, "format": job.order.format, "status": job.state}
    body |= {name: replies.instant(moment) for name, moment in moments.items() if moment}
    if job.state == "Completed":
        digest = hashlib.sha256(job.file).hexdigest()
        body |= {"numberOfRecords": job.rows, "fileSize": len(job.file), "fileChecksum": f"sha256:{digest}"}
    return body


def _select(kind: str, order: _Order) -> tuple[list[str], str, list[object]]:
    """The columns of a job's file and the query that fills it; refuses what the vendor would refuse."""
    return {"leads": _leads, "activities": _activities, "program/members": _members}[kind](order)


def _leads(order: _Order) -> tuple[list[str], str, list[object]]:
    names = known_fields(order.fields or [], LEAD_FIELDS)
    given = [name for name in ("createdAt", "updatedAt") if name in order.filter]
    if not names or len(given) != 1 or len(order.filter) != 1:
        raise Refusal("1003", "A job needs fields and one filter of createdAt or updatedAt")
    start, end = _span(order.filter[given[0]])
    sql = f'select {columns(names)} from leads where "{given[0]}" between ? and ? order by id'
    return names, sql, [replies.instant(start), replies.instant(end)]


def _activities(order: _Order) -> tuple[list[str], str, list[object]]:
    names = known_fields(order.fields or list(_ACTIVITY), tuple(_ACTIVITY))
    if "createdAt" not in order.filter:
        raise Refusal("1002", "Missing value for the required parameter 'createdAt'")
    start, end = _span(order.filter["createdAt"])
    types = order.filter.get("activityTypeIds", [])
    if _DELETE_LEAD in types or not all(isinstance(each, int) for each in types):
        raise Refusal("1003", "Invalid activityTypeIds")
    where = f"type_id in ({', '.join('?' * len(types))})" if types else f"type_id <> {_DELETE_LEAD}"
    told = ", ".join(f'{_ACTIVITY[name]} as "{name}"' for name in names)
    seen = "seq <= (select whole from log_end)"
    return (
        names,
        f"select {told} from activity where {seen} and happened_at between ? and ? and {where} order by seq",
        [start, end, *types],
    )


def _members(order: _Order) -> tuple[list[str], str, list[object]]:
    names = known_fields(order.fields or [], MEMBER_FIELDS)
    several = order.filter.get("programIds")
    programs = several if several is not None else [order.filter.get("programId")]
    if not names or not 0 < len(programs) <= _MOST_PROGRAMS or not all(isinstance(each, int) for each in programs):
        raise Refusal("1003", f"A job needs fields and a programId, or at most {_MOST_PROGRAMS} programIds")
    values: list[object] = list(programs)
    where = f'"programId" in ({", ".join("?" * len(programs))})'
    if "updatedAt" in order.filter:
        where, values = f"{where} and updated_at between ? and ?", [*values, *_span(order.filter["updatedAt"])]
    if several is not None:  # the vendor puts it before the others
        names = ["programId", *(name for name in names if name != "programId")]
    return names, f'select {columns(names)} from members where {where} order by "programId", "leadId"', values


def _span(given: object) -> tuple[datetime, datetime]:
    if not isinstance(given, Mapping):
        raise Refusal("1003", "A range has startAt and endAt")
    return replies.span_of(str(given.get("startAt", "")), str(given.get("endAt", "")), DAYS)
