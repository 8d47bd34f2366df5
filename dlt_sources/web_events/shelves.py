"""Where the files of events are: a folder on this machine, or a web server that lists a folder as JSON."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import msgspec
import zstandard

from dlt_sources.connection import Connection
from dlt_sources.http import ApiClient, Auth, MalformedReply, NoAuth, Policy, RateLimit, Reply, Request, SourceError, StaticToken

_PACKED = (".gz", ".zst")
_PLAIN = (".ndjson", ".jsonl", ".json", ".csv")


class WebEventsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys of a connection to a site's events: ``path``, a file or a folder, or ``base_url``, a listed folder, with a token if need be."""

    path: str = ""
    base_url: str | None = None
    access_token: str = ""

    def __post_init__(self) -> None:
        if bool(self.path) == bool(self.base_url):
            raise ValueError("set path, a file or a folder of events, or base_url, a folder that a web server lists; not both")


@dataclass(frozen=True)
class Found:
    """A file: its name below the folder, and what tells that it has changed."""

    name: str
    stamp: str
    size: int = 0
    """The bytes that it has at least; 0 where nobody says."""


class Shelf(Protocol):
    """A place with files."""

    place: str

    def files(self) -> list[Found]:
        """The files of events, in the order of their names."""

    def read(self, file: Found) -> bytes:
        """A file's content, unpacked."""


@contextmanager
def open_shelf(connection: Connection[WebEventsSettings]) -> Iterator[Shelf]:
    """The place that the settings name."""
    settings = connection.settings
    if settings.base_url is None:
        yield _Folder(connection)
        return
    auth: Auth = StaticToken(settings.access_token) if settings.access_token else NoAuth()
    policy = Policy(limits=(RateLimit(50, 1.0),), read_timeout=300.0)
    with ApiClient(connection.name, settings.base_url, auth, policy) as api:
        yield _Server(api)


class _Folder:
    def __init__(self, connection: Connection[Any]) -> None:
        wanted = connection.settings.path
        beside = connection.archive.parent / wanted
        self._root = (beside if beside.exists() else Path(wanted).expanduser()).resolve()
        self._name = connection.name
        self.place = wanted
        if not self._root.exists():
            raise SourceError(f"Connection '{connection.name}': path '{wanted}' is not there.")

    def files(self) -> list[Found]:
        paths = [self._root] if self._root.is_file() else [path for path in self._root.rglob("*") if path.is_file()]
        found = [(path, path.stat()) for path in sorted(paths) if _is_wanted(path.name)]
        return [Found(self._below(path), f"{stat.st_size} {stat.st_mtime_ns}") for path, stat in found]

    def read(self, file: Found) -> bytes:
        path = self._root if self._root.is_file() else self._root / file.name
        try:
            return unpacked(file.name, path.read_bytes())
        except ValueError as trouble:
            raise SourceError(f"Connection '{self._name}': {file.name} in {self.place} {trouble}.") from None

    def _below(self, path: Path) -> str:
        return path.name if path == self._root else path.relative_to(self._root).as_posix()


class _Entry(msgspec.Struct):
    name: str
    type: str = "file"
    mtime: str = ""
    size: int = 0


class _Server:
    def __init__(self, api: ApiClient) -> None:
        self._api = api
        self.place = api.base_url.rstrip("/")
        self._single = urlsplit(self.place).path.rpartition("/")[2] if _is_wanted(self.place) else ""

    def files(self) -> list[Found]:
        if self._single:  # a file by itself is asked for each time: nobody tells whether it has changed
            content = self._api.send(Request("GET", self.place), lambda reply: reply.body)
            return [Found(self._single, f"{len(content)} {zlib.crc32(content)}")]
        return sorted(self._listed(""), key=lambda file: file.name)

    def read(self, file: Found) -> bytes:
        return self._api.send(
            Request("GET", self.place if self._single else quote(file.name)), lambda reply: _unpacked(reply, file)
        )

    def _listed(self, folder: str) -> Iterator[Found]:
        entries = self._api.send(Request("GET", f"{self.place}/{quote(folder)}"), _entries)
        for entry in entries:
            if entry.type == "directory":
                yield from self._listed(f"{folder}{entry.name}/")
            elif _is_wanted(entry.name):
                yield Found(f"{folder}{entry.name}", f"{entry.size} {entry.mtime}", entry.size)


def _entries(reply: Reply) -> list[_Entry]:
    try:
        return msgspec.json.decode(reply.body, type=list[_Entry])
    except msgspec.DecodeError:
        told = "is not a folder listed as JSON (a list of name, type, mtime, size); let the server list it so, or check base_url"
        raise MalformedReply(f"{reply.request} {told}.") from None


def _unpacked(reply: Reply, file: Found) -> bytes:
    content = reply.body
    if content[:1] == b"<":
        raise MalformedReply(f"{reply.request} is a page of HTML, not a file of events.")
    if len(content) < file.size:
        raise MalformedReply(f"{reply.request} has {len(content)} bytes of the {file.size} that the folder's list tells.")
    try:
        return unpacked(file.name, content)
    except ValueError as trouble:
        raise MalformedReply(f"{reply.request} {trouble}.") from None


def unpacked(name: str, content: bytes) -> bytes:
    """The content of a file by the ending of its name.

    Raises ValueError that says what is wrong, also where the end is missing.
    """
    if name.endswith(".gz"):
        try:
            return gzip.decompress(content)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise ValueError("is no whole gzip file") from None
    return _frames(content) if name.endswith(".zst") else content


def _frames(content: bytes) -> bytes:
    """The content of a zstd file, frame by frame: each must have its end."""
    plain: list[bytes] = []
    rest = content
    while rest:
        unpack = zstandard.ZstdDecompressor().decompressobj()
        try:
            plain.append(unpack.decompress(rest))
        except zstandard.ZstdError:
            raise ValueError("is no whole zstd file") from None
        if not unpack.eof:
            raise ValueError("is no whole zstd file")
        rest = unpack.unused_data
    return b"".join(plain)


def is_csv(name: str) -> bool:
    """Whether a file holds rows of CSV, whatever it is packed in."""
    return _bare(name).endswith(".csv")


def _is_wanted(name: str) -> bool:
    return _bare(name).endswith(_PLAIN) and not name.rpartition("/")[2].startswith(".")


def _bare(name: str) -> str:
    lower = name.lower()
    return next((lower.removesuffix(end) for end in _PACKED if lower.endswith(end)), lower)
