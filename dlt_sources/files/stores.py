"""Stores of files of any size: a folder, or a bucket of an object store under a pre-authenticated address."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, urlsplit

import msgspec

from dlt_sources.http import ApiClient, MalformedReply, NoAuth, Policy, Reply, Request, SourceError, redaction

_CHUNK = 32 * 1024 * 1024
_PARTIAL = 206
_MOST_PAGES = 10_000


@dataclass(frozen=True)
class Found:
    """A file: its name below the folder, and what tells that it has changed."""

    name: str
    stamp: str
    size: int = 0
    """The bytes that it has at least; 0 where nobody says."""
    changed_at: float = 0.0
    """When it was changed, in seconds of Unix; 0 where nobody says."""


class Store(Protocol):
    """Files by name; names have slashes between folders."""

    def files(self) -> list[Found]:
        """Every file, in the order of their names."""

    def fetch(self, name: str) -> Path:
        """The file on this machine."""

    def release(self, name: str) -> None:
        """The file is no longer needed."""


class Folder:
    """A folder of this machine; ``key`` is the setting that names it."""

    def __init__(self, connection: str, folder: str | Path, *, key: str) -> None:
        self._root = Path(folder).expanduser()
        if not self._root.is_dir():
            raise SourceError(f"Connection '{connection}': {key} {folder} is not a folder.")

    def files(self) -> list[Found]:
        """Every file below the folder."""
        paths = {path.relative_to(self._root).as_posix(): path.stat() for path in self._root.rglob("*") if path.is_file()}
        return [
            Found(name, f"{stat.st_size} {stat.st_mtime_ns}", stat.st_size, stat.st_mtime) for name, stat in sorted(paths.items())
        ]

    def fetch(self, name: str) -> Path:
        """The file itself."""
        return self._root / name

    def release(self, name: str) -> None:
        """Files stay where they are."""


class _Object(msgspec.Struct, rename="camel"):
    name: str
    size: int | None = None
    time_modified: str | None = None


class _Listing(msgspec.Struct):
    objects: list[_Object]
    following: str | None = msgspec.field(name="nextStartWith", default=None)


class Bucket:
    """A bucket whose address (``https://.../p/<secret>/n/<namespace>/b/<bucket>/o``) lists its objects as JSON.

    Files come in chunks. The address is a credential: it is never told. ``key`` is the setting that names it.
    """

    def __init__(self, connection: str, url: str, *, key: str) -> None:
        secret = urlsplit(url).path.partition("/n/")[0]
        redaction.register(secret.removeprefix("/p/") or None)
        self._connection, self._key = connection, key
        self._api = ApiClient(connection, url.rstrip("/"), NoAuth(), Policy())
        self._listing = url
        self._url = url.rstrip("/")

    @cached_property
    def _place(self) -> tempfile.TemporaryDirectory[str]:
        return tempfile.TemporaryDirectory(prefix="bucket-")

    def files(self) -> list[Found]:
        """Every object of the bucket, page by page."""
        found: list[Found] = []
        start = ""
        for _ in range(_MOST_PAGES):
            params = {"fields": "name,size,timeModified", "limit": "1000", **({"start": start} if start else {})}
            page = self._api.send(Request("GET", self._listing, params), self._listed)
            found += [
                Found(each.name, f"{each.size} {each.time_modified}", each.size or 0, _seconds(each.time_modified))
                for each in page.objects
            ]
            if not page.following or page.following == start:
                return sorted(found, key=lambda file: file.name)
            start = page.following
        raise SourceError(f"Connection '{self._connection}': the bucket's list does not end.")

    def fetch(self, name: str) -> Path:
        """Download the object, if it is not here yet."""
        path = self._path(name)
        if path.exists():
            return path
        partial = path.with_suffix(f"{path.suffix}.partial")
        partial.unlink(missing_ok=True)
        at, whole = 0, None
        while whole is None or at < whole:
            reply = self._api.send(
                Request("GET", f"{self._url}/{quote(name)}", headers={"Range": f"bytes={at}-{at + _CHUNK - 1}", "Accept": "*/*"}),
                _as_it_is,
            )
            with partial.open("ab") as file:
                file.write(reply.body)
            at += len(reply.body)
            whole = _size(reply) if reply.status == _PARTIAL else at
            if not reply.body and at < whole:
                raise MalformedReply(f"{reply.request} answered without content.")
        return partial.replace(path)

    def release(self, name: str) -> None:
        """Remove the download."""
        self._path(name).unlink(missing_ok=True)

    def _listed(self, reply: Reply) -> _Listing:
        try:
            return msgspec.json.decode(reply.body, type=_Listing)
        except msgspec.DecodeError:
            raise MalformedReply(f"{reply.request} did not answer with a list of objects; check {self._key}.") from None

    def _path(self, name: str) -> Path:
        return Path(self._place.name) / name.replace("/", "__")


def _as_it_is(reply: Reply) -> Reply:
    return reply


def _seconds(moment: str | None) -> float:
    try:
        return datetime.fromisoformat(moment or "").timestamp()
    except ValueError:
        return 0.0


def _size(reply: Reply) -> int:
    total = next((value for name, value in reply.headers.items() if name.lower() == "content-range"), "").rpartition("/")[2]
    if not total.isdigit():
        raise MalformedReply(f"{reply.request} answered with a part of unknown size.")
    return int(total)
