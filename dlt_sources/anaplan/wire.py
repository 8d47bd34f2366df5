"""Anaplan's envelope, the pages of its listings, tasks and files."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from dlt_sources.http import ApiClient, ErrorReply, MalformedReply, NotFound, Page, Reply, Request, SourceError, walk

PAGE = 5000  # the most that Anaplan gives
_LONGEST_PAUSE, _LONGEST_WAIT = 15.0, 3 * 3600.0  # seconds
_LONGEST_OPENING = 1800.0
_OK = 200


class _Status(msgspec.Struct):
    code: int = 0
    message: str = ""


class _Paging(msgspec.Struct, rename="camel"):
    total_size: int | None = None
    offset: int = 0
    current_page_size: int = 0
    next: str | None = None


class _Meta(msgspec.Struct):
    paging: _Paging | None = None


class _Head(msgspec.Struct):
    status: _Status
    meta: _Meta | None = None


class Detail(msgspec.Struct, rename="camel"):
    """Why a task did not do what it should."""

    local_message_text: str | None = None
    occurrences: int | None = None


class _Result(msgspec.Struct, rename="camel"):
    successful: bool = False
    details: list[Detail] = []


class _Task(msgspec.Struct, rename="camel"):
    task_id: str
    task_state: str = ""
    result: _Result | None = None


class _Read(msgspec.Struct, rename="camel"):
    request_id: str
    request_state: str = ""
    available_pages: int = 0
    successful: bool = False


class _State(msgspec.Struct, rename="camel"):
    current_step: str | None = None
    progress: float | None = None


class ExportMetadata(msgspec.Struct, rename="camel"):
    """What the file of an export will look like."""

    header_names: list[str]
    data_types: list[str]
    row_count: int | None = None
    delimiter: str | None = '"'
    separator: str | None = ","
    encoding: str | None = "UTF-8"


def _fields(reply: Reply) -> tuple[_Head, dict[str, msgspec.Raw]]:
    try:
        head = msgspec.json.decode(reply.body, type=_Head)
        fields = msgspec.json.decode(reply.body, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        raise MalformedReply(f"{reply.request} answered without Anaplan's envelope; check api_url.") from None
    if head.status.code != _OK:
        raise ErrorReply(f"{reply.request} failed with {head.status.code}: {head.status.message}", retryable=True)
    return head, fields


@dataclass(frozen=True)
class Asked:
    """A model that is asked, through a client of the API."""

    api: ApiClient
    workspace_id: str
    model_id: str

    @property
    def root(self) -> str:
        """The path of the model."""
        return f"workspaces/{self.workspace_id}/models/{self.model_id}"

    def one(self, path: str, key: str, kind: Any, *, method: str = "GET", body: object | None = None) -> Any:
        """The single thing that an answer holds."""

        def parse(reply: Reply) -> Any:
            fields = _fields(reply)[1]
            try:
                return msgspec.json.decode(fields[key], type=kind)
            except (KeyError, msgspec.DecodeError):
                raise MalformedReply(f"{reply.request} answered without a usable '{key}'.") from None

        return self.api.send(Request(method, path, json=body), parse)

    def pages(self, path: str, key: str, params: Mapping[str, str] | None = None) -> Iterator[tuple[Reply, list[msgspec.Raw]]]:
        """Every page of a listing; the next one is where the vendor says."""

        def page(request: Request) -> Page[list[msgspec.Raw]]:
            def parse(reply: Reply) -> Page[list[msgspec.Raw]]:
                head, fields = _fields(reply)
                rows = msgspec.json.decode(fields[key], type=list[msgspec.Raw]) if key in fields else []
                paging = (head.meta.paging if head.meta else None) or _Paging()
                following = Request("GET", paging.next) if paging.next and rows else None
                return Page(rows, reply, following, len(rows), paging.total_size)

            return self.api.send(request, parse)

        for one in walk(Request("GET", path, {**(params or {}), "limit": str(PAGE), "offset": "0"}), page):
            yield one.reply, one.content

    def rows(self, path: str, key: str, kind: Any, params: Mapping[str, str] | None = None) -> list[Any]:
        """All of a listing."""
        return [msgspec.json.decode(row, type=kind) for _, page in self.pages(path, key, params) for row in page]

    def wait_until_open(self, pause: float) -> None:
        """Open the model where it is closed, and wait while it opens. A user who may not open it opens it by reading."""
        asked, waited, wait = False, 0.0, pause
        while True:
            state = self.api.send(Request("GET", f"models/{self.model_id}/status"), _state)
            step, progress = (state.current_step or "").lower(), -1.0 if state.progress is None else state.progress
            if not step.startswith("closed") and not 0 <= progress < 1:
                return
            if step.startswith("closed"):
                if asked:
                    return
                asked = True
                try:
                    self.api.send(Request("POST", f"models/{self.model_id}/open"), lambda reply: reply.status)
                except SourceError:
                    return
            if waited > _LONGEST_OPENING:
                raise SourceError(
                    f"Connection '{self.api.name}': the model has been opening for half an hour ({state.current_step})."
                )
            time.sleep(wait)
            waited, wait = waited + wait, min(2 * wait, _LONGEST_PAUSE)

    def export(self, number: str, locale: str, pause: float) -> Reply:
        """Run an export and fetch its file, chunk by chunk; the answer holds the whole file. A chunk that fails is asked for again alone."""
        tasks = f"{self.root}/exports/{number}/tasks"
        task: _Task = self.one(tasks, "task", _Task, method="POST", body={"localeName": locale})
        for wait in _pauses(pause):
            task = self.one(f"{tasks}/{task.task_id}", "task", _Task)
            if task.task_state == "COMPLETE":
                break
            if task.task_state.startswith("CANCEL"):
                raise SourceError(f"Connection '{self.api.name}': the task of export {number} was cancelled.")
            time.sleep(wait)
        else:
            raise SourceError(f"Connection '{self.api.name}': the task of export {number} took longer than three hours.")
        if task.result is None or not task.result.successful:
            told = "; ".join(each.local_message_text or "" for each in task.result.details) if task.result else ""
            raise SourceError(
                f"Connection '{self.api.name}': export {number} completed without success: {told or 'no reason given'}."
            )
        chunks = [row["id"] for row in self.rows(f"{self.root}/files/{number}/chunks", "chunks", dict[str, Any])]
        found = [self._bytes(f"{self.root}/files/{number}/chunks/{chunk}", "application/octet-stream") for chunk in chunks]
        if not found:
            raise SourceError(f"Connection '{self.api.name}': export {number} left no file.")
        return replace(found[-1], body=b"".join(reply.body for reply in found))

    def read_view(self, number: str, pause: float) -> Reply:
        """Read a view of any size by pages; the answer holds the whole table, with one line of headers."""
        root = f"{self.root}/views/{number}/readRequests"
        read: _Read = self.one(root, "viewReadRequest", _Read, method="POST", body={"exportType": "TABULAR_MULTI_COLUMN"})
        found: list[Reply] = []
        try:
            for wait in _pauses(pause):
                read = self.one(f"{root}/{read.request_id}", "viewReadRequest", _Read)
                ready = range(len(found), read.available_pages)
                found += [self._bytes(f"{root}/{read.request_id}/pages/{page}", "text/csv") for page in ready]
                if read.request_state == "COMPLETE":
                    break
                if read.request_state.startswith("CANCEL"):
                    raise SourceError(f"Connection '{self.api.name}': the read request of view {number} was cancelled.")
                time.sleep(wait)
            else:
                raise SourceError(f"Connection '{self.api.name}': the read request of view {number} took longer than three hours.")
        finally:
            with suppress(SourceError):  # the vendor throws the pages away by itself, too
                self.api.send(Request("DELETE", f"{root}/{read.request_id}"), lambda reply: reply.status)
        if not read.successful or not found:
            raise SourceError(f"Connection '{self.api.name}': the read request of view {number} completed without success.")
        header = found[0].body.partition(b"\n")[0] + b"\n"
        rest = b"".join(reply.body.removeprefix(header) for reply in found[1:])
        return replace(found[-1], body=found[0].body + rest)

    def _bytes(self, path: str, accept: str) -> Reply:
        def parse(reply: Reply) -> Reply:
            kind = next((value for name, value in reply.headers.items() if name.lower() == "content-type"), "")
            if not reply.body or "json" in kind or "html" in kind:
                raise MalformedReply(f"{reply.request} did not answer with data.")
            return reply

        return self.api.send(Request("GET", path, headers={"Accept": accept}), parse)

    def explained(self, missing: NotFound) -> NotFound:
        """A 404, in the words of somebody who knows that Anaplan says so of what the user may not read, too."""
        return NotFound(
            f"{missing} Anaplan says so, too, where the user has no access: check workspace_id and model_id, and that the user has a role "
            "in the model."
        )


def _state(reply: Reply) -> _State:
    try:
        return msgspec.json.decode(msgspec.json.decode(reply.body, type=dict[str, msgspec.Raw])["requestStatus"], type=_State)
    except (KeyError, msgspec.DecodeError):
        raise MalformedReply(f"{reply.request} does not tell the state of the model; check api_url.") from None


def _pauses(first: float) -> Iterator[float]:
    waited, wait = 0.0, first
    while waited < _LONGEST_WAIT:
        yield wait
        waited, wait = waited + wait, min(2 * wait, _LONGEST_PAUSE)
