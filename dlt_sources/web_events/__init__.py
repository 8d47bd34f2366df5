"""Web analytics: events of a site, from files that an export writes to a folder or behind a web server.

Segment and its like have no API to read events from: they write files. A file that has not changed is not read again, one that has
grown is read from where it ended. Nothing of the events is left out here: crawlers and the firm's own people are told apart by the
models.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from dlt_sources.assembly import State, assemble
from dlt_sources.connection import Connection, Finding, Unavailable
from dlt_sources.files import FileSettings, Found, Shelf, bare, open_shelf
from dlt_sources.http import Reply, SourceError
from dlt_sources.records import Archive
from dlt_sources.records.intake import Endpoint, Intake
from dlt_sources.web_events.records import COLUMNS, EVENTS, nested

_LINES_AT_ONCE = 20_000
_ENDINGS = (".ndjson", ".jsonl", ".json", ".csv")


class WebEventsSettings(FileSettings, frozen=True, forbid_unknown_fields=True):
    """Keys of a connection to a site's events: ``path``, a file or a folder, or ``base_url``, a listed folder, with a token if need be."""


class _Read(msgspec.Struct):
    """What is known of a file: its stamp, and how much of its content has been read, by length and digest."""

    stamp: str
    length: int
    digest: str


def source(connection: Connection[WebEventsSettings], unavailable: Unavailable | None = None) -> Any:
    """The dlt source: one table of events."""
    archive = Archive(connection.archive, "web_events", connection.name)

    def read(endpoint: Endpoint, state: State) -> Iterator[Any]:
        files: dict[str, Any] = state.setdefault("files", {})
        intake = Intake(endpoint, connection_id=connection.name, archive=archive, known=None, batch_rows=_LINES_AT_ONCE)
        with open_shelf(connection, _is_wanted) as shelf:
            for file in shelf.files():
                former = msgspec.convert(files[file.name], _Read) if file.name in files else None
                if former is None or former.stamp != file.stamp:
                    yield from _take(intake, shelf, file, former, files)
        yield from intake.finish()

    return assemble("web_events", (EVENTS,), read, essential=(EVENTS.name,), unavailable=unavailable)


def check(connection: Connection[WebEventsSettings]) -> list[Finding]:
    """Tell in plain words whether the files can be reached, and whether the newest holds events."""
    try:
        with open_shelf(connection, _is_wanted) as shelf:
            files = shelf.files()
            if not files:
                return [Finding(ok=False, subject="files", message=f"there is no file of events in {shelf.place}")]
            newest = files[-1]
            documents = [document for _, page in _lines(newest.name, b"", shelf.read(newest)) for document in page]
            event = next(iter(documents), None)
            if event is not None:
                msgspec.json.decode(event, type=EVENTS.document)
    except SourceError as trouble:
        return [Finding(ok=False, subject="files", message=str(trouble))]
    except msgspec.DecodeError as trouble:
        return [Finding(ok=False, subject=newest.name, message=f"its first line is no event: {trouble}")]
    return [
        Finding(ok=True, subject="files", message=f"readable ({len(files)} files)"),
        Finding(ok=True, subject=newest.name, message=f"readable ({len(documents)} events)"),
    ]


def _take(intake: Intake, shelf: Shelf, file: Found, former: _Read | None, files: dict[str, Any]) -> Iterator[Any]:
    """What is new in a file: all of it, or what follows where it ended when it was read last."""
    content = shelf.read(file)
    start = former.length if former and _digest(content[: former.length]) == former.digest else 0
    head = content[: content.find(b"\n") + 1] if _is_csv(file.name) and start else b""
    for page, documents in _lines(file.name, head, content[start:]):
        reply = Reply(200, {}, page, f"{shelf.place}/{file.name}", datetime.now(UTC))
        yield from intake.take(reply, documents)
    whole = content[: content.rfind(b"\n") + 1]  # a line without its end may go on: it is read again with what follows
    files[file.name] = msgspec.to_builtins(_Read(file.stamp, len(whole), _digest(whole)))


def _is_csv(name: str) -> bool:
    """Whether a file holds rows of CSV, whatever it is packed in."""
    return bare(name).endswith(".csv")


def _is_wanted(name: str) -> bool:
    return bare(name).endswith(_ENDINGS)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _lines(name: str, head: bytes, content: bytes) -> Iterator[tuple[bytes, list[msgspec.Raw]]]:
    """The lines of a file as pages of documents, each with its bytes; blank lines are none."""
    label = b'{"_file":' + msgspec.json.encode(name)
    if _is_csv(name):
        yield from _rows(name, head, content, label)
        return
    lines = [line for line in content.splitlines() if line.strip()]
    for at in range(0, len(lines), _LINES_AT_ONCE):
        page = lines[at : at + _LINES_AT_ONCE]
        yield b"\n".join(page) + b"\n", [_labelled(line.strip(), label) for line in page]


def _labelled(line: bytes, label: bytes) -> msgspec.Raw:
    """The document with its file's name; a line that is no object stays as it is, to be set aside."""
    return msgspec.Raw(label + b"," + line[1:]) if line[:1] == b"{" and line[1:].lstrip()[:1] == b'"' else msgspec.Raw(line)


def _rows(name: str, head: bytes, content: bytes, label: bytes) -> Iterator[tuple[bytes, list[msgspec.Raw]]]:
    text = (head + content).decode("utf-8-sig", "backslashreplace")
    reader = csv.DictReader(io.StringIO(text))
    if missing := [column for column in ("message_id", "timestamp") if column not in (reader.fieldnames or ())]:
        raise SourceError(f"{name} lacks the column '{missing[0]}'; known columns are {', '.join(COLUMNS)}.")
    documents = [_labelled(msgspec.json.encode(_fitting(row)), label) for row in reader]
    if documents:
        yield head + content, documents


def _fitting(row: dict[str | None, Any]) -> dict[str, object]:
    """A row as a document; one with too many or too few values is told by what it lacks."""
    if None in row or None in row.values():
        return {"unfit": [str(value) for value in row.values()]}
    return nested({str(name): value for name, value in row.items()})


__all__ = ["WebEventsSettings", "check", "source"]
