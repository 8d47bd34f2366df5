"""Query jobs of the Bulk API 2.0: their states, and results as compressed CSV in pages that a locator leads through."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
import pyarrow as pa
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.vendors.salesforce import replies, soql
from sandbox.vendors.salesforce.objects import ObjectType
from sandbox.vendors.salesforce.replies import Refusal
from sandbox.vendors.salesforce.store import SalesforceStore

_OPERATIONS = frozenset({"query", "queryAll"})
_DELIMITERS = {"COMMA": ",", "SEMICOLON": ";", "PIPE": "|", "TAB": "\t", "CARET": "^", "BACKQUOTE": "`"}
_MOST_RECORDS = 50_000
_KEPT = timedelta(days=7)
_TEMPORARY = frozenset({"UploadComplete", "InProgress"})


class _Order(msgspec.Struct, rename="camel"):
    """What a job is asked for; all but operation and query have defaults."""

    operation: str = ""
    query: str = ""
    column_delimiter: str = "COMMA"
    line_ending: str = "LF"
    content_type: str = "CSV"


class _Change(msgspec.Struct):
    state: str = ""


@dataclass
class _Job:
    """A job; ``looked`` is how often somebody asked for its state, which is what moves it on."""

    id: str
    order: _Order
    sobject: str
    version: str
    created_at: datetime
    header: str
    lines: pa.ChunkedArray
    state: str = "UploadComplete"
    looked: int = 0

    def told(self) -> dict[str, object]:
        """The job as the vendor tells it."""
        moment = replies.moment_text(self.created_at)
        whole: dict[str, object] = {
            "id": self.id,
            "operation": self.order.operation,
            "object": self.sobject,
            "createdById": "005000000000001AAA",
            "createdDate": moment,
            "systemModstamp": moment,
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version.removeprefix("v")),
            "jobType": "V2Query",
            "lineEnding": self.order.line_ending,
            "columnDelimiter": self.order.column_delimiter,
        }
        if self.state == "JobComplete":
            whole |= {"numberRecordsProcessed": len(self.lines), "retries": 0, "totalProcessingTime": 812}
        return whole


@dataclass
class BulkApi:
    """``/services/data/<version>/jobs/query``. ``only_rest`` are objects that it does not support."""

    store: SalesforceStore
    objects: Mapping[str, ObjectType]
    now: Callable[[], datetime]
    only_rest: frozenset[str] = frozenset()
    jobs: dict[str, _Job] = field(default_factory=dict)
    made: int = 0

    def routes(self, base: str) -> list[BaseRoute]:
        """What it answers."""
        jobs = f"{base}/jobs/query"
        return [
            Route(jobs, self._create, methods=["POST"]),
            Route(jobs, self._list, methods=["GET"]),
            Route(jobs + "/{id}", self._tell, methods=["GET"]),
            Route(jobs + "/{id}", self._change, methods=["PATCH"]),
            Route(jobs + "/{id}", self._delete, methods=["DELETE"]),
            Route(jobs + "/{id}/results", self._results, methods=["GET"]),
        ]

    async def _create(self, request: Request) -> Response:
        try:
            order = msgspec.json.decode(await request.body(), type=_Order)
        except msgspec.DecodeError as trouble:
            raise Refusal(400, "JSON_PARSER_ERROR", str(trouble)) from None
        if order.operation not in _OPERATIONS:
            raise Refusal(400, "INVALIDJOB", f"Invalid operation: {order.operation or 'none'}")
        if order.column_delimiter not in _DELIMITERS or order.line_ending not in {"LF", "CRLF"} or order.content_type != "CSV":
            raise Refusal(400, "INVALIDJOB", "Unsupported contentType, columnDelimiter or lineEnding")
        if not order.query:
            raise Refusal(400, "INVALIDJOB", "The query is missing")
        query = soql.parse(order.query, self.objects, self.now(), deleted_too=order.operation == "queryAll")
        self._admit(query)
        header = ",".join(f'"{one.path}"' for one in query.selected)
        self.made += 1
        key = f"750{self.made:012d}AAA"
        lines = self.store.column(query.lines(), query.values)
        job = _Job(key, order, query.source.name, request.path_params["version"], self.now(), header, lines)
        self.jobs[key] = job
        return replies.reply(job.told())

    def _admit(self, query: soql.Statement) -> None:
        name = query.source.name
        if name in self.only_rest:
            raise Refusal(400, "INVALIDENTITY", f"Entity '{name}' is not supported by the Bulk API.")
        if any(one.column.startswith("json_object") for one in query.selected):
            raise Refusal(400, "FUNCTIONALITY_NOT_ENABLED", "Selecting compound data not supported in Bulk Query")
        if any(one.kind == "records" for one in query.selected):
            raise Refusal(400, "API_ERROR", "Implementation restriction: Aggregate Relationships not supported in Bulk Query")
        if query.counts or query.aggregates:
            raise Refusal(400, "API_ERROR", "Implementation restriction: aggregate queries are not supported in Bulk Query")

    def _list(self, _request: Request) -> Response:
        records = [job.told() for job in self.jobs.values()]
        return replies.reply({"done": True, "records": records, "nextRecordsUrl": None})

    def _job(self, request: Request) -> _Job:
        job = self.jobs.get(request.path_params["id"])
        if job is None or self.now() > job.created_at + _KEPT:
            raise Refusal(404, *replies.NOT_FOUND)
        return job

    def _tell(self, request: Request) -> Response:
        """A job's state; it goes on each time that somebody looks."""
        job = self._job(request)
        job.looked += 1
        if job.state in _TEMPORARY:
            job.state = "InProgress" if job.looked == 1 else "JobComplete"
        return replies.reply(job.told())

    async def _change(self, request: Request) -> Response:
        job = self._job(request)
        try:
            wanted = msgspec.json.decode(await request.body(), type=_Change).state
        except msgspec.DecodeError as trouble:
            raise Refusal(400, "JSON_PARSER_ERROR", str(trouble)) from None
        if wanted != "Aborted" or job.state not in _TEMPORARY:
            raise Refusal(400, "INVALIDJOBSTATE", f"A job in state {job.state} cannot become {wanted}")
        job.state = "Aborted"
        return replies.reply(job.told())

    def _delete(self, request: Request) -> Response:
        job = self._job(request)
        if job.state in _TEMPORARY:
            raise Refusal(400, "INVALIDJOBSTATE", f"A job in state {job.state} cannot be deleted; abort it first")
        del self.jobs[job.id]
        return Response("", 204)

    def _results(self, request: Request) -> Response:
        """A page of a job's rows under its header row; the word ``null`` in place of a locator says that it was the last."""
        job = self._job(request)
        if job.version != request.path_params["version"]:
            raise Refusal(409, "API_VERSION_MISMATCH", f"The job was created with API version {job.version}")
        if job.state != "JobComplete":
            raise Refusal(400, "INVALIDJOBSTATE", f"Results of a job in state {job.state} cannot be read")
        start = _place(request.query_params.get("locator", ""))
        most = request.query_params.get("maxRecords", str(_MOST_RECORDS))
        if not most.isdigit() or int(most) < 1:
            raise Refusal(400, "INVALID_PARAMETER", f"maxRecords must be a positive number, not {most}")
        if start > len(job.lines):
            raise Refusal(400, "INVALID_LOCATOR", "The locator is invalid")
        rows = job.lines.slice(start, int(most)).to_pylist()
        ending = {"LF": "\n", "CRLF": "\r\n"}[job.order.line_ending]
        text = ending.join([job.header, *rows, ""])
        if (delimiter := _DELIMITERS[job.order.column_delimiter]) != ",":
            text = text.replace('","', f'"{delimiter}"')
        more = start + len(rows) < len(job.lines)
        headers = {
            "Sforce-Locator": base64.b64encode(str(start + len(rows)).encode()).decode().rstrip("=") if more else "null",
            "Sforce-NumberOfRecords": str(len(rows)),
        }
        body = text.encode()
        if "gzip" in request.headers.get("accept-encoding", ""):
            body, headers["Content-Encoding"] = gzip.compress(body, 1, mtime=0), "gzip"
        return Response(body, 200, headers, media_type="text/csv")


def _place(locator: str) -> int:
    """Where a locator leads to: the number of rows before it."""
    if not locator:
        return 0
    try:
        return int(base64.b64decode(locator + "=" * (-len(locator) % 4)).decode())
    except ValueError:
        raise Refusal(400, "INVALID_LOCATOR", "The locator is invalid") from None
