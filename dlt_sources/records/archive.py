"""The landing archive: every page as the vendor sent it, before anybody interprets it.

A page lies at ``<system>/<connection>/<day>/<page id>.zst``; beside the pages of a run, ``<run id>.manifest.jsonl`` tells for each
its call, size, sha256 and moment. A page is durable before its rows go on, so that every loaded row can be shown in the vendor's
own bytes, and decoding can be repeated without the vendor.
"""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import zstandard

from dlt_sources.http import Reply, SourceError

_DAY = 86400.0


class PageEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a manifest."""

    page_id: str
    resource: str
    request: str
    received_at: datetime
    documents: int
    size_bytes: int
    sha256: str


class Archive:
    """Writes the pages of one run of one connection, and reads any of them again."""

    def __init__(self, folder: Path, system: str, connection: str) -> None:
        self.run_id = uuid.uuid4().hex[:16]
        self._root = folder / system / connection
        self._day = self._root / f"{datetime.now(UTC):%Y-%m-%d}"
        self._pages = 0

    def store(self, resource: str, reply: Reply, documents: int) -> str:
        """Keep a page durably, with the number of documents in it; returns its id."""
        page_id = self._next_page()
        _write_durably(self._path(page_id), zstandard.ZstdCompressor(level=3).compress(reply.body))
        entry = PageEntry(
            page_id=page_id,
            resource=resource,
            request=reply.request,
            received_at=reply.received_at,
            documents=documents,
            size_bytes=len(reply.body),
            sha256=hashlib.sha256(reply.body).hexdigest(),
        )
        self.note(entry)
        return page_id

    def store_file(self, file: Path) -> str:
        """Keep a file durably, of any size; returns its id. Its line in the manifest follows with :meth:`note`."""
        page_id = self._next_page()
        path = self._path(page_id)
        temporary = path.with_suffix(".tmp")
        with file.open("rb") as source, temporary.open("wb") as target:
            zstandard.ZstdCompressor(level=3).copy_stream(source, target, size=file.stat().st_size)
            target.flush()
            os.fsync(target.fileno())
        temporary.replace(path)
        return page_id

    def _next_page(self) -> str:
        self._day.mkdir(parents=True, exist_ok=True)
        self._pages += 1
        return f"{self._day.name}/{self.run_id}-{self._pages:06d}"

    def note(self, entry: PageEntry) -> None:
        """Write a line of the manifest."""
        with (self._day / f"{self.run_id}.manifest.jsonl").open("ab") as manifest:
            manifest.write(msgspec.json.encode(entry) + b"\n")
            manifest.flush()
            os.fsync(manifest.fileno())

    @staticmethod
    def manifest(folder: Path, system: str, connection: str, run_id: str) -> Path | None:
        """The manifest of a run, if its pages are kept."""
        return next((folder / system / connection).glob(f"*/{run_id}.manifest.jsonl"), None)

    def entries(self) -> Iterator[PageEntry]:
        """Every page of every run of this connection, in order of time."""
        for manifest in sorted(self._root.glob("*/*.manifest.jsonl"), key=lambda path: (path.parent.name, path.stat().st_mtime_ns)):
            for line in manifest.read_bytes().splitlines():
                yield msgspec.json.decode(line, type=PageEntry)

    def read(self, entry: PageEntry) -> bytes:
        """The bytes of a page.

        Raises :class:`SourceError` where they are not those that the vendor sent.
        """
        body = self.page(entry.page_id)
        if hashlib.sha256(body).hexdigest() != entry.sha256:
            raise SourceError(
                f"Archive page {entry.page_id} has changed since it was written: its sha256 differs from the manifest."
            )
        return body

    def page(self, page_id: str) -> bytes:
        """The bytes of a page by its id, as raw rows carry it."""
        try:
            return zstandard.ZstdDecompressor().decompress(self._path(page_id).read_bytes())
        except (FileNotFoundError, zstandard.ZstdError) as trouble:
            raise SourceError(f"Archive page {page_id} cannot be read: {type(trouble).__name__}.") from trouble

    def remember(self, name: str, content: bytes) -> str:
        """Keep beside the pages what a later run must know of this one; returns what to call it by.

        Named by its content, so that it stands before the state that refers to it is committed, and a killed run leaves no harm.
        """
        reference = f"{name}-{hashlib.sha256(content).hexdigest()}"
        path = self._root / "known" / f"{reference}.zst"
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_durably(path, zstandard.ZstdCompressor(level=3).compress(content))
        return reference

    def recall(self, reference: str) -> bytes | None:
        """What :meth:`remember` kept; None where it is no longer there or no longer what it was."""
        path = self._root / "known" / f"{reference}.zst"
        try:
            content = zstandard.ZstdDecompressor().decompress(path.read_bytes())
        except (FileNotFoundError, zstandard.ZstdError):
            return None
        return content if hashlib.sha256(content).hexdigest() == reference.rpartition("-")[2] else None

    def forget(self, name: str, *, but: str) -> None:
        """Remove what was kept under a name, except ``but`` and what is younger than a day: another run may yet refer to it."""
        oldest = time.time() - _DAY
        for path in (self._root / "known").glob(f"{name}-*.zst"):
            if path.stem != but and path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)

    def _path(self, page_id: str) -> Path:
        return self._root / f"{page_id}.zst"


def _write_durably(path: Path, content: bytes) -> None:
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
