"""Cells: exports that run as tasks and leave a file in chunks, views that are read at once or by pages, and the other actions."""

from __future__ import annotations

import csv
import io
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.vendors.anaplan import replies
from sandbox.vendors.anaplan.modules import EMPTY_EXPORT_ID, MODULES, VERSIONS, Module, module_of_view
from sandbox.vendors.anaplan.replies import Refusal
from sandbox.vendors.anaplan.store import AnaplanStore
from sandbox.vendors.anaplan.tenant import Tenant, axes

MOST_CELLS, CHUNK = 1_000_000, 48_000
_IDLE = timedelta(minutes=30)
_PAGED = frozenset({"GRID_ALL_PAGES", "TABULAR_SINGLE_COLUMN", "TABULAR_SINGLE_ITEMS", "TABULAR_MULTI_COLUMN"})
_PROCESS, _IMPORT, _DELETE = 118000000001, 112000000001, 117000000001
_SOURCE_FILE = 113000000001
_NAMES = {_PROCESS: "Load Actuals", _IMPORT: "Drivers from actuals.csv", _DELETE: "Delete from Sellers"}


def _new_id() -> str:
    return uuid.uuid4().hex.upper()


@dataclass
class _Task:
    kind: str
    target: int
    created_at: datetime
    body: bytes = b""
    successful: bool = True
    message: str = ""
    id: str = field(default_factory=_new_id)
    started_at: datetime | None = None
    state: str = "NOT_STARTED"


@dataclass
class _Read:
    view: int
    created_at: datetime
    used_at: datetime
    pages: list[bytes]
    id: str = field(default_factory=_new_id)


@dataclass
class DataApi:
    """``work`` is what a task takes for each of its steps, in seconds; ``chunk`` the bytes of a chunk of a file and of a page of a view."""

    store: AnaplanStore
    tenant: Tenant
    now: Callable[[], datetime]
    work: float
    chunk: int = CHUNK
    most_cells: int = MOST_CELLS

    def __post_init__(self) -> None:
        self._tasks: dict[str, _Task] = {}
        self._files: dict[int, bytes] = {}
        self._reads: dict[str, _Read] = {}
        self._lock = threading.Lock()

    def routes(self) -> list[BaseRoute]:
        """What it answers; definitions with or without the workspace in the path, actions with it."""
        found: list[BaseRoute] = []
        for root in ("/2/0/models/{model}", "/2/0/workspaces/{workspace}/models/{model}"):
            found += [
                Route(f"{root}/exports", self._exports),
                Route(f"{root}/exports/{{id:int}}", self._export),
                Route(f"{root}/files", self._list_files),
                Route(f"{root}/files/{{id:int}}/chunks", self._chunks),
                Route(f"{root}/imports", self._imports),
                Route(f"{root}/processes", self._processes),
                Route(f"{root}/actions", self._actions),
                Route(f"{root}/views/{{view:int}}/data", self._view_data),
            ]
        root = "/2/0/workspaces/{workspace}/models/{model}"
        reads = f"{root}/views/{{view:int}}/readRequests"
        found += [
            Route(f"{root}/files/{{id:int}}", self._file),
            Route(f"{root}/files/{{id:int}}/chunks/{{chunk:int}}", self._file_chunk),
            Route(reads, self._start_reading, methods=["POST"]),
            Route(f"{reads}/{{id}}", self._reading),
            Route(f"{reads}/{{id}}", self._stop_reading, methods=["DELETE"]),
            Route(f"{reads}/{{id}}/pages/{{page:int}}", self._page),
        ]
        for kind in ("exports", "imports", "processes", "actions"):
            tasks = f"{root}/{kind}/{{id:int}}/tasks"
            found += [
                Route(tasks, self._start, methods=["POST"], name=kind),
                Route(tasks, self._list_tasks, name=kind),
                Route(f"{tasks}/{{task}}", self._task, name=kind),
                Route(f"{tasks}/{{task}}", self._cancel, methods=["DELETE"], name=kind),
            ]
        return found

    def _exports(self, request: Request) -> Response:
        self.tenant.admit(request)
        return replies.listing(request, "export", "exports", [_export_row(number, name) for number, name in _EXPORTS.items()])

    def _export(self, request: Request) -> Response:
        self.tenant.admit(request)
        module = _module_of_export(request.path_params["id"])
        rows = self.store.read(f"select count(*) from {module.table}")[0][0]
        metadata = {
            "columnCount": len(module.headers),
            "rowCount": rows,
            "headerNames": list(module.headers),
            "dataTypes": ["ENTITY"] * len(module.dimensions) + [kind for _, kind in module.line_items],
            "listNames": [*module.dimensions, *("" for _ in module.line_items)],
            "delimiter": '"',
            "separator": ",",
            "encoding": "UTF-8",
            "exportFormat": "text/csv",
            "layout": "TABULAR_MULTI_COLUMN",
        }
        return replies.whole(request, "exportMetadata", "exportMetadata", metadata)

    def _imports(self, request: Request) -> Response:
        self.tenant.admit(request)
        row = {
            "id": str(_IMPORT),
            "name": _NAMES[_IMPORT],
            "importType": "MODULE_DATA",
            "importDataSourceId": str(_SOURCE_FILE),
            "importDataSource": {"importDataSourceId": str(_SOURCE_FILE), "type": "FILE"},
        }
        return replies.listing(request, "import", "imports", [row])

    def _processes(self, request: Request) -> Response:
        self.tenant.admit(request)
        return replies.listing(request, "process", "processes", [{"id": str(_PROCESS), "name": _NAMES[_PROCESS]}])

    def _actions(self, request: Request) -> Response:
        self.tenant.admit(request)
        rows = [{"id": str(_DELETE), "name": _NAMES[_DELETE], "actionType": "DELETE_BY_SELECTION"}]
        return replies.listing(request, "action", "actions", rows)

    async def _start(self, request: Request) -> Response:
        self.tenant.admit(request)
        kind, target = _kind_of(request), request.path_params["id"]
        known = {"exports": _EXPORTS, "imports": [_IMPORT], "processes": [_PROCESS], "actions": [_DELETE]}[kind]
        if target not in known:
            raise Refusal(404, "Not Found")
        try:
            order = msgspec.json.decode(await request.body() or b"{}", type=dict[str, Any])
        except msgspec.DecodeError:
            raise Refusal(400, "Malformed request body") from None
        if kind == "exports" and not isinstance(order.get("localeName"), str):
            raise Refusal(400, "localeName is missing")
        task = _Task(kind, target, self.now())
        with self._lock:
            self._tasks[task.id] = task
        return replies.whole(request, "task", "task", {"taskId": task.id})

    def _list_tasks(self, request: Request) -> Response:
        self.tenant.admit(request)
        self._move()
        kind, target = _kind_of(request), request.path_params["id"]
        found = [task for task in self._tasks.values() if (task.kind, task.target) == (kind, target)]
        rows = [{"taskId": each.id, "taskState": each.state, "creationTime": _milliseconds(each.created_at)} for each in found]
        return replies.listing(request, "task", "tasks", rows)

    def _one(self, request: Request) -> _Task:
        self.tenant.admit(request)
        self._move()
        task = self._tasks.get(request.path_params["task"])
        if task is None or (task.kind, task.target) != (_kind_of(request), request.path_params["id"]):
            raise Refusal(404, "Not Found")
        return task

    def _task(self, request: Request) -> Response:
        return replies.whole(request, "task", "task", self._told(self._one(request)))

    def _cancel(self, request: Request) -> Response:
        task = self._one(request)
        if task.state in {"NOT_STARTED", "IN_PROGRESS"}:
            task.state = "CANCELLED"
        return replies.whole(request, "task", "task", self._told(task))

    def _move(self) -> None:
        """Let tasks go on as the time that has passed allows. Exports wait for what changes the model before them."""
        now, step = self.now(), timedelta(seconds=self.work)
        with self._lock:
            for task in self._tasks.values():
                changing = any(
                    other.kind != "exports" and other.state in {"NOT_STARTED", "IN_PROGRESS"} and other is not task
                    for other in self._tasks.values()
                )
                if task.state == "NOT_STARTED" and now - task.created_at >= step and not (task.kind == "exports" and changing):
                    task.state, task.started_at = "IN_PROGRESS", now
                elif task.state == "IN_PROGRESS" and task.started_at is not None and now - task.started_at >= step:
                    self._finish(task)
                    task.state = "COMPLETE"

    def _finish(self, task: _Task) -> None:
        if task.kind != "exports":
            return
        if task.target == EMPTY_EXPORT_ID:
            task.successful, task.message = False, "The export has no rows"
            return
        self._files[task.target] = self.store.csv(f"from {_module_of_export(task.target).table}")

    def _told(self, task: _Task) -> dict[str, object]:
        progress = {"NOT_STARTED": 0.0, "IN_PROGRESS": 0.5}.get(task.state, 1.0)
        steps = {"NOT_STARTED": "Waiting.", "IN_PROGRESS": "Processing.", "COMPLETE": "Complete.", "CANCELLED": "Cancelled."}
        body: dict[str, object] = {
            "taskId": task.id,
            "taskState": task.state,
            "creationTime": _milliseconds(task.created_at),
            "progress": progress,
            "currentStep": steps[task.state],
        }
        if task.state == "COMPLETE":
            told = {"localMessageText": task.message, "occurrences": 1, "type": "exportError", "values": []}
            nested = [_result(_IMPORT)] if task.kind == "processes" else []
            details = [] if task.successful else [told]
            body["result"] = _result(task.target) | {"successful": task.successful, "details": details, "nestedResults": nested}
        return body

    def _list_files(self, request: Request) -> Response:
        self.tenant.admit(request)
        sources = {_SOURCE_FILE: "actuals.csv"} | {number: f"{name}.csv" for number, name in _EXPORTS.items()}
        rows = [
            {
                "id": str(number),
                "name": name,
                "chunkCount": len(self._pieces(number)),
                "delimiter": '"',
                "encoding": "UTF-8",
                "firstDataRow": 2,
                "format": "txt",
                "headerRow": 1,
                "separator": ",",
                "language": "en",
                "country": "US",
                "origin": "NATIVE_ANAPLAN",
            }
            for number, name in sources.items()
        ]
        return replies.listing(request, "file", "files", rows)

    def _pieces(self, number: int) -> list[bytes]:
        body = self._files.get(number, b"")
        return pieces(body, self.chunk) if body else []

    def _chunks(self, request: Request) -> Response:
        self.tenant.admit(request)
        found = self._pieces(request.path_params["id"])
        if not found:
            raise Refusal(404, "Not Found")
        rows = [{"id": str(at), "name": f"Chunk {at}"} for at in range(len(found))]
        return replies.listing(request, "chunk", "chunks", rows)

    def _file_chunk(self, request: Request) -> Response:
        self.tenant.admit(request)
        found, at = self._pieces(request.path_params["id"]), request.path_params["chunk"]
        if at >= len(found):
            raise Refusal(404, "Not Found")
        return Response(found[at], media_type="application/octet-stream")

    def _file(self, request: Request) -> Response:
        self.tenant.admit(request)
        body = self._files.get(request.path_params["id"])
        if not body:
            raise Refusal(404, "Not Found")
        return Response(body, media_type="application/octet-stream")

    def _view_data(self, request: Request) -> Response:
        """The cells of a page of a view. Where nobody chooses one it is that of the current version."""
        self.tenant.admit(request)
        module = _module_of(request.path_params["view"])
        pages, rows = axes(module)
        version = self._version(request) if pages else ""
        line_items = [name for name, _ in module.line_items]
        where, values = ('where "Versions" = ?', [version]) if pages else ("", [])
        told = ", ".join(f'"{name}"' for name in (*rows, *line_items))
        found = self.store.read(f"select {told} from {module.table} {where}", values)
        if len(found) * len(line_items) > self.most_cells:
            raise Refusal(400, f"The view contains more than {self.most_cells} cells")
        accept = request.headers.get("accept", "")
        if "application/json" in accept and request.query_params.get("format") == "v1":
            body = {
                "pages": [version] if pages else [],
                "columnCoordinates": [[name] for name in line_items],
                "rows": [
                    {"rowCoordinates": list(row[: len(rows)]), "cells": [cell or "" for cell in row[len(rows) :]]} for row in found
                ],
            }
            return replies.json(body)
        if "text/csv" not in accept and "*/*" not in accept:
            raise Refusal(406, "Not Acceptable")
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL if "escaped=true" in accept else csv.QUOTE_MINIMAL)
        if pages:
            writer.writerow([version])
        writer.writerow([*("" for _ in rows), *line_items])
        writer.writerows(found)
        return Response(text.getvalue().encode(), media_type="text/csv")

    def _version(self, request: Request) -> str:
        chosen = [each for part in request.query_params.getlist("pages") for each in part.split(",") if each]
        versions = {
            str(number): (name, current)
            for number, name, current in self.store.read("select id, name, is_current from shown_version")
        }
        for pair in chosen:
            dimension, _, item = pair.partition(":")
            if dimension != str(VERSIONS) or item not in versions:
                raise Refusal(400, f"Invalid page selector: {pair}")
            return str(versions[item][0])
        return str(next(name for name, is_current in versions.values() if is_current))

    async def _start_reading(self, request: Request) -> Response:
        self.tenant.admit(request)
        module = _module_of(request.path_params["view"])
        try:
            kind = str(msgspec.json.decode(await request.body(), type=dict[str, Any])["exportType"])
        except (msgspec.DecodeError, KeyError):
            raise Refusal(400, "exportType is missing") from None
        if kind not in _PAGED:
            raise Refusal(400, f"Invalid exportType: {kind}")
        read = _Read(request.path_params["view"], self.now(), self.now(), paged(self._laid_out(module, kind), self.chunk))
        with self._lock:
            self._reads[read.id] = read
        return replies.whole(request, "viewReadRequest", "viewReadRequest", self._read_told(request, read))

    def _laid_out(self, module: Module, kind: str) -> bytes:
        """Tabular with a column for each line item, or one line for each cell; a grid has its pages one below the other."""
        if kind in {"TABULAR_MULTI_COLUMN", "GRID_ALL_PAGES"}:
            return self.store.csv(f"from {module.table}")
        dimensions = ", ".join(f'"{name}"' for name in module.dimensions)
        parts = [
            f'select {dimensions}, \'{name}\' as "Line Items", "{name}" as "Data" from {module.table} where "{name}" is not null'
            for name, _ in module.line_items
        ]
        return self.store.csv(" union all ".join(parts))

    def _read_of(self, request: Request) -> _Read:
        self.tenant.admit(request)
        read = self._reads.get(request.path_params["id"])
        if read is None or read.view != request.path_params["view"] or self.now() - read.used_at > _IDLE:
            raise Refusal(404, "Not Found")
        read.used_at = self.now()
        return read

    def _available(self, read: _Read) -> int:
        """Pages that can be had: half of them a step before all of them."""
        steps = (self.now() - read.created_at).total_seconds() / self.work if self.work else 2
        return len(read.pages) if steps >= 2 else len(read.pages) // 2 if steps >= 1 else 0

    def _read_told(self, request: Request, read: _Read) -> dict[str, object]:
        available = self._available(read)
        done = available == len(read.pages)
        root = replies.path_of(request).removeprefix("/2/0").partition("/readRequests")[0]
        return {
            "requestId": read.id,
            "viewId": read.view,
            "requestState": "COMPLETE" if done else "IN_PROGRESS" if available else "NOT_STARTED",
            "url": f"{replies.base(request)}{root}/readRequests/{read.id}",
            "availablePages": available,
            "successful": done,
        }

    def _reading(self, request: Request) -> Response:
        return replies.whole(request, "viewReadRequest", "viewReadRequest", self._read_told(request, self._read_of(request)))

    def _page(self, request: Request) -> Response:
        read = self._read_of(request)
        if request.path_params["page"] >= self._available(read):
            raise Refusal(404, "Not Found")
        return Response(read.pages[request.path_params["page"]], media_type="text/csv")

    def _stop_reading(self, request: Request) -> Response:
        read = self._read_of(request)
        self._reads.pop(read.id, None)
        told = self._read_told(request, read) | {"requestState": "CANCELLED"}
        return replies.whole(request, "viewReadRequest", "viewReadRequest", told)


_EXPORTS: Mapping[int, str] = {module.export_id: module.saved_view for module in MODULES} | {EMPTY_EXPORT_ID: "Open Positions"}


def pieces(body: bytes, size: int) -> list[bytes]:
    """A file in chunks: ranges of bytes that mind neither rows nor characters; where a character is near, the cut goes through it."""
    found, at = [], 0
    while at < len(body):
        end = min(at + size, len(body))
        near = next((place for place in range(end, min(end + 512, len(body))) if body[place] & 0xC0 == 0x80), end)
        found.append(body[at:near])
        at = near
    return found


def paged(body: bytes, size: int) -> list[bytes]:
    """A table in pages of whole lines, each with the line of headers. Line ends within cells do not occur here."""
    header, *lines = body.splitlines(keepends=True)
    found: list[list[bytes]] = [[]]
    held = 0
    for line in lines:
        if held + len(line) > size:
            found.append([])
            held = 0
        found[-1].append(line)
        held += len(line)
    return [header + b"".join(page) for page in found]


def _result(number: int) -> dict[str, object]:
    return {
        "successful": True,
        "objectId": str(number),
        "objectName": _EXPORTS.get(number) or _NAMES[number],
        "failureDumpAvailable": False,
        "details": [],
        "nestedResults": [],
    }


def _export_row(number: int, name: str) -> dict[str, str]:
    return {
        "id": str(number),
        "name": name,
        "exportType": "TABULAR_MULTI_COLUMN",
        "exportFormat": "text/csv",
        "encoding": "UTF-8",
        "layout": "TABULAR_MULTI_COLUMN",
    }


def _module_of_export(number: int) -> Module:
    if number not in _EXPORTS:
        raise Refusal(404, "Not Found")
    return next((module for module in MODULES if module.export_id == number), MODULES[0])


def _module_of(view: int) -> Module:
    module = module_of_view(view)
    if module is None:
        raise Refusal(404, "Not Found")
    return module


def _kind_of(request: Request) -> str:
    kinds: Sequence[str] = ("exports", "imports", "processes", "actions")
    path = str(request.scope["path"])
    return next(kind for kind in kinds if f"/{kind}/" in path)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
