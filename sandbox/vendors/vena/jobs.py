"""ETL jobs: created, submitted, watched. They run and change nothing of the model."""

from __future__ import annotations

import csv
import io
import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.vendors.vena.replies import API, Refusal, chosen, json

TEMPLATE_ID = "1180021943502307328"
_USER = "hub@meridian.example"
_FIRST_JOB = 1290043517206528000


@dataclass
class Job:
    """A job. It rests while it is edited; once submitted it runs for ``work`` seconds."""

    id: str
    created: datetime
    rows: list[Sequence[str]] = field(default_factory=list)
    submitted: datetime | None = None
    cancelled: datetime | None = None


@dataclass
class Jobs:
    """The jobs of one template, whose input has the model's ``columns``. ``work`` is how many seconds of the clock a job runs."""

    now: Callable[[], datetime]
    work: float
    columns: tuple[str, ...]
    model: tuple[str, str]

    def __post_init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._numbers = itertools.count(_FIRST_JOB)
        self._lock = threading.Lock()

    def routes(self) -> list[BaseRoute]:
        """What it answers; under ``/api/`` what older programs call."""
        template, job = f"{API}/etl/templates/{{template}}", f"{API}/etl/jobs/{{job}}"
        return [
            Route(f"{template}/startWithData", self._start_with_data, methods=["POST"]),
            Route(f"{template}/startWithFile", self._start_with_file, methods=["POST"]),
            Route(f"{template}/jobs", self._create, methods=["POST"]),
            Route(f"{job}/submit", self._submit, methods=["POST"]),
            Route(f"{job}/cancel", self._cancel, methods=["POST"]),
            Route(f"{job}/status", self._status),
            Route(job, self._tell),
            Route("/api/etl", self._list),
            Route("/api/models/{model}/etl", self._list),
        ]

    async def _start_with_data(self, request: Request) -> Response:
        _check_template(request)
        try:
            rows = msgspec.json.decode(await request.body(), type=dict[str, dict[str, list[list[Any]]]])["input"]["data"]
        except (msgspec.DecodeError, KeyError):
            raise Refusal(422, "Unprocessable Entity: input.data must be an array of rows") from None
        return self._started([[str(value) for value in row] for row in rows])

    async def _start_with_file(self, request: Request) -> Response:
        _check_template(request)
        parts = _parts(request.headers.get("content-type", ""), await request.body())
        try:
            part = msgspec.json.decode(parts["metadata"], type=dict[str, dict[str, Any]])["input"]["partName"]
            content = parts[part].decode("utf-8-sig")
        except (KeyError, UnicodeDecodeError, msgspec.DecodeError):
            raise Refusal(422, "Unprocessable Entity: metadata must name the part that holds a file in UTF-8") from None
        return self._started(list(csv.reader(io.StringIO(content))))

    def _started(self, rows: Sequence[Sequence[str]]) -> Response:
        if rows and tuple(rows[0]) == self.columns:
            rows = rows[1:]
        if not rows:
            raise Refusal(422, "Unprocessable Entity: the input has no rows")
        for number, row in enumerate(rows, 1):
            if len(row) != len(self.columns):
                told = f"row {number} has {len(row)} columns, but the template has {len(self.columns)}"
                raise Refusal(422, f"Unprocessable Entity: {told}")
        job = self._new()
        job.rows, job.submitted = list(rows), self.now()
        return json({"id": job.id})

    def _create(self, request: Request) -> Response:
        _check_template(request)
        chosen(request, "application/json")
        return json({"id": self._new().id})

    def _new(self) -> Job:
        with self._lock:
            job = Job(str(next(self._numbers)), self.now())
            self._jobs[job.id] = job
        return job

    def _submit(self, request: Request) -> Response:
        job = self._found(request)
        if self._state(job)[0] != "EDITING":
            raise Refusal(422, f"Unprocessable Entity: the job is {self._state(job)[0]} and cannot be submitted")
        job.submitted = self.now()
        return json(self._row(job))

    def _cancel(self, request: Request) -> Response:
        job = self._found(request)
        if self._state(job)[0] in {"COMPLETED", "ERROR"}:
            raise Refusal(422, f"Unprocessable Entity: the job is {self._state(job)[0]} and cannot be cancelled")
        job.cancelled = job.cancelled or self.now()
        return json(self._row(job))

    def _status(self, request: Request) -> Response:
        return json(self._state(self._found(request))[0])

    def _tell(self, request: Request) -> Response:
        return json(self._row(self._found(request)))

    def _list(self, request: Request) -> Response:
        if request.path_params.get("model", self.model[0]) != self.model[0]:
            raise Refusal(404, "Not Found")
        return json([self._row(job) for job in self._jobs.values()])

    def _found(self, request: Request) -> Job:
        chosen(request, "application/json")
        job = self._jobs.get(request.path_params["job"])
        if job is None:
            raise Refusal(404, f"ETL job {request.path_params['job']} not found")
        return job

    def _state(self, job: Job) -> tuple[str, str | None]:
        """Where a job is, and what went wrong."""
        if job.cancelled is not None:
            return "CANCELLED", None
        if job.submitted is None:
            return "EDITING", None
        if (self.now() - job.submitted).total_seconds() < self.work:
            return "RUNNING", None
        for number, row in enumerate(job.rows, 1):
            try:
                Decimal(row[0])
            except InvalidOperation:
                return "ERROR", f"Row {number}: '{row[0]}' is not a number"
        return "COMPLETED", None

    def _row(self, job: Job) -> Mapping[str, object]:
        state, trouble = self._state(job)
        return {
            "id": job.id,
            "name": "Hub import",
            "modelId": self.model[0],
            "modelName": self.model[1],
            "createdDate": _moment(job.created),
            "updatedDate": _moment(job.cancelled or job.submitted or job.created),
            "userName": _USER,
            "status": state,
            "error": trouble,
            "warnings": [],
        }


def _check_template(request: Request) -> None:
    if request.path_params["template"] != TEMPLATE_ID:
        raise Refusal(404, f"ETL template {request.path_params['template']} not found")


def _parts(kind: str, body: bytes) -> dict[str, bytes]:
    """The parts of a multipart body, by name."""
    whole = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
    found = {}
    for part in whole.iter_parts() if whole.is_multipart() else ():
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            found[str(part.get_param("name", header="content-disposition"))] = content
    return found


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"
